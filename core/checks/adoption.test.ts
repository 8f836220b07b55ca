import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LocalChain, rpc, startChain } from '../../dev/stack/chain-node.js';
import type { TestDatabase } from '../../test/harness/database.js';
import {
  createMoneyDatabase,
  createPayer,
  createTestWallet,
  credit,
  paidByChain,
  paidByLedger,
  randomAddress,
  reserveFor,
  sendForeign,
  stateOf,
  TEST_ROUND,
  type TestWallet,
} from '../../test/harness/money.js';
import { startRpcSwitch } from '../../test/harness/rpc-switch.js';
import { createChainClient } from '../chain/quorum.js';
import { query } from '../db/query.js';
import { reserveManual, reserveRound } from '../payouts/store/reservations.js';
import { findWallet, haltWallet } from '../payouts/store/wallet/wallets.js';
import { walletKeyOf } from '../payouts/wallet/money-deps.js';
import { adoptWallet } from './adoption.js';
import { checkInvariants } from './audit/invariants.js';
import { adopt } from './store/foreign-transactions.js';
import { resumeWallet } from './store/resuming.js';

const GWEI = 10n ** 9n;
const DECISION = { actor: 'test', reason: 'looked at it', dryRun: false, vouchedHashes: [] };

let chain: LocalChain;
let database: TestDatabase;
beforeAll(async () => {
  chain = await startChain({ blockTimeSeconds: 0 });
});
afterAll(() => chain.stop());
beforeEach(async () => {
  database = await createMoneyDatabase();
  return () => database.close();
});

const mine = (blocks: number) => rpc(chain.rpcUrl, 'anvil_mine', [`0x${blocks.toString(16)}`]);
const halt = ({ deps }: TestWallet) =>
  haltWallet(deps.db, walletKeyOf(deps), { code: 'HALTED_BY_OPERATOR', reason: 'a look' });

async function foreignPayment(
  wallet: TestWallet,
  transfer: {
    readonly nonce: number;
    readonly to: string | null;
    readonly value: bigint;
    readonly data?: string;
  },
): Promise<string> {
  const raw = await wallet.key.signTransaction({
    ...{ type: 2, chainId: chain.chainId, gasLimit: 100_000n, ...transfer },
    ...{ maxFeePerGas: 50n * GWEI, maxPriorityFeePerGas: 2n * GWEI },
  });
  return (await rpc(chain.rpcUrl, 'eth_sendRawTransaction', [raw])) as string;
}

async function pendingOf(payee: string): Promise<bigint> {
  const [row] = await query<{ wei: string }>(
    database.db,
    sql`SELECT coalesce(sum(amount_wei), 0) AS wei FROM balance
          JOIN remote_worker worker ON worker.id = balance.remote_worker_id
         WHERE account = 'pending' AND worker.payee = ${payee}`,
  );
  return BigInt(row?.wei ?? '0');
}

