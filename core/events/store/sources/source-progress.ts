/** Stores how far each source was read, and how its last pass ended. */
import { eq, sql } from 'drizzle-orm';
import { PoolError } from '../../../base/errors/pool-error.js';
import { foreignText } from '../../../base/foreign-text.js';
import type { Database } from '../../../db/database.js';
import { arrivalHour, source, sourceDay } from '../tables.js';

/** Reads how far a source was read. Throws SOURCE_UNKNOWN when it is not registered. */
export async function readProgress(db: Database, sourceId: string) {
  const { id, cursorDt, deepFromDt, deepPassAt, archivedTo, readsFrom, stoppedWhy } = source;
  const [row] = await db
    .select({ id, cursorDt, deepFromDt, deepPassAt, archivedTo, readsFrom, stoppedWhy })
    .from(source)
    .where(eq(source.id, sourceId));
  if (row !== undefined) return row;
  throw new PoolError('SOURCE_UNKNOWN', `source "${sourceId}" is not registered`);
}
export type SourceProgress = Awaited<ReturnType<typeof readProgress>>;

interface Pass {
  readonly sourceId: string;
  /** The beginning of the source as this pass knows it: a worker that was not restarted yet knows an older one. */
  readonly from: Date | null;
  readonly coversFrom: Date;
  readonly isDeep: boolean;
  readonly startedAt: Date;
}

/** Records, before anything is read, from where on a pass covers everything. If it dies, a deep pass begins there. */
export async function beginPass(db: Database, pass: Pass): Promise<void> {
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

/** Records that a pass read to the end, and so covered everything from `coversFrom` on. Returns the new cursor. */
export async function completePass(
  db: Database,
  pass: Pass,
  end: { readonly cursor: Date | null; readonly endedAt: Date },
): Promise<Date | null> {
  const coversFrom = pass.coversFrom.toISOString();
  const cursor = end.cursor?.toISOString() ?? null;
  const [row] = await db
    .update(source)
    .set({
      lastSuccessAt: end.endedAt,
      lastErrorCode: null,
      lastError: null,
      // The cursor never passes the present, even if the wrong clock of another process had moved it there. LEAST
      // ignores NULL, so the CASE keeps NULL for "nothing seen yet".
      cursorDt: sql`CASE WHEN coalesce(${source.cursorDt}, ${cursor}::timestamptz) IS NOT NULL
        THEN LEAST(GREATEST(${source.cursorDt}, ${cursor}::timestamptz),
                   ${pass.startedAt.toISOString()}::timestamptz) END`,
      // Events before the present beginning of the source need not be covered.
      deepFromDt: sql`CASE WHEN GREATEST(${source.deepFromDt}, ${source.fromDt}) >= ${coversFrom}::timestamptz
                           THEN NULL ELSE ${source.deepFromDt} END`,
    })
    .where(eq(source.id, pass.sourceId))
    .returning({ cursorDt: source.cursorDt });
  await recordPass(db, pass.sourceId, { at: end.endedAt, isGood: true });
  return row?.cursorDt ?? null;
}

/** Records, hour by hour, how far the time of the newest event of a pass was from our clock. */
export async function recordArrival(
  db: Database,
  arrival: {
    readonly sourceId: string;
    readonly at: Date;
    /** Null for a deep pass, which finds old events on purpose. */
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

/** Records why a pass failed. The next pass that succeeds clears it. */
export async function recordFailure(
  db: Database,
  sourceId: string,
  failure: { readonly code: string; readonly message: string; readonly at: Date },
): Promise<void> {
  const lastError = foreignText(failure.message, 1_000);
  await db
    .update(source)
    .set({ lastErrorCode: failure.code, lastError })
    .where(eq(source.id, sourceId));
  await recordPass(db, sourceId, { at: failure.at, isGood: false });
}

/** Counts a pass on its day (UTC): a payee that was not seen asks whether the pool looked at all. */
async function recordPass(
  db: Database,
  sourceId: string,
  { at, isGood }: { readonly at: Date; readonly isGood: boolean },
): Promise<void> {
  await db
    .insert(sourceDay)
    .values({
      sourceId,
      day: at.toISOString().slice(0, 10),
      goodPasses: isGood ? 1 : 0,
      failedPasses: isGood ? 0 : 1,
      goodHours: isGood ? 1 << at.getUTCHours() : 0,
    })
    .onConflictDoUpdate({
      target: [sourceDay.sourceId, sourceDay.day],
      set: {
        goodPasses: sql`${sourceDay.goodPasses} + excluded.good_passes`,
        failedPasses: sql`${sourceDay.failedPasses} + excluded.failed_passes`,
        goodHours: sql`${sourceDay.goodHours} | excluded.good_hours`,
      },
    });
}
