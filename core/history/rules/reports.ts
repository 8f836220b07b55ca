/** The results of work on the whole history: rebuild, archive run, check of the files, restore. */

export interface RebuildReport {
  readonly id: string;
  /** Whether nothing differs, or all of it was corrected. */
  readonly ok: boolean;
  readonly events: number;
  /** How many of `events` were read from archive files. */
  readonly archivedEvents: number;
  readonly tookMs: number;
  /** The first findings of each kind; `findingsTotal` counts all of them. */
  readonly findings: readonly { readonly code: string; readonly message: string }[];
  readonly findingsTotal: number;
  readonly applied: boolean;
  /** How many rows were corrected; null: nothing was corrected. */
  readonly corrections: {
    readonly postings: number;
    readonly figures: number;
    readonly days: number;
    readonly hours: number;
    readonly counts: number;
    readonly rows: number;
  } | null;
  /** Name of the scratch schema if it was kept, else null. */
  readonly schema: string | null;
}

export interface ArchiveReport {
  readonly archived: readonly {
    readonly month: string;
    readonly file: string;
    readonly rows: number;
    readonly bytes: number;
  }[];
  /** By how many postings compaction has shrunk the ledger; its sums are unchanged. */
  readonly compactedPostings: number;
  /** Why the next month that is old enough stays in the table, or why compaction waits; null when nothing has to wait. */
  readonly waiting: string | null;
}

export interface VerifyReport {
  readonly files: number;
  readonly findings: readonly { readonly code: string; readonly message: string }[];
}

export interface RestoreReport {
  readonly rows: number;
}
