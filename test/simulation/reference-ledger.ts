/**
 * What everybody must have, worked out from what the orchestrators showed and the order in which it
 * arrived. Plain and slow on purpose; shares no code with the product.
 */
import type { ReadElement } from './event-meaning.js';
import { roundsUp } from './evidence.js';
import {
  groupAround,
  type Half,
  type Matching,
  matchArrivals,
  startMatching,
} from './reference-matching.js';

/** An event that counts. */
export interface CountedEvent extends ReadElement {
  readonly key: string;
  readonly sourceId: string;
  /** Its position in the order in which the events of its source arrived. */
  readonly seq: number;
}

export interface Arrival {
  readonly sourceId: string;
  /** The events that arrived together, in order. */
  readonly events: readonly CountedEvent[];
  /** The terms that were recorded by then, oldest first. Each is in force from its `fromMs` on. */
  readonly terms: readonly { readonly fromMs: number; readonly commissionBps: number }[];
}

export interface ReferenceInput {
  readonly sources: readonly {
    readonly id: string;
    readonly region: string;
    readonly nodeType: string;
  }[];
  readonly windowMs: number;
  readonly arrivals: readonly Arrival[];
}

export interface WorkerFigures {
  readonly jobs: number;
  readonly zeroFeeJobs: number;
  readonly units: bigint;
  readonly owedWei: bigint;
}

export interface JobOutcome {
  readonly sourceId: string;
  /** Null when nobody is known, so the job is unattributed. */
  readonly worker: string | null;
  readonly grossWei: bigint;
  readonly isAi: boolean;
  /** True when every order of arrival credits the same worker. */
  readonly isOrderFree: boolean;
  /** Everybody to whom some order of arrival could have credited it. */
  readonly candidates: readonly string[];
}

export interface Reference {
  readonly workers: ReadonlyMap<string, WorkerFigures>;
  readonly jobs: ReadonlyMap<string, JobOutcome>;
  readonly commissionWei: bigint;
  readonly unattributedWei: bigint;
  readonly revenueWei: bigint;
  /** The reason of each unattributed job: `no-other-half`, `ambiguous` or `no-address`. The key is the event. */
  readonly waiting: ReadonlyMap<string, string>;
  /** The number of events and of zero-fee jobs for each source, hour, type and version. */
  readonly counts: ReadonlyMap<string, string>;
  /** The open connections of each source. */
  readonly online: ReadonlyMap<string, ReadonlySet<string>>;
}

const HOUR_MS = 3_600_000;

export function referenceLedger(input: ReferenceInput): Reference {
  const accounts = new Map<
    string,
    { jobs: number; zeroFeeJobs: number; units: bigint; owedWei: bigint }
  >();
  const sums = { commissionWei: 0n, unattributedWei: 0n, revenueWei: 0n };
  const jobs = new Map<string, JobOutcome>();
  const waiting = new Map<string, string>();
  const counts = new Map<string, string>();
  const online = new Map<string, ReadonlySet<string>>();
  for (const source of input.sources) {
    const arrivals = input.arrivals.filter(({ sourceId }) => sourceId === source.id);
    const events = arrivals.flatMap((arrival) => arrival.events);
    const matching = replay(arrivals, input.windowMs);
    const workerOf = (payee: string) => `${payee}/${source.nodeType}/${source.region}`;
    const outcomeOf = judgeJobs(events, matching, { windowMs: input.windowMs, workerOf, waiting });
    for (const { events: batch, terms } of arrivals) {
      for (const event of batch) {
        const outcome = outcomeOf(event);
        if (outcome === null || event.meaning.kind !== 'job') continue;
        jobs.set(event.key, outcome);
        const { feeWei, units } = event.meaning;
        sums.revenueWei += feeWei;
        if (outcome.worker === null) {
          sums.unattributedWei += feeWei;
          continue;
        }
        const bps = terms.findLast(({ fromMs }) => fromMs <= event.dtMs)?.commissionBps ?? 0;
        const parts = feeWei * BigInt(bps);
        const rest = parts % 10_000n;
        const upWei = rest > 0n && roundsUp(bps) ? 1n : 0n;
        const commissionWei = (parts - rest) / 10_000n + upWei;
        sums.commissionWei += commissionWei;
        const account = accounts.get(outcome.worker) ?? {
          jobs: 0,
          zeroFeeJobs: 0,
          units: 0n,
          owedWei: 0n,
        };
        account.jobs += 1;
        if (feeWei === 0n) account.zeroFeeJobs += 1;
        account.units += units;
        account.owedWei += feeWei - commissionWei;
        accounts.set(outcome.worker, account);
      }
    }
    countEvents(events, counts);
    online.set(source.id, connectionsThatStand(events));
  }
  return { workers: accounts, jobs, ...sums, waiting, counts, online };
}

