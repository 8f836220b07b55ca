/**
 * The commands about sources: how far each was read, which of its files are odd, and what an operator decides about it.
 */
import { movedWords, RESUMED_WORDS } from '../../client/views.js';
import {
  listObjectFindings,
  type ObjectFindings,
} from '../../core/events/store/sources/source-objects.js';
import {
  listSources,
  requireKnownSource,
  type SourceSummary,
} from '../../core/events/store/sources/source-reads.js';
import { moveSource, resumeSource } from '../../core/events/store/sources/source-register.js';
import { readCreditedTwice } from '../../core/events/store/sources/source-stops.js';
import type { PoolCommand } from '../command.js';
import type { CliContext } from '../context.js';
import { formatAddress, formatAmount, formatTable } from '../output.js';

interface MoveOptions {
  readonly to: string;
  readonly accept: boolean;
}

export function addSourceCommands(source: PoolCommand): void {
  source.add('list', 'how far each source was read, and when it last worked').run(list);
  source
    .add(
      'objects <source>',
      'files in a bucket that are not whole, or were overwritten by others; exit code 3 when there are any',
    )
    .withLimit('of each, at most so many')
    .run(showObjects);
  source
    .add(
      'move <source>',
      'the same orchestrator at another address: under its id, and nothing counts twice',
    )
    .requiredOption('--to <place>', 'where it reads now, as the refused start names it')
    .withReason()
    .option('--accept', 'its history is lost: it need not know what counts already', false)
    .withDryRun()
    .run(move);
  source
    .add(
      'resume <source>',
      'read a stopped source again; it is compared with the others again as well',
    )
    .withReason()
    .run(resume);
  source
    .add(
      'twice <source> <other>',
      'what the first credited for events that the other has too, by remote worker; exit code 3 when there is any',
    )
    .run(showTwice);
}

async function list({ db, answer }: CliContext): Promise<void> {
  const sources = await listSources(db, new Date());
  answer(sourceTable(sources), sources);
}

export function sourceTable(sources: readonly SourceSummary[]): string {
  return formatTable(sources, {
    source: nameOf,
    'reads from': (one) => one.readsFrom,
    'read up to': (one) => one.cursorDt,
    'last success': (one) => one.lastSuccessAt,
    events: (one) => one.events,
    'set aside': (one) => one.setAside,
    objects: objectsOf,
    'last error': (one) => (one.stopped === null ? errorOf(one) : `stopped: ${one.stopped.why}`),
  });
}

function nameOf({ id, of, removedAt }: SourceSummary): string {
  const notes = [of === null ? '' : ` (of ${of})`, removedAt === null ? '' : ' (removed)'];
  return `${id}${notes.join('')}`;
}

function errorOf({ lastErrorCode, lastError }: SourceSummary): string | null {
  return lastErrorCode === null ? null : `${lastErrorCode} ${lastError}`;
}

/** Says how many files of a source's bucket are incomplete or were overwritten; null when none is. */
function objectsOf({ incompleteObjects, overwrittenObjects }: SourceSummary): string | null {
  const parts = [
    incompleteObjects > 0 ? `${incompleteObjects} not whole` : '',
    overwrittenObjects > 0 ? `${overwrittenObjects} overwritten` : '',
  ];
  return parts.filter((part) => part !== '').join(', ') || null;
}

async function showObjects(
  { db, options, answer }: CliContext<{ readonly limit: number }>,
  sourceId: string,
): Promise<number> {
  await requireKnownSource(db, sourceId);
  const findings = await listObjectFindings(db, { sourceId, limit: options.limit });
  const isWell = findings.incomplete.length + findings.changed.length === 0;
  return answer(findingsText(findings), findings, isWell);
}

function findingsText({ incomplete, changed }: ObjectFindings): string {
  const notWhole = formatTable(incomplete, {
    object: (one) => one.key,
    bytes: (one) => one.sizeBytes,
    since: (one) => one.since,
    'read last': (one) => one.readAt,
    why: (one) => `${one.code} ${one.message}`,
  });
  const others = formatTable(changed, {
    object: (one) => one.key,
    seen: (one) => one.seenAt,
    was: (one) => one.oldVersion,
    is: (one) => one.newVersion,
    bytes: (one) => `${one.oldSizeBytes} -> ${one.newSizeBytes}`,
    'was whole': (one) => (one.wasWhole ? 'yes' : 'no'),
  });
  return `not whole:\n${notWhole}\n\nchanged since they were read:\n${others}`;
}

async function move(context: CliContext<MoveOptions>, sourceId: string): Promise<void> {
  const { db, options, decide, answerChange } = context;
  const { to, accept } = options;
  const decision = decide();
  const moved = await moveSource(db, sourceId, { to, accept, ...decision });
  answerChange(movedWords(moved), { ...moved, dryRun: decision.dryRun });
}

async function resume({ db, decide, answer }: CliContext, sourceId: string): Promise<void> {
  await resumeSource(db, sourceId, decide());
  answer(RESUMED_WORDS, { resumed: true });
}

async function showTwice(
  { db, answer }: CliContext,
  sourceId: string,
  otherId: string,
): Promise<number> {
  const rows = await readCreditedTwice(db, sourceId, otherId);
  const table = formatTable(rows, {
    payee: (row) => (row.payee === null ? 'nobody yet (unattributed)' : formatAddress(row.payee)),
    'node type': (row) => row.nodeType,
    region: (row) => row.region,
    jobs: (row) => row.jobs,
    gross: (row) => formatAmount(row.grossWei),
    'credited twice': (row) => formatAmount(row.netWei),
  });
  return answer(table, rows, rows.length === 0);
}
