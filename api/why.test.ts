import { sql } from 'drizzle-orm';
import type { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GateView } from '../client/why.js';
import { haltWallet, recordBalance } from '../core/payouts/store/wallet/wallets.js';
import { createTestDatabase, type TestDatabase } from '../test/harness/database.js';
import { poolOf } from '../test/kit/silent-temporal.js';
import {
  addPayout,
  addressOf,
  addWallet,
  addWorker,
  CHAIN_ID,
  TEST_TOKEN,
  TEST_WALLET,
} from '../test/kit/test-pool.js';
import { createApp } from './app.js';

const ETH = 10n ** 18n;
const [small, open, unseen] = [1, 2, 3].map(addressOf);

interface Answer {
  readonly verdict: string;
  readonly code?: string;
  readonly words: string | null;
  readonly decidedBy: GateView | null;
  readonly payoutUnderWay: { readonly id: string } | null;
  readonly pool: readonly GateView[];
  readonly round: readonly GateView[];
  readonly payout: readonly GateView[];
}

describe('/v1/payees/:address/why', () => {
  let database: TestDatabase;
  let app: Hono;

  beforeAll(async () => {
    database = await createTestDatabase();
    const { db } = database;
    app = createApp(poolOf(db));
    await addWallet(db);
    await db.execute(sql`
      INSERT INTO terms (from_dt, commission_bps, threshold_wei, min_interval_ms, rounding)
      VALUES ('0001-01-01Z', 2500, ${(ETH / 10n).toString()}, 3600000, 'commission-floor')`);
    await addWorker(db, { payee: small ?? '0x', pendingWei: ETH / 10n - 1n });
    await addWorker(db, { payee: open ?? '0x', pendingWei: 3n * ETH });
    const payout = { payee: open ?? '0x', amountWei: ETH, state: 'reserved' } as const;
    const said = 'node.internal refused: 10.0.0.7';
    await addPayout(db, {
      ...payout,
      createdAt: new Date(),
      wait: ['RPC_UNREACHABLE', `the chain cannot be asked (${said})`],
    });
  });
  afterAll(() => database.close());

  async function ask(address: string | undefined, token?: string): Promise<Answer> {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await app.request(`/v1/payees/${address}/why`, { headers });
    return (await response.json()) as Answer;
  }
  const gateOf = (gates: readonly GateView[], name: string) =>
    gates.find((gate) => gate.name === name);

  it('lists every gate, and not only the first that is shut', async () => {
    const why = await ask(small);
    // No worker runs in this test, and there is no Temporal.
    expect(why).toMatchObject({ verdict: 'stopped', decidedBy: { code: 'WORKER_SILENT' } });
    expect(gateOf(why.round, 'threshold')).toMatchObject({
      isOpen: false,
      code: 'BELOW_THRESHOLD',
      opensByItself: true,
      opener: 'payee',
      unit: 'wei',
      value: (ETH / 10n - 1n).toString(),
      limit: (ETH / 10n).toString(),
      words: expect.stringMatching(/grows as you earn/),
    });
    const open = (gates: readonly GateView[]) => gates.map(({ name, isOpen }) => [name, isOpen]);
    expect(open(why.round)).toEqual([
      ['open-payout', true],
      ['own-wallet', true],
      ['payable', true],
      ['admission', true],
      ['policy-hold', true],
      ['pause', true],
      ['threshold', false],
      ['interval', true],
    ]);
    expect(why.payout.map(({ name }) => name)).toEqual([
      ...['hold', 'halt', 'amount', 'day', 'network-fee', 'gas-share', 'balance'],
    ]);
  });

  it('measures the network fee and the balance as they were seen last', async () => {
    const key = { chainId: CHAIN_ID, address: TEST_WALLET };
    const seen = { wei: ETH / 20n, block: 7, baseFeeWei: 200_000_000n };
    await recordBalance(database.db, key, seen);
    const { payout } = await ask(small);
    expect(gateOf(payout, 'network-fee')).toMatchObject({
      code: 'FEE_ABOVE_CAP',
      value: '200000000',
      limit: '100000000',
      opensByItself: true,
      words: "The network's fee is above the pool's limit. This passes by itself; nothing is lost.",
    });
    expect(gateOf(payout, 'balance')).toMatchObject({ code: 'WALLET_EMPTY', opener: 'pool' });
  });

  it('tells of a payout under way, and keeps what a node said from the public', async () => {
    const why = await ask(open);
    expect(why.payoutUnderWay).not.toBeNull();
    expect(gateOf(why.round, 'open-payout')?.code).toBe('OPEN_PAYOUT');
    expect(JSON.stringify(why)).not.toContain('10.0.0.7');
    expect(gateOf(why.payout, 'endpoints')?.code).toBe('RPC_UNREACHABLE');
    expect(JSON.stringify(await ask(open, TEST_TOKEN))).toContain('10.0.0.7');
  });

  it('says who halted the wallet why, next to all other gates', async () => {
    const key = { chainId: CHAIN_ID, address: TEST_WALLET };
    await haltWallet(database.db, key, { code: 'HALTED_BY_OPERATOR', reason: 'moving house' });
    const { payout } = await ask(small);
    expect(gateOf(payout, 'halt')).toMatchObject({
      code: 'WALLET_HALTED',
      reason: 'the wallet is halted: moving house',
      opensByItself: false,
    });
  });

  it('knows only payees that were seen', async () => {
    expect(await ask(unseen)).toMatchObject({ code: 'PAYEE_UNKNOWN' });
    expect(await ask('0x12')).toMatchObject({ code: 'ADDRESS_MALFORMED' });
  });
});
