/**
 * Carries out a person's decisions about unattributed jobs: each job leaves unmatched_job once, and its fee goes to
 * somebody's pending fees or to the pool's commission. The source's row is locked first, as it is when a batch is
 * credited, so a job's other half that arrives meanwhile finds the job either still waiting or decided.
 */
import { type SQL, sql } from 'drizzle-orm';
import { PoolError } from '../../base/errors/pool-error.js';
import { sumWei } from '../../base/money.js';
import { type RemoteWorker, remoteWorkerKey } from '../../base/remote-worker.js';
import type { Database, Reader, Transaction } from '../../db/database.js';
import { list, rows } from '../../db/query.js';
import { transact } from '../../db/transact.js';
import { decidedJob, unmatchedJob } from '../../events/store/tables.js';
import { type Decision, recordDecision } from '../../ledger/store/audit-log.js';
import { isOrderedPayee, markOrdered, refuseAboveDay } from '../../orders/store/ordered-day.js';
import { ensureWorkers, requirePayee, requireRow } from '../../payees/store/named-workers.js';
import { terms } from '../../terms/store/tables.js';
import { ratesOf, shareRates } from '../../terms/store/worker-rates.js';
import { formatJobHandle, type JobKey } from '../rules/job-handle.js';
import { type Assignee, type JobShare, shareJob, workerOfJob } from '../rules/job-share.js';
import { countDecidedAlike, KEY, keyLists, keyRows } from './decided-jobs.js';

export interface JobDecision extends Decision {
  /** The payee who gets the jobs; null when the pool keeps them. */
  readonly assignee: Assignee | null;
  /** True to allow a payee that was never seen. */
  readonly isNewPayee: boolean;
  /** Identifies the command's run, so that the run recognises its own work after a crash. */
  readonly commandId: string;
  /** True to only read, without locks. */
  readonly dryRun: boolean;
  /** The limit on what orders may move within 24 hours. */
  readonly maxPerDayWei: bigint;
  /** True for jobs that a filter found and that may have been decided meanwhile; named jobs must be there. */
  readonly mayBeGone: boolean;
}

export interface DecidedJob extends JobShare {
  readonly key: JobKey;
  readonly grossWei: bigint;
}

/** One transaction decides at most this many jobs, because it holds the lock on the source's row. */
export const MAX_AT_ONCE = 200;

/** Applies a person's decision to all of these jobs, or to none when one of them is refused. */
export async function applyDecision(db: Database, keys: readonly JobKey[], decision: JobDecision) {
  if (keys.length > MAX_AT_ONCE) {
    throw new PoolError('REQUEST_INVALID', `name at most ${MAX_AT_ONCE} jobs at once`);
  }
  if (decision.dryRun) return lookAtJobs(db, keys, decision);
  return transact(db, async (tx) => {
    await lockSources(tx, keys);
    await shareRates(tx);
    const decided = await lookAtJobs(tx, keys, decision);
    if (decided.jobs.length > 0) {
      await refuseManyToOrdered(tx, decided.jobs, decision);
      await carryOut(tx, decided.jobs, decision);
    }
    return decided;
  });
}

async function refuseManyToOrdered(
  tx: Transaction,
  jobs: readonly DecidedJob[],
  { assignee, maxPerDayWei: capWei }: JobDecision,
): Promise<void> {
  if (assignee === null || !(await isOrderedPayee(tx, assignee.payee))) return;
  const addWei = sumWei(jobs.map(({ grossWei, commissionWei }) => grossWei - commissionWei));
  await refuseAboveDay(tx, { addWei, capWei });
}

async function lockSources(tx: Transaction, keys: readonly JobKey[]): Promise<void> {
  const ids = [...new Set(keys.map(({ sourceId }) => sourceId))];
  // Lock in a statement of its own: only a later statement sees what others committed while this one waited.
  await tx.execute(sql`
    SELECT FROM source WHERE id = ANY(${list(ids)}::text[]) ORDER BY id FOR UPDATE`);
}

