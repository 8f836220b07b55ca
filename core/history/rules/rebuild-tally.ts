/**
 * Computes again what raw events are worth, from what they said, the dated terms and the stored matches. It uses nothing
 * that was computed when they came. Pure.
 */

import type { RemoteWorker } from '../../base/remote-worker.js';
import { splitFee } from '../../events/rules/commission.js';
import type { JobPostingKind } from '../../events/rules/credit-tally.js';
import { type DayEarnings, floorDay } from '../../events/rules/day-tally.js';
import type { EventContent, JobContent } from '../../events/rules/reading/event-content.js';
import {
  type RawRow,
  type RowWorth,
  readStoredContent,
} from '../../events/rules/reading/stored-event.js';
import { type HourFacts, HourTally } from '../../events/rules/sums/hour-tally.js';
import { type Terms, termsAt } from '../../terms/rules/terms.js';
import { type CreditRate, rateOfCredit, shareOf } from '../../terms/rules/worker-rates.js';

/** The codes of everything that a rebuild can find; docs/operations.md has an entry for each. */
export const REBUILD_CODES = [
  'LEDGER_DIFFERS',
  'FIGURES_DIFFER',
  'DAYS_DIFFER',
  'HOURS_DIFFER',
  'COUNT_DIFFERS',
  'POSTING_DIFFERS',
  'ROW_DIFFERS',
  'EVENT_UNREADABLE',
  'MATCH_MISSING',
  'ARCHIVE_FILE_MISSING',
  'ARCHIVE_FILE_DAMAGED',
  'CORRECTION_LEFT',
] as const;
export type RebuildCode = (typeof REBUILD_CODES)[number];

export interface RebuildFinding {
  readonly code: RebuildCode;
  readonly message: string;
}

/** Totals of the jobs in one batch that have the same kind, worker, terms and rate. Worker 0 means that they are nobody's. */
export interface RebuiltJobs {
  readonly kind: JobPostingKind;
  readonly sourceId: string;
  readonly batch: number;
  readonly workerId: number;
  readonly termsId: number;
  readonly rateId: number | null;
  readonly grossWei: bigint;
  readonly commissionWei: bigint;
  readonly jobs: number;
  readonly zeroFeeJobs: number;
  readonly computeUnits: bigint;
}

/** One of the two events of an AI job: what it is worth depends on the other one. */
export interface RebuiltHalf {
  readonly role: 'received' | 'processed';
  readonly row: RawRow;
  /** The worker of a received half; null when that named no address, and for a processed half. */
  readonly workerId: number | null;
  /** The fee and terms of a processed half; null for a received one. */
  readonly job: RebuiltJob | null;
  /** What the event of this half itself named; empty when it named none. */
  readonly pipeline: string;
  readonly modelId: string;
}

type RebuiltJob = Pick<RebuiltJobs, 'termsId' | 'grossWei' | 'computeUnits'> &
  Pick<DayEarnings, 'pipeline' | 'modelId'> &
  Pick<JobContent, 'responseUs' | 'durationMs'>;
type CreditedJob = RebuiltJob & Pick<RebuiltJobs, 'rateId' | 'commissionWei'>;

/** What the jobs of a worker, day, pipeline and model came to; there may be several of one. */
export interface RebuiltDay extends Omit<DayEarnings, 'workerKey'> {
  readonly workerId: number;
}

/** How the jobs of a worker went in an hour; there may be several of one. */
export interface RebuiltHour {
  readonly workerId: number;
  readonly facts: HourFacts;
}

export interface RebuiltCount {
  readonly sourceId: string;
  readonly hourMs: number;
  readonly eventType: string;
  readonly version: number;
  readonly events: number;
  readonly zeroFeeEvents: number;
}

/** A row whose computed columns (fee, commission, terms, rate, worker) differ from what its event says. */
export interface RowDifference {
  readonly row: RawRow;
  readonly due: RowWorth;
}

export type RebuiltSlice = ReturnType<RebuildTally['drain']>;

