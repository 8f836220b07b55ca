/** The whole history: balances computed again from it, and months of it in files. */
import type { Command } from 'commander';
import { runArchive, runRebuild, runRestore, runVerify } from '../../client/history-work.js';
import { counted } from '../../core/base/counted.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { visible } from '../../core/base/foreign-text.js';
import { listArchives } from '../../core/history/archive/archives.js';
import type { RebuildReport } from '../../core/history/rules/reports.js';
import { monthName, parseMonth } from '../../core/history/rules/retention.js';
import { type CliContext, EXIT, withContext } from '../context.js';
import { ACTOR } from '../money/payout-commands.js';
import { requireReason } from '../money/wallet-commands.js';
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
    .action((options: RebuildOptions, command: Command) =>
      withContext(command, (context) => rebuild(context, options)),
    );
  const archive = program.command('archive').description('old raw events in compressed files');
  archive
    .command('list')
    .description('which months are in files, and what they are worth')
    .action((_options: unknown, command: Command) => withContext(command, showArchives));
  archive
    .command('run')
    .description('write what is old enough to files now, by a worker')
    .action((_options: unknown, command: Command) => withContext(command, archiveNow));
  archive
    .command('verify')
    .description('read all files again; exit code 3 when one is missing or damaged')
    .action((_options: unknown, command: Command) => withContext(command, verify));
  archive
    .command('restore <month>')
    .description('bring a month such as 2025-03 back into the table')
    .requiredOption('--reason <words>', 'kept in the audit log')
    .action((month: string, { reason }: { readonly reason: string }, command: Command) =>
      withContext(command, (context) => restore(context, month, reason)),
    );
}

/** On standard error, so that what is piped on is the answer alone. */
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
  const order = { args: { allowDebt, keep }, dryRun: !apply, reason, actor: ACTOR };
  const report = await runRebuild(context.deps, order, tellProgress);
  context.answer(rebuildText(report), report);
  return report.ok ? 0 : EXIT.found;
}

function rebuildText(report: RebuildReport): string {
  const { events, archivedEvents, tookMs, corrections, findings, findingsTotal, schema } = report;
  const done =
    corrections &&
    [
      ...[counted(corrections.postings, 'posting'), counted(corrections.figures, 'worker')],
      ...[counted(corrections.counts, 'count'), counted(corrections.rows, 'row')],
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
  const rows = findings.map(({ code, message }) => [code, message]);
  const more = findingsTotal - findings.length;
  const rest = more > 0 ? `\nand ${more} more` : '';
  return `${facts}\n\n${formatTable(['code', 'what differs'], rows)}${rest}`;
}

async function showArchives({ db, answer }: CliContext): Promise<void> {
  const archives = await listArchives(db);
  const table = formatTable(
    ['month', 'state', 'events', 'gross', 'bytes', 'file'],
    archives.map((one) => [
      monthName(one.month),
      one.state,
      one.rows,
      formatAmount(one.grossWei),
      one.bytes,
      one.file,
    ]),
  );
  answer(table, archives);
}

async function archiveNow({ deps, config, answer }: CliContext): Promise<void> {
  const report = await runArchive(deps, tellProgress);
  const table = formatTable(
    ['month', 'events', 'bytes', 'file'],
    report.archived.map(({ month, rows, bytes, file }) => [month, rows, bytes, file]),
  );
  const off = 'retention.keepMonths is not set: nothing is ever archived';
  const waiting = report.waiting ?? (config.retention.keepMonths === null ? off : null);
  answer([table, ...(waiting === null ? [] : [waiting])].join('\n\n'), report);
}

async function verify({ deps, answer }: CliContext): Promise<number> {
  const report = await runVerify(deps, tellProgress);
  const rows = report.findings.map(({ code, message }) => [code, message]);
  const are = report.files === 1 ? 'is' : 'are';
  const well = `${counted(report.files, 'file')} ${are} there and whole`;
  answer(rows.length === 0 ? well : formatTable(['code', 'what is wrong'], rows), report);
  return rows.length === 0 ? 0 : EXIT.found;
}

async function restore(context: CliContext, month: string, reason: string): Promise<void> {
  requireReason(reason);
  if (parseMonth(month) === undefined) {
    throw new PoolError('REQUEST_INVALID', `"${month}" is no month such as 2025-03`);
  }
  const order = { args: { month }, dryRun: false, reason, actor: ACTOR };
  const report = await runRestore(context.deps, order, tellProgress);
  context.answer(`${month} is back: ${counted(report.rows, 'event')}`, report);
}
