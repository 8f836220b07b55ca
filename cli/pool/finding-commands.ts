import { requireKnownSource } from '../../core/events/store/sources/source-reads.js';
import {
  countFindings,
  listFindings,
  type ShownFinding,
} from '../../core/sentinel/store/finding-reads.js';
import { acknowledgeFinding } from '../../core/sentinel/store/findings.js';
import { type PoolCommand, requireForm } from '../command.js';
import type { CliContext } from '../context.js';
import { formatTable } from '../output.js';

interface ListOptions {
  readonly source?: string;
  readonly all: boolean;
}

/** Adds the commands about findings. They need only Postgres, so they work while Temporal and the worker are down. */
export function addFindingCommands(program: PoolCommand): void {
  const finding = program.add('finding', 'what the sentinel found');
  finding
    .add('list', 'what looks wrong with what comes in, the newest first')
    .option('--source <id>', 'only of this source')
    .option('--all', 'also those that have ended', false)
    .withPage()
    .run(list);
  finding
    .add(
      'acknowledge <id>',
      'say that it is known: it is not told again until it is worse or returns',
    )
    .withReason()
    .run(acknowledge);
}

async function list(context: CliContext<ListOptions>): Promise<void> {
  const { db, options, askedPage, answerPage } = context;
  const { source: sourceId, all } = options;
  await requireKnownSource(db, sourceId);
  const [page, { lookedAt }] = await Promise.all([
    listFindings(db, { sourceId, all }, askedPage()),
    countFindings(db),
  ]);
  const looked = `the sentinel looked ${lookedAt === null ? 'at nothing yet' : `at ${lookedAt.toISOString()}`}`;
  answerPage(`${findingTable(page.items)}\n\n${looked}`, { ...page, lookedAt });
}

async function acknowledge({ db, decide, answer }: CliContext, id: string): Promise<void> {
  const decision = decide();
  const thing = 'id of a finding: a number, as `finding list` shows it';
  await acknowledgeFinding(db, Number(requireForm(id, /^\d{1,15}$/, thing)), decision);
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
