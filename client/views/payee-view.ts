import { toChecksum, withChecksums } from '../../core/chain/checksums.js';
import type { PayeeSummary } from '../../core/payees/store/payee-reads.js';
import type { Links } from '../links.js';
import { amount } from './amounts.js';

/** A payee as `/v1` shows it; `earned` is everything that was ever credited to it. */
export function viewPayee(payee: PayeeSummary, links: Links) {
  const { pendingWei, reservedWei, paidWei } = payee;
  const address = toChecksum(payee.address);
  return {
    address,
    workers: payee.workers,
    jobs: payee.jobs,
    ...amount('pending', pendingWei),
    ...amount('reserved', reservedWei),
    ...amount('paid', paidWei),
    ...amount('earned', pendingWei + reservedWei + paidWei),
    openPayoutId: payee.openPayoutId,
    unpayable: withChecksums(payee.unpayable),
    lastEventAt: payee.lastEventAt,
    createdAt: payee.createdAt,
    explorerUrl: links.address(address),
  };
}
