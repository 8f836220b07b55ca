/** The command that lets a source be read again. It shows the progress; leaving it does not stop the backfill. */
import { followBackfill, startBackfill } from '../../client/backfills.js';
import { parseBeginning, parseEventTime } from '../../client/event-times.js';
import { createLinks } from '../../client/links.js';
import type { Progress } from '../../client/workflow-calls.js';
import type { BackfillProgress, BackfillReport } from '../../core/events/rules/sync-reports.js';
import type { PoolCommand } from '../command.js';
import { type CliContext, EXIT } from '../context.js';
import { formatFacts } from '../output.js';

interface BackfillOptions {
  readonly source: string;
  readonly from: string;
  readonly to?: string;
}

/** If no worker has begun after this many ms, the command prints a line about it. */
const TAKE_UP_MS = 3_000;
/** An unchanged line is repeated after this many ms, to show that the command still runs. */
const SAY_EVERY_MS = 15_000;

export function addBackfillCommands(program: PoolCommand): void {
  program
    .add(
      'backfill',
      'read a source again from a time on; what was counted before is not counted again',
    )
    .requiredOption('--source <id>', 'which source')
    .requiredOption('--from <time>', 'a time such as 2025-02-03T00:00:00Z, a day, or "beginning"')
    .option('--to <time>', 'up to this time, its second included; without it, to the end')
    .option('--reason <words>', 'kept in the audit log', 'asked for on the command line')
    .addHelpText(
      'after',
      '\nIt runs in a worker. Ctrl-C leaves it running (exit code 130); the same command again shows how far it is.',
    )
    .run(backfill);
}

async function backfill(context: CliContext<BackfillOptions>): Promise<number> {
  const { deps, options, decide, note, answer } = context;
  const { source: sourceId, from, to } = options;
  const started = await startBackfill(deps, {
    ...decide(),
    sourceId,
    from: parseBeginning(from),
    to: to === undefined ? null : parseEventTime(to),
  });
  const { workflowId } = started;
  const where = createLinks(deps).workflow(workflowId) ?? `${workflowId} in the Temporal UI`;
  note(started.created ? `started ${workflowId}` : `joined ${workflowId}, which runs already`);
  const leaving = new AbortController();
  const leave = (): void => leaving.abort();
  process.once('SIGINT', leave);
  try {
    const patience = { leaving: leaving.signal, onLook: progressNotes(note) };
    const report = await followBackfill(deps, started, patience);
    if (report === undefined) {
      const words = `it goes on without you: ${where}; the same command again shows how far it is`;
      answer(words, { ...started, detached: true });
      return EXIT.detached;
    }
    return answer(reportText(report), { ...started, ...report });
  } finally {
    process.off('SIGINT', leave);
  }
}

/** Returns a function that prints the backfill's progress when it has changed, and otherwise every SAY_EVERY_MS. */
function progressNotes(note: CliContext['note']): (progress: Progress) => void {
  const startedMs = performance.now();
  let noted = '';
  let notedMs = startedMs;
  return (progress) => {
    const nowMs = performance.now();
    const isEarly = progress.told === null && nowMs - startedMs < TAKE_UP_MS;
    const line = isEarly ? '' : stateText(progress);
    if (line === '' || (line === noted && nowMs - notedMs < SAY_EVERY_MS)) return;
    note(line);
    noted = line;
    notedMs = nowMs;
  };
}

function stateText({ told, attempt, lastFailure, isRunning }: Progress): string {
  if (attempt === 0) return 'no worker has taken it up yet';
  const words = told === null ? 'nothing told yet' : progressText(told as BackfillProgress);
  if (attempt === 1) return isRunning ? words : 'no worker has taken it up yet';
  const why = `attempt ${attempt}${isRunning ? '' : ' follows'}, after: ${lastFailure ?? 'unknown'}`;
  return `${words} (${why})`;
}

function progressText(progress: BackfillProgress): string {
  const { events, fresh, duplicates, setAside, newest, eventsPerSecond } = progress;
  const counts = `${events} events, ${fresh} fresh, ${duplicates} known before`;
  return `${counts}, ${setAside} set aside, newest ${newest ?? '-'}, ${eventsPerSecond}/s`;
}

function reportText(report: BackfillReport): string {
  return formatFacts([
    ['events read', report.events],
    ['fresh', report.fresh],
    ['known before', report.duplicates],
    ['set aside', report.setAside],
    ['outside of the range', report.passedOver],
    ['newest event', report.newest],
    ['attempts', report.attempts],
    ['took', `${(report.tookMs / 1_000).toFixed(1)} s, ${report.eventsPerSecond} events/s`],
  ]);
}