async function lookAtJobs(reader: Reader, keys: readonly JobKey[], decision: JobDecision) {
  const { assignee } = decision;
  if (assignee !== null) await requirePayee(reader, assignee.payee, decision);
  const waiting = await waitingJobs(reader, keys);
  const there = new Set(waiting.map(({ key }) => formatJobHandle(key)));
  const gone = decision.mayBeGone ? [] : keys.filter((key) => !there.has(formatJobHandle(key)));
  const already = await countDecidedAlike(reader, gone, decision);
  const workers = waiting.map((job) => (assignee === null ? null : workerOfJob(job, assignee)));
  const rates = await ratesOf(
    reader,
    workers.flatMap((worker) => worker ?? []),
  );
  const jobs = waiting.map((job, i) => {
    const worker = workers[i] ?? null;
    const held = worker === null ? undefined : rates.get(remoteWorkerKey(worker));
    const { dtMs } = job.key;
    return {
      key: job.key,
      grossWei: job.grossWei,
      ...shareJob({ ...job, dtMs }, worker, held ?? []),
    };
  });
  if (assignee !== null && (assignee.nodeType ?? assignee.region) !== null) {
    const named = new Map(workersOf(jobs).map((worker) => [remoteWorkerKey(worker), worker]));
    for (const worker of named.values()) await requireRow(reader, worker, decision);
  }
  return { jobs, already };
}

const workersOf = (jobs: readonly DecidedJob[]): readonly RemoteWorker[] =>
  jobs.flatMap(({ worker }) => worker ?? []);

async function waitingJobs(reader: Reader, keys: readonly JobKey[]) {
  const waiting = await rows(
    reader,
    {
      ...KEY,
      grossWei: decidedJob.grossWei,
      commissionBps: terms.commissionBps,
      rounding: terms.rounding,
      nodeType: unmatchedJob.nodeType,
      region: unmatchedJob.region,
    },
    sql`SELECT u.source_id AS "sourceId", u.dt AS "dtMs", u.event_id AS "eventId", u.gross_wei AS "grossWei",
               t.commission_bps AS "commissionBps", t.rounding,
               coalesce(u.node_type, e.node_type, s.node_type) AS "nodeType",
               coalesce(u.region, e.region, s.region) AS region
          FROM ${keyRows(keys)}
          JOIN unmatched_job u USING (source_id, dt, event_id)
          JOIN source s ON s.id = u.source_id
          JOIN terms t ON t.id = u.terms_id
          LEFT JOIN pool_event e
            ON e.source_id = u.source_id AND e.dt = u.dt AND e.event_id = u.event_id
         WHERE u.role = 'processed' ORDER BY u.dt, u.source_id, u.event_id`,
  );
  return waiting.map(({ sourceId, dtMs, eventId, ...job }) => ({
    ...job,
    key: { sourceId, dtMs, eventId },
  }));
}

async function carryOut(
  tx: Transaction,
  jobs: readonly DecidedJob[],
  decision: JobDecision,
): Promise<void> {
  const ids = await ensureWorkers(tx, workersOf(jobs));
  if (decision.assignee !== null) await markOrdered(tx, decision.assignee.payee);
  const decided = jobRows(jobs, ids);
  await countJobs(tx, decided, [...ids.values()]);
  await postJobs(tx, decided, decision);
  if (decision.assignee !== null) await addToDays(tx, decided);
  await tx.execute(sql`
    DELETE FROM unmatched_job u USING ${decided}
     WHERE u.source_id = k.source_id AND u.dt = k.dt AND u.event_id = k.event_id`);
  await recordJobs(tx, jobs, decision);
}

/** Builds one row for each job: its key and handle, its worker row's id or NULL, and the net and commission. */
function jobRows(jobs: readonly DecidedJob[], ids: ReadonlyMap<string, number>): SQL {
  const workerIds = jobs.map(({ worker }) => {
    if (worker === null) return null;
    const id = ids.get(remoteWorkerKey(worker));
    if (id === undefined) throw new RangeError(`the remote worker of ${worker.payee} has no row`);
    return id;
  });
  const keys = jobs.map(({ key }) => key);
  return sql`unnest(${keyLists(keys)}, ${list(keys.map(formatJobHandle))}::text[],
    ${list(workerIds)}::bigint[], ${list(jobs.map(({ grossWei }) => grossWei))}::numeric[],
    ${list(jobs.map(({ commissionWei }) => commissionWei))}::numeric[],
    ${list(jobs.map(({ netWei }) => netWei))}::numeric[], ${list(jobs.map(({ rateId }) => rateId))}::bigint[])
    AS k (source_id, dt, event_id, handle, worker, gross, commission, net, rate)`;
}

