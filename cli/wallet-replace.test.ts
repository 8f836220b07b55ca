/**
 * Changes the wallet's key step by step as docs/operations.md describes, running its commands against workers and a
 * chain.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Address } from '../core/base/address.js';
import { checkInvariants } from '../core/checks/audit/invariants.js';
import { openWallet } from '../core/checks/opening.js';
import { replaceWallet } from '../core/payouts/store/wallet/wallet-replacement.js';
import { haltWallet } from '../core/payouts/store/wallet/wallets.js';
import { walletKeyOf } from '../core/payouts/wallet/money-deps.js';
import type { LocalChain } from '../dev/stack/chain-node.js';
import { createTestDatabase, type TestDatabase } from '../test/harness/database.js';
import {
  credit,
  paidByChain,
  paidByLedger,
  recordTestTerms,
  reserveFor,
  sendForeign,
  stateOf,
  type TestWallet,
} from '../test/harness/money.js';
import { type OperatedPool, type Said, startOperatedPool } from '../test/harness/operated-pool.js';
import { anotherKey, signOnly } from '../test/harness/wallets.js';

const AMOUNT_WEI = 10n ** 15n;

let pool: OperatedPool;
let chain: LocalChain;
let database: TestDatabase;
let wallet: TestWallet;
/** The wallet that the first test switched to, and a payee that it has paid. The first test sets it. */
let changed: { readonly to: TestWallet; readonly payee: Address };
/** A database of the same pool from before that change, as a backup would be. */
let old: TestDatabase;
beforeAll(async () => {
  [pool, old] = await Promise.all([startOperatedPool(), createTestDatabase()]);
  ({ chain, database, wallet } = pool);
});
afterAll(async () => {
  await pool.stop();
  await old.close();
});

const ran: string[] = [];

async function openpool(...words: readonly string[]): Promise<Said> {
  ran.push(words.join(' '));
  return pool.openpool(...words);
}

/** Signs and stores a transfer without sending it, like a worker that dies in between. */
async function underWay(payer: TestWallet) {
  const made = await reserveFor(database.db, AMOUNT_WEI);
  await signOnly(payer.deps, made.payoutId);
  return made;
}

const paid = async (payoutId: string) =>
  expect.poll(() => stateOf(database.db, payoutId), { timeout: 100_000 }).toBe('paid');

