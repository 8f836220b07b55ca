/** A transfer that ran out of gas, paid by a later payout, and then Postgres as it was before. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { adoptWallets } from '../../core/checks/adoption.js';
import { checkInvariants } from '../../core/checks/audit/invariants.js';
import { openWallet } from '../../core/checks/opening.js';
import { resumeWallet } from '../../core/checks/store/resuming.js';
import { reserveRound } from '../../core/payouts/store/reservations.js';
import { walletKeyOf } from '../../core/payouts/wallet/money-deps.js';
import { type LocalChain, rpc, startChain } from '../../dev/stack/chain-node.js';
import {
  balancesOf,
  createMoneyDatabase,
  createPayer,
  createTestWallet,
  paidByChain,
  reserveFor,
  TEST_ROUND,
} from '../harness/money.js';
import { backUp, openBackUp } from './back-up.js';

const AMOUNT_WEI = 5_000n;
const DECISION = { actor: 'test', reason: 'restored last night’s backup' };
let chain: LocalChain;
beforeAll(async () => {
  chain = await startChain({ blockTimeSeconds: 0.2 });
});
afterAll(() => chain.stop());

it('pays the payee once: what ran out of gas is never signed again', async () => {
  const database = await createMoneyDatabase();
  const wallet = await createTestWallet(database.db, chain);
  const { payoutId, payee } = await reserveFor(database.db, AMOUNT_WEI);
  await chain.pause();
  await createPayer(wallet.deps).sender.send(payoutId);
  // Beyond the limit that was estimated for a plain address.
  await rpc(chain.rpcUrl, 'anvil_setCode', [payee, `0x${'60206000a0'.repeat(16)}`]);
  const backupUrl = await backUp(database.url);
  await chain.resume();

  const live = createPayer(wallet.deps);
  expect(await live.pay(payoutId)).toMatchObject({ state: 'failed' });
  const next = await reserveFor(database.db, 0n, payee);
  expect(await live.pay(next.payoutId)).toMatchObject({ state: 'paid' });

  const db = openBackUp(backupUrl);
  const deps = { ...wallet.deps, db };
  expect(await openWallet(deps, { acceptedTransactions: 0 })).toMatchObject({
    halt: { code: 'NONCE_AHEAD_OF_LEDGER' },
  });
  const adopt = () => adoptWallets(deps, { ...DECISION, dryRun: false, vouchedHashes: [] });
  await expect
    .poll(async () => (await adopt()).complete, { timeout: 30_000, interval: 500 })
    .toBe(true);
  await resumeWallet(db, walletKeyOf(deps), DECISION);
  const restored = createPayer(deps);
  expect(await restored.pay(payoutId)).toMatchObject({ state: 'failed' });
  expect(await balancesOf(db, payee)).toEqual({ pending: 0n, reserved: 0n, paid: AMOUNT_WEI });
  const round = { roundId: randomUUID(), workflowId: 'round' };
  expect(await reserveRound(db, round, TEST_ROUND)).toMatchObject({ payouts: 0, reservedWei: 0n });
  expect(await paidByChain(chain, wallet.address)).toEqual(new Map([[payee, AMOUNT_WEI]]));
  expect(await checkInvariants(db)).toEqual([]);
  await database.close();
});
