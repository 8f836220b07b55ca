/** Events that could not be counted: kept as said, and tried again by each new version or fee cap. */
import { createHash } from 'node:crypto';
import { and, asc, eq, gt, inArray, isNull, notInArray, sql } from 'drizzle-orm';
import { sqlArray, sqlText, withoutNul } from '../../db/copy/copy-text.js';
import type { Database } from '../../db/database.js';
import type { Refusal, RefusalCode } from '../rules/reading/pool-event-refusal.js';
import { setAside } from './tables.js';

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

/** What a refusal depends on beside the element: where it differs, the element is tried again. */
export interface Trial {
  /** Of the program. */
  readonly version: string;
  readonly maxJobFeeWei: bigint;
  /** Of the source, as it is configured. */
  readonly from: Date | null;
}

/** The refusals that another configuration undoes without another program. */
const FEE_ABOVE_CAP: RefusalCode = 'EVENT_FEE_ABOVE_CAP';
const BEFORE_START: RefusalCode = 'EVENT_BEFORE_START';
/** Those that no other try undoes: where the keys of what counts are archived it would count twice, and what was cut off is lost. */
const FINAL: RefusalCode[] = ['EVENT_CHANGED', 'EVENT_COUNTED_ELSEWHERE', 'EVENT_TOO_LONG'];

/** How a trial stands in the rows of this refusal. */
function markOf({ version, maxJobFeeWei, from }: Trial, code: RefusalCode): string {
  if (code === FEE_ABOVE_CAP) return `${version} with maxJobFee ${maxJobFeeWei}`;
  if (code === BEFORE_START) return `${version} with from ${from?.toISOString()}`;
  return version;
}

/**
 * The next elements that nobody has tried with this version and what is configured now, in the order in which they
 * came: as many as `limit`, and fewer where they are long.
 */
export async function listRetries(
  db: Database,
  query: {
    readonly sourceId: string;
    readonly trial: Trial;
    readonly afterId: number;
    readonly limit: number;
  },
): Promise<readonly RetryElement[]> {
  const { id, code, place, raw, rawHash, sourceId, resolvedAt, triedVersion } = setAside;
  const { trial } = query;
  const sized = await db
    .select({ id, bytes: RAW_BYTES })
    .from(setAside)
    .where(
      and(
        eq(sourceId, query.sourceId),
        isNull(resolvedAt),
        gt(id, query.afterId),
        notInArray(code, FINAL),
        sql`${triedVersion} <> CASE ${code} WHEN ${FEE_ABOVE_CAP} THEN ${markOf(trial, FEE_ABOVE_CAP)}
              WHEN ${BEFORE_START} THEN ${markOf(trial, BEFORE_START)} ELSE ${trial.version} END`,
      ),
    )
    .orderBy(asc(id))
    .limit(query.limit);
  return db
    .select({ id, place, raw, rawHash })
    .from(setAside)
    .where(inArray(id, fitting(sized)))
    .orderBy(asc(id));
}

/** How long an element is, known without fetching it. */
export const RAW_BYTES = sql<number>`octet_length(${setAside.raw})`;
/** Elements may be a MiB and more, each: a page of some hundred of them would be gigabytes while it is read. */
const PAGE_BYTES = 1_048_576;

/** Ids of the first ones that fit into a page together; the very first one whatever its length. */
export function fitting(
  sized: readonly { readonly id: number; readonly bytes: number }[],
): number[] {
  const ids: number[] = [];
  let bytes = 0;
  for (const one of sized) {
    bytes += one.bytes;
    if (ids.length > 0 && bytes > PAGE_BYTES) break;
    ids.push(one.id);
  }
  return ids;
}

const COLUMNS =
  'source_id, event_id, dt_text, place, code, reason, raw, raw_hash, times_seen, tried_version';
const SEEN_AGAIN = `ON CONFLICT (source_id, raw_hash) DO UPDATE SET event_id = excluded.event_id,
      dt_text = excluded.dt_text, code = excluded.code, reason = excluded.reason,
      tried_version = excluded.tried_version, times_seen = s.times_seen + excluded.times_seen,
      last_seen_at = CASE WHEN excluded.times_seen > 0 THEN now() ELSE s.last_seen_at END`;

/** The statement that keeps refused elements; one that is there already is seen once more. */
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
  const texts = (pick: (row: (typeof rows)[number]) => string | null): string =>
    sqlArray('text', rows.map(pick));
  return `INSERT INTO set_aside AS s (${COLUMNS})
    SELECT ${sqlText(sourceId)}, k.* FROM unnest(
      ${texts((row) => row.refusal.eventId)}, ${texts((row) => row.refusal.dtText)},
      ${texts((row) => row.place)}, ${texts((row) => row.refusal.code)},
      ${texts((row) => row.refusal.reason)}, ${texts((row) => row.raw)},
      ${texts((row) => row.hash)}, ${sqlArray(
        'integer',
        rows.map((row) => row.times),
      )}, ${texts((row) => markOf(trial, row.refusal.code))}) AS k
    ${SEEN_AGAIN}`;
}

/** The same for one element, as parameters: a large text is sent as it is, without a copy that is escaped. */
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

/** The statement that closes rows whose event counts now. */
export function resolveStatement(ids: readonly number[], { version }: Trial): string {
  return `UPDATE set_aside SET resolved_at = now(), tried_version = ${sqlText(version)}
    WHERE id = ANY (${sqlArray('bigint', ids)}) AND resolved_at IS NULL`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
