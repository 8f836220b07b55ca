/** The commands that recompute balances from the whole history, and keep months of it in files. */
import type { Command } from 'commander';
import { runArchive, runHistoryOrder, runVerify } from '../../client/long-work.js';
import { counted } from '../../core/base/counted.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { visible } from '../../core/base/foreign-text.js';
import { listArchives } from '../../core/history/archive/archived-months.js';
import type { RebuildReport } from '../../core/history/rules/reports.js';
import { monthName, parseMonth } from '../../core/history/rules/retention.js';
import { type CliContext, EXIT, withContext } from '../context.js';
import {
  ACTOR,
  decisionOf,
  type Reasoned,
  requireReason,
  withReason,
} from '../decision-options.js';
import { formatAmount, formatFacts, formatTable } from '../output.js';

interface RebuildOptions {
  readonly apply: boolean;
  readonly allowDebt: boolean;
  readonly keep: boolean;
  readonly reason?: string;
}

export function addHistoryCommands(program: Command): void {
  program
    .command('rebuild')
    .description('every balance again from the raw events; exit code 3 when something differs')
    .option('--apply', 'write postings that correct what differs; needs a reason', false)
    .option('--allow-debt', 'also correct what was paid out already: it becomes a debt', false)
    .option('--keep', 'leave the scratch schema behind, to look into', false)
    .option('--reason <words>', 'kept in the ledger and the audit log')
    .action(withContext(rebuild));
  const archive = program.command('archive').description('old raw events in compressed files');
  archive
    .command('list')
    .description('which months are in files, and what they are worth')
    .action(withContext(showArchives));
  archive
    .command('run')
    .description('write what is old enough to files now, by a worker')
    .action(withContext(archiveNow));
  archive
    .command('verify')
    .description('read all files again; exit code 3 when one is missing or damaged')
    .action(withContext(verify));
  const restoring = archive
    .command('restore <month>')
    .description('bring a month such as 2025-03 back into the table');
  withReason(restoring).action(withContext(restore));
}

/** Prints progress to standard error, so that a piped answer stays free of it. */
function tellProgress(words: string): void {
  process.stderr.write(`${visible(words)}\n`);
}

async function rebuild(context: CliContext, options: RebuildOptions): Promise<number> {
  const { apply, allowDebt, keep, reason = '' } = options;
  if (allowDebt && !apply) {
    const words = '--allow-debt corrects nothing by itself: say --apply and --reason too';
    throw new PoolError('REQUEST_INVALID', words);
  }
  if (apply) requireReason(reason);
  const order = {
    kind: 'ledger.rebuild',
    subject: 'balances',
    args: { allowDebt, keep },
    dryRun: !apply,
    reason,
    actor: ACTOR,
  } as const;
  const report = await runHistoryOrder(context.deps, order, tellProgress);
  context.answer(rebuildText(report), report);
  return report.ok ? 0 : EXIT.found;
}

function rebuildText(report: RebuildReport): string {
  const { events, archivedEvents, tookMs, corrections, findings, findingsTotal, schema } = report;
  const done =
    corrections &&
    [
      counted(corrections.postings, 'posting'),
      counted(corrections.figures, 'worker'),
      counted(corrections.counts, 'count'),
      counted(corrections.rows, 'row'),
    ].join(', ');
  const facts = formatFacts([
    ['rebuild', report.id],
    ['events', `${events}, ${archivedEvents} of them in files`],
    ['took', `${(tookMs / 1_000).toFixed(1)} s`],
    ['differences', findingsTotal],
    ['corrected', done],
    ['scratch schema', schema],
  ]);
  if (findingsTotal === 0) return `${facts}\n\neverything adds up`;
  const more = findingsTotal - findings.length;
  const rest = more > 0 ? `\nand ${more} more` : '';
  const table = formatTable(findings, {
    code: (one) => one.code,
    'what differs': (one) => one.message,
  });
  return `${facts}\n\n${table}${rest}`;
}

async function showArchives({ db, answer }: CliContext): Promise<void> {
  const archives = await listArchives(db);
  const table = formatTable(archives, {
    month: (one) => monthName(one.month),
    state: (one) => one.state,
    events: (one) => one.rows,
    gross: (one) => formatAmount(one.grossWei),
    bytes: (one) => one.bytes,
    file: (one) => one.file,
  });
  answer(table, archives);
}

async function archiveNow({ deps, config, answer }: CliContext): Promise<void> {
  const report = await runArchive(deps, tellProgress);
  const table = formatTable(report.archived, {
    month: (one) => one.month,
    events: (one) => one.rows,
    bytes: (one) => one.bytes,
    file: (one) => one.file,
  });
  const off = 'retention.keepMonths is not set: nothing is ever archived';
  const waiting = report.waiting ?? (config.retention.keepMonths === null ? off : null);
  answer(waiting === null ? table : `${table}\n\n${waiting}`, report);
}

async function verify({ deps, answer }: CliContext): Promise<number> {
  const report = await runVerify(deps, tellProgress);
  const are = report.files === 1 ? 'is' : 'are';
  const well = `${counted(report.files, 'file')} ${are} there and whole`;
  const isWell = report.findings.length === 0;
  const table = formatTable(report.findings, {
    code: (one) => one.code,
    'what is wrong': (one) => one.message,
  });
  answer(isWell ? well : table, report);
  return isWell ? 0 : EXIT.found;
}

async function restore(
  { deps, answer }: CliContext,
  month: string,
  options: Reasoned,
): Promise<void> {
  const decision = decisionOf(options);
  if (parseMonth(month) === undefined) {
    throw new PoolError('REQUEST_INVALID', `"${month}" is no month such as 2025-03`);
  }
  const args = { month };
  const order = {
    kind: 'archive.restore',
    subject: month,
    args,
    dryRun: false,
    ...decision,
  } as const;
  const report = await runHistoryOrder(deps, order, tellProgress);
  answer(`${month} is back: ${counted(report.rows, 'event')}`, report);
}