function replay(arrivals: readonly Arrival[], windowMs: number): Matching {
  const matching = startMatching();
  for (const { events } of arrivals) matchArrivals(matching, events.flatMap(halfOf), windowMs);
  return matching;
}

function halfOf({ key, dtMs, meaning }: CountedEvent): Half[] {
  if (meaning.kind === 'received') {
    const { requestId, payee } = meaning;
    return [{ key, role: 'received', requestId, dtMs, payee }];
  }
  if (meaning.kind !== 'job' || meaning.requestId === null) return [];
  return [{ key, role: 'processed', requestId: meaning.requestId, dtMs, payee: null }];
}

/** Finds who did each job, and notes the halves that wait. */
function judgeJobs(
  events: readonly CountedEvent[],
  matching: Matching,
  scene: {
    readonly windowMs: number;
    readonly workerOf: (payee: string) => string;
    readonly waiting: Map<string, string>;
  },
): (event: CountedEvent) => JobOutcome | null {
  const { windowMs, workerOf, waiting } = scene;
  const payees = new Map<string, string | null>();
  const byRequest = new Map<string, Half[]>();
  for (const event of events) {
    const { meaning } = event;
    if (meaning.kind === 'received') payees.set(event.key, meaning.payee);
    for (const half of halfOf(event)) {
      byRequest.set(half.requestId, [...(byRequest.get(half.requestId) ?? []), half]);
    }
  }
  for (const [key, { half, isHeld }] of matching.waiting) {
    const isNameless = half.role === 'received' && payees.get(key) === null;
    waiting.set(key, isHeld ? 'ambiguous' : isNameless ? 'no-address' : 'no-other-half');
  }
  return (event) => {
    const { meaning, key, sourceId } = event;
    if (meaning.kind !== 'job') return null;
    const base = { sourceId, grossWei: meaning.feeWei };
    const named = (payee: string | null) => (payee === null ? null : workerOf(payee));
    const [half] = halfOf(event);
    if (half === undefined) {
      const worker = named(meaning.payee);
      if (worker === null) waiting.set(key, 'no-address');
      const candidates = worker === null ? [] : [worker];
      return { ...base, worker, isAi: false, isOrderFree: true, candidates };
    }
    const received = matching.bound.get(key);
    const worker = received === undefined ? null : named(payees.get(received.key) ?? null);
    if (received !== undefined && worker === null) waiting.set(key, 'no-address');
    const group = groupAround(half, byRequest.get(half.requestId) ?? [], windowMs);
    const candidates = group
      .filter(({ role, dtMs }) => role === 'received' && Math.abs(dtMs - half.dtMs) <= windowMs)
      .flatMap((other) => named(payees.get(other.key) ?? null) ?? []);
    const isOrderFree = group.length === 1 || (group.length === 2 && group[1]?.role === 'received');
    return { ...base, worker, isAi: true, isOrderFree, candidates };
  };
}

function countEvents(events: readonly CountedEvent[], counts: Map<string, string>): void {
  const tally = new Map<string, [number, number]>();
  for (const { sourceId, dtMs, eventType, version, meaning } of events) {
    const hour = new Date(dtMs - (dtMs % HOUR_MS)).toISOString();
    const name = `${sourceId} ${hour} ${eventType} v${version}`;
    const [all, zero] = tally.get(name) ?? [0, 0];
    tally.set(name, [all + 1, zero + (meaning.kind === 'job' && meaning.feeWei === 0n ? 1 : 0)]);
  }
  for (const [name, [all, zero]] of tally)
    counts.set(name, `${all}, ${zero} of them worth nothing`);
}

/**
 * Takes connection messages in the order of their times, then of arrival. The last message of each counts, and a
 * reset clears all.
 */
function connectionsThatStand(events: readonly CountedEvent[]): ReadonlySet<string> {
  const standing = new Set<string>();
  for (const { meaning } of [...events].sort((a, b) => a.dtMs - b.dtMs || a.seq - b.seq)) {
    if (meaning.kind === 'reset') standing.clear();
    if (meaning.kind !== 'link') continue;
    const name = `${meaning.payee} at ${meaning.connection}`;
    if (meaning.isUp) standing.add(name);
    else standing.delete(name);
  }
  return standing;
}
