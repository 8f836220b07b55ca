/**
 * Makes the statements that store events which could not be counted, and that resolve them once they count. They are
 * text, because a batch sends them along with its own.
 */
import { createHash } from 'node:crypto';
import { sqlArray, sqlRows, sqlText, withoutNul } from '../../db/copy/copy-text.js';
import type { Refusal, RefusalCode } from '../rules/reading/refusals.js';

/** A refused element, and the place where it was found. */
export interface RefusedElement {
  readonly refusal: Refusal;
  readonly place: string;
  readonly raw: string;
  /** The hash of the row of an element that is tried again, which does not count as seeing it again; null otherwise. */
  readonly retriedHash: string | null;
}

/** What a refusal depends on besides the element itself. When one of these changes, the element is tried again. */
export interface Trial {
  /** The version of the program. */
  readonly version: string;
  readonly maxJobFeeWei: bigint;
  /** The configured beginning of the source (`from`). */
  readonly from: Date | null;
}

/** The refusals that a change of the configuration can undo, without a new version of the program. */
export const FEE_ABOVE_CAP: RefusalCode = 'EVENT_FEE_ABOVE_CAP';
export const BEFORE_START: RefusalCode = 'EVENT_BEFORE_START';
/** Returns the text by which a refused element remembers the version and the setting that it was tried with. */
export function markOf({ version, maxJobFeeWei, from }: Trial, code: RefusalCode): string {
  if (code === FEE_ABOVE_CAP) return `${version} with maxJobFee ${maxJobFeeWei}`;
  if (code === BEFORE_START) return `${version} with from ${from?.toISOString()}`;
  return version;
}

const COLUMNS =
  'source_id, event_id, dt_text, place, code, reason, raw, raw_hash, times_seen, tried_version';
const SEEN_AGAIN = `ON CONFLICT (source_id, raw_hash) DO UPDATE SET event_id = excluded.event_id,
      dt_text = excluded.dt_text, code = excluded.code, reason = excluded.reason,
      tried_version = excluded.tried_version, times_seen = s.times_seen + excluded.times_seen,
      last_seen_at = CASE WHEN excluded.times_seen > 0 THEN now() ELSE s.last_seen_at END`;

/** Stores refused elements, or counts that they were seen once more. */
export function setAsideStatement(
  sourceId: string,
  refused: readonly RefusedElement[],
  trial: Trial,
): string {
  const byHash = new Map<string, { readonly element: RefusedElement; times: number }>();
  for (const element of refused) {
    const { hash, times } = sighting(element);
    const known = byHash.get(hash);
    if (known === undefined) byHash.set(hash, { element, times });
    else known.times += times;
  }
  const rows = [...byHash].map(([hash, { element, times }]) => ({ hash, times, ...element }));
  const given = sqlRows(rows, [
    ['text', ({ refusal }) => refusal.eventId],
    ['text', ({ refusal }) => refusal.dtText],
    ['text', ({ place }) => place],
    ['text', ({ refusal }) => refusal.code],
    ['text', ({ refusal }) => refusal.reason],
    ['text', ({ raw }) => raw],
    ['text', ({ hash }) => hash],
    ['integer', ({ times }) => times],
    ['text', ({ refusal }) => markOf(trial, refusal.code)],
  ]);
  return `INSERT INTO set_aside AS s (${COLUMNS})
    SELECT ${sqlText(sourceId)}, k.* FROM ${given} AS k
    ${SEEN_AGAIN}`;
}

/** Stores one refused element, with parameters: a large text is sent without an escaped copy. */
export function setAsideQuery(
  sourceId: string,
  element: RefusedElement,
  trial: Trial,
): { readonly text: string; readonly values: unknown[] } {
  const { place, raw, refusal } = element;
  const { code, reason, eventId, dtText } = refusal;
  const { hash, times } = sighting(element);
  const kept = [eventId, dtText, place, code, reason, raw].map((text) => text && withoutNul(text));
  return {
    text: `INSERT INTO set_aside AS s (${COLUMNS})
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ${SEEN_AGAIN}`,
    values: [sourceId, ...kept, hash, times, markOf(trial, code)],
  };
}

function sighting({ raw, retriedHash }: RefusedElement): {
  readonly hash: string;
  readonly times: number;
} {
  if (retriedHash !== null) return { hash: retriedHash, times: 0 };
  return { hash: sha256(raw), times: 1 };
}

/** Returns the statement that marks rows as resolved, because their events count now. */
export function resolveStatement(ids: readonly number[], { version }: Trial): string {
  return `UPDATE set_aside SET resolved_at = now(), tried_version = ${sqlText(version)}
    WHERE id = ANY (${sqlArray('bigint', ids)}) AND resolved_at IS NULL`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
