/** Jobs that nobody was credited for, and what a person decides about them. */
import { type Command, Option } from 'commander';
import { carryOut } from '../../client/orders.js';
import { viewJobDecision } from '../../client/views/decision-view.js';
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
import { ACTOR, parseCount } from '../money/payout-commands.js';
import { requireReason } from '../money/wallet-commands.js';
import { formatAddress, formatAmount, formatTable } from '../output.js';
import { type Repair, withRepair } from '../repair-options.js';

const DEFAULT_LIMIT = 50;

interface Filter {
  readonly source?: string;
  readonly request?: string;
  readonly olderThan?: string;
}

export function addUnattributedCommands(program: Command): void {
  const unattributed = program
    .command('unattributed')
    .description('jobs that nobody was credited for');
  withFilter(unattributed.command('list'))
    .description('the oldest first, with those who may have done them')
    .option('--limit <n>', 'at most so many (200 at most)', parseCount, DEFAULT_LIMIT)
    .option('--cursor <cursor>', 'go on where a page ended')
    .action((options: ListOptions, command: Command) =>
      withContext(command, (context) => showJobs(context, options)),
    );
  const assign = unattributed
    .command('assign [jobs...]')
    .description(
      'credit jobs, as the list names them, to a payee; all of those that are named, or none',
    )
    .requiredOption('--to <payee>', 'the address that is paid');
  withRepair(withWorker(withFilter(assign))).action(
    (jobs: readonly string[], options: AssignOptions, command: Command) =>
      withContext(command, (context) => assignJobs(context, jobs, options)),
  );
  const absorb = unattributed
    .command('absorb [jobs...]')
    .description(
      'keep jobs for the pool, as commission: whoever did them will never be paid for them',
    );
  withRepair(withFilter(absorb)).action(
    (jobs: readonly string[], options: Repair & Filter, command: Command) =>
      withContext(command, (context) => absorbJobs(context, jobs, options)),
  );
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

interface ListOptions extends Filter {
  readonly limit: number;
  readonly cursor?: string;
}

interface AssignOptions extends Repair, Filter {
  readonly to: string;
  readonly nodeType?: NodeType;
  readonly region?: string;
  readonly newPayee: boolean;
}

async function showJobs({ db, answer }: CliContext, options: ListOptions): Promise<void> {
  const now = Date.now();
  const { source: sourceId, request: requestId, limit, cursor = null } = options;
  await requireKnownSource(db, sourceId);
  const before = beforeOf(options, now);
  const filter = { role: 'processed' as const, sourceId, requestId };
  const page = await listUnmatchedJobs(
    db,
    { ...filter, before: before === null ? undefined : new Date(before) },
    { limit, cursor },
  );
  const table = formatTable(
    ['job', 'age', 'fee', 'request', 'why', 'may have done it'],
    page.items.map((one) => [
      handleOf(one),
      ageText(now - one.dt.getTime()),
      formatAmount(one.grossWei ?? 0n),
      one.requestId,
      one.reason,
      one.candidates.map((candidate) => candidateText(candidate, one)).join('; '),
    ]),
  );
  const more = page.nextCursor === null ? '' : `\nmore: --cursor ${page.nextCursor}`;
  const value = { ...page, items: page.items.map((one) => ({ job: handleOf(one), ...one })) };
  answer(`${table}${more}`, value);
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

/** In its two largest units is enough to see whether it will still mend itself. */
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
    ...{ jobs, requestId: request ?? null, sourceId: source ?? null },
    before: beforeOf(filter, Date.now()),
  };
}

async function assignJobs(
  { deps, answer }: CliContext,
  jobs: readonly string[],
  options: AssignOptions,
): Promise<void> {
  const { reason, dryRun, to, nodeType = null, region = null, newPayee } = options;
  requireReason(reason);
  const choice = choiceOf(jobs, options);
  const payee = parseAddress(to);
  const args = { choice, payee, nodeType, region, newPayee };
  const given = { reason, dryRun, actor: ACTOR };
  const made = await carryOut(deps, { kind: 'jobs.assign', subject: payee, args, ...given });
  const report = viewJobDecision(made);
  answer(reportText(report), report);
}

async function absorbJobs(
  { deps, answer }: CliContext,
  jobs: readonly string[],
  options: Repair & Filter,
): Promise<void> {
  const { reason, dryRun } = options;
  requireReason(reason);
  const choice = choiceOf(jobs, options);
  const made = await carryOut(deps, {
    ...{ kind: 'jobs.absorb', subject: 'unattributed', args: { choice } },
    ...{ reason, dryRun, actor: ACTOR },
  });
  const report = viewJobDecision(made);
  answer(reportText(report), report);
}

function reportText({ shown, jobs, words, applied }: JobDecisionReport): string {
  const table = formatTable(
    ['job', 'fee', 'net', 'commission', 'to'],
    shown.map((one) => [
      one.job,
      ...[one.grossWei, one.netWei, one.commissionWei].map((wei) => formatAmount(BigInt(wei))),
      one.payee === null ? 'the pool' : `${one.payee} (${one.nodeType}, ${one.region})`,
    ]),
  );
  const rest = jobs > shown.length ? `\nand ${jobs - shown.length} more` : '';
  const list = jobs === 0 ? '' : `${table}${rest}\n\n`;
  return `${list}${words}${applied ? '' : '\nnothing was changed: a dry run'}`;
}
