import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type LocalChain, rpc, startChain } from '../../../dev/stack/chain-node.js';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.js';
import {
  balancesOf,
  CONTRACTS,
  createMoneyDatabase,
  createPayer,
  createTestWallet,
  deploy,
  paidByChain,
  paidByLedger,
  recordTestTerms,
  reserveFor,
  sendForeign,
  setBalance,
  stateOf,
  type TestWallet,
  transfersOf,
  waitOf,
} from '../../../test/harness/money.js';
import { createChainClient } from '../../chain/quorum.js';
import { checkInvariants } from '../../checks/audit/invariants.js';
import { resumeWallet } from '../../checks/store/resuming.js';
import { query } from '../../db/query.js';
import { createSender } from '../sending/sending.js';
import { checkedSign } from '../sending/signing.js';
import { allocateSlots } from '../store/nonces/nonces.js';
import { cancelPayout, requestBump } from '../store/payout-messages.js';
import { payoutProgress } from '../store/payout-progress.js';
import { reserveManual } from '../store/reservations.js';
import { findWallet, haltWallet } from '../store/wallet/wallets.js';
import { walletKeyOf } from '../wallet/money-deps.js';

const GWEI = 10n ** 9n;
const AMOUNT_WEI = 123_456_789_000_000_001n;
const decision = { actor: 'test', reason: 'because' };
let database: TestDatabase;
let chain: LocalChain;

beforeAll(async () => {
  [database, chain] = await Promise.all([createTestDatabase(20), startChain()]);
  await recordTestTerms(database.db);
});
afterAll(async () => {
  await Promise.all([database.close(), chain.stop()]);
});
afterEach(async () => {
  expect(await checkInvariants(database.db)).toEqual([]);
});

/** Creates a wallet of the test's own, so that what other tests left open does not disturb it. */
const makeWallet = (options: Parameters<typeof createTestWallet>[2] = {}) =>
  createTestWallet(database.db, chain, options);
const nodeRpc = (method: string, ...params: readonly unknown[]) =>
  rpc(chain.rpcUrl, method, params);
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Signs and stores a payout like a process that is killed before it sends. */
async function allocateOnly(
  { deps }: TestWallet,
  payoutIds: readonly string[],
  gasLimit = 26_250n,
) {
  const view = await deps.rpc.walletView(deps.signer.address);
  return allocateSlots(deps.db, {
    wallet: walletKeyOf(deps),
    orders: payoutIds.map((payoutId) => ({ payoutId, gasLimit, gasCostWei: 0n })),
    limits: deps.limits,
    fees: { maxFeePerGasWei: 20n * GWEI, maxPriorityFeePerGasWei: GWEI },
    chainNonce: view.latestNonce,
    claimedNonce: view.latestNonce,
    balanceWei: view.balanceWei,
    keepInWalletWei: 0n,
    sign: checkedSign(deps),
  });
}

async function waitUntil(ready: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await ready())) {
    if (Date.now() > deadline) throw new Error('it did not happen within 20 s');
    await sleep(50);
  }
}

async function expectPaidOnce(wallet: TestWallet, payees: readonly string[]): Promise<void> {
  const onChain = await paidByChain(chain, wallet.address);
  const inLedger = await paidByLedger(database.db);
  for (const payee of payees) {
    expect(onChain.get(payee)).toBe(AMOUNT_WEI);
    expect(inLedger.get(payee)).toBe(AMOUNT_WEI);
  }
  expect(onChain.size).toBe(payees.length);
}

