/** What is known of a run without asking the manager: what it was shown, and what it must have. */
import { eventKey } from './books.js';
import { type ReadElement, readElement } from './event-meaning.js';
import type { EventRow, Orchestrator } from './orchestrator.js';
import type { Offer } from './orchestrator-server.js';
import type { PassOutcome } from './pass.js';
import type { Spoiling } from './spoiled-element.js';

/** Terms, and the first batch of each source that came after they were recorded. */
export interface RecordedTerms {
  readonly fromMs: number;
  readonly commissionBps: number;
  readonly firstBatch: ReadonlyMap<string, number>;
}

/** Every other share comes with the rounding that is in favour of the pool, so that both are tried in one day. */
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
  /** Sources whose clock, or whose manager's, was off: which word was the last is open there. */
  readonly unsureClocks: ReadonlySet<string>;
  /** Sources whose clock and whose manager's were ahead: a cursor may stand in the future for a while. */
  readonly leadingCursors: ReadonlySet<string>;
}

/** One row as it was shown. */
export interface Sighting {
  readonly row: EventRow;
  readonly reading: ReadElement | Spoiling;
  /** Of a row that can be read. */
  readonly key: string | null;
  /** The manager must account for it: the row still stands there, or a pass over everything has read it. */
  readonly isDemanded: boolean;
}

/** A row that becomes visible at most this late is asked for by the very next pass. */
const PROMPT_MS = 100_000;

/** Rows that became visible too late for the next pass. The daily pass finds them, if any does. */
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

/** Every row that the manager may have seen. What was wiped before anybody asked is gone for good. */
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