/** Adds the jobs to the job counts of their workers, whose rows are locked in the order of their ids. */
async function countJobs(
  tx: Transaction,
  decided: SQL,
  workerIds: readonly number[],
): Promise<void> {
  if (workerIds.length === 0) return;
  await tx.execute(sql`
    SELECT FROM remote_worker WHERE id = ANY(${list(workerIds)}::bigint[])
     ORDER BY id FOR NO KEY UPDATE`);
  await tx.execute(sql`
    UPDATE remote_worker w SET jobs = w.jobs + done.jobs,
           zero_fee_jobs = w.zero_fee_jobs + done.zero_fee_jobs,
           compute_units = w.compute_units + done.compute_units,
           last_event_at = GREATEST(w.last_event_at, done.newest)
      FROM (SELECT k.worker, count(*) AS jobs, count(*) FILTER (WHERE k.gross = 0) AS zero_fee_jobs,
                   sum(coalesce(u.compute_units, 0)) AS compute_units, max(u.dt) AS newest
              FROM ${decided} JOIN unmatched_job u USING (source_id, dt, event_id)
             GROUP BY k.worker) done
     WHERE w.id = done.worker`);
}

/** Writes a posting for each job, with its handle, so that the ledger alone tells it. Zeros are not posted. */
async function postJobs(tx: Transaction, decided: SQL, decision: JobDecision): Promise<void> {
  const kind = decision.assignee === null ? 'absorb' : 'assign';
  const { actor, reason, commandId } = decision;
  await tx.execute(sql`
    WITH job AS MATERIALIZED (
      SELECT k.*, u.request_id, u.reason AS unmatched_reason, u.terms_id, u.pipeline, u.model_id,
             coalesce(u.compute_units, 0) AS units
        FROM ${decided} JOIN unmatched_job u USING (source_id, dt, event_id)),
    made AS (
      INSERT INTO posting (kind, source_id, remote_worker_id, terms_id, rate_id, reference, reason, first_dt, last_dt)
      SELECT ${kind}::text, source_id, worker, terms_id, rate, handle, ${reason}::text, dt, dt
        FROM job WHERE gross > 0 ORDER BY dt, source_id, event_id
      RETURNING id, reference),
    entered AS (
      INSERT INTO ledger_entry (posting_id, account, remote_worker_id, amount_wei)
      SELECT made.id, side.account, side.worker, side.amount
        FROM made JOIN job ON job.handle = made.reference
       CROSS JOIN LATERAL (VALUES ('unattributed', 0, -job.gross), ('commission', 0, job.commission),
                                  ('pending', job.worker, job.net)) AS side (account, worker, amount)
       WHERE side.amount <> 0)
    INSERT INTO decided_job (source_id, dt, event_id, decision, request_id, unmatched_reason,
      remote_worker_id, gross_wei, commission_wei, compute_units, terms_id, rate_id, posting_id, pipeline,
      model_id, command_id, actor, reason)
    SELECT job.source_id, job.dt, job.event_id, ${kind}::text, job.request_id, job.unmatched_reason,
           job.worker, job.gross, job.commission, job.units, job.terms_id, job.rate, made.id, job.pipeline,
           job.model_id, ${commandId}::text, ${actor}::text, ${reason}::text
      FROM job LEFT JOIN made ON made.reference = job.handle`);
}

/** Adds the jobs to the days on which they were done. */
async function addToDays(tx: Transaction, decided: SQL): Promise<void> {
  await tx.execute(sql`
    INSERT INTO earning_day AS d
      (remote_worker_id, day, pipeline, model_id, jobs, compute_units, gross_wei, commission_wei)
    SELECT k.worker, (u.dt AT TIME ZONE 'UTC')::date, coalesce(u.pipeline, ''), coalesce(u.model_id, ''),
           count(*), sum(coalesce(u.compute_units, 0)), sum(k.gross), sum(k.commission)
      FROM ${decided} JOIN unmatched_job u USING (source_id, dt, event_id)
     GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
    ON CONFLICT (remote_worker_id, day, pipeline, model_id) DO UPDATE
      SET jobs = d.jobs + excluded.jobs, compute_units = d.compute_units + excluded.compute_units,
          gross_wei = d.gross_wei + excluded.gross_wei,
          commission_wei = d.commission_wei + excluded.commission_wei`);
}

async function recordJobs(
  tx: Transaction,
  jobs: readonly DecidedJob[],
  decision: JobDecision,
): Promise<void> {
  const { actor, reason, assignee, commandId } = decision;
  const [first, ...others] = jobs;
  await recordDecision(tx, {
    actor,
    reason,
    action: assignee === null ? 'unattributed.absorb' : 'unattributed.assign',
    subject: first && others.length === 0 ? formatJobHandle(first.key) : `${jobs.length} jobs`,
    detail: {
      jobs: String(jobs.length),
      grossWei: sumWei(jobs.map(({ grossWei }) => grossWei)).toString(),
      netWei: sumWei(jobs.map(({ netWei }) => netWei)).toString(),
      ...(assignee === null ? {} : { payee: assignee.payee }),
      command: commandId,
    },
  });
}
