/** Postgres comes back as it was before another wallet began to pay: what that one has paid is paid to nobody again. */
import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Address } from '../../core/base/address.js';
import { adoptWallets } from '../../core/checks/adoption.js';
import { checkInvariants } from '../../core/checks/audit/invariants.js';
import { openWallet } from '../../core/checks/opening.js';
import { reconcile } from '../../core/checks/reconciliation.js';
import { resumeWallet } from '../../core/checks/store/resuming.js';
import type { Database } from '../../core/db/database.js';
import { query } from '../../core/db/query.js';
import { createSender } from '../../core/payouts/sending/sending.js';
import { reserveRound } from '../../core/payouts/store/reservations.js';
import { replaceWallet } from '../../core/payouts/store/wallet/wallet-replacement.js';
import { findWallet, haltWallet } from '../../core/payouts/store/wallet/wallets.js';
import { walletKeyOf } from '../../core/payouts/wallet/money-deps.js';
import { type LocalChain, rpc, startChain } from '../../dev/stack/chain-node.js';
import type { TestDatabase } from '../harness/database.js';
import {
  createMoneyDatabase,
  createPayer,
  createTestWallet,
  credit,
  paidByLedger,
  reserveFor,
  sendForeign,
  TEST_ROUND,
  type TestWallet,
} from '../harness/money.js';
import { anotherKey, paidInAll } from '../harness/wallets.js';
import { backUp, openBackUp } from './back-up.js';

const AMOUNT_WEI = 5_000n;
const order = { actor: 'ann', reason: 'restored last night’s backup' };
const input = { ...order, dryRun: false, vouchedHashes: [] };

let chain: LocalChain;
let database: TestDatabase;
let first: TestWallet;
let second: TestWallet;
beforeAll(async () => {
  chain = await startChain({ blockTimeSeconds: 0 });
});
afterAll(() => chain.stop());
beforeEach(async () => {
  database = await createMoneyDatabase();
  first = await createTestWallet(database.db, chain);
  second = await anotherKey(chain, first);
  return () => database.close();
});

const mine = () => rpc(chain.rpcUrl, 'anvil_mine', ['0x8']);
const on = ({ deps }: TestWallet, db: Database) => ({ ...deps, db });
const replace = (db: Database, to: TestWallet) =>
  replaceWallet(db, { ...order, to: to.address, dryRun: false });
const start = (wallet: TestWallet, db = database.db, acceptedTransactions = 0) =>
  openWallet(on(wallet, db), { acceptedTransactions });
const haltsOf = async (wallet: TestWallet, db: Database) =>
  (await findWallet(db, walletKeyOf(wallet.deps)))?.halts.map(({ code }) => code);

async function pay(wallet: TestWallet, payee: Address): Promise<void> {
  const { payoutId } = await reserveFor(database.db, 0n, payee);
  const paid = createPayer(wallet.deps).pay(payoutId);
  const mining = setInterval(() => void rpc(chain.rpcUrl, 'anvil_mine', ['0x1']), 100);
  expect(await paid).toMatchObject({ state: 'paid' });
  clearInterval(mining);
  await mine();
}

/** Everybody who is owed something is paid by the next round, each once. */
async function expectPaidOnce(wallet: TestWallet, db: Database, owed: readonly Address[]) {
  const round = { roundId: randomUUID(), workflowId: 'round' };
  expect((await reserveRound(db, round, TEST_ROUND)).payouts).toBe(owed.length);
  const { sender } = createPayer(on(wallet, db));
  const reserved = await query<{ id: string; payee: string }>(
    db,
    sql`SELECT id, payee FROM payout WHERE state = 'reserved'`,
  );
  expect(reserved.map(({ payee }) => payee).sort()).toEqual([...owed].sort());
  for (const { id } of reserved) expect(await sender.send(id)).toMatchObject({ kind: 'sent' });
  await mine();
  expect(await checkInvariants(db)).toEqual([]);
}

