/** What is known about a run without asking the manager: what it was shown, and what it must have counted. */
import { eventKey } from './books.js';
import { type ReadElement, readElement } from './event-meaning.js';
import type { EventRow, Orchestrator } from './orchestrator.js';
import type { Offer } from './orchestrator-server.js';
import type { PassOutcome } from './pass.js';
import type { Spoiling } from './spoiled-element.js';

/** Terms, and the first batch of each source that arrived after they were recorded. */
export interface RecordedTerms {
  readonly fromMs: number;
  readonly commissionBps: number;
  readonly firstBatch: ReadonlyMap<string, number>;
}

/** Uses the rounding in the pool's favour for every other share, so that one day tries both roundings. */
export const roundsUp = (commissionBps: number): boolean => commissionBps % 2 === 1;

export interface Evidence {
  readonly sources: readonly {
    readonly id: string;
    readonly region: string;
    readonly nodeType: string;
  }[];
  readonly windowMs: number;
  readonly orchestrators: readonly Orchestrator[];
  readonly offers: readonly Offer[];
  readonly outcomes: readonly PassOutcome[];
  /** Oldest first. */
  readonly terms: readonly RecordedTerms[];
  readonly firstCapWei: bigint;
  readonly lastCapWei: bigint;
  /** Sources whose clock was wrong, or the manager's. There it is open which message was the last one. */
  readonly unsureClocks: ReadonlySet<string>;
  /** Sources whose clock was ahead, and the manager's as well. There a cursor may be in the future for a while. */
  readonly leadingCursors: ReadonlySet<string>;
}

/** One row as an answer showed it. */
export interface Sighting {
  readonly row: EventRow;
  readonly reading: ReadElement | Spoiling;
  /** Null when the row cannot be read. */
  readonly key: string | null;
  /** True when the manager must have counted it: the row is still there, or a pass over everything has read it. */
  readonly isDemanded: boolean;
}

/** The next pass still asks for a row that becomes visible at most this late. */
const PROMPT_MS = 100_000;

/** Rows that became visible too late for the next pass. Only the daily pass can find them. */
export function passedOver(evidence: Evidence): readonly string[] {
  const completed = completedPasses(evidence);
  return evidence.offers
    .filter(({ passId, isWhole }) => isWhole && completed.has(passId))
    .flatMap(({ passId, passedOver: rows }) =>
      rows
        .filter((row) => row.lateMs <= PROMPT_MS && !evidence.leadingCursors.has(row.sourceId))
        .map(({ sourceId, id, dt }) => `${sourceId} #${id} ${dt} was there, and ${passId} went by`),
    );
}

function completedPasses({ outcomes }: Evidence): ReadonlySet<string> {
  return new Set(outcomes.filter(({ report }) => report !== null).map(({ passId }) => passId));
}

/** Returns every row that the manager may have seen. Rows that were wiped before anybody asked are lost. */
export function sightingsOf(evidence: Evidence): readonly Sighting[] {
  const completed = completedPasses(evidence);
  const demanded = new Set<EventRow>();
  for (const { passId, rows, isWhole } of evidence.offers) {
    if (isWhole && completed.has(passId)) for (const row of rows) demanded.add(row);
  }
  const offered = new Set(evidence.offers.flatMap(({ rows }) => rows));
  for (const orchestrator of evidence.orchestrators) {
    for (const row of orchestrator.rowsAfter(null)) {
      demanded.add(row);
      offered.add(row);
    }
  }
  return [...offered].map((row) => {
    const reading = readElement(row.element);
    const key =
      typeof reading === 'string' ? null : eventKey(row.sourceId, reading.id, reading.dtMs);
    return { row, reading, key, isDemanded: demanded.has(row) };
  });
}