interface RebuildBasis {
  /** All versions of the terms, ascending by `fromMs`. */
  readonly terms: readonly Terms[];
  readonly workerIdOf: (worker: RemoteWorker) => number;
  /** All rates of a worker in the order of their ids. */
  readonly ratesOf: (worker: RemoteWorker) => readonly CreditRate[];
  /** How jobs went is kept from this time on. @default all of it */
  readonly hoursFromMs?: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const HOUR_MS = 3_600_000;
const NOTHING: RowWorth = {
  grossWei: null,
  commissionWei: null,
  termsId: null,
  rateId: null,
  workerId: null,
};

/** Adds up rows, in any order, until `drain` takes the results. */
export class RebuildTally {
  private jobs = new Map<string, Mutable<RebuiltJobs>>();
  private days = new Map<string, Mutable<RebuiltDay>>();
  private hours = new Map<number, HourTally>();
  private counts = new Map<string, Mutable<RebuiltCount>>();
  private halves: RebuiltHalf[] = [];
  private differences: RowDifference[] = [];
  private unreadable: { row: RawRow; reason: string }[] = [];

  constructor(private readonly basis: RebuildBasis) {}

  /** How many results are in memory. */
  get size(): number {
    const { jobs, days, counts, halves, differences } = this;
    return jobs.size + days.size + counts.size + halves.length + differences.length;
  }

  add(row: RawRow): void {
    const reading = readStoredContent(row);
    if (!reading.ok) {
      this.unreadable.push({ row, reason: reading.reason });
      this.count(row, false);
      return;
    }
    const { content } = reading;
    this.count(row, content.kind === 'job' && content.grossWei === 0n);
    if (content.kind === 'job') this.takeJob(row, content);
    else this.takeOther(row, content);
  }

  /** Returns what was added up since the last call, and starts anew. */
  drain() {
    const { halves, differences, unreadable } = this;
    const [jobs, counts] = [[...this.jobs.values()], [...this.counts.values()]];
    const days = [...this.days.values()];
    const hours = [...this.hours].flatMap(([workerId, tally]) =>
      tally.result().map((facts) => ({ workerId, facts })),
    );
    this.jobs = new Map();
    this.days = new Map();
    this.hours = new Map();
    this.counts = new Map();
    this.halves = [];
    this.differences = [];
    this.unreadable = [];
    return { jobs, days, hours, counts, halves, differences, unreadable };
  }

  private takeOther(row: RawRow, content: Exclude<EventContent, JobContent>): void {
    const payee = 'payee' in content ? content.payee : null;
    const workerId = payee === null ? null : this.workerIdOf(row, payee);
    if (content.kind === 'received') {
      const names = { pipeline: content.pipeline ?? '', modelId: content.modelId ?? '' };
      this.halves.push({ role: 'received', row, workerId, job: null, ...names });
      if (workerId !== null) this.hoursOf(workerId).receive(content, row.dtMs);
    }
    // A half that came after its job names the job's rate, which is compared once both have been found.
    const rateId = row.match === null ? null : row.kept.rateId;
    this.compare(row, { ...NOTHING, rateId, workerId });
  }

  private takeJob(row: RawRow, content: JobContent): void {
    const { grossWei, computeUnits, payee, requestId, responseUs, durationMs } = content;
    const terms = termsOf(row, this.basis.terms);
    const termsId = terms.id;
    const names = { pipeline: content.pipeline ?? '', modelId: content.modelId ?? '' };
    const times = { responseUs, durationMs };
    const job = { termsId, grossWei, computeUnits, ...names, ...times };
    if (requestId === null && payee !== null) {
      this.takeCredited(row, payee, { job, terms });
      return;
    }
    if (requestId !== null) {
      this.halves.push({ role: 'processed', row, workerId: null, job, ...names });
      // The other half names the worker: the row is compared once that has been found.
      if (row.match !== null) return;
    }
    const unearned = { ...job, rateId: null, commissionWei: 0n };
    this.post('unattributed', row, { workerId: 0, job: unearned });
    const nobody = { commissionWei: null, rateId: null, workerId: null };
    this.compare(row, { grossWei, termsId, ...nobody });
  }

  private takeCredited(
    row: RawRow,
    payee: RemoteWorker['payee'],
    { job, terms }: { readonly job: RebuiltJob; readonly terms: Terms },
  ): void {
    const { nodeType, region, dtMs, receivedMs, kept } = row;
    const workerId = this.workerIdOf(row, payee);
    const keptId = kept.workerId === null ? undefined : kept.rateId;
    const rates = this.basis.ratesOf({ payee, nodeType, region });
    const rate = rateOfCredit(rates, { dtMs, receivedMs, keptId });
    const { commissionWei } = splitFee(job.grossWei, shareOf(terms, rate));
    const credited = { ...job, rateId: rate?.id ?? null, commissionWei };
    this.post('jobs', row, { workerId, job: credited });
    this.addToDay(dtMs, workerId, credited);
    this.hoursOf(workerId).process(job, dtMs);
    const { grossWei, termsId, rateId } = credited;
    this.compare(row, { grossWei, commissionWei, termsId, rateId, workerId });
  }