it('adopts what a wallet has paid that the backup does not know, from the nonce on that a person names', async () => {
  const [paid, stranger, pending] = [
    await credit(database.db, [AMOUNT_WEI]),
    await credit(database.db, [AMOUNT_WEI]),
    await credit(database.db, [AMOUNT_WEI]),
  ];
  const backupUrl = await backUp(database.url);
  // Before it paid for this pool, its owner sent something to one who is a payee, for another reason.
  await sendForeign(chain, second, 0, { to: stranger, valueWei: AMOUNT_WEI });
  await rpc(chain.rpcUrl, 'anvil_mine', ['0x40']);
  await replace(database.db, second);
  await start(second, database.db, 1);
  await pay(second, paid);

  const db = openBackUp(backupUrl);
  const deps = on(second, db);
  await replace(db, second);
  expect(await start(second, db)).toMatchObject({
    halt: {
      code: 'WALLET_USED_BEFORE',
      reason: expect.stringContaining('openpool wallet adopt --from'),
    },
  });
  const adopt = (nonce: number, dryRun = false) =>
    adoptWallets(deps, { ...input, dryRun, paidFrom: { wallet: null, nonce } });
  await expect(adopt(2)).rejects.toMatchObject({
    code: 'REQUEST_INVALID',
    message: expect.stringContaining('from nonce 2 on: only an earlier nonce'),
  });
  await expect(adopt(3)).rejects.toMatchObject({ message: expect.stringContaining('no nonce 3') });
  const findings = [{ nonce: 1, to: paid, verdict: 'payment', valueWei: String(AMOUNT_WEI) }];
  expect(await adopt(1, true)).toMatchObject({ applied: false, complete: true, findings });
  expect(await haltsOf(second, db)).toEqual(['WALLET_USED_BEFORE']);
  expect(await adopt(1)).toMatchObject({ applied: true, complete: true, findings });
  expect(await haltsOf(second, db)).toEqual(['NONCE_AHEAD_OF_LEDGER']);
  expect(await adopt(1)).toMatchObject({ complete: true, findings: [] });

  expect(await reconcile(deps, { fromOpening: true })).toMatchObject({ ok: true, fromNonce: 1 });
  expect(await resumeWallet(db, walletKeyOf(deps), order)).toMatchObject({ remaining: [] });
  await expect(adopt(0)).rejects.toMatchObject({ code: 'WALLET_NOT_HALTED' });
  await expectPaidOnce(second, db, [stranger, pending]);
  const onChain = await paidInAll(chain, [first, second]);
  expect(onChain.get(paid)).toBe(AMOUNT_WEI);
  expect(onChain.get(pending)).toBe(AMOUNT_WEI);
  expect(await paidByLedger(db)).toEqual(new Map([[paid, AMOUNT_WEI]]));
  await haltWallet(db, walletKeyOf(deps), { code: 'HALTED_BY_OPERATOR', reason: 'a look' });
  await expect(adopt(0)).rejects.toMatchObject({
    message: expect.stringContaining('has signed for'),
  });
});

it('adopts a wallet without its key that the backup does not know and that was replaced back', async () => {
  const paid = await credit(database.db, [AMOUNT_WEI]);
  const backupUrl = await backUp(database.url);
  await replace(database.db, second);
  await start(second);
  await pay(second, paid);

  const db = openBackUp(backupUrl);
  await start(first, db);
  const paidFrom = { wallet: second.address, nonce: 0 };
  const named = { ...input, paidFrom };
  await expect(adoptWallets(on(first, db), named)).rejects.toMatchObject({
    code: 'WALLET_NOT_HALTED',
  });
  const why = { code: 'HALTED_BY_OPERATOR', reason: 'an old backup' };
  await haltWallet(db, walletKeyOf(first.deps), why);
  expect(await adoptWallets(on(first, db), named)).toMatchObject({
    complete: true,
    findings: [{ nonce: 0, verdict: 'payment', words: expect.stringContaining(second.address) }],
  });
  await resumeWallet(db, walletKeyOf(first.deps), order);
  await expectPaidOnce(first, db, []);
  // And it may pay again: what it had sent is known.
  await replace(db, second);
  expect(await start(second, db)).toMatchObject({ nextNonce: 1, halts: [] });
});

it('asks again what a wallet in between has sent when an earlier one is to pay again, and adopts it', async () => {
  const [paid, later] = [
    await credit(database.db, [AMOUNT_WEI]),
    await credit(database.db, [AMOUNT_WEI]),
  ];
  await replace(database.db, second);
  await start(second);
  const backupUrl = await backUp(database.url);
  await pay(second, paid);

  const db = openBackUp(backupUrl);
  await replace(db, first);
  const made = await reserveFor(db, 0n, paid);
  // Its worker was never restarted, and finds out before it signs.
  expect(await createSender(on(first, db)).send(made.payoutId)).toMatchObject({
    wait: { code: 'WALLET_HALTED', reason: expect.stringContaining(second.address) },
  });
  expect(await start(first, db)).toMatchObject({ halt: { code: 'NONCE_AHEAD_OF_LEDGER' } });
  await expect(resumeWallet(db, walletKeyOf(first.deps), order)).rejects.toMatchObject({
    code: 'NONCE_AHEAD_OF_LEDGER',
  });
  expect(await adoptWallets(on(first, db), input)).toMatchObject({ complete: true });
  await resumeWallet(db, walletKeyOf(first.deps), order);

  // Nothing of it is under way, and nothing halts because of it: adoption goes over it all the same.
  await sendForeign(chain, second, 1, { to: later, valueWei: AMOUNT_WEI });
  await mine();
  const why = { code: 'HALTED_BY_OPERATOR', reason: 'a look' };
  await haltWallet(db, walletKeyOf(first.deps), why);
  expect(await adoptWallets(on(first, db), input)).toMatchObject({
    findings: [{ nonce: 1, to: later, verdict: 'payment' }],
  });
  await resumeWallet(db, walletKeyOf(first.deps), order);
  await expectPaidOnce(first, db, []);
  const sums = await paidInAll(chain, [first, second]);
  expect([sums.get(paid), sums.get(later)]).toEqual([AMOUNT_WEI, AMOUNT_WEI]);
});
