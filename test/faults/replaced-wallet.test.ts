/** Another key on the same ledger: refused until a person says so, and then nothing is stranded or paid twice. */

import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ChainError } from '../../core/chain/endpoint-error.js';
import type { ChainReads } from '../../core/chain/node-reads.js';
import { adoptWallets } from '../../core/checks/adoption.js';
import { checkInvariants } from '../../core/checks/audit/invariants.js';
import { openWallet } from '../../core/checks/opening.js';
import { recheckSettled } from '../../core/checks/recheck.js';
import { resumeWallet } from '../../core/checks/store/resuming.js';
import { query } from '../../core/db/query.js';
import { createSender } from '../../core/payouts/sending/sending.js';
import { requestBump } from '../../core/payouts/store/payout-messages.js';
import { payoutProgress } from '../../core/payouts/store/payout-progress.js';
import { findPayingWallet } from '../../core/payouts/store/reads/wallet-reads.js';
import { reserveRound } from '../../core/payouts/store/reservations.js';
import { replaceWallet } from '../../core/payouts/store/wallet/wallet-replacement.js';
import { findWallet, haltWallet } from '../../core/payouts/store/wallet/wallets.js';
import { type MoneyDeps, walletKeyOf } from '../../core/payouts/wallet/money-deps.js';
import { type LocalChain, rpc, startChain } from '../../dev/stack/chain-node.js';
import type { TestDatabase } from '../harness/database.js';
import {
  createMoneyDatabase,
  createPayer,
  createTestWallet,
  credit,
  paidByChain,
  paidByLedger,
  reserveFor,
  sendForeign,
  stateOf,
  TEST_ROUND,
  type TestWallet,
  waitOf,
} from '../harness/money.js';
import { anotherKey, paidInAll, signOnly } from '../harness/wallets.js';

const AMOUNT_WEI = 5_000n;
const order = { actor: 'ann', reason: 'the key is old' };

let chain: LocalChain;
let database: TestDatabase;
beforeAll(async () => {
  chain = await startChain();
});
afterAll(() => chain.stop());
beforeEach(async () => {
  database = await createMoneyDatabase();
  return async () => {
    expect(await checkInvariants(database.db)).toEqual([]);
    await database.close();
  };
});

const start = (wallet: TestWallet) => openWallet(wallet.deps, { acceptedTransactions: 0 });
const replace = (to: TestWallet, dryRun = false) =>
  replaceWallet(database.db, { ...order, to: to.address, dryRun });

/** Endpoints that tell everything but what one wallet has sent. */
function silentAbout({ deps, address }: TestWallet): MoneyDeps['rpc'] {
  const hide = (reads: ChainReads): ChainReads => ({
    ...reads,
    walletView: (asked) =>
      asked === address
        ? Promise.reject(new ChainError('unreachable', 'no answer'))
        : reads.walletView(asked),
  });
  return {
    ...deps.rpc,
    everyEndpoint: (read) => deps.rpc.everyEndpoint((reads) => read(hide(reads))),
  };
}

describe('a start with another key', () => {
  it('is refused before it writes anything, and says what would allow it', async () => {
    const first = await createTestWallet(database.db, chain);
    const second = await anotherKey(chain, first);
    await expect(start(second)).rejects.toMatchObject({
      code: 'WALLET_NOT_OF_LEDGER',
      help: expect.stringContaining('openpool wallet replace --to'),
    });
    expect(await findWallet(database.db, walletKeyOf(second.deps))).toBeUndefined();
    const { payoutId, payee } = await reserveFor(database.db, AMOUNT_WEI);
    const sent = await createSender(second.deps).send(payoutId).catch(String);
    expect(sent).toContain('has not been opened yet');
    expect(await createPayer(first.deps).pay(payoutId)).toMatchObject({ state: 'paid' });
    expect(await paidInAll(chain, [first, second])).toEqual(new Map([[payee, AMOUNT_WEI]]));
  });
});

