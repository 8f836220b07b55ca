/** The commands that recompute balances from the whole history, and keep months of it in files. */
import { runArchive, runHistoryOrder, runVerify } from '../../client/long-work.js';
import { counted } from '../../core/base/counted.js';
import { visible } from '../../core/base/foreign-text.js';
import { listArchives } from '../../core/history/archive/archived-months.js';
import type { RebuildReport } from '../../core/history/rules/reports.js';
import { monthName, parseMonth } from '../../core/history/rules/retention.js';
import { misuse, type PoolCommand } from '../command.js';
import { ACTOR, type CliContext, requireReason } from '../context.js';
import { formatAmount, formatFacts, formatFindings, formatTable, restOf } from '../output.js';

interface RebuildOptions {
  readonly apply: boolean;
  readonly allowDebt: boolean;
  readonly keep: boolean;
}

export function addHistoryCommands(program: PoolCommand): void {
  program
    .add('rebuild', 'every balance again from the raw events; exit code 3 when something differs')
    .option('--apply', 'write postings that correct what differs; needs a reason', false)
    .option('--allow-debt', 'also correct what was paid out already: it becomes a debt', false)
    .option('--keep', 'leave the scratch schema behind, to look into', false)
    .option('--reason <words>', 'kept in the ledger and the audit log')
    .run(rebuild);
  const archive = program.add('archive', 'old raw events in compressed files');
  archive.add('list', 'which months are in files, and what they are worth').run(showArchives);
  archive.add('run', 'write what is old enough to files now, by a worker').run(archiveNow);
  archive
    .add('verify', 'read all files again; exit code 3 when one is missing or damaged')
    .run(verify);
  archive
    .add('restore <month>', 'bring a month such as 2025-03 back into the table')
    .withReason()
    .run(restore);
}

/** Prints progress to standard error, so that a piped answer stays free of it. */
function tellProgress(words: string): void {
  process.stderr.write(`${visible(words)}\n`);
}

async function rebuild(context: CliContext<RebuildOptions>): Promise<number> {
  const { apply, allowDebt, keep, reason = '' } = context.options;
  if (allowDebt && !apply) {
    throw misuse('--allow-debt corrects nothing by itself: say --apply and --reason too');
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
  return context.answer(rebuildText(report), report, report.ok);
}

function rebuildText(report: RebuildReport): string {
  const { events, archivedEvents, tookMs, corrections, findings, findingsTotal, schema } = report;
  const done =
    corrections &&
    [
      counted(corrections.postings, 'posting'),
      counted(corrections.figures, 'worker'),
      `the days of ${counted(corrections.days, 'worker')}`,
      `the hours of ${counted(corrections.hours, 'worker')}`,
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
  const rest = restOf(findingsTotal, findings.length);
  return `${facts}\n\n${formatFindings(findings, 'what differs')}${rest}`;
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
  const text = isWell ? well : formatFindings(report.findings, 'what is wrong');
  return answer(text, report, isWell);
}

async function restore({ deps, decide, answer }: CliContext, month: string): Promise<void> {
  const decision = decide();
  if (parseMonth(month) === undefined) throw misuse(`"${month}" is no month such as 2025-03`);
  const order = {
    kind: 'archive.restore',
    subject: month,
    args: { month },
    ...decision,
  } as const;
  const report = await runHistoryOrder(deps, order, tellProgress);
  answer(`${month} is back: ${counted(report.rows, 'event')}`, report);
}
