import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Config } from '../../config/config.js';
import { transact } from '../../core/db/transact.js';
import { changeTerms } from '../../core/terms/store/recorded-terms.js';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { poolOf } from '../../test/kit/silent-temporal.js';
import { addTerms, testConfig } from '../../test/kit/test-pool.js';
import { createApp } from '../app.js';

const GWEI = 10n ** 9n;
const MILLI_ETH = 10n ** 15n;

/** What of the configuration touches a worker: a change of each must show. */
const POOL: Partial<Config['pool']>[] = [
  { region: 'mars' },
  { payoutIntervalMs: 7 * 3_600_000 },
  { syncIntervalMs: 90_500 },
  { jobMatchWindowMs: 2 * 3_600_000 },
  { payoutsEnabled: false },
  { maxPayoutWei: 3n * MILLI_ETH },
  { maxPaidPerDayWei: 4n * MILLI_ETH },
  { maxGasShareBps: 77 },
  { maxJobFeeWei: 5n * MILLI_ETH },
];
const CHAIN: Partial<Config['chain']>[] = [
  { chainId: 42_161 },
  { confirmations: 17 },
  { maxFeePerGasWei: 9n * GWEI },
];

const named = <T extends object>(changes: readonly T[]): [name: string, change: T][] =>
  changes.map((change) => [Object.keys(change).join(), change]);

describe('the page of terms', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
    await addTerms(database.db, 5n * MILLI_ETH);
  });
  afterAll(() => database.close());

  async function words(config: Config = testConfig()): Promise<string> {
    const response = await createApp(poolOf(database.db, { config })).request('/terms');
    expect(response.status).toBe(200);
    const text = (await response.text()).replace(/<style>[\s\S]*<\/style>/, '');
    return text.replace(/As of <time.*?<\/time>/, '').replace(/<[^>]*>/g, ' ');
  }

  it('says of a pool that has not begun that there are none yet', async () => {
    const empty = await createTestDatabase();
    const response = await createApp(poolOf(empty.db)).request('/terms');
    expect([response.status, await response.text()]).toEqual([
      200,
      expect.stringContaining('No terms yet'),
    ]);
    await empty.close();
  });

  it('answers what somebody asks before joining', async () => {
    const said = await words();
    expect(said).toContain('25 % of what each job earns');
    expect(said).toContain('From 0.005 ETH (5000000000000000 wei) on.');
    expect(said).toContain('in force since the beginning');
  });

  it.each(named(POOL))('shows a change of pool.%s', async (_, change) => {
    const { pool, ...rest } = testConfig();
    expect(await words({ ...rest, pool: { ...pool, ...change } })).not.toBe(await words());
  });

  it.each(named(CHAIN))('shows a change of chain.%s', async (_, change) => {
    const { chain, ...rest } = testConfig();
    expect(await words({ ...rest, chain: { ...chain, ...change } })).not.toBe(await words());
  });

  it('shows what is announced, with the difference in words, and what was before', async () => {
    const { db } = database;
    const decision = { actor: 'test', reason: 'because' };
    const from = new Date(Date.now() + 86_400_000);
    await transact(db, (tx) =>
      changeTerms(tx, { ...decision, changes: { commissionBps: 1_000 }, from }),
    );
    const said = await words();
    expect(said).toContain('The terms change');
    expect(said).toContain('commission 25% → 10%');
    expect(said).toContain('25 % of what each job earns');
    await db.execute(
      sql`INSERT INTO payout_round (id, workflow_id) VALUES (gen_random_uuid(), 'r')`,
    );
    expect(await words()).toMatch(/The next one is due at 2\d{3}-\d\d-\d\d/);
  });
});
