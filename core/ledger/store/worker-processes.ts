/** The running workers of the pool: which sources each of them reads, and when it was last seen working. */
import { eq, gt, max, sql } from 'drizzle-orm';
import type { Database, Reader } from '../../db/database.js';
import { workerProcess } from './tables.js';

/** A worker that was not seen for this long is taken to have stopped. */
const GONE_AFTER = sql`interval '1 minute'`;
const FORGOTTEN_AFTER = sql`interval '1 day'`;

/** Records that this worker runs and whether its loops turn; deletes the rows of those that ended long ago. */
export async function noteWorker(
  db: Database,
  presence: Omit<typeof workerProcess.$inferSelect, 'startedAt' | 'seenAt' | 'turnedAt'>,
  { isTurning = true } = {},
): Promise<void> {
  const turned = isTurning ? { turnedAt: sql`now()` } : {};
  await db
    .insert(workerProcess)
    .values(presence)
    .onConflictDoUpdate({ target: workerProcess.id, set: { seenAt: sql`now()`, ...turned } });
  await db.execute(sql`DELETE FROM worker_process WHERE seen_at < now() - ${FORGOTTEN_AFTER}`);
}

/** Deletes this worker's row as it ends. Sources that only it read have no worker from now on. */
export async function forgetWorker(db: Database, id: string): Promise<void> {
  await db.delete(workerProcess).where(eq(workerProcess.id, id));
}

/** Lists the sources that at least one running worker of the pool reads. */
export async function sourcesOfWorkers(reader: Reader): Promise<ReadonlySet<string>> {
  const running = await reader
    .select({ sources: workerProcess.sources })
    .from(workerProcess)
    .where(gt(workerProcess.seenAt, sql`now() - ${GONE_AFTER}`));
  return new Set(running.flatMap(({ sources }) => sources));
}

/** Lists the running workers, the oldest first, with how long ago each last reported that its loops make progress. */
export async function runningWorkers(reader: Reader) {
  const { version, host, sources, startedAt, turnedAt } = workerProcess;
  const turnedAgeMs =
    sql`greatest(floor(extract(epoch FROM now() - ${turnedAt}) * 1000), 0)`.mapWith(Number);
  return reader
    .select({ version, host, sources, startedAt, turnedAgeMs })
    .from(workerProcess)
    .where(gt(workerProcess.seenAt, sql`now() - ${GONE_AFTER}`))
    .orderBy(startedAt, workerProcess.id);
}

/**
 * Reads when any worker, or one on this host, last reported that all of its loops make progress. The age is by the
 * database's clock, because a machine whose own clock is off must not seem silent.
 */
export async function lastTurn(
  reader: Reader,
  host?: string,
): Promise<{ readonly at: Date; readonly ageMs: number } | null> {
  const at = max(workerProcess.turnedAt);
  const ageMs = sql`floor(extract(epoch FROM now() - ${at}) * 1000)`.mapWith(Number);
  const [row] = await reader
    .select({ at, ageMs })
    .from(workerProcess)
    .where(host === undefined ? undefined : eq(workerProcess.host, host));
  return row?.at == null ? null : { at: row.at, ageMs: Math.max(row.ageMs, 0) };
}
