/** The dated rates of remote workers in the ledger: recorded by plans, read by whoever counts jobs or shows why. */
import { asc, sql } from 'drizzle-orm';
import { listOf } from '../../base/lists.js';
import { type RemoteWorker, remoteWorkerKey } from '../../base/remote-worker.js';
import type { Reader, Transaction } from '../../db/database.js';
import { LOCKS } from '../../db/locks.js';
import { list, rows } from '../../db/query.js';
import {
  addStep,
  type PlannedRate,
  type Rate,
  type RateStep,
  rowsOfPlan,
} from '../rules/worker-rates.js';
import { workerRate } from './tables.js';

/** A rate that is to hold for a worker from a time on. */
export interface WorkerRate extends RemoteWorker, Rate {
  /** Null: from the beginning of time, for a worker that nothing was credited to. */
  readonly from: Date | null;
}

/** A recorded rate. */
export interface RecordedRate extends RemoteWorker, Rate, RateStep {
  readonly recordedAt: Date;
}

/** The statement that keeps rates from being recorded until the transaction ends, for whoever counts jobs. */
export const SHARE_RATES = `SELECT pg_advisory_xact_lock_shared(${LOCKS.workerRates})`;

const BEGINNING_MS = 0;
/** A statement has at most 65,535 parameters, and a row takes twelve. */
const ROWS_AT_ONCE = 4_000;

/**
 * Records what holds for each worker from its first rate here on, and replaces what was announced for after that: the rates
 * of one worker are a whole plan. A worker that was credited something keeps its past: for it a rate from an earlier time
 * begins now. What holds already is not written again. Returns the rows that were written. Nobody counts jobs until the
 * transaction ends, so it should be short.
 */
export async function recordRates(
  tx: Transaction,
  rates: readonly WorkerRate[],
): Promise<readonly RecordedRate[]> {
  if (rates.length === 0) return [];
  const nowMs = await lockRates(tx);
  const plans = new Map<string, WorkerRate[]>();
  for (const rate of rates) listOf(plans, remoteWorkerKey(rate)).push(rate);
  const known = await ratesOf(tx, rates);
  const credited = await creditedWorkers(tx, rates);
  const due = [...plans].flatMap(([key, plan]) => {
    const [worker] = plan;
    if (worker === undefined) return [];
    const planned = plan.map((rate) => plannedRate(rate));
    const made = rowsOfPlan(
      planned,
      known.get(key) ?? [],
      credited.has(key) ? nowMs : BEGINNING_MS,
    );
    return made.map((rate) => ({ ...rowOf(worker, rate), recordedAt: new Date(nowMs) }));
  });
  const written: RecordedRate[] = [];
  for (let i = 0; i < due.length; i += ROWS_AT_ONCE) {
    const made = await tx
      .insert(workerRate)
      .values(due.slice(i, i + ROWS_AT_ONCE))
      .returning();
    written.push(...made.map(toRecorded));
  }
  return written;
}

/**
 * Reads the rates of the workers, by `remoteWorkerKey`: those that hold or will hold at some time, ascending by it. A worker
 * without a rate has no entry: for it the terms in force hold.
 */
export async function ratesOf(
  reader: Reader,
  workers: readonly RemoteWorker[],
): Promise<ReadonlyMap<string, readonly RecordedRate[]>> {
  const found = await reader
    .select()
    .from(workerRate)
    .where(isOf(workers))
    .orderBy(asc(workerRate.id));
  const steps = new Map<string, RecordedRate[]>();
  for (const row of found) addStep(listOf(steps, remoteWorkerKey(row)), toRecorded(row));
  return steps;
}

/** Finds which of the workers have a rate, by `remoteWorkerKey`. */
export async function workersWithRates(
  reader: Reader,
  workers: readonly RemoteWorker[],
): Promise<ReadonlySet<string>> {
  const { payee, nodeType, region } = workerRate;
  const found = await reader
    .selectDistinct({ payee, nodeType, region })
    .from(workerRate)
    .where(isOf(workers));
  return new Set(found.map(remoteWorkerKey));
}

/** Keeps rates from being recorded until the transaction ends. Taken after the lock of the source, before any row is written. */
export async function shareRates(tx: Transaction): Promise<void> {
  await tx.execute(sql.raw(SHARE_RATES));
}

/** Keeps everybody from counting jobs until the transaction ends. Returns the first time that nothing was counted at. */
async function lockRates(tx: Transaction): Promise<number> {
  const [locked] = await rows(
    tx,
    { ms: Number },
    sql`SELECT extract(epoch FROM lock_worker_rates()) * 1000 AS ms`,
  );
  if (locked === undefined) throw new Error('the database does not tell its time');
  return locked.ms;
}

async function creditedWorkers(
  tx: Transaction,
  workers: readonly RemoteWorker[],
): Promise<ReadonlySet<string>> {
  const { payee, nodeType, region } = workerRate;
  const found = await rows(
    tx,
    { payee, nodeType, region },
    sql`SELECT payee, node_type AS "nodeType", region FROM remote_worker
         WHERE jobs > 0 AND ${isOf(workers)}`,
  );
  return new Set(found.map(remoteWorkerKey));
}

/** Selects rows of a table with the columns of a remote worker. */
function isOf(workers: readonly RemoteWorker[]) {
  return sql`(payee, node_type, region) IN (SELECT * FROM unnest(${list(workers.map(({ payee }) => payee))}::text[],
    ${list(workers.map(({ nodeType }) => nodeType))}::text[], ${list(workers.map(({ region }) => region))}::text[]))`;
}

function plannedRate({ from, ...rate }: WorkerRate): PlannedRate {
  return { ...rate, fromMs: from?.getTime() ?? BEGINNING_MS };
}

function rowOf({ payee, nodeType, region }: RemoteWorker, planned: PlannedRate) {
  const { commissionBps, bonusBps, policy, policyVersion, optionsHash, reason, fromMs } = planned;
  const fromDt = new Date(fromMs);
  const asked = { policy, policyVersion, optionsHash, reason };
  return { payee, nodeType, region, fromDt, commissionBps, bonusBps, ...asked };
}

function toRecorded({ fromDt, ...row }: typeof workerRate.$inferSelect): RecordedRate {
  return { ...row, fromMs: fromDt.getTime() };
}
