/** What work on the whole history answers with. */

export interface RebuildReport {
  readonly id: string;
  /** Nothing differs, or all of it was corrected. */
  readonly ok: boolean;
  readonly events: number;
  /** Of these, in files. */
  readonly archivedEvents: number;
  readonly tookMs: number;
  /** The first of each kind. */
  readonly findings: readonly { readonly code: string; readonly message: string }[];
  readonly findingsTotal: number;
  readonly applied: boolean;
  readonly corrections: {
    readonly postings: number;
    readonly figures: number;
    readonly counts: number;
    readonly rows: number;
  } | null;
  readonly schema: string | null;
}

export interface ArchiveReport {
  readonly archived: readonly {
    readonly month: string;
    readonly file: string;
    readonly rows: number;
    readonly bytes: number;
  }[];
  /** So many postings fewer stand in the ledger now; what they come to is what it was. */
  readonly compactedPostings: number;
  /** Why the next month that is old enough stays for now. */
  readonly waiting: string | null;
}

export interface VerifyReport {
  readonly files: number;
  readonly findings: readonly { readonly code: string; readonly message: string }[];
}

export interface RestoreReport {
  readonly rows: number;
}
