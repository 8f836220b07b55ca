/** A source read again, with its progress for whoever waits; going away does not stop it. */
import { setTimeout } from 'node:timers/promises';
import type { Command } from 'commander';
import {
  awaitBackfill,
  type BackfillState,
  readBackfill,
  type StartedBackfill,
  startBackfill,
} from '../../client/backfills.js';
import { parseBeginning, parseEventTime } from '../../client/event-times.js';
import { createLinks } from '../../client/links.js';
import type { BackfillProgress, BackfillReport } from '../../core/events/rules/sync-reports.js';
import { type CliContext, EXIT, withContext } from '../context.js';
import { ACTOR } from '../money/payout-commands.js';
import { requireReason } from '../money/wallet-commands.js';
import { formatFacts } from '../output.js';

interface BackfillOptions {
  readonly source: string;
  readonly from: string;
  readonly to?: string;
  readonly reason: string;
}

const LOOK_EVERY_MS = 1_000;
/** So long a worker may take to hear of it before anybody needs to know. */
const TAKE_UP_MS = 3_000;
/** A line although nothing has changed, so that nobody takes it for dead. */
const SAY_EVERY_MS = 15_000;

export function addBackfillCommands(program: Command): void {
  program
    .command('backfill')
    .description('read a source again from a time on; what was counted before is not counted again')
    .requiredOption('--source <id>', 'which source')
    .requiredOption('--from <time>', 'a time such as 2025-02-03T00:00:00Z, a day, or "beginning"')
    .option('--to <time>', 'up to this time, its second included; without it, to the end')
    .option('--reason <words>', 'kept in the audit log', 'asked for on the command line')
    .addHelpText(
      'after',
      '\nIt runs in a worker. Ctrl-C leaves it running (exit code 130); the same command again shows how far it is.',
    )
    .action((options: BackfillOptions, command: Command) =>
      withContext(command, (context) => backfill(context, options)),
    );
}

async function backfill(context: CliContext, options: BackfillOptions): Promise<number> {
  const { source: sourceId, from, to, reason } = options;
  requireReason(reason);
  const { deps, note, answer } = context;
  const started = await startBackfill(deps, {
    ...{ sourceId, actor: ACTOR, reason },
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
    const report = await watch(context, started, leaving.signal);
    if (report === undefined) {
      const words = `it goes on without you: ${where}; the same command again shows how far it is`;
      answer(words, { ...started, detached: true });
      return EXIT.detached;
    }
    answer(reportText(report), { ...started, ...report });
    return 0;
  } finally {
    process.off('SIGINT', leave);
  }
}

/** Undefined when the person goes away before it has ended. */
async function watch(
  { deps, note }: CliContext,
  started: StartedBackfill,
  leaving: AbortSignal,
): Promise<BackfillReport | undefined> {
  let hasEnded = false;
  const ending = awaitBackfill(deps, started).finally(() => {
    hasEnded = true;
  });
  // Heard below, unless the person leaves: then nobody is to hear of it.
  ending.catch(() => undefined);
  const startedMs = performance.now();
  let said = '';
  let saidMs = startedMs;
  while (!hasEnded && !leaving.aborted) {
    const state = await readBackfill(deps, started).catch(() => undefined);
    const nowMs = performance.now();
    const isEarly = state?.progress === null && nowMs - startedMs < TAKE_UP_MS;
    const line = state === undefined || isEarly ? '' : stateText(state);
    if (line !== '' && (line !== said || nowMs - saidMs >= SAY_EVERY_MS)) {
      note(line);
      said = line;
      saidMs = nowMs;
    }
    const pause = setTimeout(LOOK_EVERY_MS, undefined, { signal: leaving });
    await Promise.race([ending, pause]).catch(() => undefined);
  }
  return hasEnded ? ending : undefined;
}

function stateText({ progress, attempt, lastFailure, isReading }: BackfillState): string {
  if (attempt === 0) return 'no worker has taken it up yet';
  const told = progress === null ? 'nothing told yet' : progressText(progress);
  if (attempt === 1) return isReading ? told : 'no worker has taken it up yet';
  const why = `attempt ${attempt}${isReading ? '' : ' follows'}, after: ${lastFailure ?? 'unknown'}`;
  return `${told} (${why})`;
}

function progressText(progress: BackfillProgress): string {
  const { events, fresh, duplicates, setAside, newest, eventsPerSecond } = progress;
  const parts = [
    ...[`${events} events`, `${fresh} fresh`, `${duplicates} known before`],
    ...[`${setAside} set aside`, `newest ${newest ?? '-'}`, `${eventsPerSecond}/s`],
  ];
  return parts.join(', ');
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
