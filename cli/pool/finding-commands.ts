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
import { ACTOR, parseCount } from '../money/payout-commands.js';
import { requireReason } from '../money/wallet-commands.js';
import { formatTable } from '../output.js';

const DEFAULT_LIMIT = 50;

/** Both work on Postgres alone: with Temporal and the worker down, too. */
export function addFindingCommands(program: Command): void {
  const finding = program.command('finding').description('what the sentinel found');
  finding
    .command('list')
    .description('what looks wrong with what comes in, the newest first')
    .option('--source <id>', 'only of this source')
    .option('--all', 'also those that have ended', false)
    .option('--limit <n>', 'at most so many (200 at most)', parseCount, DEFAULT_LIMIT)
    .option('--cursor <cursor>', 'go on where a page ended')
    .action((options: ListOptions, command: Command) =>
      withContext(command, (context) => list(context, options)),
    );
  finding
    .command('acknowledge <id>')
    .description('say that it is known: it is not told again until it is worse or returns')
    .requiredOption('--reason <words>', 'kept in the audit log')
    .action((id: string, { reason }: { readonly reason: string }, command: Command) =>
      withContext(command, async ({ db, answer }) => {
        requireReason(reason);
        await acknowledgeFinding(db, parseId(id), { actor: ACTOR, reason });
        answer(`finding ${id} is acknowledged`, { id, acknowledged: true });
      }),
    );
}

interface ListOptions {
  readonly source?: string;
  readonly all: boolean;
  readonly limit: number;
  readonly cursor?: string;
}

async function list({ db, answer }: CliContext, options: ListOptions): Promise<void> {
  const { source, all, limit, cursor = null } = options;
  await requireKnownSource(db, source);
  const [page, { lookedAt }] = await Promise.all([
    listFindings(db, { sourceId: source, all }, { limit, cursor }),
    countFindings(db),
  ]);
  const looked = `the sentinel looked ${lookedAt === null ? 'at nothing yet' : `at ${lookedAt.toISOString()}`}`;
  const more = page.nextCursor === null ? '' : `\nmore: --cursor ${page.nextCursor}`;
  answer(`${findingTable(page.items)}\n\n${looked}${more}`, { ...page, lookedAt });
}

export function findingTable(findings: readonly ShownFinding[]): string {
  return formatTable(
    ['id', 'source', 'finding', 'since', 'state', 'what is seen'],
    findings.map((one) => [
      ...[one.id, one.sourceId, one.code, one.openedAt],
      stateOf(one),
      one.words,
    ]),
  );
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
