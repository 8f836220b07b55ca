/** Which workers of the pool run, and which sources each of them reads. */
import { eq, max, sql } from 'drizzle-orm';
import type { Database, Reader } from '../../db/database.js';
import { query } from '../../db/query.js';
import { workerProcess } from './tables.js';

export interface WorkerPresence {
  readonly id: string;
  readonly version: string;
  readonly sources: readonly string[];
  readonly host: string;
}

/** One that has not been seen for so long does not run any more. */
const GONE_AFTER = sql`interval '1 minute'`;
const FORGOTTEN_AFTER = sql`interval '1 day'`;

/** Notes that this worker runs, and whether its loops turn; forgets those that ended long ago. */
export async function noteWorker(
  db: Database,
  presence: WorkerPresence,
  { isTurning = true } = {},
): Promise<void> {
  const turned = isTurning ? { turnedAt: sql`now()` } : {};
  await db
    .insert(workerProcess)
    .values(presence)
    .onConflictDoUpdate({ target: workerProcess.id, set: { seenAt: sql`now()`, ...turned } });
  await db.execute(sql`DELETE FROM worker_process WHERE seen_at < now() - ${FORGOTTEN_AFTER}`);
}

/** Notes that this worker ends: what it alone read is nobody's from now on. */
export async function forgetWorker(db: Database, id: string): Promise<void> {
  await db.delete(workerProcess).where(eq(workerProcess.id, id));
}

/** The sources that some running worker of the pool reads. */
export async function sourcesOfWorkers(reader: Reader): Promise<ReadonlySet<string>> {
  const rows = await query<{ source: string }>(
    reader,
    sql`SELECT DISTINCT jsonb_array_elements_text(sources) AS source FROM worker_process
         WHERE seen_at > now() - ${GONE_AFTER}`,
  );
  return new Set(rows.map(({ source }) => source));
}

export interface LastTurn {
  readonly at: Date;
  /** By the database's clock: a machine whose clock is off is not silent for that. */
  readonly ageMs: number;
}

/** When a worker last looked around with all of its loops turning; of this machine alone, when one is named. */
export async function lastTurn(reader: Reader, host?: string): Promise<LastTurn | null> {
  const [row] = await reader
    .select({
      at: max(workerProcess.turnedAt),
      ageMs: sql<string>`floor(extract(epoch FROM now() - max(${workerProcess.turnedAt})) * 1000)`,
    })
    .from(workerProcess)
    .where(host === undefined ? undefined : eq(workerProcess.host, host));
  return row?.at == null ? null : { at: row.at, ageMs: Math.max(Number(row.ageMs), 0) };
}