describe('paying', () => {
  it('pays many at once, grouped, with the chain and the ledger equal to the wei', async () => {
    const wallet = await makeWallet();
    const made = await Promise.all(
      Array.from({ length: 40 }, () => reserveFor(database.db, AMOUNT_WEI)),
    );
    const payer = createPayer(wallet.deps);
    const outcomes = await Promise.all(made.map(({ payoutId }) => payer.pay(payoutId)));
    expect(outcomes.every((outcome) => outcome.kind === 'closed' && outcome.state === 'paid')).toBe(
      true,
    );
    await expectPaidOnce(
      wallet,
      made.map(({ payee }) => payee),
    );
  });

  it('leaves no nonce gap and pays nobody twice when two processes send the same payouts', async () => {
    const wallet = await makeWallet();
    const made = await Promise.all(
      Array.from({ length: 20 }, () => reserveFor(database.db, AMOUNT_WEI)),
    );
    const [one, other] = [createPayer(wallet.deps), createPayer(wallet.deps)];
    await Promise.all(made.flatMap(({ payoutId }) => [one.pay(payoutId), other.pay(payoutId)]));
    const nonces = (await transfersOf(chain, wallet.address)).map(({ nonce }) => nonce);
    expect(nonces.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index));
    await expectPaidOnce(
      wallet,
      made.map(({ payee }) => payee),
    );
  });

  it('sends stored bytes when a process died between storing and sending', async () => {
    const wallet = await makeWallet();
    const { payoutId, payee } = await reserveFor(database.db, AMOUNT_WEI);
    await allocateOnly(wallet, [payoutId]);
    await allocateOnly(wallet, [payoutId]);
    // The loop and the saga of any payout send all unsent bytes, whichever payout they belong to.
    const outcome = await createPayer(wallet.deps).settle(payoutId);
    expect(outcome).toMatchObject({ kind: 'closed', state: 'paid' });
    await expectPaidOnce(wallet, [payee]);
  });

  it('settles what was mined while no process was running', async () => {
    const wallet = await makeWallet();
    const { payoutId, payee } = await reserveFor(database.db, AMOUNT_WEI);
    await createSender(wallet.deps).send(payoutId);
    await sleep(1_500);
    expect(await createPayer(wallet.deps).settle(payoutId)).toMatchObject({ state: 'paid' });
    await expectPaidOnce(wallet, [payee]);
  });

  it('sends again what the node forgot', async () => {
    const wallet = await makeWallet();
    const { payoutId, payee } = await reserveFor(database.db, AMOUNT_WEI);
    await nodeRpc('evm_setIntervalMining', 0);
    await createSender(wallet.deps).send(payoutId);
    await nodeRpc('anvil_dropAllTransactions');
    await nodeRpc('anvil_setIntervalMining', 1);
    expect(await createPayer(wallet.deps).settle(payoutId)).toMatchObject({ state: 'paid' });
    await expectPaidOnce(wallet, [payee]);
  });
});

describe('a reorg before the payout has its confirmations', () => {
  it('is followed: the transfer that it took back is sent again and paid once', async () => {
    const wallet = await makeWallet({ config: { confirmations: 4 } });
    // The reorg must not take back the wallet's balance as well.
    await nodeRpc('anvil_mine', '0x4');
    const made = await Promise.all(
      Array.from({ length: 3 }, () => reserveFor(database.db, AMOUNT_WEI)),
    );
    const payer = createPayer(wallet.deps);
    const paid = Promise.all(made.map(({ payoutId }) => payer.pay(payoutId)));
    await waitUntil(async () => {
      const { latestNonce } = await wallet.deps.rpc.walletView(wallet.address);
      return latestNonce === made.length;
    });
    await nodeRpc('anvil_reorg', 2, []);
    expect((await paid).every((outcome) => outcome.kind === 'closed')).toBe(true);
    await expectPaidOnce(
      wallet,
      made.map(({ payee }) => payee),
    );
  });
});

