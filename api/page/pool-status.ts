import type { PoolStanding } from '../../client/standing.js';
import type { Config } from '../../config/config.js';
import type { HourOfSource, SourceSummary } from '../../core/events/store/sources/source-reads.js';
import type { RemoteWorkerSummary } from '../../core/payees/store/remote-worker-reads.js';
import type { PayoutSummary } from '../../core/payouts/store/reads/payout-reads.js';
import type { PayingWallet } from '../../core/payouts/store/reads/wallet-reads.js';
import type { FindingTotals, ShownFinding } from '../../core/sentinel/store/finding-reads.js';
import type { PoolTotals } from '../../core/standing/store/pool-reads.js';
import type { TermsValues } from '../../core/terms/rules/terms.js';

/** Everything the page shows, read at one time. */
export interface PoolStatus {
  readonly config: Config;
  readonly poolId: string;
  readonly version: string;
  readonly now: Date;
  /** Null: no worker has recorded any. */
  readonly terms: TermsValues | null;
  readonly totals: PoolTotals;
  readonly workers: readonly RemoteWorkerSummary[];
  readonly sources: readonly SourceSummary[];
  /** Of all sources, from `chartStart` on. */
  readonly hours: readonly HourOfSource[];
  readonly findings: readonly ShownFinding[];
  readonly findingTotals: FindingTotals;
  readonly openPayouts: readonly PayoutSummary[];
  readonly recentPayouts: readonly PayoutSummary[];
  readonly wallet: PayingWallet | undefined;
  readonly standing: PoolStanding;
  /** Payouts that wait for the wallet to be topped up. */
  readonly unaffordable: { readonly payouts: number; readonly amountWei: bigint };
}
