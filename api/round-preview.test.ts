import { sql } from 'drizzle-orm';
import type { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { roundConfigOf } from '../config/config.js';
import { toChecksum } from '../core/chain/checksums.js';
import { previewRound } from '../core/payouts/store/reads/round-preview-reads.js';
import { reserveRound } from '../core/payouts/store/reservations.js';
import { haltWallet } from '../core/payouts/store/wallet/wallets.js';
import { createTestDatabase, type TestDatabase } from '../test/harness/database.js';
import { poolOf } from '../test/kit/silent-temporal.js';
import {
  addPayout,
  addressOf,
  addWallet,
  addWorker,
  CHAIN_ID,
  TEST_WALLET,
  testConfig,
} from '../test/kit/test-pool.js';
import { createApp } from './app.js';

const ETH = 10n ** 18n;

interface Preview {
  readonly halts: readonly { readonly code: string }[];
  readonly totals: Readonly<Record<string, number | string>>;
  readonly payees: readonly {
    readonly payee: string;
    readonly verdict: string;
    readonly code: string | null;
    readonly reason: string | null;
  }[];
  readonly nextCursor: string | null;
}

describe('the preview of a payout round', () => {
  let database: TestDatabase;
  let app: Hono;
  const asked = roundConfigOf(testConfig());
  const [due, small, soon, broken, open, debtor, huge, old] = [1, 2, 3, 4, 5, 6, 7, 8].map(
    addressOf,
  );

  beforeAll(async () => {
    database = await createTestDatabase();
    const { db } = database;
    app = createApp(poolOf(db));
    await addWallet(db);
    await db.execute(sql`
      INSERT INTO terms (from_dt, commission_bps, threshold_wei, min_interval_ms, rounding)
      VALUES ('0001-01-01Z', 2500, ${(ETH / 10n).toString()}, 3600000, 'commission-floor')`);
    const pending = [ETH, ETH / 10n - 1n, ETH, ETH, ETH / 2n, -ETH, 3n * ETH, 0n];
    for (const [i, pendingWei] of pending.entries()) {
      await addWorker(db, { payee: addressOf(i + 1), pendingWei, paidWei: 5n });
    }
    await db.execute(sql`UPDATE payee SET unpayable_code = 'REFUSED_ON_CHAIN',
      unpayable_reason = 'its contract refused' WHERE address = ${broken ?? ''}`);
    const now = new Date();
    await addPayout(db, { payee: soon ?? '0x', amountWei: 5n, state: 'paid', createdAt: now });
    const wait = ['FEE_ABOVE_CAP', 'gas is dear'] as const;
    const under = {
      payee: open ?? '0x',
      amountWei: 7n,
      state: 'reserved',
      createdAt: now,
    } as const;
    await addPayout(db, { ...under, wait });
  });
  afterAll(() => database.close());

  async function get(query = ''): Promise<Preview> {
    const response = await app.request(`/v1/round/preview${query}`);
    expect(response.status).toBe(200);
    return (await response.json()) as Preview;
  }

  it('says who would be paid, and why each of the others would not', async () => {
    const { payees, totals, halts, nextCursor } = await get();
    const said = new Map(payees.map((one) => [one.payee.toLowerCase(), one]));
    const expected = [
      [due, 'pays', null, null],
      [
        huge,
        'waits',
        'PAYOUT_ABOVE_CAP',
        /^3 ETH \(3000000000000000000 wei\) is more than pool\.maxPayout, 1 ETH.*approval/,
      ],
      [
        small,
        'not-due',
        'BELOW_THRESHOLD',
        /below the threshold of 0\.1 ETH \(100000000000000000 wei\)/,
      ],
      [soon, 'not-due', 'TOO_SOON', /minimum interval ends at/],
      [broken, 'not-due', 'UNPAYABLE', /^its contract refused$/],
      [
        open,
        'not-due',
        'OPEN_PAYOUT',
        /under way: .*, reserved, waits with FEE_ABOVE_CAP: gas is dear/,
      ],
      [debtor, 'not-due', 'NEGATIVE', /owes the pool/],
      [old, 'not-due', 'NOTHING_PENDING', /nothing is pending/],
    ] as const;
    for (const [payee = '', verdict, code, words] of expected) {
      const one = said.get(payee);
      expect(one).toMatchObject({ verdict, code });
      if (words === null) expect(one?.reason).toBeNull();
      else expect(one?.reason).toMatch(words);
    }
    expect(payees).toHaveLength(expected.length);
    expect(payees.slice(0, 2).map(({ verdict }) => verdict)).toEqual(['pays', 'waits']);
    expect({ halts, nextCursor }).toEqual({ halts: [], nextCursor: null });
    expect(totals).toMatchObject({
      ...{ payees: 8, pays: 1, waits: 1, notDue: 6, paysEth: '1', waitsEth: '3' },
      ...{ usedTodayWei: '0', leftTodayEth: '10', beyondTodayWei: '0' },
    });
  });

  it('pages, and filters by verdict, without showing anybody twice', async () => {
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: Preview = await get(`?limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`);
      seen.push(...page.payees.map(({ payee }) => payee));
      cursor = page.nextCursor;
    }
    expect(seen).toEqual((await get()).payees.map(({ payee }) => payee));
    expect(new Set(seen).size).toBe(8);
    const pays = await get('?verdict=pays');
    expect(pays.payees.map(({ payee }) => payee)).toEqual([toChecksum(due ?? '0x')]);
    expect((await app.request('/v1/round/preview?cursor=x')).status).toBe(400);
  });

  it('names what stops every payout, and what the limit of the day leaves', async () => {
    const key = { chainId: CHAIN_ID, address: TEST_WALLET };
    await haltWallet(database.db, key, { code: 'HALTED_BY_OPERATOR', reason: 'a doubt' });
    expect((await get()).halts).toEqual([{ code: 'HALTED_BY_OPERATOR', reason: 'a doubt' }]);
    const limits = { ...asked.limits, maxPaidPerDayWei: ETH / 2n };
    const { totals, payees } = await previewRound(database.db, { ...asked, limits });
    expect(payees.find(({ payee }) => payee === due)?.code).toBe('DAILY_CAP_REACHED');
    expect(totals).toMatchObject({ pays: 0, waits: 2, leftTodayWei: ETH / 2n });
  });

  it('says what a round does afterwards, and changes nothing itself', async () => {
    const before = await previewRound(database.db, asked);
    expect(await previewRound(database.db, asked)).toMatchObject({ payees: before.payees });
    const round = { roundId: '00000000-0000-4000-8000-000000000001', workflowId: 'round' };
    const { payouts, reservedWei } = await reserveRound(database.db, round, asked);
    expect({ payouts, reservedWei }).toEqual({
      payouts: before.totals.pays + before.totals.waits,
      reservedWei: before.totals.paysWei + before.totals.waitsWei,
    });
    expect((await previewRound(database.db, asked)).totals).toMatchObject({ pays: 0, waits: 0 });
  });
});
