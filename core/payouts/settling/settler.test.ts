import { sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type LocalChain, rpc, startChain } from '../../../dev/stack/chain-node.js';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.js';
import {
  createMoneyDatabase,
  createPayer,
  createTestWallet,
  recordTestTerms,
  reserveFor,
  sendForeign,
  setBalance,
  stateOf,
  type TestWallet,
  transfersOf,
  waitOf,
} from '../../../test/harness/money.js';
import { allocateOnly, expectEachPaid } from '../../../test/harness/wallets.js';
import { createChainClient } from '../../chain/quorum.js';
import { checkInvariants } from '../../checks/audit/invariants.js';
import { resumeWallet } from '../../checks/store/resuming.js';
import { query } from '../../db/query.js';
import { createSender } from '../sending/sending.js';
import { cancelPayout, requestBump } from '../store/payout-messages.js';
import { payoutProgress } from '../store/payout-progress.js';
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

const waitUntil = (ready: () => Promise<boolean>) =>
  expect.poll(ready, { timeout: 20_000 }).toBe(true);
const expectPaidOnce = (wallet: TestWallet, payees: readonly string[]) =>
  expectEachPaid(chain, wallet, { payees, amountWei: AMOUNT_WEI });

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
    await chain.pause();
    await createSender(wallet.deps).send(payoutId);
    await nodeRpc('anvil_dropAllTransactions');
    await chain.resume();
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
    await sleep(1_500);
    expect(await transfersOf(chain, wallet.address)).toEqual([]);
    await resumeWallet(database.db, key, decision);
    await Promise.all([settled, payer.pay(second.payoutId)]);
    await expectPaidOnce(wallet, [first.payee, second.payee]);
  });

  it('raises the fee under the same nonce when asked', async () => {
    const wallet = await makeWallet();
    const { payoutId, payee } = await reserveFor(database.db, AMOUNT_WEI);
    await chain.pause();
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
    await chain.resume();
    expect(await settled).toMatchObject({ state: 'paid' });
    const [one, two] = await attempts();
    expect(two?.nonce).toBe(one?.nonce);
    expect(BigInt(two?.fee ?? 0) * 8n).toBeGreaterThanOrEqual(BigInt(one?.fee ?? 0) * 9n);
    await expectPaidOnce(wallet, [payee]);
  });
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
    await chain.pause();
    await sendForeign(chain, wallet, 0);
    await allocateOnly(wallet, [payoutId]);
    await chain.resume();
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
