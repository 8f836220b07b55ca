/** Shows payouts for `/v1`. */

import { toChecksum, withChecksums } from '../../core/chain/checksums.js';
import type {
  AllocationSummary,
  PayoutSummary,
  SlotSummary,
} from '../../core/payouts/store/reads/payout-reads.js';
import type { Links } from '../links.js';
import { amount } from './amounts.js';
import { publicAnswer, publicRegion, publicWait } from './outside.js';

/** Shows a payout. With `showsWords`, it includes what a node or a signer said. */
export function viewPayout(payout: PayoutSummary, links: Links, showsWords: boolean) {
  const workflowId = links.saga(payout.id);
  const { waitCode, waitReason } = payout;
  return {
    id: payout.id,
    payee: toChecksum(payout.payee),
    destination: toChecksum(payout.destination),
    ...amount('amount', payout.amountWei),
    state: payout.state,
    origin: payout.origin,
    roundId: payout.roundId,
    reason: payout.reason,
    settlementNo: payout.settlementNo,
    nonce: payout.nonce,
    txHash: payout.txHash,
    held: payout.heldAt === null ? null : { at: payout.heldAt, reason: payout.holdReason },
    approved:
      payout.approvedAt === null ? null : { at: payout.approvedAt, reason: payout.approveReason },
    wait:
      waitCode === null
        ? null
        : {
            code: waitCode,
            reason: withChecksums(showsWords ? waitReason : publicWait(waitCode, waitReason)),
          },
    createdAt: payout.createdAt,
    signedAt: payout.signedAt,
    closedAt: payout.closedAt,
    workflowId,
    workflowUrl: links.workflow(workflowId),
    transactionUrl: links.transaction(payout.txHash),
  };
}

export function viewSlot(slot: SlotSummary, links: Links, showsWords: boolean) {
  return {
    chainId: slot.chainId,
    wallet: toChecksum(slot.wallet),
    nonce: slot.nonce,
    state: slot.state,
    minedHash: slot.minedHash,
    blockNumber: slot.blockNumber,
    gasUsed: slot.gasUsed?.toString() ?? null,
    gasPriceWei: slot.gasPriceWei?.toString() ?? null,
    createdAt: slot.createdAt,
    closedAt: slot.closedAt,
    attempts: slot.attempts.map((attempt) => ({
      n: attempt.n,
      hash: attempt.hash,
      gasLimit: attempt.gasLimit.toString(),
      maxFeePerGasWei: attempt.maxFeePerGasWei.toString(),
      maxPriorityFeePerGasWei: attempt.maxPriorityFeePerGasWei.toString(),
      sends: attempt.sends,
      firstSentAt: attempt.firstSentAt,
      lastSentAt: attempt.lastSentAt,
      lastAnswer: showsWords ? attempt.lastAnswer : publicAnswer(attempt.lastAnswer),
      createdAt: attempt.createdAt,
      transactionUrl: links.transaction(attempt.hash),
    })),
  };
}

export function viewAllocation(allocation: AllocationSummary, showsWords: boolean) {
  const { remoteWorkerId, nodeType, region, amountWei } = allocation;
  return {
    workerId: String(remoteWorkerId),
    nodeType,
    region: showsWords ? region : publicRegion(region),
    ...amount('amount', amountWei),
  };
}