describe('a wallet that is replaced', () => {
  it('has what it signed sent and settled by the new one’s worker, and signs nothing any more', async () => {
    const first = await createTestWallet(database.db, chain);
    const second = await anotherKey(chain, first);
    const stored = await reserveFor(database.db, AMOUNT_WEI);
    await signOnly(first.deps, stored.payoutId);
    expect(await replace(second, true)).toMatchObject({ changed: true, underWay: 1 });
    await expect(start(second)).rejects.toMatchObject({ code: 'WALLET_NOT_OF_LEDGER' });
    expect(await replace(second)).toMatchObject({ changed: true, from: first.address });
    expect(await replace(second)).toMatchObject({ changed: false });
    const fresh = await reserveFor(database.db, AMOUNT_WEI);

    const behind = await createSender(first.deps).send(fresh.payoutId);
    expect(behind).toMatchObject({ kind: 'waiting', wait: { code: 'WALLET_REPLACED' } });
    expect(await findPayingWallet(database.db, chain.chainId)).toMatchObject({
      address: first.address,
      replacedBy: second.address,
    });
    await start(second);
    expect(await findPayingWallet(database.db, chain.chainId)).toMatchObject({
      address: second.address,
      replacedBy: null,
      earlier: [{ address: first.address, openTransfers: 1, openWei: AMOUNT_WEI }],
    });
    await expect(start(first)).rejects.toMatchObject({ code: 'WALLET_NOT_OF_LEDGER' });

    const payer = createPayer(second.deps);
    const ended = await Promise.all([stored, fresh].map(({ payoutId }) => payer.pay(payoutId)));
    expect(ended).toMatchObject([{ state: 'paid' }, { state: 'paid' }]);
    expect(await paidByChain(chain, first.address)).toEqual(new Map([[stored.payee, AMOUNT_WEI]]));
    expect(await paidByChain(chain, second.address)).toEqual(new Map([[fresh.payee, AMOUNT_WEI]]));
    expect(await paidByLedger(database.db)).toEqual(await paidInAll(chain, [first, second]));

    await rpc(chain.rpcUrl, 'anvil_mine', ['0x8']);
    expect(await recheckSettled(second.deps)).toMatchObject({ final: 2, reopened: 0 });
    const kept = await query(
      database.db,
      sql`SELECT actor, reason, detail ->> 'from' AS from FROM audit_log WHERE action = 'wallet.replace'`,
    );
    expect(kept).toEqual([{ ...order, from: first.address }]);
  });

  it('is told of in words when the fee of what it signed is too low, and bumping it is refused', async () => {
    const first = await createTestWallet(database.db, chain);
    const second = await anotherKey(chain, first);
    const { payoutId } = await reserveFor(database.db, AMOUNT_WEI);
    await chain.pause();
    await signOnly(first.deps, payoutId);
    await rpc(chain.rpcUrl, 'anvil_setNextBlockBaseFeePerGas', ['0x9502f9000']);
    await rpc(chain.rpcUrl, 'anvil_mine', ['0x1']);
    await replace(second);
    await start(second);
    const payer = createPayer(second.deps);
    const release = payer.follow();
    await expect
      .poll(async () => (await waitOf(database.db, payoutId))?.reason, { timeout: 30_000 })
      .toContain('nobody raises it');
    await expect(requestBump(database.db, payoutId, order)).rejects.toMatchObject({
      code: 'WALLET_REPLACED',
    });
    await rpc(chain.rpcUrl, 'anvil_setNextBlockBaseFeePerGas', ['0x3b9aca00']);
    await chain.resume();
    await expect.poll(() => stateOf(database.db, payoutId), { timeout: 40_000 }).toBe('paid');
    await release();
    expect((await payoutProgress(database.db, [payoutId]))[0]?.slot?.wallet).toBe(first.address);
  });

  it('is adopted after a thief took its nonce, and its payee is paid once, by the new one', async () => {
    const config = { finalityConfirmations: 3 };
    const first = await createTestWallet(database.db, chain, { config });
    const second = await anotherKey(chain, first);
    const { payoutId, payee } = await reserveFor(database.db, AMOUNT_WEI);
    await signOnly(first.deps, payoutId);
    await replace(second);
    await start(second);
    await sendForeign(chain, first, 0);
    const payer = createPayer(second.deps);
    const release = payer.follow();
    const paying = walletKeyOf(second.deps);
    await expect
      .poll(async () => (await findWallet(database.db, paying))?.halt?.code, { timeout: 40_000 })
      .toBe('NONCE_TAKEN_BY_UNKNOWN');
    await release();
    await expect(resumeWallet(database.db, paying, order)).rejects.toMatchObject({
      code: 'NONCE_TAKEN_BY_UNKNOWN',
    });
    const input = { ...order, dryRun: false, vouchedHashes: [] };
    await expect
      .poll(async () => (await adoptWallets(second.deps, input)).complete, {
        timeout: 20_000,
        interval: 500,
      })
      .toBe(true);
    expect(await stateOf(database.db, payoutId)).toBe('cancelled');
    expect(await resumeWallet(database.db, paying, order)).toMatchObject({ remaining: [] });
    const next = await reserveFor(database.db, 1n, payee);
    expect(await payer.pay(next.payoutId)).toMatchObject({ state: 'paid' });
    expect((await paidInAll(chain, [first, second])).get(payee)).toBe(AMOUNT_WEI + 1n);
  });

  it('that sent more than the ledger knows halts the first start of the new one: an older backup', async () => {
    const first = await createTestWallet(database.db, chain);
    const second = await anotherKey(chain, first);
    await sendForeign(chain, first, 0);
    await replace(second);
    expect(await start(second)).toMatchObject({ halt: { code: 'NONCE_AHEAD_OF_LEDGER' } });
  });

  it('and makes the new one wait while too few endpoints tell: it is asked this once', async () => {
    const first = await createTestWallet(database.db, chain);
    const second = await anotherKey(chain, first);
    await sendForeign(chain, first, 0);
    await replace(second);
    const cut = { ...second, deps: { ...second.deps, rpc: silentAbout(first) } };
    await expect(start(cut)).rejects.toMatchObject({ name: 'ChainError' });
    const { payoutId } = await reserveFor(database.db, AMOUNT_WEI);
    const sent = await createSender(cut.deps).send(payoutId);
    expect(sent).toMatchObject({ wait: { code: 'RPC_UNREACHABLE' } });
    expect(await stateOf(database.db, payoutId)).toBe('reserved');
    expect(await start(second)).toMatchObject({ halt: { code: 'NONCE_AHEAD_OF_LEDGER' } });
  });

  it('and is not resumed until what it sent is booked: nothing would notice it again', async () => {
    const config = { finalityConfirmations: 3 };
    const first = await createTestWallet(database.db, chain, { config });
    const second = await anotherKey(chain, first);
    const payee = await credit(database.db, [AMOUNT_WEI]);
    await sendForeign(chain, first, 0, { to: payee, valueWei: AMOUNT_WEI });
    await replace(second);
    await start(second);
    const paying = walletKeyOf(second.deps);
    const resume = () => resumeWallet(database.db, paying, order);
    await expect(resume()).rejects.toMatchObject({ code: 'NONCE_AHEAD_OF_LEDGER' });
    const input = { ...order, dryRun: false, vouchedHashes: [] };
    await expect
      .poll(async () => (await adoptWallets(second.deps, input)).complete, {
        timeout: 20_000,
        interval: 500,
      })
      .toBe(true);
    expect(await resume()).toMatchObject({ remaining: [] });
    const round = { roundId: randomUUID(), workflowId: 'round' };
    expect(await reserveRound(database.db, round, TEST_ROUND)).toMatchObject({ payouts: 0 });
    expect(await paidInAll(chain, [first, second])).toEqual(new Map([[payee, AMOUNT_WEI]]));
  });

  it('is not replaced while nobody has said what it did before this ledger', async () => {
    const first = await createTestWallet(database.db, chain);
    const code = 'WALLET_USED_BEFORE';
    await haltWallet(database.db, walletKeyOf(first.deps), { code, reason: '3 transactions' });
    const refused = replace(await anotherKey(chain, first));
    await expect(refused).rejects.toMatchObject({ code, message: '3 transactions' });
  });
});

