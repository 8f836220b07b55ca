/** Carries out a person's decisions about unattributed jobs and pending fees, which change nothing but Postgres. */
import { type Address, payableAddress } from '../base/address.js';
import { counted } from '../base/counted.js';
import { PoolError } from '../base/errors/pool-error.js';
import { ethAndWei, isPossibleWei, sumWei } from '../base/money.js';
import type { Database } from '../db/database.js';
import { requireKnownSource } from '../events/store/sources/source-reads.js';
import { givenBy, type JobChoice, type Order } from '../orders/rules/order-kinds.js';
import type { AdjustmentReport, JobDecisionReport } from './rules/decision-reports.js';
import { formatJobHandle, type JobKey, parseJobHandle } from './rules/job-handle.js';
import type { Assignee } from './rules/job-share.js';
import { adjustPending } from './store/adjustments.js';
import { type DecidedTotals, readCommand } from './store/decided-jobs.js';
import {
  applyDecision,
  type DecidedJob,
  type JobDecision,
  MAX_AT_ONCE,
} from './store/job-decisions.js';
import { listUnmatchedJobs } from './store/unmatched-job-reads.js';

const MAX_SHOWN = 50;

export interface DecisionDeps {
  readonly db: Database;
  /** The limit for 24 hours on the sum of adjustments and of jobs assigned to payees that no event has named. */
  readonly maxOrderedPerDayWei: bigint;
}

type JobOrder = Order<'jobs.assign' | 'jobs.absorb'>;

/** Assigns the chosen jobs to a payee, or books their fees as commission. Calls `onProgress` after each page. */
export async function carryOutOnJobs(
  { db, maxOrderedPerDayWei }: DecisionDeps,
  { id, args, actor, reason, dryRun }: JobOrder,
  onProgress: () => void,
): Promise<JobDecisionReport> {
  const assignee = assigneeOf(args);
  const decision: JobDecision = {
    actor,
    reason,
    dryRun,
    assignee,
    isNewPayee: 'newPayee' in args && args.newPayee,
    commandId: id,
    maxPerDayWei: maxOrderedPerDayWei,
    mayBeGone: args.choice.jobs.length === 0,
  };
  let already = 0;
  let decided: DecidedTotals = { jobs: 0, grossWei: 0n, commissionWei: 0n, shown: [] };
  for await (const keys of chosenJobs(db, args.choice)) {
    const page = await applyDecision(db, keys, decision);
    already += page.already;
    decided = withJobs(decided, page.jobs);
    onProgress();
  }
  // An earlier run of this order may have crashed and lost its totals, so read from the ledger what it decided.
  if (!dryRun) decided = await readCommand(db, id, MAX_SHOWN);
  const { jobs, shown } = decided;
  return {
    applied: !dryRun,
    jobs,
    already,
    ...amountsOf(decided),
    shown: shown.map((one) => ({ ...one, ...amountsOf(one) })),
    words: describe(decided, already, assignee),
  };
}

function assigneeOf(args: JobOrder['args']): Assignee | null {
  if (!('payee' in args)) return null;
  const { nodeType, region } = args;
  return { payee: requirePayable(args.payee), nodeType, region };
}

function requirePayable(text: string): Address {
  const address = payableAddress(text);
  if (address !== undefined) return address;
  throw new PoolError('ADDRESS_MALFORMED', `${text} is no address that can be paid`);
}

/** Yields the named jobs in one piece, because all or none are decided; those that fit a filter come page by page. */
async function* chosenJobs(db: Database, choice: JobChoice): AsyncGenerator<readonly JobKey[]> {
  const { jobs, requestId, sourceId, before } = choice;
  if (jobs.length > 0) {
    yield [...new Set(jobs)].map(parseJobHandle);
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
    const page = await listUnmatchedJobs(db, filter, { limit: MAX_AT_ONCE, cursor });
    yield page.items.map(({ dt, ...job }) => ({ ...job, dtMs: dt.getTime() }));
    if (page.nextCursor === null) return;
    cursor = page.nextCursor;
  }
}

function withJobs(before: DecidedTotals, jobs: readonly DecidedJob[]): DecidedTotals {
  const shown = jobs.slice(0, MAX_SHOWN - before.shown.length).map(({ key, worker, ...job }) => ({
    job: formatJobHandle(key),
    grossWei: job.grossWei,
    commissionWei: job.commissionWei,
    ...(worker ?? { payee: null, nodeType: null, region: null }),
  }));
  return {
    jobs: before.jobs + jobs.length,
    grossWei: before.grossWei + sumWei(jobs.map(({ grossWei }) => grossWei)),
    commissionWei: before.commissionWei + sumWei(jobs.map(({ commissionWei }) => commissionWei)),
    shown: [...before.shown, ...shown],
  };
}

function amountsOf(fee: { readonly grossWei: bigint; readonly commissionWei: bigint }) {
  const { grossWei, commissionWei } = fee;
  return {
    grossWei: grossWei.toString(),
    commissionWei: commissionWei.toString(),
    netWei: (grossWei - commissionWei).toString(),
  };
}

function describe(decided: DecidedTotals, already: number, assignee: Assignee | null): string {
  const { jobs, grossWei, commissionWei } = decided;
  const before = already === 0 ? [] : [`${counted(already, 'job')} had been decided so before`];
  if (jobs === 0) return before[0] ?? 'no unattributed job fits';
  const fees = `${counted(jobs, 'job')} of ${ethAndWei(grossWei)}`;
  const what =
    assignee === null
      ? `${fees} ${jobs === 1 ? 'becomes' : 'become'} the pool's own`
      : `${fees}: ${ethAndWei(grossWei - commissionWei)} pending for ` +
        `${assignee.payee}, ${ethAndWei(commissionWei)} commission`;
  return [what, ...before].join('; ');
}

/** Adds to a payee's pending fees, or subtracts from them. */
export async function adjustPayee(
  { db, maxOrderedPerDayWei }: DecisionDeps,
  order: Order<'ledger.adjust'>,
): Promise<AdjustmentReport> {
  const { args, dryRun } = order;
  const { reference } = args;
  const payee = requirePayable(args.payee);
  const amountWei = requireAmount(args.amountWei);
  const { already, worker, pendingWei } = await adjustPending(db, {
    ...givenBy(order),
    payee,
    amountWei,
    isNewPayee: args.newPayee,
    maxPerDayWei: maxOrderedPerDayWei,
  });
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
