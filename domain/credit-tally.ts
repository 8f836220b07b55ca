/** The sums of a batch: ledger postings, workers' figures, connections, resets, counts. */
import { PriceTally } from './job-price.js';
import {
  isLater,
  type NodeType,
  type RemoteWorker,
  remoteWorkerKey,
  type SourceMoment,
} from './remote-worker.js';

export type JobPostingKind = 'jobs' | 'late-jobs' | 'unattributed';

/** All jobs of one kind, worker row and terms in one batch. */
export interface Posting {
  readonly kind: JobPostingKind;
  /** Null for unattributed. */
  readonly workerKey: string | null;
  readonly termsId: number;
  readonly grossWei: bigint;
  /** Rounded per job. Zero for unattributed: commission is taken when the job finds its payee. */
  readonly commissionWei: bigint;
}

export interface LedgerEntry {
  readonly account: 'revenue' | 'unattributed' | 'commission' | 'pending';
  /** Null: the pool's own account. */
  readonly workerKey: string | null;
  readonly amountWei: bigint;
}

export interface WorkerStats {
  readonly worker: RemoteWorker;
  readonly jobs: number;
  readonly zeroFeeJobs: number;
  readonly computeUnits: bigint;
  readonly lastEventMs: number;
}

export interface ConnectionChange {
  readonly workerKey: string;
  readonly connection: string;
  readonly up: boolean;
  readonly at: SourceMoment;
}

export interface ResetChange {
  readonly region: string;
  readonly nodeType: NodeType;
  readonly at: SourceMoment;
}

export interface EventCount {
  readonly hourMs: number;
  readonly eventType: string;
  readonly version: number;
  readonly events: number;
  readonly zeroFeeEvents: number;
}

/** The entries of a posting: they sum to zero, and none of them is zero. */
export function ledgerEntries(posting: Posting): readonly LedgerEntry[] {
  const { kind, workerKey, grossWei, commissionWei } = posting;
  const pool = (account: LedgerEntry['account'], amountWei: bigint): LedgerEntry => ({
    account,
    workerKey: null,
    amountWei,
  });
  if (kind === 'unattributed') return [pool('revenue', -grossWei), pool('unattributed', grossWei)];
  const entries = [
    pool(kind === 'jobs' ? 'revenue' : 'unattributed', -grossWei),
    pool('commission', commissionWei),
    { account: 'pending', workerKey, amountWei: grossWei - commissionWei } as const,
  ];
  return entries.filter((entry) => entry.amountWei !== 0n);
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const HOUR_MS = 3_600_000;

/** Adds up while a batch is gone through. */
export class Tally {
  private readonly postings = new Map<string, Mutable<Posting>>();
  private readonly workers = new Map<string, Mutable<WorkerStats>>();
  private readonly connections = new Map<string, ConnectionChange>();
  private readonly resets = new Map<string, ResetChange>();
  private readonly counts = new Map<string, Mutable<EventCount>>();
  readonly prices = new PriceTally();

  /** Notes that the worker occurred, and returns its key. */
  see(worker: RemoteWorker, dtMs: number): string {
    const key = remoteWorkerKey(worker);
    const stats = this.workers.get(key);
    if (stats === undefined) {
      const none = { jobs: 0, zeroFeeJobs: 0, computeUnits: 0n };
      this.workers.set(key, { worker, ...none, lastEventMs: dtMs });
    } else if (dtMs > stats.lastEventMs) {
      stats.lastEventMs = dtMs;
    }
    return key;
  }

  earn(workerKey: string, job: { readonly grossWei: bigint; readonly computeUnits: bigint }): void {
    const stats = this.workers.get(workerKey);
    if (stats === undefined) return;
    stats.jobs += 1;
    if (job.grossWei === 0n) stats.zeroFeeJobs += 1;
    stats.computeUnits += job.computeUnits;
  }

  post(posting: Posting): void {
    // What sums to nothing has no entries, and a posting without entries says nothing.
    if (posting.grossWei === 0n) return;
    const key = `${posting.kind}/${posting.termsId}/${posting.workerKey ?? ''}`;
    const known = this.postings.get(key);
    if (known === undefined) {
      this.postings.set(key, { ...posting });
    } else {
      known.grossWei += posting.grossWei;
      known.commissionWei += posting.commissionWei;
    }
  }

  connect(change: ConnectionChange): void {
    const key = `${change.workerKey}\n${change.connection}`;
    const known = this.connections.get(key);
    if (known === undefined || isLater(change.at, known.at)) this.connections.set(key, change);
  }

  reset(change: ResetChange): void {
    const key = `${change.nodeType}/${change.region}`;
    const known = this.resets.get(key);
    if (known === undefined || isLater(change.at, known.at)) this.resets.set(key, change);
  }

  count(
    event: { readonly dtMs: number; readonly eventType: string; readonly version: number },
    isZeroFee: boolean,
  ): void {
    const hourMs = Math.floor(event.dtMs / HOUR_MS) * HOUR_MS;
    const key = `${hourMs}/${event.version}/${event.eventType}`;
    const known = this.counts.get(key);
    if (known === undefined) {
      const { eventType, version } = event;
      const zeroFeeEvents = isZeroFee ? 1 : 0;
      this.counts.set(key, { hourMs, eventType, version, events: 1, zeroFeeEvents });
    } else {
      known.events += 1;
      if (isZeroFee) known.zeroFeeEvents += 1;
    }
  }

  result() {
    return {
      postings: [...this.postings.values()] as readonly Posting[],
      workers: this.workers as ReadonlyMap<string, WorkerStats>,
      connections: [...this.connections.values()],
      resets: [...this.resets.values()],
      counts: [...this.counts.values()] as readonly EventCount[],
      prices: this.prices.result(),
    };
  }
}
