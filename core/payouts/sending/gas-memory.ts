import { expectedGasCostWei, type GasFees } from '../../chain/rules/gas-fees.js';
import type { Wait } from '../rules/payout.js';
import { gasShareWait, type PayoutLimits } from '../rules/payout-limits.js';
import { gasAboveCap } from '../rules/waits.js';
import type { PayoutProgress } from '../store/payout-progress.js';

/** An estimate is used for at most this many milliseconds, because the payee's code may change, and on Arbitrum the price of L1 does. */
const KNOWN_FOR_MS = 15 * 60_000;

interface Prices {
  readonly baseFeeWei: bigint;
  readonly fees: GasFees;
}

/**
 * Remembers the gas estimates of payouts that wait because gas is too expensive for them. Thousands of them may be
 * tried each minute, and the chain need not estimate a transfer again before the fee has fallen far enough.
 */
export class GasMemory {
  private readonly known = new Map<string, { readonly gas: bigint; readonly atMs: number }>();

  /** Says why the payout still waits according to its last estimate; undefined when the chain has to be asked again. */
  stillTooDear(
    payout: PayoutProgress,
    {
      limits,
      gasLimitCap,
      prices,
    }: {
      readonly limits: PayoutLimits;
      readonly gasLimitCap: bigint;
      readonly prices: Prices;
    },
  ): Wait | undefined {
    const { payoutId, amountWei, isApproved, burntGasWei } = payout;
    const known = this.known.get(payoutId);
    if (known === undefined || performance.now() - known.atMs > KNOWN_FOR_MS) return undefined;
    if (known.gas > gasLimitCap) return gasAboveCap(known.gas, gasLimitCap);
    if (isApproved) return undefined;
    const gasCostWei = expectedGasCostWei(known.gas, prices);
    return gasShareWait({ id: payoutId, amountWei, gasCostWei, burntGasWei }, limits);
  }

  /** Stores the estimate if the payout waits because of it, and deletes it otherwise. */
  note(payoutId: string, gas: bigint, wait: Wait | undefined): void {
    this.known.delete(payoutId);
    const isTooDear = wait?.code === 'GAS_SHARE_ABOVE_CAP' || wait?.code === 'GAS_ABOVE_CAP';
    if (isTooDear) this.known.set(payoutId, { gas, atMs: performance.now() });
  }

  /** Deletes estimates that are too old to be used. */
  forgetOld(): void {
    const now = performance.now();
    for (const [payoutId, { atMs }] of this.known) {
      if (now - atMs <= KNOWN_FOR_MS) return;
      this.known.delete(payoutId);
    }
  }
}
