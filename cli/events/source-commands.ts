/**
 * The commands about sources: how far each was read, which of its files are odd, and what an operator decides about it.
 */
import type { Command } from 'commander';
import { movedWords, RESUMED_WORDS } from '../../client/views/source-view.js';
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
import { type CliContext, EXIT, withContext } from '../context.js';
import {
  decisionOf,
  type Reasoned,
  type Rehearsable,
  rehearsalOf,
  rehearsed,
  withDryRun,
  withReason,
} from '../decision-options.js';
import { formatAddress, formatAmount, formatTable } from '../output.js';
import { withLimit } from '../page-options.js';

interface MoveOptions extends Rehearsable {
  readonly to: string;
  readonly accept: boolean;
}

export function addSourceCommands(source: Command): void {
  source
    .command('list')
    .description('how far each source was read, and when it last worked')
    .action(withContext(list));
  const objects = source
    .command('objects <source>')
    .description(
      'files in a bucket that are not whole, or were overwritten by others; exit code 3 when there are any',
    );
  withLimit(objects, 'of each, at most so many').action(withContext(showObjects));
  const moving = source
    .command('move <source>')
    .description('the same orchestrator at another address: under its id, and nothing counts twice')
    .requiredOption('--to <place>', 'where it reads now, as the refused start names it');
  withDryRun(
    withReason(moving).option(
      '--accept',
      'its history is lost: it need not know what counts already',
      false,
    ),
  ).action(withContext(move));
  const resuming = source
    .command('resume <source>')
    .description('read a stopped source again; it is compared with the others again as well');
  withReason(resuming).action(withContext(resume));
  source
    .command('twice <source> <other>')
    .description(
      'what the first credited for events that the other has too, by remote worker; exit code 3 when there is any',
    )
    .action(withContext(showTwice));
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
  { db, answer }: CliContext,
  sourceId: string,
  { limit }: { readonly limit: number },
): Promise<number> {
  await requireKnownSource(db, sourceId);
  const findings = await listObjectFindings(db, { sourceId, limit });
  answer(findingsText(findings), findings);
  return findings.incomplete.length + findings.changed.length > 0 ? EXIT.found : 0;
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

async function move(
  { db, answer }: CliContext,
  sourceId: string,
  options: MoveOptions,
): Promise<void> {
  const { to, accept, dryRun } = options;
  const moved = await moveSource(db, sourceId, { to, accept, ...rehearsalOf(options) });
  answer(rehearsed(movedWords(moved), dryRun), { ...moved, dryRun });
}

async function resume(
  { db, answer }: CliContext,
  sourceId: string,
  options: Reasoned,
): Promise<void> {
  await resumeSource(db, sourceId, decisionOf(options));
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
  answer(table, rows);
  return rows.length > 0 ? EXIT.found : 0;
}