describe('a destination that is a contract', () => {
  it('is paid when it accepts money, even if that needs more gas than a plain transfer', async () => {
    const wallet = await makeWallet();
    const payee = await deploy(chain, CONTRACTS.accepting);
    const { payoutId } = await reserveFor(database.db, AMOUNT_WEI, payee);
    expect(await createPayer(wallet.deps).pay(payoutId)).toMatchObject({ state: 'paid' });
    await expectPaidOnce(wallet, [payee]);
  });

  it.each(['refusing', 'burning'] as const)(
    'is refused only when final, released and marked unpayable: %s',
    async (kind) => {
      const wallet = await makeWallet();
      const payee = await deploy(chain, CONTRACTS[kind]);
      const { payoutId } = await reserveFor(database.db, AMOUNT_WEI, payee);
      const { db } = database;
      const payer = createPayer(wallet.deps);
      await payer.sender.send(payoutId);
      const release = payer.follow();
      await waitUntil(async () => (await waitOf(db, payoutId))?.code === 'AWAITING_FINALITY');
      expect(await stateOf(db, payoutId)).toBe('signed');
      expect(await payer.pay(payoutId)).toMatchObject({ state: 'refused' });
      await release();
      const [row] = await query<{ reason: string; pending: string }>(
        db,
        sql`SELECT unpayable_reason AS reason, amount_wei AS pending FROM payee
              JOIN remote_worker worker ON worker.payee = payee.address
              JOIN balance ON balance.remote_worker_id = worker.id AND account = 'pending'
             WHERE address = ${payee}`,
      );
      expect(row?.pending).toBe(AMOUNT_WEI.toString());
      expect(row?.reason).toMatch(/^transaction 0x[0-9a-f]{64} in block \d+ (was refused|ran out)/);
      expect((await paidByChain(chain, wallet.address)).size).toBe(0);
    },
  );

  it('that became a contract after the estimate ends its payout, and its next one has more gas and the amount owed then', async () => {
    const wallet = await makeWallet();
    const { payoutId, payee } = await reserveFor(database.db, AMOUNT_WEI);
    await allocateOnly(wallet, [payoutId]);
    // Sixteen log entries cost about 10,000 gas, which is more than the first limit allows.
    await nodeRpc('anvil_setCode', payee, `0x${'60206000a0'.repeat(16)}`);
    const payer = createPayer(wallet.deps);
    expect(await payer.settle(payoutId)).toMatchObject({ kind: 'closed', state: 'failed' });
    expect(await balancesOf(database.db, payee)).toMatchObject({ pending: AMOUNT_WEI });
    expect(await payer.sender.send(payoutId)).toMatchObject({ kind: 'closed', state: 'failed' });
    const next = await reserveFor(database.db, 5n, payee);
    expect((await payoutProgress(database.db, [next.payoutId]))[0]).toMatchObject({
      amountWei: AMOUNT_WEI + 5n,
      gasLimit: 52_500n,
    });
    expect(await payer.pay(next.payoutId)).toMatchObject({ state: 'paid' });
    const transfers = await transfersOf(chain, wallet.address);
    expect(transfers.map(({ nonce, succeeded }) => [nonce, succeeded])).toEqual([
      [0, false],
      [1, true],
    ]);
    expect(await paidByChain(chain, wallet.address)).toEqual(new Map([[payee, AMOUNT_WEI + 5n]]));
    // The gas that the transfer used is stored, and not the doubled limit.
    const [kept] = await query<{ gas: string; burnt: string }>(
      database.db,
      sql`SELECT gas_limit AS gas, burnt_gas_wei AS burnt FROM payee WHERE address = ${payee}`,
    );
    expect(Number(kept?.gas)).toBeGreaterThan(26_250);
    expect(Number(kept?.gas)).toBeLessThan(52_500);
    expect(kept?.burnt).toBe('0');
  });

  it('that burns all gas it is given costs one payout’s share of gas in sum, however often it is tried', async () => {
    const maxGasShareBps = 100;
    const limits = { maxGasShareBps };
    const config = { gasLimitCap: 2_000_000n };
    const wallet = await makeWallet({ limits, config });
    // This contract accepts money when gas costs nothing, as in an estimate, and otherwise burns everything.
    const payee = await deploy(chain, '3a600557005b600556');
    const payer = createPayer(wallet.deps);
    const amountWei = 20n * 10n ** 15n;
    let { payoutId } = await reserveFor(database.db, amountWei, payee);
    const endings: string[] = [];
    for (let tries = 0; tries < 10; tries += 1) {
      const sent = await payer.sender.send(payoutId);
      if (sent.kind === 'waiting') {
        endings.push(sent.wait.code);
        expect(sent.wait.reason).toContain('failed transfers to it have cost');
        break;
      }
      const outcome = await payer.settle(payoutId);
      endings.push(outcome.kind === 'closed' ? outcome.state : outcome.kind);
      const asked = { actor: 'test', reason: 'once more', requestId: randomUUID() };
      ({ payoutId } = await reserveManual(database.db, { payee, belowThreshold: true, ...asked }));
    }
    expect(endings.at(-1)).toBe('GAS_SHARE_ABOVE_CAP');
    expect(new Set(endings.slice(0, -1))).toEqual(new Set(['failed']));
    expect(endings.length).toBeGreaterThan(2);
    const [burnt] = await query<{ wei: string }>(
      database.db,
      sql`SELECT sum(gas_used * gas_price_wei) AS wei FROM nonce_slot WHERE wallet = ${wallet.address}`,
    );
    expect(BigInt(burnt?.wei ?? 0)).toBeLessThanOrEqual(
      (amountWei * BigInt(maxGasShareBps)) / 10_000n,
    );
    await cancelPayout(database.db, payoutId, decision);
  });
});

