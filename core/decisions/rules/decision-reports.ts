/** The results of decisions as they pass through Temporal. Amounts are decimal strings of wei. */
import type { WeiString } from '../../base/money.js';
import type { NodeType } from '../../base/remote-worker.js';

interface Amounts {
  readonly grossWei: WeiString;
  readonly commissionWei: WeiString;
  readonly netWei: WeiString;
}

export interface JobDecisionReport extends Amounts {
  readonly applied: boolean;
  readonly jobs: number;
  /** How many of the named jobs had already been decided in the same way. */
  readonly already: number;
  /** The first jobs that were decided, as examples. The payee is null when the pool keeps the job. */
  readonly shown: readonly (Amounts & {
    readonly job: string;
    readonly payee: string | null;
    readonly nodeType: NodeType | null;
    readonly region: string | null;
  })[];
  readonly words: string;
}

export interface AdjustmentReport {
  readonly applied: boolean;
  /** True when the adjustment was already booked under the same reference. */
  readonly already: boolean;
  readonly payee: string;
  readonly nodeType: NodeType;
  readonly region: string;
  readonly amountWei: string;
  /** The payee's pending fees over all of its worker rows, including this adjustment. */
  readonly pendingWei: string;
  readonly words: string;
}
