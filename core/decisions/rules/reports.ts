/** What a person's decision came to. Amounts are decimal strings of wei. */
import type { WeiString } from '../../base/money.js';
import type { NodeType } from '../../base/remote-worker.js';

export interface JobDecisionReport {
  readonly applied: boolean;
  readonly jobs: number;
  /** Named jobs about which the same was decided before. */
  readonly already: number;
  readonly grossWei: WeiString;
  readonly commissionWei: WeiString;
  readonly netWei: WeiString;
  /** The first of them. */
  readonly shown: readonly {
    readonly job: string;
    readonly grossWei: WeiString;
    readonly commissionWei: WeiString;
    readonly netWei: WeiString;
    /** Null: the pool keeps it. */
    readonly payee: string | null;
    readonly nodeType: NodeType | null;
    readonly region: string | null;
  }[];
  readonly words: string;
}

export interface AdjustmentReport {
  readonly applied: boolean;
  /** Booked before under the same reference. */
  readonly already: boolean;
  readonly payee: string;
  readonly nodeType: NodeType;
  readonly region: string;
  readonly amountWei: string;
  /** For the payee, over all rows, with this adjustment. */
  readonly pendingWei: string;
  readonly words: string;
}
