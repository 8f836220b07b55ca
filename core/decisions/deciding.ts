/**
 * Carries out a person's decisions about unattributed jobs and pending fees. They change nothing outside of Postgres.
 */
import { payableAddress } from '../base/address.js';
import { counted } from '../base/counted.js';
import { PoolError } from '../base/errors/pool-error.js';
import { ethAndWei, isPossibleWei, sumWei } from '../base/money.js';
import type { Database } from '../db/database.js';
import { requireKnownSource } from '../events/store/sources/source-reads.js';
import type { JobChoice, Order } from '../orders/rules/order-kinds.js';
import type { AdjustmentReport, JobDecisionReport } from './rules/decision-reports.js';
import type { Assignee } from './rules/job-decision.js';
import { formatJobHandle, type JobKey, parseJobHandle } from './rules/job-handle.js';
import { adjustPending } from './store/adjustments.js';
import { type CommandJob, readCommand } from './store/decided-jobs.js';
import { type DecidedJob, decideJobs, type JobDecision } from './store/job-decisions.js';
import { listUnmatchedJobs } from './store/unmatched-job-reads.js';

/** One command may name at most this many jobs. */
const MAX_NAMED = 200;
const MAX_SHOWN = 50;
const PAGE_SIZE = 200;

export interface DecisionDeps {
  readonly db: Database;
  /** The limit for 24 hours on the sum of adjustments and of jobs assigned to payees that no event has named. */
  readonly maxOrderedPerDayWei: bigint;
}

/** Assigns the chosen jobs to a payee. `onProgress` is called after each page of jobs. */
export function assignJobs(
  deps: DecisionDeps,
  order: Order<'jobs.assign'>,
  onProgress: () => void,
): Promise<JobDecisionReport> {
  const { nodeType, region, newPayee } = order.args;
  const payee = requirePayable(order.args.payee);
  return decide(deps, order, {
    assignee: { payee, nodeType, region },
    isNewPayee: newPayee,
    onProgress,
  });
}

/** Books the fees of the chosen jobs as the pool's commission. */
export function absorbJobs(
  deps: DecisionDeps,
  order: Order<'jobs.absorb'>,
  onProgress: () => void,
): Promise<JobDecisionReport> {
  return decide(deps, order, { assignee: null, isNewPayee: false, onProgress });
}

function requirePayable(text: string) {
  const address = payableAddress(text);
  if (address !== undefined) return address;
  throw new PoolError('ADDRESS_MALFORMED', `${text} is no address that can be paid`);
}

async function decide(
  { db, maxOrderedPerDayWei }: DecisionDeps,
  order: Order<'jobs.assign' | 'jobs.absorb'>,
  to: {
    readonly assignee: Assignee | null;
    readonly isNewPayee: boolean;
    readonly onProgress: () => void;
  },
): Promise<JobDecisionReport> {
  const { id, actor, reason, dryRun } = order;
  const { choice } = order.args;
  const decision: JobDecision = {
    actor,
    reason,
    dryRun,
    assignee: to.assignee,
    isNewPayee: to.isNewPayee,
    commandId: id,
    maxPerDayWei: maxOrderedPerDayWei,
    mayBeGone: choice.jobs.length === 0,
  };
  const tally = new DecisionTally();
  for await (const keys of chosenJobs(db, choice)) {
    tally.add(await decideJobs(db, keys, decision));
    to.onProgress();
  }
  // An earlier run of this order may have crashed and lost its tally, so read from the ledger what it decided.
  if (!dryRun) tally.take(await readCommand(db, decision.commandId, MAX_SHOWN));
  return tally.report(dryRun, to.assignee);
}

/** Yields the named jobs in one piece, because either all of them are decided or none. Jobs that fit a filter come page by page. */
async function* chosenJobs(db: Database, choice: JobChoice): AsyncGenerator<readonly JobKey[]> {
  const { jobs, requestId, sourceId, before } = choice;
  if (jobs.length > 0) {
    if (jobs.length > MAX_NAMED) {
      throw new PoolError('REQUEST_INVALID', `name at most ${MAX_NAMED} jobs at once`);
    }
    const named = new Map(jobs.map((text) => [text, requireHandle(text)]));
    yield [...named.values()];
    return;
  }
  if (requestId === null && before === null) {
    throw new PoolError('REQUEST_INVALID', 'name jobs, or a request, or how old they are');
  }
  await requireKnownSource(db, sourceId);
  const filter = {
    role: 'processed' as const,
    sourceId: sourceId ?? undefined,
    requestId: requestId ?? undefined,
    before: before === null ? undefined : new Date(before),
  };
  for (let cursor: string | null = null; ; ) {
    const page = await listUnmatchedJobs(db, filter, { limit: PAGE_SIZE, cursor });
    yield page.items.map((job) => ({
      sourceId: job.sourceId,
      dtMs: job.dt.getTime(),
      eventId: job.eventId,
    }));
    if (page.nextCursor === null) return;
    cursor = page.nextCursor;
  }
}

