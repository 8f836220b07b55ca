/** Keeps the events that could not be counted. A batch writes them with statements of text, sent along with its own. */
import { createHash } from 'node:crypto';
import {
  and,
  eq,
  getTableColumns,
  gt,
  inArray,
  isNotNull,
  isNull,
  notInArray,
  type SQL,
  sql,
} from 'drizzle-orm';
import { PoolError } from '../../base/errors/pool-error.js';
import { LATEST_MS } from '../../base/time.js';
import { sqlArray, sqlRows, sqlText, withoutNul } from '../../db/copy/copy-text.js';
import type { Database, Reader } from '../../db/database.js';
import { Keyset, type Page, type PageRequest, rowsToAskFor } from '../../db/paging.js';
import { list, query } from '../../db/query.js';
import type { OrderArgs } from '../../orders/rules/order-kinds.js';
import { EARLIEST_MS, readEventTime } from '../rules/reading/pool-event.js';
import {
  REFUSALS,
  type Refusal,
  type RefusalCode,
  refusalEntry,
} from '../rules/reading/refusals.js';
import { poolEvent, setAside } from './tables.js';

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
  readonly version: string;
  readonly maxJobFeeWei: bigint;
  readonly from: Date | null;
}

/** The refusals that a change of the configuration can undo, without a new version of the program. */
const FEE_ABOVE_CAP: RefusalCode = 'EVENT_FEE_ABOVE_CAP';
const BEFORE_START: RefusalCode = 'EVENT_BEFORE_START';
/** Returns the text by which a refused element remembers the version and the setting that it was tried with. */
function markOf({ version, maxJobFeeWei, from }: Trial, code: RefusalCode): string {
  if (code === FEE_ABOVE_CAP) return `${version} with maxJobFee ${maxJobFeeWei}`;
  if (code === BEFORE_START) return `${version} with from ${from?.toISOString()}`;
  return version;
}