describe('waiting', () => {
  it('says why while the base fee is above the cap, and goes on when it is back', async () => {
    const wallet = await makeWallet({ config: { maxFeePerGasWei: 3n * GWEI } });
    const { payoutId, payee } = await reserveFor(database.db, AMOUNT_WEI);
    await nodeRpc('anvil_setNextBlockBaseFeePerGas', `0x${(4n * GWEI).toString(16)}`);
    await waitUntil(async () => {
      const { head } = await wallet.deps.rpc.walletView(wallet.address);
      return head.baseFeePerGasWei > 3n * GWEI;
    });
    const payer = createPayer(wallet.deps);
    const waiting = await payer.sender.send(payoutId);
    expect(waiting).toMatchObject({ kind: 'waiting', wait: { code: 'FEE_ABOVE_CAP' } });
    expect(JSON.stringify(waiting)).toContain('fee cap 3 gwei is below base fee');
    expect((await payoutProgress(database.db, [payoutId]))[0]?.wait?.code).toBe('FEE_ABOVE_CAP');
    expect(await payer.pay(payoutId)).toMatchObject({ state: 'paid' });
    await expectPaidOnce(wallet, [payee]);
  });

  it('shows, in Postgres too, that the chain cannot be asked', async () => {
    const wallet = await makeWallet();
    const { payoutId } = await reserveFor(database.db, AMOUNT_WEI);
    await createSender(wallet.deps).send(payoutId);
    const config = { ...wallet.deps.chain, rpcUrls: ['http://127.0.0.1:1'] };
    const cut = createPayer({ ...wallet.deps, rpc: createChainClient(config) });
    const release = cut.follow();
    await waitUntil(async () => (await waitOf(database.db, payoutId))?.code === 'RPC_UNREACHABLE');
    expect((await waitOf(database.db, payoutId))?.reason).toContain(
      'nothing is decided until it answers',
    );
    await release();
    expect(await createPayer(wallet.deps).settle(payoutId)).toMatchObject({ state: 'paid' });
  });

  it('waits with an empty wallet and goes on after a top-up', async () => {
    const wallet = await makeWallet({ balanceWei: AMOUNT_WEI });
    const { payoutId, payee } = await reserveFor(database.db, AMOUNT_WEI);
    const payer = createPayer(wallet.deps);
    expect(await payer.sender.send(payoutId)).toMatchObject({ wait: { code: 'WALLET_EMPTY' } });
    await setBalance(chain, wallet.address, 2n * AMOUNT_WEI);
    expect(await payer.pay(payoutId)).toMatchObject({ state: 'paid' });
    await expectPaidOnce(wallet, [payee]);
  });

  it('signs and sends nothing while the wallet is halted', async () => {
    const wallet = await makeWallet();
    const [first, second] = [
      await reserveFor(database.db, AMOUNT_WEI),
      await reserveFor(database.db, AMOUNT_WEI),
    ];
    await allocateOnly(wallet, [first.payoutId]);
    const key = walletKeyOf(wallet.deps);
    await haltWallet(database.db, key, { code: 'BY_HAND', reason: 'lunch' });
    const payer = createPayer(wallet.deps);
    expect(await payer.sender.send(second.payoutId)).toMatchObject({
      wait: { code: 'WALLET_HALTED' },
    });
    const settled = payer.settle(first.payoutId);
    await sleep(4_000);
    expect(await transfersOf(chain, wallet.address)).toEqual([]);
    await resumeWallet(database.db, key, decision);
    await Promise.all([settled, payer.pay(second.payoutId)]);
    await expectPaidOnce(wallet, [first.payee, second.payee]);
  });

  it('raises the fee under the same nonce when asked', async () => {
    const wallet = await makeWallet();
    const { payoutId, payee } = await reserveFor(database.db, AMOUNT_WEI);
    await nodeRpc('evm_setIntervalMining', 0);
    await allocateOnly(wallet, [payoutId]);
    const payer = createPayer(wallet.deps);
    await payer.sender.send(payoutId);
    const settled = payer.settle(payoutId);
    await requestBump(database.db, payoutId, decision);
    const attempts = () =>
      query<{ nonce: string; n: number; fee: string; sends: number; hash: string }>(
        database.db,
        sql`SELECT nonce, n, max_fee_per_gas_wei AS fee, sends, hash FROM attempt
             WHERE wallet = ${wallet.address} ORDER BY n`,
      );
    await waitUntil(async () => (await attempts()).some(({ n, sends }) => n === 2 && sends > 0));
    await nodeRpc('anvil_setIntervalMining', 1);
    expect(await settled).toMatchObject({ state: 'paid' });
    const [one, two] = await attempts();
    expect(two?.nonce).toBe(one?.nonce);
    expect(BigInt(two?.fee ?? 0) * 8n).toBeGreaterThanOrEqual(BigInt(one?.fee ?? 0) * 9n);
    await expectPaidOnce(wallet, [payee]);
  });
});