describe('docs/operations.md', () => {
  it('changes the key: refused at first, then the new one pays and the old one’s are settled', async () => {
    const next = await anotherKey(chain, wallet);
    await pool.refuses({ keystore: next.keystore }, 'WALLET_NOT_OF_LEDGER');
    const left = await underWay(wallet);
    const said = ['--to', next.address, '--reason', 'yearly change'];
    const dry = await openpool('wallet', 'replace', '--dry-run', ...said);
    expect(dry).toMatchObject({ code: 0, answer: { changed: true, dryRun: true } });
    expect(await openpool('wallet', 'replace', ...said)).toMatchObject({
      code: 0,
      answer: { changed: true, from: wallet.address, to: next.address },
    });
    const fresh = await reserveFor(database.db, AMOUNT_WEI);
    const bump = await openpool('payout', 'bump', left.payoutId, '--reason', 'stuck');
    expect(bump.code).toBe(1);
    await pool.restartWith({ keystore: next.keystore });
    expect(await openpool('wallet', 'show')).toMatchObject({
      code: 0,
      answer: { address: next.address },
    });
    await paid(left.payoutId);
    await paid(fresh.payoutId);
    expect((await openpool('wallet', 'show')).answer).toMatchObject({ earlier: [] });
    expect(await paidByChain(chain, wallet.address)).toEqual(new Map([[left.payee, AMOUNT_WEI]]));
    expect(await paidByChain(chain, next.address)).toEqual(new Map([[fresh.payee, AMOUNT_WEI]]));
    wallet = next;
    changed = { to: next, payee: fresh.payee };
  }, 200_000);

  it('follows a leaked key: halted, replaced, adopted, resumed, and everybody is paid once', async () => {
    const reason = ['--reason', 'the key has leaked'];
    const next = await anotherKey(chain, wallet);
    const robbed = await underWay(wallet);
    expect(await openpool('wallet', 'halt', ...reason)).toMatchObject({
      answer: { changed: true },
    });
    await sendForeign(chain, wallet, 1);
    await openpool('wallet', 'replace', '--to', next.address, ...reason);
    await pool.restartWith({ keystore: next.keystore });
    const dry = await openpool('wallet', 'adopt', '--dry-run', ...reason);
    expect(dry.answer).toMatchObject({ applied: false });
    await expect
      .poll(async () => (await openpool('wallet', 'adopt', ...reason)).answer['complete'], {
        ...{ timeout: 60_000, interval: 500 },
      })
      .toBe(true);
    expect(await stateOf(database.db, robbed.payoutId)).toBe('cancelled');
    const on = ['--reason', 'paid from the new wallet'];
    expect((await openpool('wallet', 'resume', ...on)).answer).toMatchObject({ halted: false });
    const again = await reserveFor(database.db, 1n, robbed.payee);
    await paid(again.payoutId);
    await openpool('payout', 'show', again.payoutId);
    const [before, after] = await Promise.all([
      paidByChain(chain, wallet.address),
      paidByChain(chain, next.address),
    ]);
    expect([before.get(robbed.payee), after.get(robbed.payee)]).toEqual([
      undefined,
      AMOUNT_WEI + 1n,
    ]);
    expect((await paidByLedger(database.db)).get(robbed.payee)).toBe(AMOUNT_WEI + 1n);
    expect(await checkInvariants(database.db)).toEqual([]);
  }, 200_000);

  it('restores a backup from before the key was changed: what the new one paid is booked, not paid again', async () => {
    const reason = ['--reason', 'restored an old backup'];
    // Fills the backup from before the change: it knows only the first wallet, and still owes the payee what was paid
    // since.
    await recordTestTerms(old.db);
    await openWallet({ ...pool.wallet.deps, db: old.db }, { acceptedTransactions: 1 });
    const { address, keystore } = changed.to;
    const { payoutId, payee } = await reserveFor(old.db, AMOUNT_WEI, changed.payee);
    const order = { actor: 'ann', reason: 'restored an old backup' };
    await haltWallet(old.db, walletKeyOf(pool.wallet.deps), {
      ...{ code: 'HALTED_BY_OPERATOR', ...order },
    });
    await replaceWallet(old.db, { ...order, to: address });
    await pool.restartWith({ keystore, databaseUrl: old.url });
    expect((await openpool('wallet', 'show')).answer).toMatchObject({
      halts: [{ code: 'HALTED_BY_OPERATOR' }, { code: 'WALLET_USED_BEFORE' }],
    });
    const adopt = ['wallet', 'adopt', '--wallet', address, '--from', '0', ...reason];
    const findings = [{ nonce: 0, to: payee, verdict: 'payment' }, { nonce: 1 }];
    expect((await openpool(...adopt, '--dry-run')).answer).toMatchObject({ findings });
    expect(await openpool(...adopt)).toMatchObject({ code: 0, answer: { complete: true } });
    expect(await stateOf(old.db, payoutId)).toBe('cancelled');
    expect((await openpool('wallet', 'resume', ...reason)).answer).toMatchObject({ halted: false });
    await credit(old.db, [AMOUNT_WEI], payee);
    await openpool('payout', 'pay', payee, ...reason);
    await expect
      .poll(async () => (await paidByLedger(old.db)).get(payee), { timeout: 60_000 })
      .toBe(2n * AMOUNT_WEI);
    expect((await paidByChain(chain, address)).get(payee)).toBe(2n * AMOUNT_WEI);
    expect(await checkInvariants(old.db)).toEqual([]);
  }, 200_000);

  it('names no command there that was not run here', () => {
    const doc = readFileSync(new URL('../docs/operations.md', import.meta.url), 'utf8');
    const sections = doc.slice(doc.indexOf('### Change the key'), doc.indexOf('## Backup and'));
    const named = [...sections.matchAll(/`openpool ([a-z]+ [a-z]+)/g)].map(([, words]) => words);
    expect(named.length).toBeGreaterThan(8);
    for (const words of named) {
      expect(ran.some((one) => one.startsWith(words ?? '?'))).toBe(true);
    }
  });
});
