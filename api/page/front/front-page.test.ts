/** What the front page says of a pool, on a real Postgres. */
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toChecksum } from '../../../core/chain/checksums.js';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.js';
import { fillPool } from '../../../test/kit/filled-pool.js';
import { poolOf } from '../../../test/kit/silent-temporal.js';
import { addressOf, testConfig } from '../../../test/kit/test-pool.js';
import { createApp } from '../../app.js';

const weiOf = (eth: string): bigint => {
  const [whole = '', fraction = ''] = eth.split('.');
  return BigInt(`${whole}${fraction.padEnd(18, '0')}`);
};

describe('the front page', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
    await fillPool(database.db);
  });
  afterAll(() => database.close());

  const page = async (config = testConfig(), { db } = database): Promise<string> =>
    (await createApp(poolOf(db, { config })).request('/')).text();

  async function words(config = testConfig(), of = database): Promise<string> {
    const [, main = ''] = /<main[^>]*>([\s\S]*)<\/main>/.exec(await page(config, of)) ?? [];
    return main
      .replaceAll('&#39;', "'")
      .replace(/<[^>]*>/g, ' ')
      .replace(/\s+/g, ' ');
  }

  it("says what is wrong in a worker's words, without the operator's codes", async () => {
    const said = await words();
    expect(said).toContain('The pool pays nobody right now');
    expect(said).toContain('The program that pays does not run at the moment.');
    expect(said).toContain("1 payout waits. The network's fee is above the pool's limit.");
    expect(said).toContain('The pool hears nothing from 1 of 2 orchestrators.');
    expect(said).toContain('12 jobs worth 0.001 ETH cannot be credited yet');
    expect(said).not.toMatch(/maxFeePerGas|[A-Z]{3,}_[A-Z]+|Temporal/);
  });

  it('says that the counting is paused, not that orchestrators are away, and what findings mean to a worker', async () => {
    expect(await words()).toContain('The price of some kind of work is far from what is usual.');
    await database.db.execute(
      sql`INSERT INTO sync_pause (actor, reason) VALUES ('ann', 'a secret of the operator')`,
    );
    const said = await words();
    await database.db.execute(sql`DELETE FROM sync_pause`);
    expect(said).toMatch(/The pool has paused the counting of jobs since 20[\d-]+ [\d:]+ UTC\./);
    expect(said).not.toMatch(/hears nothing|secret| ann /);
  });

  it('shows what was earned, paid and owed on each day, which add up', async () => {
    const [, table = ''] = /<table class="days">(.*?)<\/table>/s.exec(await page()) ?? [];
    const rows = table
      .split('<tr>')
      .map((row) => [...row.matchAll(/<td>([^<]*)/g)].slice(1).map(([, eth = '']) => weiOf(eth)));
    expect(rows).toHaveLength(32);
    const days = rows.slice(2);
    for (const [index, [earned = 0n, paid = 0n, owed = 0n]] of days.entries()) {
      const [, , before] = days[index + 1] ?? [];
      if (before !== undefined) expect(owed).toBe(before + earned - paid);
    }
    expect(days.filter(([, paid = 0n]) => paid !== 0n).length).toBeGreaterThan(10);
  });

  it('counts who is online by region and kind, and lists the last rounds', async () => {
    const said = await words();
    expect(said).toContain('6 of 9 workers of 9 owners are online.');
    expect(said).toMatch(/eu-central none 2 of 3/);
    expect(said).toMatch(/us-west 2 of 3 none/);
    expect(said).toMatch(/1 h ago none due 0 5 h ago 1 0\.007/);
  });

  it('lists who has earned most, unless the operator does not want that', async () => {
    const first = `${toChecksum(addressOf(1)).slice(0, 6)}…`;
    expect(await words()).toMatch(new RegExp(`Who has earned most .* 1 ${first}`));
    expect(await words(testConfig({ showLeaderboard: false }))).not.toContain('earned most');
  });

  it('says of a pool that has not begun that nothing is there yet', async () => {
    const empty = await createTestDatabase();
    const said = await words(testConfig(), empty);
    for (const expected of [
      'The pool has not recorded its terms yet.',
      'No worker has connected yet.',
      'No payout round has run yet.',
      'Nobody has earned anything yet.',
    ]) {
      expect(said).toContain(expected);
    }
    await empty.close();
  });
});
