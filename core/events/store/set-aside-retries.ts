/** Events that were set aside and that a person wants tried again. */
import { and, asc, eq, gt, inArray, isNull, sql } from 'drizzle-orm';
import { PoolError } from '../../base/errors/pool-error.js';
import type { Database } from '../../db/database.js';
import { list, query } from '../../db/query.js';
import { fitting, RAW_BYTES, type RetryElement } from './set-aside.js';
import { setAside } from './tables.js';

export interface RetryChoice {
  /** Empty: those that fit and are open. */
  readonly ids: readonly number[];
  readonly code: string | null;
  readonly sourceId: string | null;
}

export interface ChosenElement extends RetryElement {
  readonly sourceId: string;
  readonly eventId: string | null;
  readonly code: string;
  readonly isOpen: boolean;
}

/** The next of them in the order in which they came: as many as `limit`, and fewer where they are long. */
export async function listChosen(
  db: Database,
  choice: RetryChoice,
  page: { readonly afterId: number; readonly limit: number },
): Promise<readonly ChosenElement[]> {
  const { ids, code, sourceId } = choice;
  const isNamed = ids.length > 0;
  const sized = await db
    .select({ id: setAside.id, bytes: RAW_BYTES })
    .from(setAside)
    .where(
      and(
        gt(setAside.id, page.afterId),
        isNamed ? inArray(setAside.id, [...ids]) : isNull(setAside.resolvedAt),
        code === null ? undefined : eq(setAside.code, code),
        sourceId === null ? undefined : eq(setAside.sourceId, sourceId),
      ),
    )
    .orderBy(asc(setAside.id))
    .limit(page.limit);
  const rows = await db
    .select({
      ...{ id: setAside.id, sourceId: setAside.sourceId, eventId: setAside.eventId },
      ...{ code: setAside.code, place: setAside.place, raw: setAside.raw },
      ...{ rawHash: setAside.rawHash, resolvedAt: setAside.resolvedAt },
    })
    .from(setAside)
    .where(inArray(setAside.id, fitting(sized)))
    .orderBy(asc(setAside.id));
  return rows.map(({ resolvedAt, ...row }) => ({ ...row, isOpen: resolvedAt === null }));
}

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

/** How they stand now. */
export interface TriedElement {
  readonly isOpen: boolean;
  readonly code: string;
  readonly reason: string;
}

export async function readTried(
  db: Database,
  ids: readonly number[],
): Promise<ReadonlyMap<number, TriedElement>> {
  const rows = await db
    .select({
      ...{ id: setAside.id, code: setAside.code, reason: setAside.reason },
      resolvedAt: setAside.resolvedAt,
    })
    .from(setAside)
    .where(inArray(setAside.id, [...ids]));
  return new Map(
    rows.map(({ id, code, reason, resolvedAt }) => [
      id,
      { isOpen: resolvedAt === null, code, reason },
    ]),
  );
}