describe('a halt', () => {
  it('stops every wallet of the ledger, whichever it is about', async () => {
    const first = await createTestWallet(database.db, chain);
    const second = await anotherKey(chain, first);
    const stored = await reserveFor(database.db, AMOUNT_WEI);
    await signOnly(first.deps, stored.payoutId);
    await replace(second);
    // Before any worker has opened the new one: the command has the old one at hand.
    const shown = await findPayingWallet(database.db, chain.chainId);
    expect(shown?.address).toBe(first.address);
    const why = { code: 'HALTED_BY_OPERATOR', reason: 'a look' };
    await haltWallet(database.db, walletKeyOf(first.deps), why);
    await start(second);
    const fresh = await reserveFor(database.db, AMOUNT_WEI);
    const payer = createPayer(second.deps);
    expect(await payer.sender.send(fresh.payoutId)).toMatchObject({
      wait: { code: 'WALLET_HALTED' },
    });
    const settled = payer.settle(stored.payoutId);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(await paidInAll(chain, [first, second])).toEqual(new Map());
    await resumeWallet(database.db, walletKeyOf(second.deps), order);
    expect(await settled).toMatchObject({ state: 'paid' });
    expect(await payer.pay(fresh.payoutId)).toMatchObject({ state: 'paid' });
  });
});
