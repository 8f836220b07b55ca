/** What a person decides about a source; each writes to Postgres alone, and works with Temporal down. */
import type { Command } from 'commander';
import { movedWords, RESUMED_WORDS } from '../../client/views/source-decisions.js';
import { readCreditedTwice } from '../../core/events/store/sources/credited-twice-reads.js';
import { moveSource, resumeSource } from '../../core/events/store/sources/source-moves.js';
import { type CliContext, EXIT, withContext } from '../context.js';
import { ACTOR } from '../money/payout-commands.js';
import { requireReason } from '../money/wallet-commands.js';
import { formatAddress, formatAmount, formatTable } from '../output.js';

interface MoveOptions {
  readonly to: string;
  readonly reason: string;
  readonly accept: boolean;
  readonly dryRun: boolean;
}

export function addSourceDecisions(source: Command): void {
  source
    .command('move <source>')
    .description('the same orchestrator at another address: under its id, and nothing counts twice')
    .requiredOption('--to <place>', 'where it reads now, as the refused start names it')
    .requiredOption('--reason <words>', 'kept in the audit log')
    .option('--accept', 'its history is lost: it need not know what counts already', false)
    .option('--dry-run', 'show what it would do, and do nothing', false)
    .action((sourceId: string, options: MoveOptions, command: Command) =>
      withContext(command, (context) => move(context, sourceId, options)),
    );
  source
    .command('resume <source>')
    .description('read a stopped source again; it is compared with the others again as well')
    .requiredOption('--reason <words>', 'kept in the audit log')
    .action((sourceId: string, { reason }: { readonly reason: string }, command: Command) =>
      withContext(command, async ({ db, answer }) => {
        requireReason(reason);
        await resumeSource(db, sourceId, { actor: ACTOR, reason });
        answer(RESUMED_WORDS, { resumed: true });
      }),
    );
  source
    .command('twice <source> <other>')
    .description(
      'what the first credited for events that the other has too, by remote worker; exit code 3 when there is any',
    )
    .action((sourceId: string, otherId: string, _options: unknown, command: Command) =>
      withContext(command, (context) => showTwice(context, sourceId, otherId)),
    );
}

async function move(
  { db, answer }: CliContext,
  sourceId: string,
  { to, reason, accept, dryRun }: MoveOptions,
): Promise<void> {
  requireReason(reason);
  const moved = await moveSource(db, sourceId, { to, reason, accept, dryRun, actor: ACTOR });
  const words = movedWords(moved);
  answer(dryRun ? `${words}\nnothing was changed: a dry run` : words, { ...moved, dryRun });
}

async function showTwice(
  { db, answer }: CliContext,
  sourceId: string,
  otherId: string,
): Promise<number> {
  const rows = await readCreditedTwice(db, sourceId, otherId);
  const table = formatTable(
    ['payee', 'node type', 'region', 'jobs', 'gross', 'credited twice'],
    rows.map((row) => [
      row.payee === null ? 'nobody yet (unattributed)' : formatAddress(row.payee),
      ...[row.nodeType, row.region, row.jobs],
      ...[formatAmount(row.grossWei), formatAmount(row.netWei)],
    ]),
  );
  answer(table, rows);
  return rows.length > 0 ? EXIT.found : 0;
}
