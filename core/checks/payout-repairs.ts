/** Repairs of one payout. Each one checks on the chain that it may be done, and has a dry run that says what it would do. */

import { PoolError } from '../base/errors/pool-error.js';
import { ethAndWei } from '../base/money.js';
import { ChainError } from '../chain/endpoint-error.js';
import { readInclusions } from '../chain/inclusions.js';
import { readSent, type SentTransaction } from '../chain/wallet-history.js';
import type { GivenOrder } from '../orders/rules/order-kinds.js';
import type { SettlementVerdict } from '../payouts/rules/settlement-verdict.js';
import { judgeSlot } from '../payouts/settling/consumed-slots.js';
import { closeSlots, type OpenSlot, openSlots } from '../payouts/store/open-slots.js';
import { cancelPayout } from '../payouts/store/payout-messages.js';
import { requireOwnChain } from '../payouts/wallet/ledger-chain.js';
import { depsWithoutKey, type MoneyDeps, walletKeyOf } from '../payouts/wallet/money-deps.js';
import { agreedSent, finalPoint } from '../payouts/wallet/quorum-views.js';
import type { RepairReport } from './rules/check-reports.js';
import {
  bookPaidElsewhere,
  type RepairedPayout,
  requirePayout,
  requireUnsigned,
} from './store/repaired-payouts.js';

/**
 * Returns a payout's amount to pending when nothing can pay it any longer: either nothing was signed, or the signed
 * transfer has failed for good and only one endpoint is there to say so, and so a person has to confirm it.
 */
export async function releasePayout(
  deps: MoneyDeps,
  input: GivenOrder<'payout.release'>,
): Promise<RepairReport> {
  const payout = await requirePayout(deps.db, input.payoutId);
  const amount = ethAndWei(payout.amountWei);
  if (payout.slot === null) {
    requireUnsigned(payout);
    if (!input.dryRun) await cancelPayout(deps.db, input.payoutId, input);
    return { applied: !input.dryRun, words: `nothing is signed; ${amount} is pending again` };
  }
  await requireOwnChain(deps);
  const { wallet, nonce } = payout.slot;
  const { slot, verdict } = await decideAlone(depsWithoutKey(deps, wallet), payout, nonce);
  const hasFailed = verdict.kind === 'refused' || verdict.kind === 'out-of-gas';
  const closings = hasFailed ? [{ slot, verdict }] : [];
  if (!hasFailed) requireUnsigned(payout);
  if (!input.dryRun) {
    const { actor, reason } = input;
    const key = { ...walletKeyOf(deps), address: wallet };
    await closeSlots(deps.db, key, { closings, decision: { actor, reason } });
  }
  const words =
    verdict.kind === 'out-of-gas'
      ? `its transaction ran out of gas for good; ${amount} is pending again, and the payee's next payout gets more gas`
      : `its transaction failed for good; ${amount} is pending again and the payee unpayable until released`;
  return { applied: !input.dryRun, words };
}

/** Reads what the chain says about the payout's slot. The person's order counts as a second endpoint. */
async function decideAlone(
  deps: MoneyDeps,
  payout: RepairedPayout,
  nonce: number,
): Promise<{ readonly slot: OpenSlot; readonly verdict: SettlementVerdict }> {
  const page = { from: nonce, below: nonce + 1, limit: 1 };
  const [slot] = await openSlots(deps.db, walletKeyOf(deps), page);
  if (slot === undefined) {
    throw new PoolError('PAYOUT_ALREADY_CLOSED', `the payout has ended as ${payout.state}`);
  }
  const hashes = slot.attempts.map(({ hash }) => hash);
  const { byHash } = await readInclusions(deps.rpc, hashes, deps.chain);
  const endpoints = Math.max(deps.rpc.endpoints, 2);
  return { slot, verdict: judgeSlot(deps, slot, { byHash, head: 0, endpoints }) };
}

/** Books a payment that somebody made outside of the pool, if the chain proves it. */
export async function payElsewhere(
  deps: MoneyDeps,
  input: GivenOrder<'payout.paid-elsewhere'>,
): Promise<RepairReport> {
  const payout = await requirePayout(deps.db, input.payoutId);
  requireUnsigned(payout);
  const transaction = await provePayment(deps, payout, input.txHash);
  if (!input.dryRun) {
    await bookPaidElsewhere(deps.db, walletKeyOf(deps), { ...input, transaction });
  }
  const restWei = payout.amountWei - transaction.valueWei;
  const rest = restWei > 0n ? `${ethAndWei(restWei)} stays pending` : 'nothing of it stays pending';
  const paid = ethAndWei(transaction.valueWei);
  const words = `${paid} is booked as paid to ${payout.payee} by ${transaction.hash}; ${rest}`;
  return { applied: !input.dryRun, words };
}

async function provePayment(deps: MoneyDeps, payout: RepairedPayout, hash: string) {
  await requireOwnChain(deps);
  const end = await finalPoint(deps);
  if (end === undefined) throw new ChainError('refused', 'the RPC endpoints do not agree about it');
  const [transaction] = await agreedSent(deps, (reads) => readSent(reads, [hash]));
  const fault = faultOf(transaction, payout, {
    wallet: deps.signer.address,
    finalBlock: end.block,
  });
  if (transaction === undefined || fault !== undefined) {
    throw new PoolError('PAYMENT_UNPROVEN', `transaction ${hash} ${fault}`);
  }
  return { ...transaction, sender: transaction.from };
}

function faultOf(
  transaction: SentTransaction | undefined,
  payout: RepairedPayout,
  sight: { readonly wallet: string; readonly finalBlock: number },
): string | undefined {
  if (transaction === undefined) return 'is not on the chain';
  if (transaction.from === sight.wallet)
    return 'is of the pool’s own wallet: `openpool wallet adopt`';
  if (!transaction.succeeded) return 'failed';
  if (transaction.to !== payout.destination) return `does not go to ${payout.destination}`;
  if (transaction.valueWei === 0n) return 'carries nothing';
  if (transaction.blockNumber > sight.finalBlock) return 'is not final yet: try again later';
  return undefined;
}