describe('adopting what the key did elsewhere', () => {
  it('shows on a dry run what it would do, and does nothing', async () => {
    const wallet = await createTestWallet(database.db, chain);
    await sendForeign(chain, wallet, 0);
    await mine(8);
    await halt(wallet);
    const report = await adoptWallet(wallet.deps, { ...DECISION, dryRun: true });
    expect(report).toMatchObject({
      ...{ applied: false, complete: true, waiting: null },
      findings: [{ nonce: 0, verdict: 'pays-nobody', valueWei: '1' }],
    });
    expect((await findWallet(database.db, walletKeyOf(wallet.deps)))?.nextNonce).toBe(0);
  });

  it('refuses while the wallet may sign, and waits for what is not final', async () => {
    const wallet = await createTestWallet(database.db, chain);
    await sendForeign(chain, wallet, 0);
    for (const dryRun of [true, false]) {
      await expect(adoptWallet(wallet.deps, { ...DECISION, dryRun })).rejects.toMatchObject({
        code: 'WALLET_NOT_HALTED',
      });
    }
    await halt(wallet);
    const early = await adoptWallet(wallet.deps, DECISION);
    expect(early).toMatchObject({ complete: false, findings: [] });
    expect(early.waiting).toContain('not final yet');
  });

  it('books a payment to a payee as paid, once, and cancels the payout that would have paid it', async () => {
    const wallet = await createTestWallet(database.db, chain);
    const { payoutId, payee } = await reserveFor(database.db, 1_000n);
    await foreignPayment(wallet, { nonce: 0, to: payee, value: 700n });
    await mine(8);
    await halt(wallet);
    for (const _ of [1, 2]) {
      expect(await adoptWallet(wallet.deps, DECISION)).toMatchObject({ complete: true });
    }
    expect(await stateOf(database.db, payoutId)).toBe('cancelled');
    expect(await pendingOf(payee)).toBe(300n);
    await resumeWallet(database.db, walletKeyOf(wallet.deps), { actor: 'test', reason: 'adopted' });
    // What stays pending after the payment is paid in the normal way.
    const request = { payee, belowThreshold: true, actor: 'test', reason: 'the rest' };
    const rest = await reserveManual(
      database.db,
      { ...request, requestId: randomUUID() },
      TEST_ROUND,
    );
    const paid = createPayer(wallet.deps).pay(rest.payoutId);
    const mining = setInterval(() => void mine(1), 100);
    expect(await paid).toMatchObject({ state: 'paid' });
    clearInterval(mining);
    expect(await paidByLedger(database.db)).toEqual(new Map([[payee, 1_000n]]));
    expect(await paidByChain(chain, wallet.address)).toEqual(new Map([[payee, 1_000n]]));
    expect(await checkInvariants(database.db)).toEqual([]);
  });

  it('books a debt for a payee that was paid more than its pending fees', async () => {
    const wallet = await createTestWallet(database.db, chain);
    const payee = await credit(database.db, [100n, 50n, -20n]);
    await foreignPayment(wallet, { nonce: 0, to: payee, value: 1_000n });
    await mine(8);
    await halt(wallet);
    await adoptWallet(wallet.deps, DECISION);
    expect(await pendingOf(payee)).toBe(130n - 1_000n);
    expect(await checkInvariants(database.db)).toEqual([]);
  });

  it('releases the payout whose nonce a foreign transfer took, and a round pays it again', async () => {
    const wallet = await createTestWallet(database.db, chain);
    const { payoutId, payee } = await reserveFor(database.db, 1_000n);
    await rpc(chain.rpcUrl, 'evm_setAutomine', [false]);
    await createPayer(wallet.deps).sender.send(payoutId);
    await rpc(chain.rpcUrl, 'anvil_dropAllTransactions');
    await rpc(chain.rpcUrl, 'evm_setAutomine', [true]);
    await sendForeign(chain, wallet, 0);
    await mine(8);
    await halt(wallet);
    const report = await adoptWallet(wallet.deps, DECISION);
    expect(report.findings).toMatchObject([{ nonce: 0, verdict: 'pays-nobody', payoutId }]);
    expect(await stateOf(database.db, payoutId)).toBe('cancelled');
    await resumeWallet(database.db, walletKeyOf(wallet.deps), { actor: 'test', reason: 'adopted' });
    const round = await reserveRound(
      database.db,
      { roundId: randomUUID(), workflowId: 'test' },
      TEST_ROUND,
    );
    expect(round).toMatchObject({ payouts: 1, reservedWei: 1_000n });
    const [anew] = await query<{ id: string }>(
      database.db,
      sql`SELECT id FROM payout WHERE state = 'reserved'`,
    );
    const paid = createPayer(wallet.deps).pay(anew?.id ?? '');
    const mining = setInterval(() => void mine(1), 100);
    expect(await paid).toMatchObject({ state: 'paid' });
    clearInterval(mining);
    expect((await paidByLedger(database.db)).get(payee)).toBe(1_000n);
    expect((await paidByChain(chain, wallet.address)).get(payee)).toBe(1_000n);
    expect(await checkInvariants(database.db)).toEqual([]);
  });

  it('stays incomplete, and the wallet halted, while the transaction that took a nonce is not final', async () => {
    const wallet = await createTestWallet(database.db, chain);
    const key = walletKeyOf(wallet.deps);
    const taken = await reserveFor(database.db, 1_000n);
    const paid = await reserveFor(database.db, 700n);
    const { sender } = createPayer(wallet.deps);
    await rpc(chain.rpcUrl, 'evm_setAutomine', [false]);
    await sender.send(taken.payoutId);
    await rpc(chain.rpcUrl, 'anvil_dropAllTransactions');
    await rpc(chain.rpcUrl, 'evm_setAutomine', [true]);
    // The foreign transfer takes the nonce of a signed payout, and pays a payee whose own payout is not signed yet.
    await foreignPayment(wallet, { nonce: 0, to: paid.payee, value: 700n });
    const reason = 'nonce 0 was used by a transaction that is not ours';
    await haltWallet(database.db, key, { code: 'NONCE_TAKEN_BY_UNKNOWN', reason });
    const early = await adoptWallet(wallet.deps, DECISION);
    expect(early).toMatchObject({ complete: false, findings: [] });
    expect(early.waiting).toContain('nonce 0');
    const tired = { actor: 'test', reason: 'tired' };
    await expect(resumeWallet(database.db, key, tired)).rejects.toMatchObject({
      code: 'NONCE_TAKEN_BY_UNKNOWN',
    });
    await mine(8);
    expect(await adoptWallet(wallet.deps, DECISION)).toMatchObject({ complete: true });
    expect(await resumeWallet(database.db, key, tired)).toMatchObject({ remaining: [] });
    expect(await sender.send(paid.payoutId)).toMatchObject({ kind: 'closed', state: 'cancelled' });
    expect(await paidByChain(chain, wallet.address)).toEqual(new Map([[paid.payee, 700n]]));
    expect(await checkInvariants(database.db)).toEqual([]);
  });

  it('books a long history piece by piece', async () => {
    const wallet = await createTestWallet(database.db, chain);
    await rpc(chain.rpcUrl, 'evm_setAutomine', [false]);
    for (let nonce = 0; nonce < 501; nonce += 1) await sendForeign(chain, wallet, nonce);
    await rpc(chain.rpcUrl, 'evm_setAutomine', [true]);
    await mine(8);
    await halt(wallet);
    const first = await adoptWallet(wallet.deps, DECISION);
    expect(first).toMatchObject({ complete: false, waiting: expect.stringContaining('1 more') });
    expect(first.findings).toHaveLength(500);
    expect(await adoptWallet(wallet.deps, DECISION)).toMatchObject({
      complete: true,
      findings: [{ nonce: 500 }],
    });
    expect(await checkInvariants(database.db)).toEqual([]);
  });

  it('stores bytes of our own that were lost and were mined, and settles them', async () => {
    const wallet = await createTestWallet(database.db, chain);
    const { payoutId } = await reserveFor(database.db, 1_000n);
    const payer = createPayer(wallet.deps);
    await rpc(chain.rpcUrl, 'evm_setAutomine', [false]);
    await payer.sender.send(payoutId);
    // The ledger has lost a bump: it has the same nonce, destination and amount, but another fee.
    const [{ destination } = { destination: '' }] = await query<{ destination: string }>(
      database.db,
      sql`SELECT destination FROM payout`,
    );
    await rpc(chain.rpcUrl, 'anvil_dropAllTransactions');
    await rpc(chain.rpcUrl, 'evm_setAutomine', [true]);
    await foreignPayment(wallet, { nonce: 0, to: destination, value: 1_000n });
    const settled = payer.settle(payoutId);
    const mining = setInterval(() => void mine(1), 100);
    expect(await settled).toMatchObject({ kind: 'closed', state: 'paid' });
    clearInterval(mining);
    expect((await findWallet(database.db, walletKeyOf(wallet.deps)))?.halt).toBeNull();
    expect(await checkInvariants(database.db)).toEqual([]);
  });

  it('leaves a call alone until a person vouches for that very transaction', async () => {
    const wallet = await createTestWallet(database.db, chain);
    const call = { nonce: 0, to: randomAddress(), value: 5n, data: '0x1234' };
    const hash = await foreignPayment(wallet, call);
    await sendForeign(chain, wallet, 1);
    await mine(8);
    await halt(wallet);
    const unclear = await adoptWallet(wallet.deps, DECISION);
    expect(unclear).toMatchObject({ complete: false, findings: [{ hash, verdict: 'unclear' }] });
    expect((await findWallet(database.db, walletKeyOf(wallet.deps)))?.nextNonce).toBe(0);
    expect(await adoptWallet(wallet.deps, { ...DECISION, vouchedHashes: [hash] })).toMatchObject({
      complete: true,
      findings: [{ verdict: 'pays-nobody' }, { verdict: 'pays-nobody' }],
    });
    expect((await findWallet(database.db, walletKeyOf(wallet.deps)))?.nextNonce).toBe(2);
  });

  it('never pays a payee again who was unknown when the transfer to them was judged', async () => {
    const wallet = await createTestWallet(database.db, chain);
    const payee = randomAddress();
    await foreignPayment(wallet, { nonce: 0, to: payee, value: 400n });
    await mine(8);
    await halt(wallet);
    expect(await adoptWallet(wallet.deps, DECISION)).toMatchObject({
      findings: [{ verdict: 'pays-nobody' }],
    });
    // The events that the restored ledger had lost arrive again, and with them the payee.
    await credit(database.db, [400n], payee);
    const round = await reserveRound(
      database.db,
      { roundId: randomUUID(), workflowId: 'test' },
      TEST_ROUND,
    );
    expect(round.payouts).toBe(0);
    expect(await adoptWallet(wallet.deps, DECISION)).toMatchObject({
      findings: [{ verdict: 'payment', valueWei: '400' }],
    });
    expect(await pendingOf(payee)).toBe(0n);
    expect(await checkInvariants(database.db)).toEqual([]);
  });

  it('does not book a transfer whose signature names no chain until a person vouches for it', async () => {
    const wallet = await createTestWallet(database.db, chain);
    const { payee } = await reserveFor(database.db, 1_000n);
    const raw = await wallet.key.signTransaction({
      ...{ type: 0, nonce: 0, to: payee, value: 700n, gasLimit: 21_000n, gasPrice: 50n * GWEI },
    });
    const hash = (await rpc(chain.rpcUrl, 'eth_sendRawTransaction', [raw])) as string;
    await mine(8);
    await halt(wallet);
    const unclear = await adoptWallet(wallet.deps, DECISION);
    expect(unclear).toMatchObject({
      complete: false,
      findings: [{ hash, verdict: 'unclear', words: expect.stringContaining('names no chain') }],
    });
    expect(await pendingOf(payee)).toBe(0n);
    const vouched = { ...DECISION, vouchedHashes: [hash] };
    expect(await adoptWallet(wallet.deps, vouched)).toMatchObject({
      ...{ complete: true, findings: [{ verdict: 'payment' }] },
    });
    expect(await pendingOf(payee)).toBe(300n);
  });

  it('takes no transaction that was signed for another chain as evidence', async () => {
    // This node of another chain has always claimed to be on our chain.
    const other = await startChain({ blockTimeSeconds: 0, chainId: 31_338 });
    const liar = await startRpcSwitch(other.rpcUrl);
    liar.claimChainId(chain.chainId);
    const config = { rpcUrls: [liar.url] };
    const wallet = await createTestWallet(
      database.db,
      { ...other, chainId: chain.chainId },
      { config },
    );
    await sendForeign(other, wallet, 0);
    await rpc(other.rpcUrl, 'anvil_mine', ['0x8']);
    await halt(wallet);
    for (const dryRun of [true, false]) {
      await expect(adoptWallet(wallet.deps, { ...DECISION, dryRun })).rejects.toMatchObject({
        code: 'CHAIN_NOT_OURS',
        message: expect.stringContaining('is signed for chain 31338'),
      });
    }
    expect((await findWallet(database.db, walletKeyOf(wallet.deps)))?.nextNonce).toBe(0);
    await Promise.all([liar.stop(), other.stop()]);
  });

  it('refuses a fork that shares the first block of our chain, by the newest final block', async () => {
    const wallet = await createTestWallet(database.db, chain);
    const [before, shown] = await Promise.all([
      rpc(chain.rpcUrl, 'eth_blockNumber'),
      startRpcSwitch(chain.rpcUrl),
    ]);
    await sendForeign(chain, wallet, 0);
    await mine(8);
    await halt(wallet);
    expect(await adoptWallet(wallet.deps, DECISION)).toMatchObject({ complete: true });
    const forking = ['--fork-url', chain.rpcUrl, '--fork-block-number', String(Number(before))];
    const fork = await startChain({ blockTimeSeconds: 0, extraArgs: forking });
    await rpc(fork.rpcUrl, 'anvil_mine', ['0x20']);
    shown.turnTo(fork.rpcUrl);
    const config = { ...wallet.deps.chain, rpcUrls: [shown.url] };
    const moved = { ...wallet.deps, rpc: createChainClient(config), chain: config };
    await expect(adoptWallet(moved, DECISION)).rejects.toMatchObject({
      code: 'CHAIN_NOT_OURS',
      message: expect.stringContaining(`${shown.name} shows another chain under the same id`),
    });
    await Promise.all([fork.stop(), shown.stop()]);
  });

  it('never moves the next nonce past a nonce whose transaction nobody has seen', async () => {
    const wallet = await createTestWallet(database.db, chain);
    await halt(wallet);
    const one = (nonce: number) => ({
      ...{ hash: `0x${String(nonce).repeat(64)}`, sender: wallet.address, nonce, to: null },
      ...{ valueWei: 0n, succeeded: true, blockNumber: 1, blockHash: '0x', gasUsed: 1n },
      gasPriceWei: 1n,
    });
    const key = walletKeyOf(wallet.deps);
    const adoption = { ours: [], payments: [], isComplete: false, actor: 'test', reason: 'test' };
    await adopt(database.db, key, { ...adoption, paysNobody: [one(0), one(1), one(3)] });
    expect((await findWallet(database.db, key))?.nextNonce).toBe(2);
    await adopt(database.db, key, { ...adoption, paysNobody: [one(2)] });
    expect((await findWallet(database.db, key))?.nextNonce).toBe(4);
  });
});
