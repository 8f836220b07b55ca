/**
 * What is in a payout: the jobs that it settles, and everything else that was credited or deducted. `listPayoutCredits`
 * goes down to the events, `sumPayoutCredits` adds them up by day, pipeline and model.
 */
import type { NodeType } from '../base/remote-worker.js';
import type { Database } from '../db/database.js';
import {
  MAX_PAGE_SIZE,
  type Page,
  type PageRequest,
  readCursor,
  writeCursor,
} from '../db/paging.js';
import type { PostingKind } from '../ledger/store/tables.js';
import { cutIntoJobs } from './rules/credit-items.js';
import { type CreditedJob, readCreditedJobs, readWorkerPlaces } from './store/credited-events.js';
import { type CreditLine, type PayoutCredits, readPayoutCredits } from './store/payout-credits.js';

/** One thing that a payout settles. */
export interface PayoutCredit {
  /**
   * `jobs` and `late-jobs` are jobs, `assign` is a job that a person assigned, `adjust` a person's adjustment, `correct` a
   * correction by a rebuild, `bonus` what the pool gave for a day, `revenue-share` a share of what it redeemed, `adopt` a payment that was made outside of this pool. `missing`: see `Settled.missingWei`.
   */
  readonly kind: PostingKind | 'missing';
  readonly remoteWorkerId: number | null;
  readonly nodeType: NodeType | null;
  readonly region: string | null;
  readonly postingId: bigint | null;
  readonly bookedAt: Date | null;
  /** Null when it is no job, or when the details are archived: `isJob` tells which. */
  readonly job: CreditedJob | null;
  readonly isJob: boolean;
  readonly reference: string | null;
  readonly reason: string | null;
  /** What the payout settles of it, in wei; negative for a deduction. All of a payout add up to its amount. */
  readonly amountWei: bigint;
  /** Where it lies in its posting: a part of a posting that begins here, and the place within that part. */
  readonly beforeWei: bigint;
  readonly position: number;
}

export interface CreditFilter {
  /** A day in UTC, such as 2026-03-13, of the job itself. */
  readonly day?: string | undefined;
  readonly pipeline?: string | undefined;
  readonly modelId?: string | undefined;
}

/** A sum over credits that have the same day, pipeline and model, as far as these were asked for. */
export interface CreditSum {
  readonly kind: PayoutCredit['kind'];
  readonly isJob: boolean;
  /** The day in UTC on which the jobs were done; null when it was not asked for or is not known. */
  readonly day: string | null;
  readonly pipeline: string | null;
  readonly modelId: string | null;
  /** Null where the single jobs are not known. */
  readonly jobs: number | null;
  /** Of the whole jobs, in wei; null where the single jobs are not known. */
  readonly grossWei: bigint | null;
  readonly commissionWei: bigint | null;
  /** What the payout settles of them, in wei. All sums of a payout add up to its amount. */
  readonly amountWei: bigint;
}

const JOB_KINDS: ReadonlySet<PostingKind> = new Set(['jobs', 'late-jobs', 'assign']);
/** The events of so many postings are read at once, at first; then as many as bring about `AIMED_JOBS`. */
const FIRST_LINES = 8;
const MOST_LINES = 256;
const AIMED_JOBS = 4_000;
/** A page of a filtered list is ended when so many credits were looked at, even if it is not full. */
const MOST_SEEN = 20_000;

/** Yields everything that a payout settles, in the order of its workers and of the postings of each. */
export async function* payoutCredits(
  db: Database,
  credits: PayoutCredits,
  from: { readonly line: number } = { line: 0 },
): AsyncGenerator<PayoutCredit> {
  const { lines, missingWei } = credits;
  const places = await readWorkerPlaces(db, [
    ...new Set(lines.map(({ remoteWorkerId }) => remoteWorkerId)),
  ]);
  let step = FIRST_LINES;
  for (let at = from.line; at < lines.length; ) {
    const some = lines.slice(at, at + step);
    const jobs = await readCreditedJobs(db, some);
    for (const [index, line] of some.entries()) {
      const place = places.get(line.remoteWorkerId);
      for (const { job, amountWei, position } of cutIntoJobs(partOf(line), jobs[index] ?? [])) {
        yield toCredit(line, { job, amountWei, position, ...placeOf(place) });
      }
    }
    at += some.length;
    const many = jobs.reduce((sum, { length }) => sum + length, 0);
    if (many > AIMED_JOBS) step = Math.max(1, Math.floor(step / 2));
    else if (many < AIMED_JOBS / 2) step = Math.min(MOST_LINES, step * 2);
  }
  if (missingWei !== 0n) yield missing(missingWei);
}

/** Of a deduction nothing is ever settled in part, and it has no jobs: it is one item. */
const partOf = ({ amountWei, beforeWei }: CreditLine) => ({ amountWei, beforeWei });

const placeOf = (place: { readonly nodeType: NodeType; readonly region: string } | undefined) => ({
  nodeType: place?.nodeType ?? null,
  region: place?.region ?? null,
});

type Cut = Pick<PayoutCredit, 'job' | 'amountWei' | 'position' | 'nodeType' | 'region'>;

function toCredit(line: CreditLine, cut: Cut): PayoutCredit {
  const { kind, remoteWorkerId, postingId, bookedAt, reference, reason, beforeWei } = line;
  const isJob = JOB_KINDS.has(kind);
  return { kind, remoteWorkerId, postingId, bookedAt, reference, reason, isJob, beforeWei, ...cut };
}