  private workerIdOf({ nodeType, region }: RawRow, payee: RemoteWorker['payee']): number {
    return this.basis.workerIdOf({ payee, nodeType, region });
  }

  private post(
    kind: JobPostingKind,
    { sourceId, batch }: RawRow,
    { workerId, job }: { readonly workerId: number; readonly job: CreditedJob },
  ): void {
    const { termsId, rateId } = job;
    const key = `${kind}/${batch}/${workerId}/${termsId}/${rateId}/${sourceId}`;
    // An unattributed job has no commission yet: that is taken once somebody is credited.
    const isEarned = kind !== 'unattributed';
    const known = this.jobs.get(key);
    const sum = known ?? { kind, sourceId, batch, workerId, termsId, rateId, ...NO_JOBS };
    if (known === undefined) this.jobs.set(key, sum);
    sum.grossWei += job.grossWei;
    if (!isEarned) return;
    sum.commissionWei += job.commissionWei;
    sum.jobs += 1;
    if (job.grossWei === 0n) sum.zeroFeeJobs += 1;
    sum.computeUnits += job.computeUnits;
  }

  private addToDay(dtMs: number, workerId: number, job: CreditedJob): void {
    const { pipeline, modelId, grossWei, commissionWei, computeUnits } = job;
    const dayMs = floorDay(dtMs);
    const key = `${dayMs}\0${workerId}\0${pipeline}\0${modelId}`;
    const known = this.days.get(key);
    const none = { jobs: 0, computeUnits: 0n, grossWei: 0n, commissionWei: 0n };
    const sum = known ?? { workerId, dayMs, pipeline, modelId, ...none };
    if (known === undefined) this.days.set(key, sum);
    sum.jobs += 1;
    sum.computeUnits += computeUnits;
    sum.grossWei += grossWei;
    sum.commissionWei += commissionWei;
  }

  private hoursOf(workerId: number): HourTally {
    const known = this.hours.get(workerId);
    if (known !== undefined) return known;
    const tally = new HourTally(this.basis.hoursFromMs ?? Number.NEGATIVE_INFINITY);
    this.hours.set(workerId, tally);
    return tally;
  }

  private count({ sourceId, dtMs, eventType, version }: RawRow, isZeroFee: boolean): void {
    const hourMs = Math.floor(dtMs / HOUR_MS) * HOUR_MS;
    const key = `${hourMs}/${version}/${sourceId}/${eventType}`;
    const known = this.counts.get(key);
    const none = { events: 0, zeroFeeEvents: 0 };
    const sum = known ?? { sourceId, hourMs, eventType, version, ...none };
    if (known === undefined) this.counts.set(key, sum);
    sum.events += 1;
    if (isZeroFee) sum.zeroFeeEvents += 1;
  }

  private compare(row: RawRow, due: RowWorth): void {
    const { kept } = row;
    const isSame =
      kept.grossWei === due.grossWei &&
      kept.commissionWei === due.commissionWei &&
      kept.termsId === due.termsId &&
      kept.rateId === due.rateId &&
      kept.workerId === due.workerId;
    if (!isSame) this.differences.push({ row, due });
  }
}

const NO_JOBS = { grossWei: 0n, commissionWei: 0n, jobs: 0, zeroFeeJobs: 0, computeUnits: 0n };

/**
 * Returns the terms that were in force at the job's own time. A job that came before that time (the source's clock was
 * ahead) may have been credited before later terms were recorded: then it keeps the terms that it was credited under.
 */
function termsOf({ dtMs, receivedMs, kept }: RawRow, versions: readonly Terms[]): Terms {
  const due = termsAt(versions, dtMs);
  if (dtMs <= receivedMs || kept.termsId === null || kept.termsId === due.id) return due;
  const then = versions.find(({ id }) => id === kept.termsId);
  const isPossible =
    then !== undefined &&
    then.fromMs <= dtMs &&
    then.fromMs >= termsAt(versions, receivedMs).fromMs;
  return isPossible ? then : due;
}
