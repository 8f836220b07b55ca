import { smallerWei, sumWei } from '../../base/money.js';

/** Pending fees of one worker row, or the part of a payout that settles it. */
export interface RowAmount {
  readonly remoteWorkerId: number;
  readonly amountWei: bigint;
}

/**
 * Divides everything that is pending for a payee over the payee's worker rows. Rows in debt are netted against the
 * largest credits, so each part is positive, no part exceeds its row, and together they equal the sum of all rows.
 * Returns nothing when that sum is not positive.
 */
export function allocatePending(rows: readonly RowAmount[]): readonly RowAmount[] {
  if (sumWei(rows.map((row) => row.amountWei)) <= 0n) return [];
  const credits = rows.filter((row) => row.amountWei > 0n);
  let debtWei = -sumWei(rows.filter((row) => row.amountWei < 0n).map((row) => row.amountWei));
  const largestFirst = [...credits].sort(byAmountDescending);
  const parts = largestFirst.map((row) => {
    const nettedWei = smallerWei(row.amountWei, debtWei);
    debtWei -= nettedWei;
    return { remoteWorkerId: row.remoteWorkerId, amountWei: row.amountWei - nettedWei };
  });
  return parts
    .filter((part) => part.amountWei > 0n)
    .sort((a, b) => a.remoteWorkerId - b.remoteWorkerId);
}

/**
 * Divides a payment of any size over a payee's worker rows. It uses up what is pending first, the largest row first;
 * the rest becomes a debt of the largest row. The parts add up to the payment.
 */
export function allocatePayment(
  rows: readonly RowAmount[],
  valueWei: bigint,
): readonly RowAmount[] {
  const largestFirst = [...rows].sort(byAmountDescending);
  let leftWei = valueWei;
  const parts = largestFirst.map((row) => {
    const partWei = row.amountWei > 0n ? smallerWei(row.amountWei, leftWei) : 0n;
    leftWei -= partWei;
    return { remoteWorkerId: row.remoteWorkerId, amountWei: partWei };
  });
  return parts
    .map((part, index) => (index === 0 ? { ...part, amountWei: part.amountWei + leftWei } : part))
    .filter((part) => part.amountWei > 0n);
}

function byAmountDescending(a: RowAmount, b: RowAmount): number {
  if (a.amountWei !== b.amountWei) return a.amountWei > b.amountWei ? -1 : 1;
  return a.remoteWorkerId - b.remoteWorkerId;
}