function requireHandle(text: string): JobKey {
  const key = parseJobHandle(text);
  if (key !== undefined) return key;
  const words = `"${text}" is no job: source/2026-01-31T12:00:00Z/event, as the list shows it`;
  throw new PoolError('REQUEST_INVALID', words);
}

/** Counts what one order decided over all of its pages, and builds the report. */
class DecisionTally {
  private jobs = 0;
  private already = 0;
  private grossWei = 0n;
  private commissionWei = 0n;
  private shown: CommandJob[] = [];

  add(decided: { readonly jobs: readonly DecidedJob[]; readonly already: number }): void {
    const { jobs, already } = decided;
    this.jobs += jobs.length;
    this.already += already;
    this.grossWei += sumWei(jobs.map(({ grossWei }) => grossWei));
    this.commissionWei += sumWei(jobs.map(({ commissionWei }) => commissionWei));
    for (const { key, grossWei, commissionWei, worker } of jobs) {
      if (this.shown.length >= MAX_SHOWN) break;
      const place = worker ?? { payee: null, nodeType: null, region: null };
      this.shown.push({ job: formatJobHandle(key), grossWei, commissionWei, ...place });
    }
  }

  take(totals: Awaited<ReturnType<typeof readCommand>>): void {
    this.jobs = totals.jobs;
    this.grossWei = totals.grossWei;
    this.commissionWei = totals.commissionWei;
    this.shown = [...totals.shown];
  }

  report(dryRun: boolean, assignee: Assignee | null): JobDecisionReport {
    const { jobs, already, grossWei, commissionWei } = this;
    return {
      applied: !dryRun,
      jobs,
      already,
      grossWei: grossWei.toString(),
      commissionWei: commissionWei.toString(),
      netWei: (grossWei - commissionWei).toString(),
      shown: this.shown.map((one) => ({
        ...one,
        grossWei: one.grossWei.toString(),
        commissionWei: one.commissionWei.toString(),
        netWei: (one.grossWei - one.commissionWei).toString(),
      })),
      words: this.words(assignee),
    };
  }

  private words(assignee: Assignee | null): string {
    const { jobs, already, grossWei, commissionWei } = this;
    const before = already === 0 ? [] : [`${counted(already, 'job')} had been decided so before`];
    if (jobs === 0) return before[0] ?? 'no unattributed job fits';
    const what =
      assignee === null
        ? `${counted(jobs, 'job')} of ${ethAndWei(grossWei)} ${jobs === 1 ? 'becomes' : 'become'} the pool's own`
        : `${counted(jobs, 'job')} of ${ethAndWei(grossWei)}: ${ethAndWei(grossWei - commissionWei)} pending for ` +
          `${assignee.payee}, ${ethAndWei(commissionWei)} commission`;
    return [what, ...before].join('; ');
  }
}

/** Adds to a payee's pending fees, or subtracts from them. */
export async function adjustPayee(
  { db, maxOrderedPerDayWei }: DecisionDeps,
  { args, actor, reason, dryRun }: Order<'ledger.adjust'>,
): Promise<AdjustmentReport> {
  const { nodeType, region, reference, allowDebt } = args;
  const payee = requirePayable(args.payee);
  const amountWei = requireAmount(args.amountWei);
  const outcome = await adjustPending(db, {
    actor,
    reason,
    dryRun,
    payee,
    nodeType,
    region,
    amountWei,
    reference,
    allowDebt,
    isNewPayee: args.newPayee,
    maxPerDayWei: maxOrderedPerDayWei,
  });
  const { already, worker, pendingWei } = outcome;
  const eth = ethAndWei(amountWei);
  const where = `${payee} (${worker.nodeType}, ${worker.region})`;
  const head = already
    ? `"${reference}" was booked before: ${eth} for ${where}; nothing was done now`
    : `${eth} for ${where}, as "${reference}"`;
  return {
    applied: !dryRun && !already,
    already,
    ...worker,
    amountWei: amountWei.toString(),
    pendingWei: pendingWei.toString(),
    words: `${head}; pending for the payee: ${ethAndWei(pendingWei)}`,
  };
}

function requireAmount(text: string): bigint {
  if (/^-?[1-9][0-9]{0,77}$/.test(text)) {
    const amountWei = BigInt(text);
    if (isPossibleWei(amountWei)) return amountWei;
    throw new PoolError('REQUEST_INVALID', `${amountWei} wei is more than there is of it`);
  }
  const words = /^-?0+$/.test(text)
    ? 'an adjustment of zero books nothing: give an amount above or below it'
    : `"${text}" is no amount of wei: whole digits, with a "-" to take away`;
  throw new PoolError('REQUEST_INVALID', words);
}
