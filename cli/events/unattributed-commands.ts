/** The commands about jobs that are credited to nobody: list them, and carry out what a person decides about them. */
import { type Command, Option } from 'commander';
import { carryOut } from '../../client/carry-out.js';
import { viewJobDecision } from '../../client/views.js';
import { parseDurationMs } from '../../config/reading/quantity.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import type { NodeType } from '../../core/base/remote-worker.js';
import { parseAddress } from '../../core/chain/checksums.js';
import type { JobDecisionReport } from '../../core/decisions/rules/decision-reports.js';
import { formatJobHandle } from '../../core/decisions/rules/job-handle.js';
import {
  type JobCandidate,
  listUnmatchedJobs,
  type UnmatchedJob,
} from '../../core/decisions/store/unmatched-job-reads.js';
import { requireKnownSource } from '../../core/events/store/sources/source-reads.js';
import type { JobChoice } from '../../core/orders/rules/order-kinds.js';
import { type CliContext, withContext } from '../context.js';
import { type Rehearsable, rehearsalOf, rehearsed, withRehearsal } from '../decision-options.js';
import { formatAddress, formatAmount, formatTable } from '../output.js';
import { moreOf, type PageOptions, pageOf, withPage } from '../page-options.js';

interface Filter {
  readonly source?: string;
  readonly request?: string;
  readonly olderThan?: string;
}

export function addUnattributedCommands(program: Command): void {
  const unattributed = program
    .command('unattributed')
    .description('jobs that nobody was credited for');
  const listing = unattributed
    .command('list')
    .description('the oldest first, with those who may have done them');
  withPage(withFilter(listing)).action(withContext(showJobs));
  const assign = unattributed
    .command('assign [jobs...]')
    .description(
      'credit jobs, as the list names them, to a payee; all of those that are named, or none',
    )
    .requiredOption('--to <payee>', 'the address that is paid');
  withRehearsal(withWorker(withFilter(assign))).action(withContext(assignJobs));
  const absorb = unattributed
    .command('absorb [jobs...]')
    .description(
      'keep jobs for the pool, as commission: whoever did them will never be paid for them',
    );
  withRehearsal(withFilter(absorb)).action(withContext(absorbJobs));
}

function withFilter(command: Command): Command {
  return command
    .option('--source <id>', 'only of this source')
    .option('--request <id>', 'only with this request id')
    .option('--older-than <duration>', 'only those whose event is older, such as 30d');
}

export function withWorker(command: Command): Command {
  return command
    .addOption(new Option('--node-type <type>', 'of the row').choices(['ai', 'transcode']))
    .option('--region <region>', 'of the row')
    .option(
      '--new-payee',
      'the address, or its node type and region, may be one that was never seen',
      false,
    );
}

/** The options that choose a remote worker, as `withWorker` adds them. */
export interface WorkerOptions {
  readonly nodeType?: NodeType;
  readonly region?: string;
  readonly newPayee: boolean;
}

export function workerOf(options: WorkerOptions) {
  const { nodeType = null, region = null, newPayee } = options;
  return { nodeType, region, newPayee };
}

interface AssignOptions extends Rehearsable, Filter, WorkerOptions {
  readonly to: string;
}

async function showJobs({ db, answer }: CliContext, options: Filter & PageOptions): Promise<void> {
  const now = Date.now();
  const { source: sourceId, request: requestId } = options;
  await requireKnownSource(db, sourceId);
  const before = beforeOf(options, now);
  const filter = { role: 'processed' as const, sourceId, requestId };
  const page = await listUnmatchedJobs(
    db,
    { ...filter, before: before === null ? undefined : new Date(before) },
    pageOf(options),
  );
  const table = formatTable(page.items, {
    job: handleOf,
    age: (one) => ageText(now - one.dt.getTime()),
    fee: (one) => formatAmount(one.grossWei ?? 0n),
    request: (one) => one.requestId,
    why: (one) => one.reason,
    'may have done it': (one) =>
      one.candidates.map((candidate) => candidateText(candidate, one)).join('; '),
  });
  const value = { ...page, items: page.items.map((one) => ({ job: handleOf(one), ...one })) };
  answer(`${table}${moreOf(page)}`, value);
}

function handleOf({ sourceId, dt, eventId }: UnmatchedJob): string {
  return formatJobHandle({ sourceId, dtMs: dt.getTime(), eventId });
}

function candidateText(candidate: JobCandidate, job: UnmatchedJob): string {
  const apartMs = candidate.dt.getTime() - job.dt.getTime();
  const apart = `${ageText(Math.abs(apartMs))} ${apartMs > 0 ? 'later' : 'before'}`;
  const who = candidate.payee === null ? 'no address' : formatAddress(candidate.payee);
  return `${who} ${apartMs === 0 ? 'at the same time' : apart}`;
}

/** Formats an age roughly, which is enough to see whether the job's other event may still arrive. */
function ageText(ageMs: number): string {
  const seconds = Math.max(0, Math.floor(ageMs / 1_000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

function beforeOf({ olderThan }: Filter, nowMs: number): string | null {
  if (olderThan === undefined) return null;
  const age = parseDurationMs(olderThan);
  if (age.ok) return new Date(nowMs - age.value).toISOString();
  throw new PoolError('REQUEST_INVALID', `--older-than ${olderThan}: ${age.mend}`);
}

function choiceOf(jobs: readonly string[], filter: Filter): JobChoice {
  const { source, request, olderThan } = filter;
  const isFiltered = request !== undefined || olderThan !== undefined;
  if (jobs.length > 0 === isFiltered || (jobs.length > 0 && source !== undefined)) {
    const words =
      'either name jobs as `unattributed list` shows them, or say --request or --older-than';
    throw new PoolError('REQUEST_INVALID', words);
  }
  return {
    jobs,
    requestId: request ?? null,
    sourceId: source ?? null,
    before: beforeOf(filter, Date.now()),
  };
}

async function assignJobs(
  { deps, answer }: CliContext,
  jobs: readonly string[],
  options: AssignOptions,
): Promise<void> {
  const decision = rehearsalOf(options);
  const choice = choiceOf(jobs, options);
  const payee = parseAddress(options.to);
  const args = { choice, payee, ...workerOf(options) };
  const report = viewJobDecision(
    await carryOut(deps, { kind: 'jobs.assign', subject: payee, args, ...decision }),
  );
  answer(reportText(report), report);
}

async function absorbJobs(
  { deps, answer }: CliContext,
  jobs: readonly string[],
  options: Rehearsable & Filter,
): Promise<void> {
  const decision = rehearsalOf(options);
  const args = { choice: choiceOf(jobs, options) };
  const subject = 'unattributed';
  const report = viewJobDecision(
    await carryOut(deps, { kind: 'jobs.absorb', subject, args, ...decision }),
  );
  answer(reportText(report), report);
}

function reportText({ shown, jobs, words, applied }: JobDecisionReport): string {
  const table = formatTable(shown, {
    job: (one) => one.job,
    fee: (one) => formatAmount(BigInt(one.grossWei)),
    net: (one) => formatAmount(BigInt(one.netWei)),
    commission: (one) => formatAmount(BigInt(one.commissionWei)),
    to: (one) =>
      one.payee === null ? 'the pool' : `${one.payee} (${one.nodeType}, ${one.region})`,
  });
  const rest = jobs > shown.length ? `\nand ${jobs - shown.length} more` : '';
  const list = jobs === 0 ? '' : `${table}${rest}\n\n`;
  return rehearsed(`${list}${words}`, !applied);
}
