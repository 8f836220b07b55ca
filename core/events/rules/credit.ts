/** Works out what the events of a batch earn, for whom, and everything that must be written for it. */

import { listOf } from '../../base/lists.js';
import { type RemoteWorker, remoteWorkerKey } from '../../base/remote-worker.js';
import { type Terms, termsAt } from '../../terms/rules/terms.js';
import { rateAt, shareOf } from '../../terms/rules/worker-rates.js';
import { type HalfRole, type JobHalf, matchHalves } from './ai-job.js';
import { splitFee } from './commission.js';
import { type RatesOf, Tally } from './credit-tally.js';
import type { JobContent, ReceivedContent } from './reading/event-content.js';
import type { PoolEvent } from './reading/pool-event.js';

/** The part of an event that crediting needs. The store keeps its texts. */
export type FreshEvent = Omit<PoolEvent, 'payload' | 'uuid'>;

/** What identifies an event inside its source: its time and its id. */
export interface EventKey {
  readonly dtMs: number;
  readonly eventId: string;
}

type UnmatchedReason = 'no-other-half' | 'ambiguous' | 'no-address';

/** A half of an AI job that arrived in an earlier batch and still waits for its other half. */
export interface StoredHalf extends JobHalf, EventKey {
  readonly requestId: string;
  /** The worker of a received half; null when the worker gave no address, and for a processed half. */
  readonly worker: RemoteWorker | null;
  /** The job of a processed half; null for a received half. */
  readonly job: StoredJob | null;
  /** What the event of this half itself named; the halves of one job may differ. */
  readonly pipeline: string | null;
  readonly modelId: string | null;
}

interface StoredJob
  extends Pick<
    JobContent,
    'grossWei' | 'computeUnits' | 'pipeline' | 'modelId' | 'responseUs' | 'durationMs'
  > {
  readonly termsId: number;
}

interface CreditInput {
  /** The new events in the order of arrival, without those that are stored already. */
  readonly events: readonly FreshEvent[];
  /** The position of the first event in the source's order of arrival. */
  readonly firstSeq: number;
  readonly openHalves: readonly StoredHalf[];
  /** The dated terms of the pool, ascending by `fromMs`. */
  readonly terms: readonly Terms[];
  /** The rates of a remote worker; where it has none at a job's time, the terms hold. */
  readonly ratesOf: RatesOf;
  readonly jobMatchWindowMs: number;
  /** The current time. Later event times are not trusted when it is decided who is online. @default no limit */
  readonly nowMs?: number;
  /** How jobs went is kept from this time on. @default all of it */
  readonly hoursFromMs?: number;
}

/** What is stored in the raw row of an event in addition to what the event says. */
interface RowCredit {
  /** The fees of a processed job, whether credited or not. */
  readonly grossWei: bigint | null;
  /** Null, although there is a gross amount, when the job was unattributed on arrival. */
  readonly commissionWei: bigint | null;
  readonly termsId: number | null;
  /** The rate that the job was credited with, on the half that arrived last; null when the terms held alone. */
  readonly rateId: number | null;
  readonly workerKey: string | null;
  /** The other half of the pair; set only on the half that arrived last. */
  readonly match: EventKey | null;
}

/** A half of an AI job, or a job without an address, that waits from this batch on. */
export interface OpenedHalf extends EventKey {
  readonly role: HalfRole;
  readonly requestId: string | null;
  readonly workerKey: string | null;
  readonly job: StoredJob | null;
  readonly pipeline: string | null;
  readonly modelId: string | null;
  readonly reason: UnmatchedReason;
}

export interface BatchCredits extends ReturnType<Tally['result']> {
  /** One entry for each event; undefined for events that are only stored. */
  readonly rows: readonly (RowCredit | undefined)[];
  readonly opened: readonly OpenedHalf[];
  /** Stored halves that have found their other half. */
  readonly closed: readonly EventKey[];
  /** Stored halves that keep waiting, but now for another reason. */
  readonly reheld: readonly (EventKey & { readonly reason: UnmatchedReason })[];
}

/** A half of an AI job: either a stored half or the fresh event at `index`. */
interface Half extends StoredHalf {
  readonly index: number | undefined;
}

/**
 * Credits one batch of events. No job is credited twice. An AI job comes as two events, received and processed, which
 * may arrive in either order.
 */
export function creditBatch(input: CreditInput): BatchCredits {
  return new BatchCrediting(input).run();
}

class BatchCrediting {
  private readonly tally: Tally;
  private readonly rows: (RowCredit | undefined)[];
  private readonly opened: OpenedHalf[] = [];
  private readonly closed: EventKey[] = [];
  private readonly reheld: (EventKey & { reason: UnmatchedReason })[] = [];
  private readonly halves = new Map<string, Half[]>();
  private readonly termsById: ReadonlyMap<number, Terms>;

  private newestMs: number | undefined;

