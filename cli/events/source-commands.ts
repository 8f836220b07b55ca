/** Commands about sources: how far each was read, and what is odd about its objects. */
import type { Command } from 'commander';
import {
  listObjectFindings,
  type ObjectFindings,
} from '../../core/events/store/sources/source-object-reads.js';
import {
  listSources,
  requireKnownSource,
  type SourceSummary,
} from '../../core/events/store/sources/source-reads.js';
import { type CliContext, EXIT, withContext } from '../context.js';
import { parseCount } from '../money/payout-commands.js';
import { formatTable } from '../output.js';
import { addSourceDecisions } from './source-decisions.js';

const DEFAULT_LIMIT = 50;

export function addSourceCommands(source: Command): void {
  source
    .command('list')
    .description('how far each source was read, and when it last worked')
    .action((_options: unknown, command: Command) =>
      withContext(command, async ({ db, answer }) => {
        const sources = await listSources(db, new Date());
        answer(sourceTable(sources), sources);
      }),
    );
  source
    .command('objects <source>')
    .description(
      'files in a bucket that are not whole, or were overwritten by others; exit code 3 when there are any',
    )
    .option('--limit <n>', 'of each, at most so many (200 at most)', parseCount, DEFAULT_LIMIT)
    .action((sourceId: string, { limit }: { readonly limit: number }, command: Command) =>
      withContext(command, (context) => showObjects(context, sourceId, limit)),
    );
  addSourceDecisions(source);
}

export function sourceTable(sources: readonly SourceSummary[]): string {
  return formatTable(
    [
      'source',
      'reads from',
      'read up to',
      'last success',
      'events',
      'set aside',
      'objects',
      'last error',
    ],
    sources.map((one) => [
      nameOf(one),
      one.readsFrom,
      one.cursorDt,
      one.lastSuccessAt,
      one.events,
      one.setAside,
      objectsOf(one),
      one.stopped === null ? errorOf(one) : `stopped: ${one.stopped.why}`,
    ]),
  );
}

function nameOf({ id, of, removedAt }: SourceSummary): string {
  const notes = [of === null ? '' : ` (of ${of})`, removedAt === null ? '' : ' (removed)'];
  return `${id}${notes.join('')}`;
}

function errorOf({ lastErrorCode, lastError }: SourceSummary): string | null {
  return lastErrorCode === null ? null : `${lastErrorCode} ${lastError}`;
}

/** Nothing for a source that is not made of objects, and for one whose objects are all in order. */
function objectsOf({ incompleteObjects, overwrittenObjects }: SourceSummary): string | null {
  const parts = [
    incompleteObjects > 0 ? `${incompleteObjects} not whole` : '',
    overwrittenObjects > 0 ? `${overwrittenObjects} overwritten` : '',
  ];
  return parts.filter((part) => part !== '').join(', ') || null;
}

async function showObjects(
  { db, answer }: CliContext,
  sourceId: string,
  limit: number,
): Promise<number> {
  await requireKnownSource(db, sourceId);
  const findings = await listObjectFindings(db, { sourceId, limit });
  answer(findingsText(findings), findings);
  return findings.incomplete.length + findings.changed.length > 0 ? EXIT.found : 0;
}

function findingsText({ incomplete, changed }: ObjectFindings): string {
  const whole = formatTable(
    ['object', 'bytes', 'since', 'read last', 'why'],
    incomplete.map((one) => [
      ...[one.key, one.sizeBytes, one.since, one.readAt],
      `${one.code} ${one.message}`,
    ]),
  );
  const others = formatTable(
    ['object', 'seen', 'was', 'is', 'bytes', 'was whole'],
    changed.map((one) => [
      ...[one.key, one.seenAt, one.oldVersion, one.newVersion],
      `${one.oldSizeBytes} -> ${one.newSizeBytes}`,
      one.wasWhole ? 'yes' : 'no',
    ]),
  );
  return `not whole:\n${whole}\n\nchanged since they were read:\n${others}`;
}
