import { expectedGasCostWei, type GasFees } from '../../chain/rules/gas-fees.js';
import type { Wait } from '../rules/payout.js';
import { gasShareWait, type PayoutLimits } from '../rules/payout-limits.js';
import { gasAboveCap } from '../rules/waits.js';
import type { PayoutProgress } from '../store/payout-progress.js';

/** What a transfer needs changes too: its payee's code, and on Arbitrum the price of L1. */
const KNOWN_FOR_MS = 15 * 60_000;

interface Prices {
  readonly baseFeeWei: bigint;
  readonly fees: GasFees;
}

/**
 * Remembers how much gas payouts need that wait because it is too much: thousands are tried each minute, and as long as
 * the fee has not fallen enough for one, the chain need not estimate its transfer again.
 */
export class GasMemory {
  private readonly known = new Map<string, { readonly gas: bigint; readonly atMs: number }>();

  /** Why the payout waits on, by what was estimated before; undefined when the chain is to be asked. */
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

  /** Keeps what the payout needs while that is why it waits. */
  note(payoutId: string, gas: bigint, wait: Wait | undefined): void {
    this.known.delete(payoutId);
    const isTooDear = wait?.code === 'GAS_SHARE_ABOVE_CAP' || wait?.code === 'GAS_ABOVE_CAP';
    if (isTooDear) this.known.set(payoutId, { gas, atMs: performance.now() });
  }

  /** Forgets payouts that have ended meanwhile. */
  forgetOld(): void {
    const now = performance.now();
    for (const [payoutId, { atMs }] of this.known) {
      if (now - atMs <= KNOWN_FOR_MS) return;
      this.known.delete(payoutId);
    }
  }
}
