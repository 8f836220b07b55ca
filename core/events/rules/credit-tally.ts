/** Adds up a batch: postings of the ledger, days and figures of the workers, connections, resets and counts. */

import { listOf } from '../../base/lists.js';
import {
  isLater,
  type NodeType,
  type RemoteWorker,
  remoteWorkerKey,
  type SourceMoment,
} from '../../base/remote-worker.js';
import type { CreditRate } from '../../terms/rules/worker-rates.js';
import { type DayJob, DayTally } from './day-tally.js';
import { floorHour, HOUR_MS, type Mutable, PriceTally } from './job-price.js';
import type { PoolEvent } from './reading/pool-event.js';
import type { HourCount } from './source-silence.js';
import { HourTally } from './sums/hour-tally.js';

export type JobPostingKind = 'jobs' | 'late-jobs' | 'unattributed';

/** The sum of all jobs of a batch that have the same kind, remote worker, terms and rate. */
export interface Posting {
  readonly kind: JobPostingKind;
  readonly workerKey: string | null;
  readonly termsId: number;
  readonly rateId: number | null;
  readonly grossWei: bigint;
  /** The sum of the commissions, each rounded for its own job; zero while no payee is known. */
  readonly commissionWei: bigint;
  /** The times of the first and last event of the batch that it was made from. */
  readonly firstMs: number;
  readonly lastMs: number;
}

export interface LedgerEntry {
  readonly account: 'revenue' | 'unattributed' | 'commission' | 'pending';
  /** The remote worker that the account belongs to; null for an account of the pool itself. */
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

/** Returns the ledger entries of a posting. They sum to zero, and none of them is zero. */
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

type CountedEvent = Pick<PoolEvent, 'dtMs' | 'eventType' | 'version'>;

interface SeenWorker extends Mutable<WorkerStats> {
  readonly key: string;
  readonly postings: Mutable<Posting>[];
  readonly days: DayTally;
  readonly hours: HourTally;
  readonly rates: readonly CreditRate[];
}

/** Returns what holds for a worker, ascending by time. */
export type RatesOf = (worker: RemoteWorker) => readonly CreditRate[];

/** Adds up the events of a batch. It is called for each of them, so it builds no string just to look something up. */
export class Tally {
  private readonly workersOf = new Map<string, SeenWorker[]>();
  private readonly unattributed: Mutable<Posting>[] = [];
  private readonly connections = new Map<string, ConnectionChange>();
  private readonly connectionChanges: ConnectionChange[] = [];
  private readonly resets = new Map<string, ResetChange>();
  private readonly resetChanges: ResetChange[] = [];
  private readonly countsOf = new Map<string, Mutable<HourCount>[]>();
  readonly prices = new PriceTally();

  /** `hoursFromMs`: how jobs went is kept from this time on. */
  constructor(
    private readonly hoursFromMs: number,
    private readonly ratesOf: RatesOf,
  ) {}

  /** Records that the worker occurs, and returns its sums in this batch. */
  see(worker: RemoteWorker, dtMs: number): SeenWorker {
    const ofPayee = listOf(this.workersOf, worker.payee);
    for (const seen of ofPayee) {
      if (seen.worker.nodeType !== worker.nodeType || seen.worker.region !== worker.region)
        continue;
      if (dtMs > seen.lastEventMs) seen.lastEventMs = dtMs;
      return seen;
    }
    const key = remoteWorkerKey(worker);
    const none = { jobs: 0, zeroFeeJobs: 0, computeUnits: 0n, postings: [] };
    const [days, hours] = [new DayTally(key), new HourTally(this.hoursFromMs)];
    const rates = this.ratesOf(worker);
    const seen = { worker, key, ...none, days, hours, rates, lastEventMs: dtMs };
    ofPayee.push(seen);
    return seen;
  }

