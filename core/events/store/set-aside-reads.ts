/** Reads the events that could not be counted, as people see them: with the reason and the original text. */
import { and, desc, eq, getTableColumns, isNotNull, isNull, lt, sql } from 'drizzle-orm';
import { PoolError } from '../../base/errors/pool-error.js';
import { LATEST_MS } from '../../base/time.js';
import type { Reader } from '../../db/database.js';
import {
  CURSOR_PART,
  type Page,
  type PageRequest,
  readCursor,
  rowsToAskFor,
  toPage,
} from '../../db/paging.js';
import { EARLIEST_MS, readEventTime } from '../rules/reading/pool-event.js';
import { REFUSALS, refusalEntry } from '../rules/reading/refusals.js';
import { poolEvent, setAside } from './tables.js';

/**
 * A list shows this many characters of an event. An event may have megabytes of anything, and its beginning is enough
 * to recognise it.
 */
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

/** Lists events that were set aside, the newest first. */
export async function listSetAside(
  db: Reader,
  filter: SetAsideFilter,
  page: PageRequest,
): Promise<Page<SetAsideEvent>> {
  const [beforeId] = readCursor(page.cursor, [CURSOR_PART.integer]) ?? [];
  const rows = await db
    .select({ ...COLUMNS, raw: sql<string>`left(${setAside.raw}, ${SHOWN_CHARACTERS})` })
    .from(setAside)
    .where(
      and(
        filter.resolved === true ? isNotNull(setAside.resolvedAt) : isNull(setAside.resolvedAt),
        filter.sourceId === undefined ? undefined : eq(setAside.sourceId, filter.sourceId),
        filter.code === undefined ? undefined : eq(setAside.code, filter.code),
        beforeId === undefined ? undefined : lt(setAside.id, Number(beforeId)),
      ),
    )
    .orderBy(desc(setAside.id))
    .limit(rowsToAskFor(page));
  return toPage(rows, page, { item: (row) => row, cursorParts: (row) => [String(row.id)] });
}

/** Throws REQUEST_INVALID for a code that no version of the program has used. */
export async function requireSetAsideCode(
  db: Reader,
  code: string | null | undefined,
): Promise<void> {
  if (code === null || code === undefined || refusalEntry(code) !== undefined) return;
  const kept = await db
    .select({ id: setAside.id })
    .from(setAside)
    .where(eq(setAside.code, code))
    .limit(1);
  if (kept.length > 0) return;
  const known = Object.keys(REFUSALS).join(', ');
  throw new PoolError(
    'REQUEST_INVALID',
    `nothing is set aside as "${code}": the codes are ${known}`,
  );
}

/**
 * Reads one event in full, with `stored`: the payload of the event that counts under the same source, time and id, if
 * any.
 */
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
