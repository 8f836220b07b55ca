/** Tests that everybody who is shown a claim is told at once that this program does not pay it. */
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toChecksum } from '../../../core/chain/checksums.js';
import { PLAIN_TERMS, toJson } from '../../../core/policies/rules/pool-terms.js';
import { runOpenpool } from '../../../test/harness/command-line.js';
import { BASE, useConfigFiles } from '../../../test/harness/config-files.js';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.js';
import { browserPath } from '../../../test/kit/browser.js';
import { fillPool } from '../../../test/kit/filled-pool.js';
import { PageBrowser, shoot } from '../../../test/kit/page-browser.js';
import { faultsOf } from '../../../test/kit/page-looks.js';
import { poolOf } from '../../../test/kit/silent-temporal.js';
import { addressOf } from '../../../test/kit/test-pool.js';
import { createApp } from '../../app.js';
import { startApi } from '../../serve.js';

const WORDS = 'claimed, not paid by this program';
const DAY_MS = 86_400_000;
const PAYEE = toChecksum(addressOf(1));
const midnight = (daysAgo: number) => (Math.floor(Date.now() / DAY_MS) - daysAgo) * DAY_MS;
const dayText = (ms: number) => new Date(ms).toISOString().slice(0, 10);

const { write } = useConfigFiles();
const begun = midnight(10);
let database: TestDatabase;
let earned: { readonly text: string; readonly wei: bigint };
beforeAll(async () => {
  database = await createTestDatabase();
  const { db } = database;
  await fillPool(db);
  const claims = [
    { asset: 'LPT', perEth: '12.5', decimals: 18, from: new Date(begun) },
    { asset: 'Next', perEth: '1', decimals: 0, from: new Date(midnight(-30)) },
  ];
  const policy = { module: null, options: toJson({ ...PLAIN_TERMS, claims }), hash: 'x' };
  // Announced so that it holds from the second of its days on.
  await db.execute(sql`
    INSERT INTO terms (from_dt, commission_bps, threshold_wei, min_interval_ms, rounding, policy)
    VALUES (${new Date(midnight(9) - 1).toISOString()}::timestamptz, 2500, 5000000000000000, 0, 'commission-floor',
            ${JSON.stringify(policy)}::jsonb)`);
  const { rows } = await db.$client.query(
    `SELECT sum(gross_wei - commission_wei)::text AS wei FROM earning_day d JOIN remote_worker w ON w.id = d.remote_worker_id
      WHERE w.payee = $1 AND day >= $2::date`,
    [addressOf(1), dayText(midnight(9))],
  );
  const wei = BigInt(rows[0].wei);
  // All of these days are whole multiples of 0.0000075 ETH, so nothing is lost by rounding.
  const units = (wei * 25n) / 2n;
  const [whole, rest] = [units / 10n ** 18n, `${units % 10n ** 18n}`.padStart(18, '0')];
  earned = { wei, text: `${whole}.${rest.replace(/0+$/, '')}` };
});
afterAll(() => database.close());

/** The answer as JSON, whose shape the checks are about. */
async function answer(path: string) {
  const response = await createApp(poolOf(database.db)).request(path);
  expect(response.status).toBe(200);
  return JSON.parse(await response.text());
}

describe('a claim', () => {
  it('is shown with its words by the API, and is in no sum of ETH', async () => {
    const shown = await answer(`/v1/payees/${PAYEE}`);
    expect(shown.claims).toEqual([
      {
        asset: 'LPT',
        amount: earned.text,
        units: ((earned.wei * 25n) / 2n).toString(),
        decimals: 18,
        from: dayText(midnight(9)),
        to: dayText(midnight(0)),
        words: WORDS,
      },
    ]);
    const { pendingWei, reservedWei, paidWei, earnedWei } = shown;
    expect(BigInt(earnedWei)).toBe(BigInt(pendingWei) + BigInt(reservedWei) + BigInt(paidWei));
    const other = await answer(`/v1/payees/${toChecksum(addressOf(2))}`);
    expect(other.claims).toEqual([]);
  });

  it('stands in the terms with its words', async () => {
    const { inForce, versions } = await answer('/v1/terms');
    expect(inForce.claims).toMatchObject([
      { asset: 'LPT', perEth: '12.5', until: null, words: WORDS },
      { asset: 'Next', words: WORDS },
    ]);
    expect(versions.at(-1).claims).toEqual([]);
    const page = await (await createApp(poolOf(database.db)).request('/terms')).text();
    expect(page).toContain(`12.5 LPT per ETH, for jobs from ${dayText(begun)} on`);
    expect(page).toContain(WORDS);
    expect(page).not.toContain(`claim LPT from ${dayText(begun)}: asset`);
    expect(page).toContain(`claim LPT from ${dayText(begun)}: per ETH none → 12.5`);
  });

  it('is told with its words on the command line', async () => {
    const text = BASE.replace('postgres://pool@localhost/pool', database.url).replace(
      'chain:\n',
      'chain:\n  id: 31337\n',
    );
    const path = await write(`${text}temporal: { address: '127.0.0.1:1' }\n`, 'pool.yaml');
    const run = async (...words: readonly string[]) =>
      (await runOpenpool([...words, '--config', path])).out;
    const said = `${earned.text} LPT`;
    expect(await run('payee', PAYEE)).toContain(`${said}, ${WORDS}`);
    expect(await run('why', PAYEE)).toContain(`${said}: ${WORDS}`);
    expect(await run('terms', 'show')).toMatch(
      /claim +12\.5 LPT per ETH.*not paid by this program/,
    );
    expect(JSON.parse(await run('payee', PAYEE, '--json')).claims).toMatchObject([
      { asset: 'LPT', amount: earned.text, words: WORDS },
    ]);
  });

  it.skipIf(browserPath === undefined)('stands apart on the page of the payee', async () => {
    const api = await startApi(poolOf(database.db));
    const browser = await PageBrowser.launch();
    const page = await browser.open(`${api.url}/payees/${PAYEE}`);
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const width of [320, 1280]) {
        const look = [colorScheme, width];
        expect([look, await faultsOf(page, { width, colorScheme })]).toEqual([look, []]);
        await shoot(page, `claims-${colorScheme}-${width}`);
      }
    }
    const section = page.locator('section', { has: page.locator('[data-claim=LPT]') });
    expect((await section.textContent())?.toLowerCase()).toContain(WORDS);
    expect(await section.locator('.num').allTextContents()).toContain(earned.text);
    await browser.close();
    await api.stop();
  });
});
