/** How far each source was read, and how its last pass ended. */
import { eq, sql } from 'drizzle-orm';
import { PoolError } from '../../../base/errors/pool-error.js';
import { foreignText } from '../../../base/foreign-text.js';
import type { Database } from '../../../db/database.js';
import { arrivalHour, source } from '../tables.js';

/** How far a source was read. Throws SOURCE_UNKNOWN when nobody registered it. */
export async function readProgress(db: Database, sourceId: string) {
  const { cursorDt, deepFromDt, deepPassAt, archivedTo, readsFrom, stoppedWhy } = source;
  const [row] = await db
    .select({ cursorDt, deepFromDt, deepPassAt, archivedTo, readsFrom, stoppedWhy })
    .from(source)
    .where(eq(source.id, sourceId));
  if (row !== undefined) return row;
  throw new PoolError('SOURCE_UNKNOWN', `source "${sourceId}" is not registered`);
}
export type SourceProgress = Awaited<ReturnType<typeof readProgress>>;

/**
 * Notes, before anything is read, from where on this pass would cover everything. If the pass dies after it moved
 * the cursor, a later deep pass starts from there.
 */
export async function beginPass(
  db: Database,
  pass: {
    readonly sourceId: string;
    /** The beginning of the source as this pass knows it; a worker that is yet to be restarted knows an older one. */
    readonly from: Date | null;
    readonly coversFrom: Date;
    readonly isDeep: boolean;
    readonly startedAt: Date;
  },
): Promise<void> {
  const startedAt = pass.startedAt.toISOString();
  const isOwn = sql`${source.fromDt} IS NOT DISTINCT FROM ${pass.from?.toISOString() ?? null}::timestamptz`;
  await db
    .update(source)
    .set({
      lastPassAt: pass.startedAt,
      deepFromDt: sql`LEAST(${source.deepFromDt}, ${pass.coversFrom.toISOString()}::timestamptz)`,
      ...(pass.isDeep && {
        deepPassAt: sql`CASE WHEN ${isOwn} THEN ${startedAt}::timestamptz ELSE ${source.deepPassAt} END`,
      }),
    })
    .where(eq(source.id, pass.sourceId));
}

/** Notes that a pass read to the end, and so covered everything from `coversFrom` on. Returns the new cursor. */
export async function completePass(
  db: Database,
  pass: {
    readonly sourceId: string;
    readonly coversFrom: Date;
    readonly cursor: Date | null;
    readonly startedAt: Date;
    readonly endedAt: Date;
  },
): Promise<Date | null> {
  const coversFrom = pass.coversFrom.toISOString();
  const cursor = pass.cursor?.toISOString() ?? null;
  const [row] = await db
    .update(source)
    .set({
      lastSuccessAt: pass.endedAt,
      lastErrorCode: null,
      lastError: null,
      // The cursor never passes the present, not even where the clock of another process had put it. LEAST ignores
      // NULL, so "nothing seen yet" is kept by the CASE.
      cursorDt: sql`CASE WHEN coalesce(${source.cursorDt}, ${cursor}::timestamptz) IS NOT NULL
        THEN LEAST(GREATEST(${source.cursorDt}, ${cursor}::timestamptz),
                   ${pass.startedAt.toISOString()}::timestamptz) END`,
      // What lies before the beginning of the source, as it is now, need not be covered.
      deepFromDt: sql`CASE WHEN GREATEST(${source.deepFromDt}, ${source.fromDt}) >= ${coversFrom}::timestamptz
                           THEN NULL ELSE ${source.deepFromDt} END`,
    })
    .where(eq(source.id, pass.sourceId))
    .returning({ cursorDt: source.cursorDt });
  return row?.cursorDt ?? null;
}

/** Keeps, by the hour, how far the newest event that a pass brought was from our clock. */
export async function recordArrival(
  db: Database,
  arrival: {
    readonly sourceId: string;
    readonly at: Date;
    /** Null when the pass did not follow the present. */
    readonly behindMs: number | null;
    readonly aheadMs: number;
  },
): Promise<void> {
  const { sourceId, at, behindMs, aheadMs } = arrival;
  await db
    .insert(arrivalHour)
    .values({
      sourceId,
      hour: sql`date_trunc('hour', ${at.toISOString()}::timestamptz, 'UTC')`,
      passes: 1,
      leastBehindMs: behindMs,
      mostAheadMs: aheadMs,
    })
    .onConflictDoUpdate({
      target: [arrivalHour.sourceId, arrivalHour.hour],
      set: {
        passes: sql`${arrivalHour.passes} + 1`,
        leastBehindMs: sql`LEAST(${arrivalHour.leastBehindMs}, excluded.least_behind_ms)`,
        mostAheadMs: sql`GREATEST(${arrivalHour.mostAheadMs}, excluded.most_ahead_ms)`,
      },
    });
}

/** Keeps why a pass failed, until a pass succeeds. */
export async function recordFailure(
  db: Database,
  sourceId: string,
  failure: { readonly code: string; readonly message: string },
): Promise<void> {
  const lastError = foreignText(failure.message, 1_000);
  await db
    .update(source)
    .set({ lastErrorCode: failure.code, lastError })
    .where(eq(source.id, sourceId));
}
