/** How the fee of a job that nobody was credited for is divided, once a person has decided about it. */
import type { Address } from '../../base/address.js';
import { PoolError } from '../../base/errors/pool-error.js';
import type { Share } from '../../base/money.js';
import type { NodeType, RemoteWorker } from '../../base/remote-worker.js';
import { splitFee } from '../../events/rules/commission.js';
import { type CreditRate, rateAt, shareOf } from '../../terms/rules/worker-rates.js';

/** The payee who gets a job, in the job's own node type and region unless others are named. */
export interface Assignee {
  readonly payee: Address;
  readonly nodeType: NodeType | null;
  readonly region: string | null;
}

/** An unattributed job, with the terms (commission and rounding) that held at the job's own time. */
export interface WaitingJob extends Share {
  readonly grossWei: bigint;
  /** Null when neither the event nor its source tells the node type. */
  readonly nodeType: NodeType | null;
  readonly region: string | null;
  /** The job's own time. */
  readonly dtMs: number;
}

/** How a job's fee is divided. Net and commission add up to its gross. */
export interface JobShare {
  /** The worker who is credited; null when the pool keeps the job. */
  readonly worker: RemoteWorker | null;
  readonly commissionWei: bigint;
  readonly netWei: bigint;
  /** The worker's rate at the job's own time; null when the terms hold alone. */
  readonly rateId: number | null;
}

/**
 * Returns the worker whom the job is credited to. Throws WORKER_NOT_NAMED when neither the job nor the assignee names a node
 * type and region.
 */
export function workerOfJob(
  job: Pick<WaitingJob, 'nodeType' | 'region'>,
  assignee: Assignee,
): RemoteWorker {
  const { payee } = assignee;
  const nodeType = assignee.nodeType ?? job.nodeType;
  const region = assignee.region ?? job.region;
  if (nodeType === null || region === null) {
    const words = 'nothing says any more in which node type and region the job was done';
    throw new PoolError('WORKER_NOT_NAMED', words);
  }
  return { payee, nodeType, region };
}

/**
 * Returns how the job's fee is divided; without a worker the pool keeps all of it.
 *
 * @param rates of the worker, ascending by time
 */
export function shareJob(
  job: WaitingJob,
  worker: RemoteWorker | null,
  rates: readonly CreditRate[],
): JobShare {
  if (worker === null) {
    return { worker, commissionWei: job.grossWei, netWei: 0n, rateId: null };
  }
  const rate = rateAt(rates, job.dtMs);
  return { worker, rateId: rate?.id ?? null, ...splitFee(job.grossWei, shareOf(job, rate)) };
}
