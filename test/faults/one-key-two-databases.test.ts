/** Two managers that do not know of each other: a database each, and one key. */

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createChainClient } from '../../core/chain/quorum.js';
import { checkInvariants } from '../../core/checks/audit/invariants.js';
import { openWallet } from '../../core/checks/opening.js';
import { findWallet } from '../../core/payouts/store/wallet/wallets.js';
import { walletKeyOf } from '../../core/payouts/wallet/money-deps.js';
import { until } from '../../dev/kit/until.js';
import { type LocalChain, startChain } from '../../dev/stack/chain-node.js';
import { runAudit } from '../harness/audit.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import {
  createPayer,
  createTestWallet,
  paidByLedger,
  recordTestTerms,
  reserveFor,
  stateOf,
  transfersOf,
} from '../harness/money.js';

const AMOUNT_WEI = 3_000_000_000_000_031n;
let chain: LocalChain;
let databases: readonly [TestDatabase, TestDatabase];
beforeAll(async () => {
  chain = await startChain({ blockTimeSeconds: 0.1 });
});
afterAll(() => chain.stop());
beforeEach(async () => {
  databases = await Promise.all([createTestDatabase(), createTestDatabase()]);
  for (const { db } of databases) await recordTestTerms(db);
});
afterEach(async () => {
  for (const { db, close } of databases) {
    expect(await checkInvariants(db)).toEqual([]);
    await close();
  }
});

/** Both opened while the key is fresh: neither can know. */
async function startBoth() {
  const [one, other] = databases;
  const wallet = await createTestWallet(one.db, chain);
  const rival = {
    ...wallet.deps,
    db: other.db,
    rpc: createChainClient(wallet.deps.chain),
  };
  await openWallet(rival, { acceptedTransactions: 0 });
  return { wallet, rival };
}

const haltOf = async (deps: Parameters<typeof walletKeyOf>[0]) =>
  (await findWallet(deps.db, walletKeyOf(deps)))?.halt?.code;

describe('a second manager with a database of its own and the same key', () => {
  it('is halted before it signs when the other has paid, by its audit too', async () => {
    const { wallet, rival } = await startBoth();
    const mine = await reserveFor(wallet.deps.db, AMOUNT_WEI);
    expect(await createPayer(wallet.deps).pay(mine.payoutId)).toMatchObject({ state: 'paid' });
    const theirs = await reserveFor(rival.db, AMOUNT_WEI);
    const sent = await createPayer(rival).sender.send(theirs.payoutId);
    expect(sent).toMatchObject({ kind: 'waiting', wait: { code: 'WALLET_HALTED' } });
    expect(await haltOf(rival)).toBe('NONCE_AHEAD_OF_LEDGER');
    const report = await runAudit(rival, { withEvents: false });
    expect(report).toMatchObject({ ok: false, findings: [{ code: 'NONCE_AHEAD_OF_LEDGER' }] });
    expect(await transfersOf(chain, wallet.address)).toHaveLength(1);
    expect(await haltOf(wallet.deps)).toBeUndefined();
  });

  it('in a race for the same nonces is halted when it has lost, and gives no payout a second nonce', async () => {
    const { wallet, rival } = await startBoth();
    await chain.pause();
    const mine = [
      await reserveFor(wallet.deps.db, AMOUNT_WEI),
      await reserveFor(wallet.deps.db, AMOUNT_WEI),
    ];
    const theirs = [await reserveFor(rival.db, AMOUNT_WEI), await reserveFor(rival.db, AMOUNT_WEI)];
    const [payer, loser] = [createPayer(wallet.deps), createPayer(rival)];
    // Both take their nonces while the chain has seen none of them.
    const deaf = createPayer({
      ...rival,
      rpc: { ...rival.rpc, sendRaw: async (raws) => raws.map(() => 'lost on its way') },
    });
    for (const { payoutId } of theirs) {
      expect(await deaf.sender.send(payoutId)).toMatchObject({ kind: 'sent' });
    }
    const paid = Promise.all(mine.map(({ payoutId }) => payer.pay(payoutId)));
    await until('the transfers in the pool', async () => {
      return (await wallet.deps.rpc.walletView(wallet.address)).pendingNonce === 2;
    });
    const release = loser.follow();
    await chain.resume();
    expect(await paid).toMatchObject([{ state: 'paid' }, { state: 'paid' }]);
    await until('the halt of the one that lost', async () => {
      return (await haltOf(rival)) === 'NONCE_TAKEN_BY_UNKNOWN';
    });
    await sleep(2_500);
    await release();
    for (const { payoutId } of theirs) expect(await stateOf(rival.db, payoutId)).toBe('signed');
    const own = await transfersOf(chain, wallet.address);
    expect(own.map(({ to }) => to)).toEqual(mine.map(({ payee }) => payee));
    expect((await paidByLedger(rival.db)).size).toBe(0);
  });
});
