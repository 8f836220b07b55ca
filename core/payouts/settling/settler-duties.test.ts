/**
 * Tests the settler's work besides settling: which process settles, which sagas are told, and which payouts are
 * retried.
 */
import { sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type LocalChain, rpc, startChain } from '../../../dev/stack/chain-node.js';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.js';
import {
  createTestWallet,
  recordTestTerms,
  reserveFor,
  stateOf,
  type TestWallet,
  waitOf,
} from '../../../test/harness/money.js';
import { ChainError } from '../../chain/endpoint-error.js';
import { checkInvariants } from '../../checks/audit/invariants.js';
import { resumeWallet } from '../../checks/store/resuming.js';
import { query } from '../../db/query.js';
import { createSender } from '../sending/sending.js';
import { approvePayout, cancelPayout } from '../store/payout-messages.js';
import { type WaitingPayout, waitingAlone } from '../store/settler-duties.js';
import { keepCompared } from '../store/wallet/paying-wallet.js';
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

/** Starts a process that counts how often it asks the chain. */
function startProcess(
  { deps }: TestWallet,
  tell: (payoutIds: readonly string[]) => Promise<void> = () => Promise.resolve(),
) {
  const asked = { looks: 0, estimates: 0 };
  const counting: MoneyDeps['rpc'] = {
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
  const own = { ...deps, rpc: counting };
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
    // On a slow machine the second process could otherwise take the right to settle first.
    await expect.poll(() => query(database.db, sql`SELECT 1 FROM settler`)).toHaveLength(1);
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
  it('is repeated until Temporal accepts the message, whoever ended the payout', async () => {
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
  it('ask the chain nothing while they wait, and continue by themselves, the oldest first', async () => {
    const limits = { maxPaidPerDayWei: 2n * AMOUNT_WEI };
    const wallet = await createTestWallet(database.db, chain, { limits });
    // Payments of earlier tests also count towards the limit of the day.
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

describe('payouts behind many that wait for something of their own', () => {
  it('are not delayed by a hundred older ones that the signer or an endpoint refuses', async () => {
    const wallet = await createTestWallet(database.db, chain);
    await endAllOpen();
    const made: string[] = [];
    for (let n = 0; n < 102; n += 1)
      made.push((await reserveFor(database.db, AMOUNT_WEI)).payoutId);
    const refused = new Set(made.slice(0, 101));
    const [last = ''] = made.slice(101);
    const amounts = await query<{ id: string; destination: string }>(
      database.db,
      sql`SELECT id, destination FROM payout WHERE state = 'reserved'`,
    );
    const refusedTo = new Set(
      amounts.filter(({ id }) => refused.has(id)).map(({ destination }) => destination),
    );
    const refusing: MoneyDeps['rpc'] = {
      ...wallet.deps.rpc,
      estimateGas: async (transfers) =>
        transfers.map(({ to }) =>
          refusedTo.has(to) ? new ChainError('unreachable', 'not for this one') : 21_000n,
        ),
    };
    await database.db.execute(sql`
      UPDATE payout SET wait_code = 'RPC_UNREACHABLE', wait_reason = 'before' WHERE state = 'reserved'`);
    startProcess({ ...wallet, deps: { ...wallet.deps, rpc: refusing } });
    await untilState(last, 'paid', 30_000);
    expect(await stateOf(database.db, made[0] ?? '')).toBe('reserved');
    await endAllOpen();
  }, 90_000);

  it('are tried in turn, the oldest first, whatever their ids are', async () => {
    await createTestWallet(database.db, chain);
    await endAllOpen();
    const made: string[] = [];
    for (let n = 0; n < 8; n += 1) made.push((await reserveFor(database.db, AMOUNT_WEI)).payoutId);
    await database.db.execute(sql`
      UPDATE payout SET wait_code = 'GAS_ABOVE_CAP', wait_reason = 'before' WHERE state = 'reserved'`);
    const found: string[] = [];
    let after: WaitingPayout | null = null;
    for (;;) {
      const page: readonly WaitingPayout[] = await waitingAlone(database.db, { after, limit: 3 });
      found.push(...page.map(({ payoutId }) => payoutId));
      after = page.at(-1) ?? null;
      if (page.length < 3) break;
    }
    expect(found).toEqual(made);
    await endAllOpen();
  });
});

describe('payouts whose gas is too expensive', () => {
  it('are estimated once, until the fee has fallen enough for one of them', async () => {
    const limits = { maxGasShareBps: 1_000 };
    const wallet = await createTestWallet(database.db, chain, { limits });
    await endAllOpen();
    const { sender, asked } = startProcess(wallet);
    // Blocks come on demand: each empty one would lower the base fee.
    await rpc(chain.rpcUrl, 'evm_setIntervalMining', [0]);
    await mineWithBaseFee(40n * GWEI);
    // 21,000 gas at 41 gwei cost 0.000861 ETH, which is more than a tenth of the amount.
    const { payoutId } = await reserveFor(database.db, 8n * MILLI_ETH);
    const tooDear = { kind: 'waiting', wait: { code: 'GAS_SHARE_ABOVE_CAP' } };
    expect(await sender.send(payoutId)).toMatchObject(tooDear);
    expect(asked.estimates).toBe(1);
    await mineWithBaseFee(39n * GWEI);
    expect(await sender.send(payoutId)).toMatchObject(tooDear);
    expect(await sender.send(payoutId)).toMatchObject(tooDear);
    expect(asked.estimates).toBe(1);
    await mineWithBaseFee(GWEI);
    expect(await sender.send(payoutId)).toMatchObject({ kind: 'sent' });
    expect(asked.estimates).toBe(2);
    await rpc(chain.rpcUrl, 'anvil_setIntervalMining', [1]);
    await untilState(payoutId, 'paid');
  });

  it('are tried again when a person has approved them', async () => {
    const limits = { maxGasShareBps: 1 };
    const wallet = await createTestWallet(database.db, chain, { limits });
    const { sender, asked } = startProcess(wallet);
    const { payoutId } = await reserveFor(database.db, MILLI_ETH);
    expect(await sender.send(payoutId)).toMatchObject({ wait: { code: 'GAS_SHARE_ABOVE_CAP' } });
    await approvePayout(database.db, payoutId, decision);
    expect(await sender.send(payoutId)).toMatchObject({ kind: 'sent' });
    expect(asked.estimates).toBe(2);
    await untilState(payoutId, 'paid');
  });

  it('are not estimated at all when their destination is a wallet of the pool', async () => {
    const wallet = await createTestWallet(database.db, chain);
    const { sender, asked } = startProcess(wallet);
    const { payoutId } = await reserveFor(database.db, MILLI_ETH);
    await nameOnce(payoutId, wallet);
    asked.estimates = 0;
    expect(await sender.send(payoutId)).toMatchObject({ wait: { code: 'PAYEE_IS_WALLET' } });
    expect(asked).toEqual({ looks: 0, estimates: 0 });
    await cancelPayout(database.db, payoutId, decision);
  });
});

const GWEI = 10n ** 9n;
const MILLI_ETH = 10n ** 15n;

async function endAllOpen(): Promise<void> {
  const open = await query<{ id: string }>(
    database.db,
    sql`SELECT id FROM payout WHERE state = 'reserved'`,
  );
  for (const { id } of open) await cancelPayout(database.db, id, decision);
}

async function mineWithBaseFee(wei: bigint): Promise<void> {
  await rpc(chain.rpcUrl, 'anvil_setNextBlockBaseFeePerGas', [`0x${wei.toString(16)}`]);
  await rpc(chain.rpcUrl, 'evm_mine');
}

/**
 * Records the payout's destination as the paying wallet and then switches back, so that address counts as one of the
 * pool's own wallets from then on.
 */
async function nameOnce(payoutId: string, { deps }: TestWallet): Promise<void> {
  const { db } = database;
  const [last] = await query<{ no: number }>(db, sql`SELECT max(no)::int AS no FROM paying_wallet`);
  const no = last?.no ?? 0;
  await db.execute(sql`
    INSERT INTO paying_wallet (no, chain_id, address, actor, reason)
    SELECT ${no + 1}, ${chain.chainId}, destination, 'ann', 'a slip' FROM payout WHERE id = ${payoutId}`);
  await db.execute(sql`
    INSERT INTO paying_wallet (no, chain_id, address, actor, reason)
    VALUES (${no + 2}, ${chain.chainId}, ${deps.signer.address}, 'ann', 'and back')`);
  await keepCompared(db, walletKeyOf(deps), no + 2);
}
