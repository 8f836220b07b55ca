/** Reads about jobs that no longer wait, for a command that is repeated or that contradicts an earlier one. */
import { asc, count, eq, type SQL, sql } from 'drizzle-orm';
import { PoolError } from '../../base/errors/pool-error.js';
import type { Reader } from '../../db/database.js';
import { list, orNull, rows } from '../../db/query.js';
import { decidedJob } from '../../events/store/tables.js';
import { remoteWorker } from '../../ledger/store/tables.js';
import { fits } from '../../payees/store/named-workers.js';
import { formatJobHandle, type JobKey } from '../rules/job-handle.js';
import type { Assignee } from '../rules/job-share.js';

/** Passes the jobs' sources, times and event ids as three arrays, for `unnest`. */
export const keyLists = (keys: readonly JobKey[]): SQL => sql`
  ${list(keys.map(({ sourceId }) => sourceId))}::text[],
  ${list(keys.map(({ dtMs }) => new Date(dtMs).toISOString()))}::timestamptz[],
  ${list(keys.map(({ eventId }) => eventId))}::text[]`;

/** Turns the jobs into rows `k (source_id, dt, event_id)` of a query. */
export const keyRows = (keys: readonly JobKey[]): SQL =>
  sql`unnest(${keyLists(keys)}) AS k (source_id, dt, event_id)`;

/** Decoders for the columns of a job's key. */
export const KEY = {
  sourceId: decidedJob.sourceId,
  dtMs: (dt: string) => Date.parse(dt),
  eventId: decidedJob.eventId,
};

/**
 * Counts how many of these jobs, which no longer wait, another command decided in the same way. Throws for the first
 * job that was decided differently, was credited to its own worker, or never existed.
 */
export async function countDecidedAlike(
  reader: Reader,
  keys: readonly JobKey[],
  now: { readonly assignee: Assignee | null; readonly commandId: string },
): Promise<number> {
  if (keys.length === 0) return 0;
  const fates = await readFates(reader, keys);
  for (const fate of fates) refuseOther(fate, now.assignee);
  return fates.filter(({ commandId }) => commandId !== now.commandId).length;
}

async function readFates(reader: Reader, keys: readonly JobKey[]) {
  return rows(
    reader,
    {
      ...KEY,
      isJob: Boolean,
      decision: orNull(decidedJob.decision),
      commandId: orNull(decidedJob.commandId),
      decidedAt: orNull(decidedJob.decidedAt),
      reason: orNull(decidedJob.reason),
      payee: orNull(remoteWorker.payee),
      nodeType: orNull(remoteWorker.nodeType),
      region: orNull(remoteWorker.region),
    },
    sql`SELECT k.source_id AS "sourceId", k.dt AS "dtMs", k.event_id AS "eventId", e.gross_wei IS NOT NULL AS "isJob",
               d.decision, d.command_id AS "commandId", d.decided_at AS "decidedAt", d.reason,
               w.payee, w.node_type AS "nodeType", w.region
          FROM ${keyRows(keys)}
          LEFT JOIN pool_event e
            ON e.source_id = k.source_id AND e.dt = k.dt AND e.event_id = k.event_id
          LEFT JOIN decided_job d
            ON d.source_id = k.source_id AND d.dt = k.dt AND d.event_id = k.event_id
          LEFT JOIN remote_worker w ON w.id = d.remote_worker_id`,
  );
}

type Fate = Awaited<ReturnType<typeof readFates>>[number];

function refuseOther(fate: Fate, assignee: Assignee | null): void {
  const { decision, decidedAt, reason, payee, nodeType, region } = fate;
  const job = formatJobHandle(fate);
  if (decision === null) {
    if (!fate.isJob) throw new PoolError('JOB_NOT_FOUND', `there is no job ${job}`, { job });
    const words = `${job} was credited to the worker that its received half names`;
    throw new PoolError('JOB_ALREADY_CREDITED', words, { job });
  }
  if (isAlike(fate, assignee)) return;
  const what =
    decision === 'absorb'
      ? 'absorbed by the pool'
      : `assigned to ${payee} (${nodeType}, ${region})`;
  const at = decidedAt === null ? '' : ` at ${decidedAt.toISOString()}`;
  throw new PoolError('JOB_ALREADY_DECIDED', `${job} was ${what}${at}: ${reason}`, { job });
}

function isAlike(fate: Fate, assignee: Assignee | null): boolean {
  if (assignee === null) return fate.decision === 'absorb';
  return fate.payee === assignee.payee && fits(fate, assignee);
}

/** Reads what one command has decided so far, over all attempts of its run: the sums, and its first jobs. */
export async function readCommand(reader: Reader, commandId: string, limit: number) {
  const { sourceId, dt, eventId, grossWei, commissionWei } = decidedJob;
  const isItsJob = eq(decidedJob.commandId, commandId);
  const [sums] = await reader
    .select({
      jobs: count(),
      grossWei: sql`coalesce(sum(${grossWei}), 0)`.mapWith(grossWei),
      commissionWei: sql`coalesce(sum(${commissionWei}), 0)`.mapWith(commissionWei),
    })
    .from(decidedJob)
    .where(isItsJob);
  const { payee, nodeType, region } = remoteWorker;
  const decided = await reader
    .select({ sourceId, dt, eventId, grossWei, commissionWei, payee, nodeType, region })
    .from(decidedJob)
    .leftJoin(remoteWorker, eq(remoteWorker.id, decidedJob.remoteWorkerId))
    .where(isItsJob)
    .orderBy(asc(dt), asc(sourceId), asc(eventId))
    .limit(limit);
  const shown = decided.map(({ sourceId, dt, eventId, ...job }) => ({
    ...job,
    job: formatJobHandle({ sourceId, dtMs: dt.getTime(), eventId }),
  }));
  return { ...(sums ?? { jobs: 0, grossWei: 0n, commissionWei: 0n }), shown };
}

export type DecidedTotals = Awaited<ReturnType<typeof readCommand>>;
