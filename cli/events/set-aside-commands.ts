/**
 * The commands about events that were set aside: list them, show one next to the event that was counted instead, and
 * try them again.
 */
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
import { misuse, type PoolCommand, requireForm } from '../command.js';
import type { CliContext } from '../context.js';
import { type Fact, formatFacts, formatTable, restOf } from '../output.js';

interface ListOptions {
  readonly source?: string;
  readonly code?: string;
  readonly resolved: boolean;
}

interface RetryOptions {
  readonly code?: string;
  readonly source?: string;
}

export function addSetAsideCommands(setAside: PoolCommand): void {
  setAside
    .add('list', 'the newest, with the reason')
    .option('--source <id>', 'only of this source')
    .option('--code <code>', 'only for this reason')
    .option('--resolved', 'those that were counted later', false)
    .withPage()
    .run(list);
  setAside
    .add('show <id>', 'all that was said, why it does not count, and what can be done')
    .run(show);
  setAside
    .add('retry [ids...]', 'try them now, with the program and the configuration of the worker')
    .option('--code <code>', 'all that were set aside for this reason')
    .option('--source <id>', 'all of this source')
    .withRehearsal()
    .run(retryNow);
}

async function list(context: CliContext<ListOptions>): Promise<void> {
  const { db, options, askedPage, answerPage } = context;
  const { source: sourceId, code, resolved } = options;
  await requireKnownSource(db, sourceId);
  await requireSetAsideCode(db, code);
  const page = await listSetAside(db, { sourceId, code, resolved }, askedPage());
  const table = formatTable(page.items, {
    id: (one) => one.id,
    source: (one) => one.sourceId,
    event: (one) => one.eventId ?? one.place,
    time: (one) => one.dtText,
    seen: (one) => one.timesSeen,
    reason: (one) => `${one.code} ${one.reason}`,
  });
  answerPage(table, page);
}

function parseId(text: string): number {
  const thing = 'id: a number, as `set-aside list` shows it';
  return Number(requireForm(text, /^[1-9][0-9]{0,14}$/, thing));
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
  { options, order, answerChange }: CliContext<RetryOptions>,
  texts: readonly string[],
): Promise<number> {
  const ids = texts.map(parseId);
  const { code = null, source: sourceId = null } = options;
  if (ids.length > 0 === (code !== null || sourceId !== null)) {
    throw misuse('either name events by id, or say --code or --source');
  }
  const args = { ids, code, sourceId };
  const report = await order('set-aside.retry', retrySubject(args), args);
  const { refused = 0, hopeless = 0, 'no-source': lost = 0 } = report.outcomes;
  return answerChange(reportText(report), report, refused + hopeless + lost === 0);
}

function reportText({ shown, looked, outcomes }: SetAsideRetryReport): string {
  const table = formatTable(shown, {
    id: (one) => one.id,
    source: (one) => one.sourceId,
    event: (one) => one.eventId,
    outcome: (one) => one.outcome,
    why: (one) => (one.code === null ? one.words : `${one.code} ${one.words}`),
  });
  const sums = Object.entries(outcomes).map(([outcome, events]) => `${outcome}: ${events}`);
  const sum = looked === 0 ? 'nothing that was set aside fits' : sums.join(', ');
  return `${table}${restOf(looked, shown.length)}\n\n${sum}`;
}
