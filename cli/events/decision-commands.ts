/**
 * The commands that carry out what a person decides about fees: who gets a job that is credited to nobody, and what is
 * added to a payee's pending amount or taken from it.
 */
import { Option } from 'commander';
import { viewAdjustment, viewJobDecision } from '../../client/views.js';
import { parseAmountWei, parseDurationMs } from '../../config/reading/quantity.js';
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
import { misuse, type PoolCommand, quantityOf } from '../command.js';
import type { CliContext } from '../context.js';
import { formatAddress, formatAmount, formatTable, restOf } from '../output.js';

interface Filter {
  readonly source?: string;
  readonly request?: string;
  readonly olderThan?: string;
}

/** The options that choose a remote worker. */
interface WorkerOptions {
  readonly nodeType?: NodeType;
  readonly region?: string;
  readonly newPayee: boolean;
}

export function addDecisionCommands(program: PoolCommand): void {
  const unattributed = program.add('unattributed', 'jobs that nobody was credited for');
  const listing = unattributed.add('list', 'the oldest first, with those who may have done them');
  withFilter(listing).withPage().run(showJobs);
  const assign = unattributed
    .add(
      'assign [jobs...]',
      'credit jobs, as the list names them, to a payee; all of those that are named, or none',
    )
    .requiredOption('--to <payee>', 'the address that is paid');
  withWorker(withFilter(assign)).withRehearsal().run(assignJobs);
  const absorb = unattributed.add(
    'absorb [jobs...]',
    'keep jobs for the pool, as commission: whoever did them will never be paid for them',
  );
  withFilter(absorb).withRehearsal().run(absorbJobs);
  const adjust = program
    .add(
      'adjust <payee>',
      'add to what is pending for a payee, or take from it, once per reference',
    )
    .requiredOption('--amount <amount>', 'such as "0.05 ETH", "-0.05 ETH" or "5000 wei"')
    .requiredOption('--reference <words>', 'names it for ever: repeated, nothing is booked twice')
    .option('--allow-debt', 'what is pending may go below zero', false);
  withWorker(adjust).withRehearsal().run(adjustPayee);
}

function withFilter(command: PoolCommand): PoolCommand {
  return command
    .option('--source <id>', 'only of this source')
    .option('--request <id>', 'only with this request id')
    .option('--older-than <duration>', 'only those whose event is older, such as 30d');
}

function withWorker(command: PoolCommand): PoolCommand {
  return command
    .addOption(new Option('--node-type <type>', 'of the row').choices(['ai', 'transcode']))
    .option('--region <region>', 'of the row')
    .option(
      '--new-payee',
      'the address, or its node type and region, may be one that was never seen',
      false,
    );
}

function workerOf(options: WorkerOptions) {
  const { nodeType = null, region = null, newPayee } = options;
  return { nodeType, region, newPayee };
}

async function showJobs(context: CliContext<Filter>): Promise<void> {
  const { db, options, askedPage, answerPage } = context;
  const { source: sourceId, request: requestId } = options;
  const now = Date.now();
  await requireKnownSource(db, sourceId);
  const before = beforeOf(options, now);
  const filter = { role: 'processed' as const, sourceId, requestId, before };
  const page = await listUnmatchedJobs(db, filter, askedPage());
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
  answerPage(table, value);
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

function beforeOf({ olderThan }: Filter, nowMs: number): Date | undefined {
  const ageMs = quantityOf('--older-than', olderThan, parseDurationMs);
  return ageMs === undefined ? undefined : new Date(nowMs - ageMs);
}

function choiceOf(jobs: readonly string[], filter: Filter): JobChoice {
  const { source, request, olderThan } = filter;
  const isFiltered = request !== undefined || olderThan !== undefined;
  if (jobs.length > 0 === isFiltered || (jobs.length > 0 && source !== undefined)) {
    throw misuse(
      'either name jobs as `unattributed list` shows them, or say --request or --older-than',
    );
  }
  return {
    jobs,
    requestId: request ?? null,
    sourceId: source ?? null,
    before: beforeOf(filter, Date.now())?.toISOString() ?? null,
  };
}

interface AssignOptions extends Filter, WorkerOptions {
  readonly to: string;
}

async function assignJobs(
  context: CliContext<AssignOptions>,
  jobs: readonly string[],
): Promise<void> {
  const { options, order } = context;
  const choice = choiceOf(jobs, options);
  const payee = parseAddress(options.to);
  const args = { choice, payee, ...workerOf(options) };
  answerJobs(context, await order('jobs.assign', payee, args));
}

async function absorbJobs(context: CliContext<Filter>, jobs: readonly string[]): Promise<void> {
  const args = { choice: choiceOf(jobs, context.options) };
  answerJobs(context, await context.order('jobs.absorb', 'unattributed', args));
}

function answerJobs({ answerChange }: CliContext, report: JobDecisionReport): void {
  const view = viewJobDecision(report);
  const { shown, jobs, words } = view;
  const table = formatTable(shown, {
    job: (one) => one.job,
    fee: (one) => formatAmount(BigInt(one.grossWei)),
    net: (one) => formatAmount(BigInt(one.netWei)),
    commission: (one) => formatAmount(BigInt(one.commissionWei)),
    to: (one) =>
      one.payee === null ? 'the pool' : `${one.payee} (${one.nodeType}, ${one.region})`,
  });
  const list = jobs === 0 ? '' : `${table}${restOf(jobs, shown.length)}\n\n`;
  answerChange(`${list}${words}`, view);
}

interface AdjustOptions extends WorkerOptions {
  readonly amount: string;
  readonly reference: string;
  readonly allowDebt: boolean;
}

async function adjustPayee(context: CliContext<AdjustOptions>, text: string): Promise<void> {
  const { options, order, answerChange } = context;
  const { allowDebt } = options;
  const reference = options.reference.trim();
  if (reference === '' || reference.length > 200) {
    throw misuse('the reference has between 1 and 200 characters');
  }
  const payee = parseAddress(text);
  const amountWei = parseSignedAmount(options.amount).toString();
  const args = { payee, amountWei, ...workerOf(options), allowDebt, reference };
  const report = viewAdjustment(await order('ledger.adjust', payee, args));
  answerChange(report.words, report);
}

function parseSignedAmount(text: string): bigint {
  const [, minus, magnitude = ''] = /^\s*(-?)\s*(.*)$/su.exec(text) ?? [];
  const amount = quantityOf('--amount', text, () => parseAmountWei(magnitude)) ?? 0n;
  if (amount > 0n) return minus === '-' ? -amount : amount;
  throw misuse(`--amount ${text}: zero books nothing, so give an amount above or below it`);
}