describe('a transfer that now needs more gas than was signed for', () => {
  it.each([20n * GWEI, 50n * GWEI])(
    'is signed again under its nonce, even with its fee at the cap (%d wei), because every node refuses it as it is',
    async (maxFeePerGasWei) => {
      const wallet = await makeWallet({ config: { bumpAfterMs: 500, maxFeePerGasWei } });
      const { payoutId, payee } = await reserveFor(database.db, AMOUNT_WEI);
      await allocateOnly(wallet, [payoutId], 20_000n);
      expect(await createPayer(wallet.deps).pay(payoutId)).toMatchObject({ state: 'paid' });
      await expectPaidOnce(wallet, [payee]);
      const attempts = await query<{ n: number; answer: string }>(
        database.db,
        sql`SELECT n, last_answer AS answer FROM attempt WHERE wallet = ${wallet.address} ORDER BY n`,
      );
      expect(attempts.length).toBeGreaterThan(1);
      expect(attempts[0]?.answer).toContain('intrinsic gas too low');
    },
  );
});

describe('a key that is used elsewhere', () => {
  it('halts when a nonce was used that this ledger never handed out', async () => {
    const wallet = await makeWallet();
    await sendForeign(chain, wallet, 0);
    await waitUntil(async () => {
      const { latestNonce } = await wallet.deps.rpc.walletView(wallet.address);
      return latestNonce > 0;
    });
    const { payoutId } = await reserveFor(database.db, AMOUNT_WEI);
    const sent = await createSender(wallet.deps).send(payoutId);
    expect(sent).toMatchObject({ wait: { code: 'WALLET_HALTED' } });
    const opened = await findWallet(database.db, walletKeyOf(wallet.deps));
    expect(opened?.halt?.code).toBe('NONCE_AHEAD_OF_LEDGER');
    await resumeWallet(database.db, walletKeyOf(wallet.deps), decision);
    await cancelPayout(database.db, payoutId, decision);
  });

  it("halts when a signed payout's nonce was taken, and gives it no second one", async () => {
    // Use a ledger of its own, because nobody resumes this one.
    const own = await createMoneyDatabase();
    const wallet = await createTestWallet(own.db, chain);
    const { payoutId } = await reserveFor(own.db, AMOUNT_WEI);
    await sendForeign(chain, wallet, 0);
    await sleep(50);
    await allocateOnly(wallet, [payoutId]);
    const payer = createPayer(wallet.deps);
    const release = payer.follow();
    const key = walletKeyOf(wallet.deps);
    await waitUntil(async () => (await findWallet(own.db, key))?.halt != null);
    expect((await findWallet(own.db, key))?.halt?.code).toBe('NONCE_TAKEN_BY_UNKNOWN');
    await release();
    expect(await stateOf(own.db, payoutId)).toBe('signed');
    expect(await transfersOf(chain, wallet.address)).toHaveLength(1);
    await own.close();
  });
});
