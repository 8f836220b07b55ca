/** What a person decides about a job that nobody was credited for. */
import type { Address } from '../../base/address.js';
import { PoolError } from '../../base/errors/pool-error.js';
import type { Share } from '../../base/money.js';
import type { NodeType, RemoteWorker } from '../../base/remote-worker.js';
import { splitFee } from '../../events/rules/commission.js';

/** Whom a job is given to: a payee, in the job's own node type and region unless others are named. */
export interface Assignee {
  readonly payee: Address;
  readonly nodeType: NodeType | null;
  readonly region: string | null;
}

/** A job as it waits, with the pool's share at the job's own time. */
export interface WaitingJob extends Share {
  readonly grossWei: bigint;
  /** Null when neither the event nor its source says it any more. */
  readonly nodeType: NodeType | null;
  readonly region: string | null;
}

/** What becomes of a job. Net and commission add up to its gross. */
export interface JobShare {
  /** Null when the pool keeps the job. */
  readonly worker: RemoteWorker | null;
  readonly commissionWei: bigint;
  readonly netWei: bigint;
}

/**
 * Decides whom the job is credited to and what each side gets; without an assignee the pool keeps all of it.
 * Throws WORKER_NOT_NAMED when nothing says in which node type and region the payee did it.
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
