/**
 * The commands about events that were set aside: list them, show one next to the event that was counted instead, and
 * try them again.
 */
import type { Command } from 'commander';
import { carryOut } from '../../client/carry-out.js';
import { counted } from '../../core/base/counted.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { setAsideHelp } from '../../core/events/rules/reading/refusals.js';
import type { SetAsideRetryReport } from '../../core/events/rules/sync-reports.js';
import {
  findSetAside,
  listSetAside,
  requireSetAsideCode,
} from '../../core/events/store/set-aside.js';
import { requireKnownSource } from '../../core/events/store/sources/source-reads.js';
import { retrySubject } from '../../core/orders/rules/order-kinds.js';
import { type CliContext, EXIT, withContext } from '../context.js';
import { type Rehearsable, rehearsalOf, rehearsed, withRehearsal } from '../decision-options.js';
import { type Fact, formatFacts, formatTable } from '../output.js';
import { moreOf, type PageOptions, pageOf, withPage } from '../page-options.js';

interface ListOptions extends PageOptions {
  readonly source?: string;
  readonly code?: string;
  readonly resolved: boolean;
}

interface RetryOptions extends Rehearsable {
  readonly code?: string;
  readonly source?: string;
}

export function addSetAsideCommands(setAside: Command): void {
  const listing = setAside
    .command('list')
    .description('the newest, with the reason')
    .option('--source <id>', 'only of this source')
    .option('--code <code>', 'only for this reason')
    .option('--resolved', 'those that were counted later', false);
  withPage(listing).action(withContext(list));
  setAside
    .command('show <id>')
    .description('all that was said, why it does not count, and what can be done')
    .action(withContext(show));
  const retry = setAside
    .command('retry [ids...]')
    .description('try them now, with the program and the configuration of the worker')
    .option('--code <code>', 'all that were set aside for this reason')
    .option('--source <id>', 'all of this source');
  withRehearsal(retry).action(withContext(retryNow));
}

async function list({ db, answer }: CliContext, options: ListOptions): Promise<void> {
  const { source: sourceId, code, resolved } = options;
  await requireKnownSource(db, sourceId);
  await requireSetAsideCode(db, code);
  const page = await listSetAside(db, { sourceId, code, resolved }, pageOf(options));
  const table = formatTable(page.items, {
    id: (one) => one.id,
    source: (one) => one.sourceId,
    event: (one) => one.eventId ?? one.place,
    time: (one) => one.dtText,
    seen: (one) => one.timesSeen,
    reason: (one) => `${one.code} ${one.reason}`,
  });
  answer(`${table}${moreOf(page)}`, page);
}

function parseId(text: string): number {
  if (/^[1-9][0-9]{0,14}$/.test(text)) return Number(text);
  const words = `"${text}" is no id: a number, as \`set-aside list\` shows it`;
  throw new PoolError('REQUEST_INVALID', words);
}

async function show({ db, answer }: CliContext, text: string): Promise<void> {
  const id = parseId(text);
  const found = await findSetAside(db, id);
  if (found === undefined) {
    throw new PoolError('SET_ASIDE_NOT_FOUND', `nothing was set aside as ${id}`);
  }
  const { stored, firstSeenAt, lastSeenAt, ...event } = found;
  const help = setAsideHelp(found);
  const instead: readonly Fact[] = stored === null ? [] : [['what counts instead', stored]];
  const times = `${firstSeenAt.toISOString()} to ${lastSeenAt.toISOString()}`;
  const facts = formatFacts([
    ['id', event.id],
    ['source', event.sourceId],
    ['event', event.eventId],
    ['time', event.dtText],
    ['place', event.place],
    ['why', `${event.code} ${event.reason}`],
    ['what helps', help],
    ['seen', `${counted(event.timesSeen, 'time')}, ${times}`],
    ['last tried by', event.triedVersion],
    ['counted', event.resolvedAt],
    ['what it says', event.raw],
    ...instead,
  ]);
  answer(facts, { ...found, help });
}

async function retryNow(
  { deps, answer }: CliContext,
  texts: readonly string[],
  options: RetryOptions,
): Promise<number> {
  const ids = texts.map(parseId);
  const { code = null, source: sourceId = null } = options;
  const decision = rehearsalOf(options);
  if (ids.length > 0 === (code !== null || sourceId !== null)) {
    throw new PoolError('REQUEST_INVALID', 'either name events by id, or say --code or --source');
  }
  const args = { ids, code, sourceId };
  const subject = retrySubject(args);
  const report = await carryOut(deps, { kind: 'set-aside.retry', subject, args, ...decision });
  answer(reportText(report), report);
  const { refused = 0, hopeless = 0, 'no-source': lost = 0 } = report.outcomes;
  return refused + hopeless + lost === 0 ? 0 : EXIT.found;
}

function reportText({ shown, looked, outcomes, applied }: SetAsideRetryReport): string {
  const table = formatTable(shown, {
    id: (one) => one.id,
    source: (one) => one.sourceId,
    event: (one) => one.eventId,
    outcome: (one) => one.outcome,
    why: (one) => (one.code === null ? one.words : `${one.code} ${one.words}`),
  });
  const rest = looked > shown.length ? `\nand ${looked - shown.length} more` : '';
  const sums = Object.entries(outcomes).map(([outcome, events]) => `${outcome}: ${events}`);
  const sum = looked === 0 ? 'nothing that was set aside fits' : sums.join(', ');
  return rehearsed(`${table}${rest}\n\n${sum}`, !applied);
}