function missing(amountWei: bigint): PayoutCredit {
  return {
    kind: 'missing',
    remoteWorkerId: null,
    nodeType: null,
    region: null,
    postingId: null,
    bookedAt: null,
    job: null,
    isJob: false,
    reference: null,
    reason: null,
    amountWei,
    beforeWei: 0n,
    position: 0,
  };
}

/** Lists what a payout settles, down to the events. A filter leaves out all that has no such day, pipeline or model. */
export async function listPayoutCredits(
  db: Database,
  payoutId: string,
  { filter, page }: { readonly filter: CreditFilter; readonly page: PageRequest },
): Promise<Page<PayoutCredit> & { readonly isReturned: boolean }> {
  const last = readCursor(page.cursor, PLACE)?.map(BigInt);
  const credits = await readPayoutCredits(db, payoutId);
  const { isReturned } = credits;
  const most = Math.min(page.limit, MAX_PAGE_SIZE);
  const items: PayoutCredit[] = [];
  let seen = 0;
  let before: PayoutCredit | undefined;
  for await (const credit of payoutCredits(db, credits, { line: lineOf(credits, last) })) {
    if (isShown(credit, last)) continue;
    if (before !== undefined && (items.length === most || seen >= MOST_SEEN)) {
      return { items, nextCursor: writeCursor(placeIn(before).map(String)), isReturned };
    }
    seen += 1;
    before = credit;
    if (fitsFilter(credit, filter)) items.push(credit);
  }
  return { items, nextCursor: null, isReturned };
}

/** The shapes of the four parts of a place in the list, and of its cursor. */
const PLACE = [/^\d{1,17}$/, /^\d{1,17}$/, /^\d{1,78}$/, /^\d{1,9}$/];
type Place = readonly bigint[];
/** What is missing comes last. */
const BEHIND_ALL = 10n ** 16n;

const placeIn = (credit: PayoutCredit): Place => [
  BigInt(credit.remoteWorkerId ?? BEHIND_ALL),
  credit.postingId ?? 0n,
  credit.beforeWei,
  BigInt(credit.position),
];

/** The first line that can hold something behind this place. */
function lineOf({ lines }: PayoutCredits, last: Place | undefined): number {
  if (last === undefined) return 0;
  const [worker = 0n, posting = 0n] = last;
  const found = lines.findIndex(({ remoteWorkerId, postingId }) => {
    const own = BigInt(remoteWorkerId);
    return own > worker || (own === worker && postingId >= posting);
  });
  return found === -1 ? lines.length : found;
}

function isShown(credit: PayoutCredit, last: Place | undefined): boolean {
  if (last === undefined) return false;
  const place = placeIn(credit);
  const differs = place.findIndex((part, i) => part !== last[i]);
  return differs === -1 || (place[differs] ?? 0n) < (last[differs] ?? 0n);
}

export function fitsFilter(
  { job }: PayoutCredit,
  { day, pipeline, modelId }: CreditFilter,
): boolean {
  if (day !== undefined && (job === null || dayOf(job.at) !== day)) return false;
  if (pipeline !== undefined && job?.pipeline !== pipeline) return false;
  return modelId === undefined || job?.modelId === modelId;
}

const dayOf = (at: Date): string => at.toISOString().slice(0, 10);

export type SumBy = 'day' | 'pipeline' | 'model';

/** Adds up what a payout settles, by any of day, pipeline and model; sorted by these. */
export async function sumPayoutCredits(
  db: Database,
  payoutId: string,
  { by, filter = {} }: { readonly by: readonly SumBy[]; readonly filter?: CreditFilter },
): Promise<{ readonly sums: readonly CreditSum[]; readonly isReturned: boolean }> {
  const credits = await readPayoutCredits(db, payoutId);
  const sums = new Map<string, CreditSum>();
  for await (const credit of payoutCredits(db, credits)) {
    if (!fitsFilter(credit, filter)) continue;
    const one = sumOf(credit, by);
    const key = JSON.stringify([one.day, one.pipeline, one.modelId, one.kind, one.jobs === null]);
    const known = sums.get(key);
    sums.set(key, known === undefined ? one : added(known, one));
  }
  const inOrder = [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, sum]) => sum);
  return { sums: inOrder, isReturned: credits.isReturned };
}

function sumOf({ kind, isJob, job, amountWei }: PayoutCredit, by: readonly SumBy[]): CreditSum {
  return {
    // Whether a job's other half came late matters to nobody who reads sums.
    kind: kind === 'late-jobs' ? 'jobs' : kind,
    isJob,
    day: job !== null && by.includes('day') ? dayOf(job.at) : null,
    pipeline: by.includes('pipeline') ? (job?.pipeline ?? null) : null,
    modelId: by.includes('model') ? (job?.modelId ?? null) : null,
    jobs: job === null ? null : 1,
    grossWei: job?.grossWei ?? null,
    commissionWei: job?.commissionWei ?? null,
    amountWei,
  };
}

/** Adds a credit to a sum of the same kind: either both have their jobs, or both have not. */
function added(sum: CreditSum, one: CreditSum): CreditSum {
  const both = <T>(a: T | null, b: T | null, add: (a: T, b: T) => T) =>
    a === null || b === null ? null : add(a, b);
  return {
    ...sum,
    jobs: both(sum.jobs, one.jobs, (a, b) => a + b),
    grossWei: both(sum.grossWei, one.grossWei, (a, b) => a + b),
    commissionWei: both(sum.commissionWei, one.commissionWei, (a, b) => a + b),
    amountWei: sum.amountWei + one.amountWei,
  };
}
