/** How a pass names itself to the orchestrators' server, and its outcome. */

/** The header that names the pass. */
export const PASS_HEADER = 'x-simulated-pass';

export interface PassOutcome {
  readonly passId: string;
  readonly sourceId: string;
  /** Null when the pass failed or was killed. */
  readonly report: { readonly fresh: number; readonly duplicates: number } | null;
  readonly failure: string | null;
}