const WRITTEN =
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
  return `INSERT INTO set_aside AS s (${WRITTEN})
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
    text: `INSERT INTO set_aside AS s (${WRITTEN})
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ${SEEN_AGAIN}`,
    values: [sourceId, ...kept, hash, times, markOf(trial, code)],
  };
}

function sighting({ raw, retriedHash }: RefusedElement) {
  if (retriedHash !== null) return { hash: retriedHash, times: 0 };
  return { hash: createHash('sha256').update(raw).digest('hex'), times: 1 };
}

/** Returns the statement that marks rows as resolved, because their events count now. */
export function resolveStatement(ids: readonly number[], { version }: Trial): string {
  return `UPDATE set_aside SET resolved_at = now(), tried_version = ${sqlText(version)}
    WHERE id = ANY (${sqlArray('bigint', ids)}) AND resolved_at IS NULL`;
}

/** A list shows this many characters of an event: it may have megabytes, and its beginning is enough to recognise it. */
const SHOWN_CHARACTERS = 4_000;

const { rawHash: _, ...COLUMNS } = getTableColumns(setAside);
/** An event that was set aside. In lists, `raw` is cut to its first 4,000 characters. */
export type SetAsideEvent = Omit<typeof setAside.$inferSelect, 'rawHash'>;

export interface SetAsideFilter {
  readonly sourceId?: string | undefined;
  readonly code?: string | undefined;
  /** True selects the events that were counted later, false those that are still set aside. @default false */
  readonly resolved?: boolean | undefined;
}

const NEWEST_FIRST = new Keyset('DESC', { id: { column: setAside.id, kind: 'integer' } });

/** Lists events that were set aside, the newest first. */
export async function listSetAside(
  db: Reader,
  filter: SetAsideFilter,
  page: PageRequest,
): Promise<Page<SetAsideEvent>> {
  const rows = await db
    .select({ ...COLUMNS, raw: sql<string>`left(${setAside.raw}, ${SHOWN_CHARACTERS})` })
    .from(setAside)
    .where(
      and(
        filter.resolved === true ? isNotNull(setAside.resolvedAt) : isNull(setAside.resolvedAt),
        filter.sourceId === undefined ? undefined : eq(setAside.sourceId, filter.sourceId),
        filter.code === undefined ? undefined : eq(setAside.code, filter.code),
        NEWEST_FIRST.after(page),
      ),
    )
    .orderBy(NEWEST_FIRST.order)
    .limit(rowsToAskFor(page));
  return NEWEST_FIRST.page(rows, page, (row) => row);
}

/** Throws REQUEST_INVALID for a code that no version of the program has used. */
export async function requireSetAsideCode(
  db: Reader,
  code: string | null | undefined,
): Promise<void> {
  if (code === null || code === undefined || refusalEntry(code) !== undefined) return;
  const [kept] = await query(db, sql`SELECT FROM set_aside WHERE code = ${code} LIMIT 1`);
  if (kept !== undefined) return;
  const message = `nothing is set aside as "${code}": the codes are ${Object.keys(REFUSALS).join(', ')}`;
  throw new PoolError('REQUEST_INVALID', message);
}

/** Reads one event in full; `stored` is the payload of the event that counts under the same source, time and id. */
export async function findSetAside(
  db: Reader,
  id: number,
): Promise<(SetAsideEvent & { readonly stored: string | null }) | undefined> {
  const [row] = await db.select(COLUMNS).from(setAside).where(eq(setAside.id, id));
  if (row === undefined) return undefined;
  const dtMs = readEventTime(row.dtText ?? '');
  // An event that was refused for its time may have one that Postgres cannot represent.
  const isTime = dtMs !== undefined && dtMs >= EARLIEST_MS && dtMs < LATEST_MS;
  if (row.eventId === null || !isTime) return { ...row, stored: null };
  const [event] = await db
    .select({ payload: poolEvent.payload })
    .from(poolEvent)
    .where(
      and(
        eq(poolEvent.sourceId, row.sourceId),
        eq(poolEvent.dt, new Date(dtMs)),
        eq(poolEvent.eventId, row.eventId),
      ),
    );
  return { ...row, stored: event?.payload ?? null };
}

const PAGE_SIZE = 250;
/** The limit for the texts of one page, in bytes: an element may be a MiB or more, and some hundred of them gigabytes. */
const PAGE_BYTES = 1_048_576;
/** The codes of refusals that no new version and no configuration can undo. */
const FINAL = Object.keys(REFUSALS).filter((code) => refusalEntry(code)?.hopeless !== undefined);

/** Yields pages of elements in the order in which they came, with fewer in a page where they are long. */
async function* pagesOf(db: Database, which: SQL | undefined) {
  for (let afterId = 0; ; ) {
    const sized = await db
      .select({ id: setAside.id, bytes: sql<number>`octet_length(${setAside.raw})` })
      .from(setAside)
      .where(and(gt(setAside.id, afterId), which))
      .orderBy(setAside.id)
      .limit(PAGE_SIZE);
    const ids = fitting(sized);
    if (ids.length === 0) return;
    afterId = ids.at(-1) ?? afterId;
    yield db.select().from(setAside).where(inArray(setAside.id, ids)).orderBy(setAside.id);
  }
}

/** Returns the ids of the first elements that fit into a page together; always the first one, whatever its length. */
function fitting(sized: readonly { readonly id: number; readonly bytes: number }[]): number[] {
  const ids: number[] = [];
  let bytes = 0;
  for (const one of sized) {
    bytes += one.bytes;
    if (ids.length > 0 && bytes > PAGE_BYTES) break;
    ids.push(one.id);
  }
  return ids;
}

/** Yields the open elements of a source that were not yet tried with this version and the present configuration. */
export function pagesOfUntried(db: Database, sourceId: string, trial: Trial) {
  const { code, triedVersion, resolvedAt } = setAside;
  return pagesOf(
    db,
    and(
      eq(setAside.sourceId, sourceId),
      isNull(resolvedAt),
      notInArray(code, FINAL),
      sql`${triedVersion} <> CASE ${code} WHEN ${FEE_ABOVE_CAP} THEN ${markOf(trial, FEE_ABOVE_CAP)}
            WHEN ${BEFORE_START} THEN ${markOf(trial, BEFORE_START)} ELSE ${trial.version} END`,
    ),
  );
}

/**
 * Yields the elements that a person wants tried again: without ids all open ones with this code and of this source.
 */
export function pagesOfChosen(db: Database, { ids, code, sourceId }: OrderArgs['set-aside.retry']) {
  return pagesOf(
    db,
    and(
      ids.length > 0 ? inArray(setAside.id, [...ids]) : isNull(setAside.resolvedAt),
      code === null ? undefined : eq(setAside.code, code),
      sourceId === null ? undefined : eq(setAside.sourceId, sourceId),
    ),
  );
}
export type ChosenElement = typeof setAside.$inferSelect;

/** Throws SET_ASIDE_NOT_FOUND when one of these was never set aside. */
export async function requireSetAside(db: Database, ids: readonly number[]): Promise<void> {
  const [missing] = await query<{ id: string }>(
    db,
    sql`SELECT id FROM unnest(${list(ids)}::bigint[]) AS k (id)
         WHERE NOT EXISTS (SELECT FROM set_aside WHERE set_aside.id = k.id) LIMIT 1`,
  );
  if (missing === undefined) return;
  throw new PoolError('SET_ASIDE_NOT_FOUND', `nothing was set aside as ${missing.id}`);
}

export interface TriedElement {
  readonly isOpen: boolean;
  readonly code: string;
  readonly reason: string;
}

export async function readTried(
  db: Database,
  ids: readonly number[],
): Promise<ReadonlyMap<number, TriedElement>> {
  const { id, code, reason, resolvedAt } = setAside;
  const rows = await db
    .select({ id, code, reason, resolvedAt })
    .from(setAside)
    .where(inArray(id, [...ids]));
  return new Map(rows.map((row) => [row.id, { ...row, isOpen: row.resolvedAt === null }]));
}
