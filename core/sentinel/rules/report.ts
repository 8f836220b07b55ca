/** What a look of the sentinel answers with. */

/** What one look of the sentinel changed, and what is open after it. */
export interface SentinelReport {
  readonly sources: number;
  readonly opened: number;
  /** Acknowledged before, and worse since. */
  readonly worse: number;
  readonly resolved: number;
  readonly open: number;
  /** At most 50 of the open ones. */
  readonly findings: readonly {
    readonly code: string;
    readonly sourceId: string;
    readonly words: string;
  }[];
}
