/** One event that was set aside, beside what counts in its place; and another try. */
import type { Command } from 'commander';
import { carryOut } from '../../client/orders.js';
import { counted } from '../../core/base/counted.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { setAsideHelp } from '../../core/events/rules/reading/refusals.js';
import type { SetAsideRetryReport } from '../../core/events/rules/sync-reports.js';
import { findSetAside } from '../../core/events/store/set-aside-reads.js';
import { retrySubject } from '../../core/orders/rules/order-kinds.js';
import { type CliContext, EXIT, withContext } from '../context.js';
import { ACTOR } from '../money/payout-commands.js';
import { requireReason } from '../money/wallet-commands.js';
import { formatFacts, formatTable } from '../output.js';
import { type Repair, subcommandOf, withRepair } from '../repair-options.js';

interface RetryOptions extends Repair {
  readonly code?: string;
  readonly source?: string;
}

export function addSetAsideCommands(program: Command): void {
  const setAside = subcommandOf(program, 'set-aside');
  setAside
    .command('show <id>')
    .description('all that was said, why it does not count, and what can be done')
    .action((id: string, _options: unknown, command: Command) =>
      withContext(command, (context) => show(context, parseId(id))),
    );
  const retry = setAside
    .command('retry [ids...]')
    .description('try them now, with the program and the configuration of the worker')
    .option('--code <code>', 'all that were set aside for this reason')
    .option('--source <id>', 'all of this source');
  withRepair(retry).action((ids: readonly string[], options: RetryOptions, command: Command) =>
    withContext(command, (context) => retryNow(context, ids.map(parseId), options)),
  );
}

function parseId(text: string): number {
  if (/^[1-9][0-9]{0,14}$/.test(text)) return Number(text);
  const words = `"${text}" is no id: a number, as \`set-aside list\` shows it`;
  throw new PoolError('REQUEST_INVALID', words);
}

async function show({ db, answer }: CliContext, id: number): Promise<void> {
  const found = await findSetAside(db, id);
  if (found === undefined) {
    throw new PoolError('SET_ASIDE_NOT_FOUND', `nothing was set aside as ${id}`);
  }
  const { stored, ...event } = found;
  const help = setAsideHelp(event);
  const facts = formatFacts([
    ['id', event.id],
    ['source', event.sourceId],
    ['event', event.eventId],
    ['time', event.dtText],
    ['place', event.place],
    ['why', `${event.code} ${event.reason}`],
    ['what helps', help],
    [
      'seen',
      `${counted(event.timesSeen, 'time')}, ${event.firstSeenAt.toISOString()} to ${event.lastSeenAt.toISOString()}`,
    ],
    ['last tried by', event.triedVersion],
    ['counted', event.resolvedAt],
    ['what it says', event.raw],
    ...(stored === null ? [] : ([['what counts instead', stored]] as const)),
  ]);
  answer(facts, { ...found, help });
}

async function retryNow(
  { deps, answer }: CliContext,
  ids: readonly number[],
  options: RetryOptions,
): Promise<number> {
  const { reason, dryRun, code = null, source: sourceId = null } = options;
  requireReason(reason);
  if (ids.length > 0 === (code !== null || sourceId !== null)) {
    throw new PoolError('REQUEST_INVALID', 'either name events by id, or say --code or --source');
  }
  const args = { ids, code, sourceId };
  const report = await carryOut(deps, {
    ...{ kind: 'set-aside.retry', subject: retrySubject(args), args },
    ...{ reason, dryRun, actor: ACTOR },
  });
  answer(reportText(report), report);
  const { refused = 0, hopeless = 0, 'no-source': lost = 0 } = report.outcomes;
  return refused + hopeless + lost === 0 ? 0 : EXIT.found;
}

function reportText({ shown, looked, outcomes, applied }: SetAsideRetryReport): string {
  const table = formatTable(
    ['id', 'source', 'event', 'outcome', 'why'],
    shown.map((one) => [
      ...[one.id, one.sourceId, one.eventId, one.outcome],
      one.code === null ? one.words : `${one.code} ${one.words}`,
    ]),
  );
  const rest = looked > shown.length ? `\nand ${looked - shown.length} more` : '';
  const sums = Object.entries(outcomes).map(([outcome, events]) => `${outcome}: ${events}`);
  const sum = looked === 0 ? 'nothing that was set aside fits' : sums.join(', ');
  return `${table}${rest}\n\n${sum}${applied ? '' : '\nnothing was changed: a dry run'}`;
}
