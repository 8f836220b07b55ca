/** Splits the fee of a job between the pool and the payee: the pool's share is the commission. */
import type { Share } from '../../base/money.js';

const BPS_SCALE = 10_000n;

/** The pool's share of one job, and what is left for the payee. Together they are exactly the job's fee. */
interface Split {
  readonly commissionWei: bigint;
  readonly netWei: bigint;
}

export function splitFee(grossWei: bigint, { commissionBps, rounding }: Share): Split {
  if (grossWei < 0n) throw new RangeError(`a fee of ${grossWei} wei is negative`);
  if (!Number.isInteger(commissionBps) || commissionBps < 0 || commissionBps > 10_000) {
    throw new RangeError(`a commission of ${commissionBps} basis points is outside 0..10000`);
  }
  switch (rounding) {
    case 'commission-floor': {
      const commissionWei = (grossWei * BigInt(commissionBps)) / BPS_SCALE;
      return { commissionWei, netWei: grossWei - commissionWei };
    }
    case 'net-floor': {
      const netWei = (grossWei * BigInt(10_000 - commissionBps)) / BPS_SCALE;
      return { commissionWei: grossWei - netWei, netWei };
    }
    default:
      throw new RangeError(`there is no rounding "${String(rounding)}"`);
  }
}
