/** What a pass tells the orchestrators' server, and what it came to. */

/** Names the pass that asks. */
export const PASS_HEADER = 'x-simulated-pass';

export interface PassOutcome {
  readonly passId: string;
  readonly sourceId: string;
  /** Null when the pass failed or was killed. */
  readonly report: { readonly fresh: number; readonly duplicates: number } | null;
  readonly failure: string | null;
}
