/** Reads the set-aside events that are to be tried again, and the state of those that were tried. */
import { and, asc, eq, gt, inArray, isNull, notInArray, type SQL, sql } from 'drizzle-orm';
import { PoolError } from '../../base/errors/pool-error.js';
import type { Database } from '../../db/database.js';
import { list, query } from '../../db/query.js';
import { REFUSALS, refusalEntry } from '../rules/reading/refusals.js';
import { BEFORE_START, FEE_ABOVE_CAP, markOf, type Trial } from './set-aside.js';
import { setAside } from './tables.js';

const PAGE_SIZE = 250;
/**
 * The limit for the texts of one page, in bytes. An element may be a MiB or more, so a page of some hundred could take
 * gigabytes.
 */
const PAGE_BYTES = 1_048_576;
/** The codes of refusals that no new version and no configuration can undo. */
const FINAL = Object.keys(REFUSALS).filter((code) => refusalEntry(code)?.hopeless !== undefined);

const COLUMNS = {
  id: setAside.id,
  sourceId: setAside.sourceId,
  eventId: setAside.eventId,
  code: setAside.code,
  place: setAside.place,
  raw: setAside.raw,
  rawHash: setAside.rawHash,
  resolvedAt: setAside.resolvedAt,
};

/** Yields pages of elements in the order in which they came, with fewer in a page where they are long. */
async function* pagesOf(db: Database, which: SQL | undefined) {
  for (let afterId = 0; ; ) {
    const sized = await db
      .select({ id: setAside.id, bytes: sql<number>`octet_length(${setAside.raw})` })
      .from(setAside)
      .where(and(gt(setAside.id, afterId), which))
      .orderBy(asc(setAside.id))
      .limit(PAGE_SIZE);
    const ids = fitting(sized);
    if (ids.length === 0) return;
    afterId = ids.at(-1) ?? afterId;
    yield db
      .select(COLUMNS)
      .from(setAside)
      .where(inArray(setAside.id, ids))
      .orderBy(asc(setAside.id));
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
