/** How the fee of a job that nobody was credited for is divided, once a person has decided about it. */
import type { Address } from '../../base/address.js';
import { PoolError } from '../../base/errors/pool-error.js';
import type { Share } from '../../base/money.js';
import type { NodeType, RemoteWorker } from '../../base/remote-worker.js';
import { splitFee } from '../../events/rules/commission.js';

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
}

/** How a job's fee is divided. Net and commission add up to its gross. */
export interface JobShare {
  /** The worker who is credited; null when the pool keeps the job. */
  readonly worker: RemoteWorker | null;
  readonly commissionWei: bigint;
  readonly netWei: bigint;
}

/**
 * Returns whom the job is credited to and how its fee is divided; without an assignee the pool keeps all of it.
 * Throws WORKER_NOT_NAMED when neither the job nor the assignee names a node type and region.
 */
export function shareJob(job: WaitingJob, assignee: Assignee | null): JobShare {
  if (assignee === null) return { worker: null, commissionWei: job.grossWei, netWei: 0n };
  const { payee } = assignee;
  const nodeType = assignee.nodeType ?? job.nodeType;
  const region = assignee.region ?? job.region;
  if (nodeType === null || region === null) {
    const words = 'nothing says any more in which node type and region the job was done';
    throw new PoolError('WORKER_NOT_NAMED', words);
  }
  return { worker: { payee, nodeType, region }, ...splitFee(job.grossWei, job) };
}