  constructor(private readonly input: CreditInput) {
    this.tally = new Tally(input.hoursFromMs ?? Number.NEGATIVE_INFINITY, input.ratesOf);
    this.rows = new Array(input.events.length).fill(undefined);
    this.termsById = new Map(input.terms.map((terms) => [terms.id, terms]));
  }

  run(): BatchCredits {
    for (const [index, event] of this.input.events.entries()) this.take(event, index);
    // Only requests with a new half are matched: stored halves have already been matched with each other.
    for (const half of this.input.openHalves) {
      this.halves.get(half.requestId)?.push({ ...half, index: undefined });
    }
    for (const halves of this.halves.values()) this.matchRequest(halves);
    const { rows, opened, closed, reheld } = this;
    return { rows, opened, closed, reheld, ...this.tally.result() };
  }

  /**
   * Returns the time by which an event is ranked. A time from the future would outrank every true time until it comes,
   * so it is replaced by the newest true time before it, and the order of arrival decides between the two.
   */
  private believed(dtMs: number): number {
    const { nowMs = Number.POSITIVE_INFINITY } = this.input;
    if (dtMs > nowMs) return this.newestMs ?? nowMs;
    this.newestMs = Math.max(this.newestMs ?? dtMs, dtMs);
    return dtMs;
  }

  private take(event: FreshEvent, index: number): void {
    const { content } = event;
    const isZeroFee = content.kind === 'job' && content.grossWei === 0n;
    this.tally.count(event, isZeroFee);
    const believedMs = this.believed(event.dtMs);
    if (content.kind === 'reset') {
      const at = { dtMs: believedMs, seq: this.input.firstSeq + index };
      this.tally.reset({ region: event.region, nodeType: event.nodeType, at });
    } else if (content.kind === 'connection') {
      const at = { dtMs: believedMs, seq: this.input.firstSeq + index };
      const { connection, up } = content;
      const { key: workerKey } = this.tally.see(workerOf(event, content.payee), event.dtMs);
      this.tally.connect({ workerKey, connection, up, at });
      this.rows[index] = { ...NO_CREDIT, workerKey };
    } else if (content.kind === 'received') {
      this.takeReceived(event, content, index);
    } else if (content.kind === 'job') {
      this.tally.prices.add(event, content);
      this.takeJob(event, content, index);
    }
  }

  private takeReceived(event: FreshEvent, content: ReceivedContent, index: number): void {
    const worker = content.payee === null ? null : workerOf(event, content.payee);
    const seen = worker === null ? null : this.tally.see(worker, event.dtMs);
    seen?.hours.receive(content, event.dtMs);
    this.rows[index] = { ...NO_CREDIT, workerKey: seen?.key ?? null };
    const { requestId } = content;
    this.addHalf(
      newHalf(event, { index, role: 'received', requestId, worker, job: null, labels: content }),
    );
  }

  private takeJob(event: FreshEvent, content: JobContent, index: number): void {
    const termsId = termsAt(this.input.terms, event.dtMs).id;
    const { grossWei, computeUnits, requestId, pipeline, modelId, responseUs, durationMs } =
      content;
    const job = { grossWei, computeUnits, termsId, pipeline, modelId, responseUs, durationMs };
    if (requestId !== null) {
      const role = 'processed';
      this.addHalf(newHalf(event, { index, role, requestId, worker: null, job, labels: content }));
    } else if (content.payee !== null) {
      this.creditRow(index, { worker: workerOf(event, content.payee), job, match: null });
    } else {
      this.leaveUnattributed(index, { job, match: null, reason: 'no-address' });
    }
  }

  private addHalf(half: Half): void {
    listOf(this.halves, half.requestId).push(half);
  }

  private matchRequest(halves: readonly Half[]): void {
    const { pairs, ambiguous, open } = matchHalves(
      halves,
      this.input.jobMatchWindowMs,
      ({ worker }) => worker && remoteWorkerKey(worker),
    );
    for (const { received, processed } of pairs) this.bind(received, processed);
    for (const half of ambiguous) this.hold(half, 'ambiguous');
    for (const half of open) {
      const isNameless = half.role === 'received' && half.worker === null;
      if (half.index !== undefined) this.hold(half, isNameless ? 'no-address' : 'no-other-half');
    }
  }

  private bind(received: Half, processed: Half): void {
    const { worker } = received;
    const { job } = processed;
    // Both halves can be stored ones if the match window was widened since. A match is written on a row of this batch,
    // so such a pair keeps waiting.
    if (job === null || (received.index === undefined && processed.index === undefined)) return;
    if (received.index === undefined) this.closed.push(keyOf(received));
    if (processed.index !== undefined) {
      const match = keyOf(received);
      if (worker !== null) this.answer(worker, received);
      if (worker !== null) this.creditRow(processed.index, { worker, job, match });
      else this.leaveUnattributed(processed.index, { job, match, reason: 'no-address' });
      return;
    }
    let rateId: number | null = null;
    if (worker !== null) {
      this.answer(worker, received);
      const times = { dtMs: processed.dtMs, atMs: received.dtMs };
      ({ rateId } = this.credit('late-jobs', { worker, job, ...times }));
      this.closed.push(keyOf(processed));
    } else {
      this.reheld.push({ ...keyOf(processed), reason: 'no-address' });
    }
    const index = received.index ?? -1;
    this.rows[index] = { ...(this.rows[index] ?? NO_CREDIT), rateId, match: keyOf(processed) };
  }

