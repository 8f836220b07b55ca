/** What the settler does besides settling: who settles, what is told, and what waits for whom. */
import { sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type LocalChain, startChain } from '../../../dev/stack/chain-node.js';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.js';
import {
  createTestWallet,
  recordTestTerms,
  reserveFor,
  stateOf,
  type TestWallet,
  waitOf,
} from '../../../test/harness/money.js';
import { checkInvariants } from '../../checks/audit/invariants.js';
import { resumeWallet } from '../../checks/store/resuming.js';
import { query } from '../../db/query.js';
import { createSender } from '../sending/sending.js';
import { cancelPayout } from '../store/payout-messages.js';
import { findWallet, haltWallet } from '../store/wallet/wallets.js';
import { type MoneyDeps, walletKeyOf } from '../wallet/money-deps.js';
import { Settler } from './settler.js';

const AMOUNT_WEI = 3_000_000_000_000_001n;
const decision = { actor: 'test', reason: 'because' };
let database: TestDatabase;
let chain: LocalChain;

beforeAll(async () => {
  [database, chain] = await Promise.all([
    createTestDatabase(20),
    startChain({ blockTimeSeconds: 0.25 }),
  ]);
  await recordTestTerms(database.db);
});
afterAll(async () => {
  await Promise.all([database.close(), chain.stop()]);
});
afterEach(async () => {
  for (const settler of settlers.splice(0)) await settler.stop();
  expect(await checkInvariants(database.db)).toEqual([]);
});

const settlers: Settler[] = [];

/** A process, counting how often it asks the chain. */
function startProcess(
  { deps }: TestWallet,
  tell: (payoutIds: readonly string[]) => Promise<void> = () => Promise.resolve(),
) {
  const asked = { looks: 0, estimates: 0 };
  const rpc: MoneyDeps['rpc'] = {
    ...deps.rpc,
    everyEndpoint: (read) => {
      asked.looks += 1;
      return deps.rpc.everyEndpoint(read);
    },
    estimateGas: (transfers) => {
      asked.estimates += transfers.length;
      return deps.rpc.estimateGas(transfers);
    },
  };
  const own = { ...deps, rpc };
  const sender = createSender(own, () => settler.nudge());
  const settler: Settler = new Settler(own, { sender, tell });
  settlers.push(settler);
  settler.start();
  return { sender, settler, asked };
}

const untilState = (payoutId: string, state: string, timeout = 20_000) =>
  expect.poll(() => stateOf(database.db, payoutId), { timeout }).toBe(state);
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('settling', () => {
  it('is done by one process at a time, by the next one when that ends, and by nobody while nothing is signed', async () => {
    const wallet = await createTestWallet(database.db, chain);
    const first = startProcess(wallet);
    await sleep(300);
    const second = startProcess(wallet);
    await sleep(2_500);
    expect([first.asked.looks, second.asked.looks]).toEqual([0, 0]);
    const one = await reserveFor(database.db, AMOUNT_WEI);
    await first.sender.send(one.payoutId);
    await untilState(one.payoutId, 'paid');
    expect(second.asked.looks).toBe(0);
    await first.settler.stop();
    const other = await reserveFor(database.db, AMOUNT_WEI);
    await second.sender.send(other.payoutId);
    await untilState(other.payoutId, 'paid');
  });

  it('is taken over from a process that died', async () => {
    const wallet = await createTestWallet(database.db, chain);
    await database.db.execute(sql`
      INSERT INTO settler (holder, can_sign, until)
      VALUES (gen_random_uuid(), true, clock_timestamp() + interval '3 s')
      ON CONFLICT (one) DO UPDATE SET holder = excluded.holder, until = excluded.until`);
    const { payoutId } = await reserveFor(database.db, AMOUNT_WEI);
    await startProcess(wallet).sender.send(payoutId);
    await sleep(1_500);
    expect(await stateOf(database.db, payoutId)).toBe('signed');
    await untilState(payoutId, 'paid');
  });
});

describe('telling sagas', () => {
  it('goes on until the message was taken, whoever ended the payout', async () => {
    const wallet = await createTestWallet(database.db, chain);
    let isAway = true;
    const told: string[] = [];
    const { sender } = startProcess(wallet, async (payoutIds) => {
      if (isAway) throw new Error('Temporal is away');
      told.push(...payoutIds);
    });
    const paid = await reserveFor(database.db, AMOUNT_WEI);
    const cancelled = await reserveFor(database.db, AMOUNT_WEI);
    await sender.send(paid.payoutId);
    await cancelPayout(database.db, cancelled.payoutId, decision);
    await untilState(paid.payoutId, 'paid');
    await sleep(1_500);
    expect(told).toEqual([]);
    isAway = false;
    await expect
      .poll(() => [...told].sort(), { timeout: 10_000 })
      .toEqual([paid.payoutId, cancelled.payoutId].sort());
    await sleep(1_500);
    expect(told).toHaveLength(2);
  });
});

describe('payouts that wait for the wallet or the day', () => {
  it('ask the chain nothing while they wait, and go on by themselves, the oldest first', async () => {
    const limits = { maxPaidPerDayWei: 2n * AMOUNT_WEI };
    const wallet = await createTestWallet(database.db, chain, { limits });
    // What earlier tests have paid counts for the day, too.
    await database.db.execute(sql`
      UPDATE payout SET closed_at = closed_at - interval '2 days', told_at = now() WHERE state = 'paid'`);
    const made: { readonly payoutId: string }[] = [];
    for (let n = 0; n < 4; n += 1) made.push(await reserveFor(database.db, AMOUNT_WEI));
    const ids = made.map(({ payoutId }) => payoutId) as [string, string, string, string];
    const key = walletKeyOf(wallet.deps);
    await haltWallet(database.db, key, { code: 'HALTED_BY_OPERATOR', reason: 'lunch' });
    const { sender, asked } = startProcess(wallet);
    const waits = await Promise.all([...ids].reverse().map((id) => sender.send(id)));
    expect(waits).toMatchObject(ids.map(() => ({ wait: { code: 'WALLET_HALTED' } })));
    await sleep(3_000);
    expect(asked).toEqual({ looks: 0, estimates: 0 });
    await resumeWallet(database.db, key, decision);
    await untilState(ids[0], 'paid', 40_000);
    await untilState(ids[1], 'paid');
    await expect
      .poll(async () => (await waitOf(database.db, ids[3]))?.code, { timeout: 40_000 })
      .toBe('DAILY_CAP_REACHED');
    expect(await stateOf(database.db, ids[2])).toBe('reserved');
    expect((await findWallet(database.db, key))?.nextNonce).toBe(2);
    const estimates = asked.estimates;
    await sleep(3_000);
    expect(asked.estimates).toBe(estimates);
    await database.db.execute(sql`
      UPDATE payout SET closed_at = closed_at - interval '1 day' WHERE id = ${ids[0]}`);
    await untilState(ids[2], 'paid', 60_000);
    const nonces = await query<{ payout_id: string }>(
      database.db,
      sql`SELECT payout_id FROM nonce_slot WHERE wallet = ${wallet.address} ORDER BY nonce`,
    );
    expect(nonces.map(({ payout_id }) => payout_id)).toEqual(ids.slice(0, 3));
    await cancelPayout(database.db, ids[3], decision);
  }, 150_000);
});
