/** Events that could not be counted: kept as said, and tried again by each new version. */
import { createHash } from 'node:crypto';
import { and, asc, eq, gt, isNull, ne } from 'drizzle-orm';
import type { Refusal } from '../domain/pool-event-refusal.js';
import { sqlArray, sqlText } from './copy-text.js';
import type { Database } from './database.js';
import { setAside } from './schema.js';

/** An element that was refused, and where it stood. */
export interface RefusedElement {
  readonly refusal: Refusal;
  readonly place: string;
  readonly raw: string;
  /** Of an element that is tried again: its row's hash. Trying is not seeing. */
  readonly retriedHash: string | null;
}

/** An element that an earlier version refused. */
export interface RetryElement {
  readonly id: number;
  readonly place: string;
  readonly raw: string;
  readonly rawHash: string;
}

/** The next elements that this version has not tried, in the order in which they came. */
export async function listRetries(
  db: Database,
  query: {
    readonly sourceId: string;
    readonly version: string;
    readonly afterId: number;
    readonly limit: number;
  },
): Promise<readonly RetryElement[]> {
  const { id, place, raw, rawHash, sourceId, resolvedAt, triedVersion } = setAside;
  return db
    .select({ id, place, raw, rawHash })
    .from(setAside)
    .where(
      and(
        eq(sourceId, query.sourceId),
        isNull(resolvedAt),
        gt(id, query.afterId),
        ne(triedVersion, query.version),
      ),
    )
    .orderBy(asc(id))
    .limit(query.limit);
}

/** The statement that keeps refused elements; one that is there already is seen once more. */
export function setAsideStatement(
  sourceId: string,
  refused: readonly RefusedElement[],
  version: string,
): string {
  const byHash = new Map<string, { readonly element: RefusedElement; times: number }>();
  for (const element of refused) {
    const hash = element.retriedHash ?? sha256(element.raw);
    const times = element.retriedHash === null ? 1 : 0;
    const known = byHash.get(hash);
    if (known === undefined) byHash.set(hash, { element, times });
    else known.times += times;
  }
  const rows = [...byHash].map(([hash, { element, times }]) => ({ hash, times, ...element }));
  const texts = (pick: (row: (typeof rows)[number]) => string | null): string =>
    sqlArray('text', rows.map(pick));
  return `INSERT INTO set_aside AS s (source_id, event_id, dt_text, place, code, reason, raw,
      raw_hash, times_seen, tried_version)
    SELECT ${sqlText(sourceId)}, k.*, ${sqlText(version)} FROM unnest(
      ${texts((row) => row.refusal.eventId)}, ${texts((row) => row.refusal.dtText)},
      ${texts((row) => row.place)}, ${texts((row) => row.refusal.code)},
      ${texts((row) => row.refusal.reason)}, ${texts((row) => row.raw)},
      ${texts((row) => row.hash)}, ${sqlArray(
        'integer',
        rows.map((row) => row.times),
      )}) AS k
    ON CONFLICT (source_id, raw_hash) DO UPDATE SET event_id = excluded.event_id,
      dt_text = excluded.dt_text, code = excluded.code, reason = excluded.reason,
      tried_version = excluded.tried_version, times_seen = s.times_seen + excluded.times_seen,
      last_seen_at = CASE WHEN excluded.times_seen > 0 THEN now() ELSE s.last_seen_at END`;
}

/** The statement that closes rows whose event counts now. */
export function resolveStatement(ids: readonly number[], version: string): string {
  return `UPDATE set_aside SET resolved_at = now(), tried_version = ${sqlText(version)}
    WHERE id = ANY (${sqlArray('bigint', ids)}) AND resolved_at IS NULL`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
