/** The results of the checks as they pass through Temporal. Amounts are decimal strings of wei. */

export interface AuditReport {
  readonly ok: boolean;
  readonly findings: readonly { readonly code: string; readonly message: string }[];
}

/** Rules about what is only shown: no balance and no payout is wrong when one is broken. */
const SHOWN_ONLY: readonly string[] = [
  'DAYS_DRIFT',
  'DAYS_CHANGED',
  'POOL_DAYS_CHANGED',
  'PAID_DAYS_DRIFT',
  'PAID_DAYS_CHANGED',
];

/** Whether payouts must stop for this finding of an audit. */
export const isAboutMoney = ({ code }: { readonly code: string }): boolean =>
  !SHOWN_ONLY.includes(code);

export interface AdoptionReport {
  readonly applied: boolean;
  /** True when everything that the wallet has sent is accounted for. */
  readonly complete: boolean;
  /** What must happen before the adoption is complete; null when it is complete. */
  readonly waiting: string | null;
  readonly findings: readonly {
    readonly nonce: number;
    readonly hash: string;
    readonly to: string | null;
    readonly valueWei: string;
    readonly payoutId: string | null;
    readonly verdict: 'ours' | 'payment' | 'pays-nobody' | 'unclear';
    readonly words: string;
  }[];
}

export interface RepairReport {
  readonly applied: boolean;
  readonly words: string;
}

/** The balance sheet of an interval: opening + in − out − gas = balance at the end of `toBlock`, all in wei. */
export interface ReconciliationReport {
  readonly ok: boolean;
  readonly fromBlock: number;
  readonly toBlock: number;
  readonly fromNonce: number;
  readonly toNonce: number;
  readonly openingWei: string;
  readonly balanceWei: string;
  readonly inWei: string;
  readonly outWei: string;
  readonly gasWei: string;
  readonly findings: readonly { readonly code: string; readonly message: string }[];
}

/** The outcome of checking paid transfers that were not final yet. */
export interface RecheckReport {
  readonly final: number;
  readonly moved: number;
  readonly reopened: number;
}
