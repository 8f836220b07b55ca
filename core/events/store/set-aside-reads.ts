/** Events that could not be counted, with the reason and what was said. */
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
import { REFUSALS } from '../rules/reading/pool-event-refusal.js';
import { poolEvent, setAside } from './tables.js';

/** A set-aside event may be megabytes of anything: this much tells what it is. */
const SHOWN_CHARACTERS = 4_000;

export interface SetAsideEvent {
  readonly id: number;
  readonly sourceId: string;
  readonly eventId: string | null;
  readonly dtText: string | null;
  readonly place: string;
  readonly code: string;
  readonly reason: string;
  /** In lists the first 4 000 characters. */
  readonly raw: string;
  readonly triedVersion: string;
  readonly timesSeen: number;
  readonly firstSeenAt: Date;
  readonly lastSeenAt: Date;
  readonly resolvedAt: Date | null;
}

export interface SetAsideFilter {
  readonly sourceId?: string | undefined;
  readonly code?: string | undefined;
  /** True: those that were counted later. @default false */
  readonly resolved?: boolean | undefined;
}

/** The newest first. */
export async function listSetAside(
  db: Reader,
  filter: SetAsideFilter,
  page: PageRequest,
): Promise<Page<SetAsideEvent>> {
  const [beforeId] = readCursor(page.cursor, [CURSOR_PART.integer]) ?? [];
  const { rawHash: _, ...columns } = getTableColumns(setAside);
  const rows = await db
    .select({ ...columns, raw: sql<string>`left(${setAside.raw}, ${SHOWN_CHARACTERS})` })
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

/** Throws REQUEST_INVALID for a code that no version of the program has given. */
export async function requireSetAsideCode(
  db: Reader,
  code: string | null | undefined,
): Promise<void> {
  if (code === null || code === undefined || Object.hasOwn(REFUSALS, code)) return;
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

/** One of them in full, beside what counts under the same identity, where that can be told. */
export interface SetAsideDetail extends SetAsideEvent {
  /** Payload of the event that is stored under the same source, time and id. */
  readonly stored: string | null;
}

export async function findSetAside(db: Reader, id: number): Promise<SetAsideDetail | undefined> {
  const { rawHash: _, ...columns } = getTableColumns(setAside);
  const [row] = await db.select(columns).from(setAside).where(eq(setAside.id, id));
  if (row === undefined) return undefined;
  const dtMs = readEventTime(row.dtText ?? '');
  // What was refused for its time may say one that Postgres does not know.
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
