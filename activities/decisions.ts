/** What a person decides about unattributed jobs and pending fees, carried out in Postgres alone. */
import { payableAddress } from '../core/base/address.js';
import { counted } from '../core/base/counted.js';
import { PoolError } from '../core/base/errors/pool-error.js';
import { ethAndWei, isPossibleWei, sumWei } from '../core/base/money.js';
import type { Database } from '../core/db/database.js';
import type {
  AdjustmentReport,
  JobDecisionReport,
} from '../core/decisions/rules/decision-reports.js';
import type { Assignee } from '../core/decisions/rules/job-decision.js';
import {
  formatJobHandle,
  type JobKey,
  parseJobHandle,
} from '../core/decisions/rules/job-handle.js';
import { adjustPending } from '../core/decisions/store/adjustments.js';
import { type CommandJob, readCommand } from '../core/decisions/store/decided-jobs.js';
import {
  type DecidedJob,
  decideJobs,
  type JobDecision,
} from '../core/decisions/store/job-decisions.js';
import { listUnmatchedJobs } from '../core/decisions/store/unmatched-job-reads.js';
import { requireKnownSource } from '../core/events/store/sources/source-reads.js';
import type { JobChoice, Order } from '../core/orders/rules/order-kinds.js';
import { beating, type OnProgress, REPAIR_MS } from './beating.js';
import { ordered } from './orders.js';

/** What may be named in one command, and what its answer shows. */
const MAX_NAMED = 200;
const MAX_SHOWN = 50;
const PAGE_SIZE = 200;

const telling = (words: string) => ({ words, mostMs: REPAIR_MS });

interface DecisionDeps {
  readonly db: Database;
  /** What adjustments, and jobs assigned to payees that no event has named, may come to in 24 hours. */
  readonly maxOrderedPerDayWei: bigint;
}

/** The activities of decisions. Each is harmless when it runs again, and when two run at once. */
export function createDecisionActivities(deps: DecisionDeps) {
  return {
    assignJobs: ordered(deps.db, 'jobs.assign', (order) =>
      beating(telling('assigning unattributed jobs'), (onProgress) => {
        const { nodeType, region, newPayee } = order.args;
        const payee = requirePayable(order.args.payee);
        return decide(deps, order, {
          ...{ assignee: { payee, nodeType, region }, newPayee, onProgress },
        });
      }),
    ),
    absorbJobs: ordered(deps.db, 'jobs.absorb', (order) =>
      beating(telling('absorbing unattributed jobs'), (onProgress) =>
        decide(deps, order, { assignee: null, newPayee: false, onProgress }),
      ),
    ),
    adjustPayee: ordered(deps.db, 'ledger.adjust', (order) =>
      beating(telling('booking an adjustment'), () => adjust(deps, order)),
    ),
  };
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
    readonly newPayee: boolean;
    readonly onProgress: OnProgress;
  },
): Promise<JobDecisionReport> {
  const { id, actor, reason, dryRun } = order;
  const { choice } = order.args;
  const decision: JobDecision = {
    ...{ actor, reason, dryRun, assignee: to.assignee, isNewPayee: to.newPayee },
    commandId: id,
    maxPerDayWei: maxOrderedPerDayWei,
    mayBeGone: choice.jobs.length === 0,
  };
  const tally = new DecisionTally();
  for await (const keys of chosenJobs(db, choice)) {
    tally.add(await decideJobs(db, keys, decision));
    to.onProgress();
  }
  // A crash loses the tally and not what was decided: the ledger knows what this run did.
  if (!dryRun) tally.take(await readCommand(db, decision.commandId, MAX_SHOWN));
  return tally.report(dryRun, to.assignee);
}

/** The named jobs at once, so that all or none are decided; those that fit page by page. */
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
    yield page.items.map(({ sourceId: source, dt, eventId }) => ({
      ...{ sourceId: source, dtMs: dt.getTime(), eventId },
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
      ...{ applied: !dryRun, jobs, already },
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

async function adjust(
  { db, maxOrderedPerDayWei }: DecisionDeps,
  { args, actor, reason, dryRun }: Order<'ledger.adjust'>,
): Promise<AdjustmentReport> {
  const { nodeType, region, reference, allowDebt } = args;
  const payee = requirePayable(args.payee);
  const amountWei = requireAmount(args.amountWei);
  const outcome = await adjustPending(db, {
    ...{ actor, reason, dryRun, payee, nodeType, region, amountWei, reference, allowDebt },
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
    ...{ applied: !dryRun && !already, already, ...worker },
    amountWei: amountWei.toString(),
    pendingWei: pendingWei.toString(),
    words: `${head}; pending for the payee: ${ethAndWei(pendingWei)}`,
  };
}

function requirePossible(amountWei: bigint): bigint {
  if (isPossibleWei(amountWei)) return amountWei;
  throw new PoolError('REQUEST_INVALID', `${amountWei} wei is more than there is of it`);
}

function requireAmount(text: string): bigint {
  if (/^-?[1-9][0-9]{0,77}$/.test(text)) return requirePossible(BigInt(text));
  const words = /^-?0+$/.test(text)
    ? 'an adjustment of zero books nothing: give an amount above or below it'
    : `"${text}" is no amount of wei: whole digits, with a "-" to take away`;
  throw new PoolError('REQUEST_INVALID', words);
}
