/** Reads the events that could not be counted: as people see them, and as they are tried again. */
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
import type { Database, Reader } from '../../db/database.js';
import { Keyset, type Page, type PageRequest, rowsToAskFor } from '../../db/paging.js';
import { list, query } from '../../db/query.js';
import { EARLIEST_MS, readEventTime } from '../rules/reading/pool-event.js';
import { REFUSALS, refusalEntry } from '../rules/reading/refusals.js';
import { BEFORE_START, FEE_ABOVE_CAP, markOf, type Trial } from './set-aside.js';
import { poolEvent, setAside } from './tables.js';

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

export interface RetryChoice {
  /** The ids of the elements. When empty, all open elements with this code and this source are meant. */
  readonly ids: readonly number[];
  readonly code: string | null;
  readonly sourceId: string | null;
}

/** Yields the elements that a person wants tried again. */
export function pagesOfChosen(db: Database, { ids, code, sourceId }: RetryChoice) {
  return pagesOf(
    db,
    and(
      ids.length > 0 ? inArray(setAside.id, [...ids]) : isNull(setAside.resolvedAt),
      code === null ? undefined : eq(setAside.code, code),
      sourceId === null ? undefined : eq(setAside.sourceId, sourceId),
    ),
  );
}
export type ChosenElement = Awaited<
  ReturnType<typeof pagesOfChosen> extends AsyncGenerator<infer Page> ? Page : never
>[number];

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

/** The state of an element after it was tried. */
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