  /** Adds a job of the worker, whether it earned something or not. `atMs` is the time of the event that earned it now. */
  earn(
    kind: 'jobs' | 'late-jobs',
    seen: SeenWorker,
    job: DayJob & Pick<Posting, 'termsId' | 'rateId'> & { readonly atMs: number },
  ): void {
    const { grossWei, commissionWei, termsId, rateId, atMs } = job;
    seen.days.add(job);
    seen.jobs += 1;
    if (grossWei === 0n) seen.zeroFeeJobs += 1;
    seen.computeUnits += job.computeUnits;
    // Written out field by field, because spreading takes three times as long.
    post(seen.postings, {
      kind,
      workerKey: seen.key,
      termsId,
      rateId,
      grossWei,
      commissionWei,
      firstMs: atMs,
      lastMs: atMs,
    });
  }

  /** Adds a job whose worker is not known. */
  leave({ grossWei, termsId }: Pick<Posting, 'grossWei' | 'termsId'>, atMs: number): void {
    post(this.unattributed, {
      kind: 'unattributed',
      workerKey: null,
      termsId,
      rateId: null,
      grossWei,
      commissionWei: 0n,
      firstMs: atMs,
      lastMs: atMs,
    });
  }

  connect(change: ConnectionChange): void {
    this.connectionChanges.push(change);
    const key = `${change.workerKey}\n${change.connection}`;
    const known = this.connections.get(key);
    if (known === undefined || isLater(change.at, known.at)) this.connections.set(key, change);
  }

  reset(change: ResetChange): void {
    this.resetChanges.push(change);
    const key = `${change.nodeType}/${change.region}`;
    const known = this.resets.get(key);
    if (known === undefined || isLater(change.at, known.at)) this.resets.set(key, change);
  }

  count(event: CountedEvent, isZeroFee: boolean): void {
    const count = this.countOf(event);
    count.events += 1;
    if (isZeroFee) count.zeroFeeEvents += 1;
  }

  /** Returns the sums; `workers` are all remote workers that occur in the batch, by their keys. */
  result() {
    const workers = [...this.workersOf.values()].flat();
    return {
      postings: [...workers.flatMap(({ postings }) => postings), ...this.unattributed],
      workers: new Map<string, WorkerStats>(workers.map((seen) => [seen.key, seen])),
      days: workers.flatMap(({ days }) => days.result()),
      hours: workers.flatMap(({ key: workerKey, hours }) =>
        hours.result().map((facts) => ({ workerKey, facts })),
      ),
      /** The last change of each connection, and then every change. */
      connections: [...this.connections.values()],
      connectionChanges: this.connectionChanges,
      resets: [...this.resets.values()],
      resetChanges: this.resetChanges,
      counts: [...this.countsOf.values()].flat(),
      prices: this.prices.result(),
    };
  }

  private countOf({ dtMs, eventType, version }: CountedEvent): Mutable<HourCount> {
    const ofType = listOf(this.countsOf, eventType);
    // The newest hour is checked first, because events mostly come in the order of time.
    for (let i = ofType.length - 1; i >= 0; i -= 1) {
      const count = ofType[i];
      const isHour = count !== undefined && dtMs >= count.hourMs && dtMs < count.hourMs + HOUR_MS;
      if (isHour && count.version === version) return count;
    }
    const count = { hourMs: floorHour(dtMs), eventType, version, events: 0, zeroFeeEvents: 0 };
    ofType.push(count);
    return count;
  }
}

function post(postings: Mutable<Posting>[], posting: Posting): void {
  // A job without a fee would make a posting without ledger entries, which would be useless.
  if (posting.grossWei === 0n) return;
  for (const known of postings) {
    if (known.kind !== posting.kind || known.termsId !== posting.termsId) continue;
    if (known.rateId !== posting.rateId) continue;
    known.grossWei += posting.grossWei;
    known.commissionWei += posting.commissionWei;
    if (posting.firstMs < known.firstMs) known.firstMs = posting.firstMs;
    if (posting.lastMs > known.lastMs) known.lastMs = posting.lastMs;
    return;
  }
  postings.push({ ...posting });
}
