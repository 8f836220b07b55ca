import type { Command } from 'commander';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { requireKnownSource } from '../../core/events/store/sources/source-reads.js';
import {
  countFindings,
  listFindings,
  type ShownFinding,
} from '../../core/sentinel/store/finding-reads.js';
import { acknowledgeFinding } from '../../core/sentinel/store/findings.js';
import { type CliContext, withContext } from '../context.js';
import { decisionOf, type Reasoned, withReason } from '../decision-options.js';
import { formatTable } from '../output.js';
import { moreOf, type PageOptions, pageOf, withPage } from '../page-options.js';

interface ListOptions extends PageOptions {
  readonly source?: string;
  readonly all: boolean;
}

/** Adds the commands about findings. They need only Postgres, so they work while Temporal and the worker are down. */
export function addFindingCommands(program: Command): void {
  const finding = program.command('finding').description('what the sentinel found');
  const listing = finding
    .command('list')
    .description('what looks wrong with what comes in, the newest first')
    .option('--source <id>', 'only of this source')
    .option('--all', 'also those that have ended', false);
  withPage(listing).action(withContext(list));
  const acknowledging = finding
    .command('acknowledge <id>')
    .description('say that it is known: it is not told again until it is worse or returns');
  withReason(acknowledging).action(withContext(acknowledge));
}

async function list({ db, answer }: CliContext, options: ListOptions): Promise<void> {
  const { source: sourceId, all } = options;
  await requireKnownSource(db, sourceId);
  const [page, { lookedAt }] = await Promise.all([
    listFindings(db, { sourceId, all }, pageOf(options)),
    countFindings(db),
  ]);
  const looked = `the sentinel looked ${lookedAt === null ? 'at nothing yet' : `at ${lookedAt.toISOString()}`}`;
  answer(`${findingTable(page.items)}\n\n${looked}${moreOf(page)}`, { ...page, lookedAt });
}

async function acknowledge(
  { db, answer }: CliContext,
  id: string,
  options: Reasoned,
): Promise<void> {
  const decision = decisionOf(options);
  await acknowledgeFinding(db, parseId(id), decision);
  answer(`finding ${id} is acknowledged`, { id, acknowledged: true });
}

export function findingTable(findings: readonly ShownFinding[]): string {
  return formatTable(findings, {
    id: (one) => one.id,
    source: (one) => one.sourceId,
    finding: (one) => one.code,
    since: (one) => one.openedAt,
    state: stateOf,
    'what is seen': (one) => one.words,
  });
}

function stateOf({ severity, acknowledged, resolvedAt }: ShownFinding): string {
  if (resolvedAt !== null) return `ended ${resolvedAt.toISOString()}`;
  return acknowledged === null ? severity : `acknowledged by ${acknowledged.by}`;
}

function parseId(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  const words = `"${text}" is no id of a finding: a number, as \`finding list\` shows it`;
  throw new PoolError('REQUEST_INVALID', words);
}
