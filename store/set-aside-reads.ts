/** Events that could not be counted, with the reason and what was said. */
import { and, desc, eq, getTableColumns, isNotNull, isNull, lt, sql } from 'drizzle-orm';
import type { Reader } from './database.js';
import {
  CURSOR_PART,
  type Page,
  type PageRequest,
  readCursor,
  rowsToAskFor,
  toPage,
} from './page-cursor.js';
import { setAside } from './schema.js';

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
  /** The first 4 000 characters. */
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