  private answer(worker: RemoteWorker, received: Half): void {
    this.tally.see(worker, received.dtMs).hours.answer(received, received.dtMs);
  }

  private hold(half: Half, reason: UnmatchedReason): void {
    if (half.index === undefined) {
      if (!half.isHeld) this.reheld.push({ ...keyOf(half), reason });
    } else if (half.job !== null) {
      this.leaveUnattributed(half.index, { job: half.job, match: null, reason });
    } else {
      const workerKey = half.worker === null ? null : remoteWorkerKey(half.worker);
      this.open(half.index, { role: 'received', workerKey, job: null, reason });
    }
  }

  private creditRow(
    index: number,
    { worker, job, match }: { worker: RemoteWorker; job: StoredJob; match: EventKey | null },
  ): void {
    const dtMs = this.input.events[index]?.dtMs ?? 0;
    const credited = this.credit('jobs', { worker, job, dtMs, atMs: dtMs });
    const { commissionWei, rateId, workerKey } = credited;
    const { grossWei, termsId } = job;
    this.rows[index] = { grossWei, commissionWei, termsId, rateId, workerKey, match };
  }

  private credit(
    kind: 'jobs' | 'late-jobs',
    {
      worker,
      job,
      dtMs,
      atMs,
    }: { worker: RemoteWorker; job: StoredJob; dtMs: number; atMs: number },
  ): {
    readonly commissionWei: bigint;
    readonly rateId: number | null;
    readonly workerKey: string;
  } {
    const { grossWei, termsId } = job;
    const terms = this.termsById.get(termsId);
    if (terms === undefined) throw new RangeError(`the terms ${termsId} of a job are not there`);
    const seen = this.tally.see(worker, dtMs);
    seen.hours.process(job, dtMs);
    const rate = rateAt(seen.rates, dtMs);
    const { commissionWei } = splitFee(grossWei, shareOf(terms, rate));
    const rateId = rate?.id ?? null;
    const { computeUnits, pipeline, modelId } = job;
    this.tally.earn(kind, seen, {
      grossWei,
      commissionWei,
      computeUnits,
      dtMs,
      atMs,
      termsId,
      rateId,
      pipeline,
      modelId,
    });
    return { commissionWei, rateId, workerKey: seen.key };
  }

  private leaveUnattributed(
    index: number,
    left: { job: StoredJob; match: EventKey | null; reason: UnmatchedReason },
  ): void {
    const { job, match, reason } = left;
    const { grossWei, termsId } = job;
    this.tally.leave(job, this.input.events[index]?.dtMs ?? 0);
    this.rows[index] = {
      grossWei,
      commissionWei: null,
      termsId,
      rateId: null,
      workerKey: null,
      match,
    };
    this.open(index, { role: 'processed', workerKey: null, job, reason });
  }

  private open(
    index: number,
    half: Pick<OpenedHalf, 'role' | 'workerKey' | 'job' | 'reason'>,
  ): void {
    const event = this.input.events[index];
    if (event?.content.kind !== 'job' && event?.content.kind !== 'received') return;
    const { dtMs, eventId, content } = event;
    const { requestId, pipeline, modelId } = content;
    const { role, workerKey, job, reason } = half;
    const names = { requestId, pipeline, modelId };
    this.opened.push({ dtMs, eventId, role, workerKey, job, reason, ...names });
  }
}

const NO_CREDIT: RowCredit = {
  grossWei: null,
  commissionWei: null,
  termsId: null,
  rateId: null,
  workerKey: null,
  match: null,
};

function workerOf(event: FreshEvent, payee: RemoteWorker['payee']): RemoteWorker {
  return { payee, nodeType: event.nodeType, region: event.region };
}

/** Builds a half field by field, because spreading takes three times as long and every AI job needs some of these. */
function newHalf(
  { dtMs, eventId }: FreshEvent,
  {
    index,
    role,
    requestId,
    worker,
    job,
    labels: { pipeline, modelId },
  }: Pick<Half, 'index' | 'role' | 'requestId' | 'worker' | 'job'> & {
    readonly labels: Pick<JobContent, 'pipeline' | 'modelId'>;
  },
): Half {
  return {
    dtMs,
    eventId,
    role,
    isHeld: false,
    requestId,
    worker,
    job,
    pipeline,
    modelId,
    index,
  };
}

function keyOf({ dtMs, eventId }: EventKey): EventKey {
  return { dtMs, eventId };
}
