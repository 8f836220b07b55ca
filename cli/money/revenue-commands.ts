import { createLinks } from '../../client/links.js';
import {
  readRevenue,
  viewPeriod,
  viewRedemption,
  viewRevenue,
} from '../../client/revenue/revenue-views.js';
import { listRedemptions, listRevenuePeriods } from '../../core/revenue/store/revenue-reads.js';
import { REDEMPTION_STATES, type RedemptionState } from '../../core/revenue/store/tables.js';
import { spellMs } from '../../core/terms/rules/durations.js';
import { misuse, type PoolCommand } from '../command.js';
import type { CliContext } from '../context.js';
import { type Fact, formatAmount, formatFacts, formatTable } from '../output.js';

/** Adds `openpool revenue`: what tickets brought, day by day, and the periods in which it was shared. */
export function addRevenueCommands(program: PoolCommand): void {
  const revenue = program.add('revenue', 'what tickets brought, against what was credited');
  revenue.run(tell);
  revenue
    .add('periods', 'the periods in which the pool shared what it redeemed')
    .withPage()
    .run(listPeriods);
  revenue
    .add('redemptions', 'the transactions that redeemed tickets')
    .option('--state <state>', `only those that are ${REDEMPTION_STATES.join(', ')}`)
    .withPage()
    .run(listThem);
}

async function tell({ deps, answer }: CliContext): Promise<number> {
  const found = await readRevenue(deps, true);
  const { share, next } = found;
  const view = viewRevenue(found, deps);
  const facts: readonly Fact[] = [
    [
      'recipients',
      view.recipients.join(', ') || 'not told (revenue.recipients): nothing is looked for',
    ],
    [
      'shared with workers',
      share === null
        ? 'no: this pool pays for each job'
        : `${share.shareBps / 100} % each ${spellMs(share.everyMs)}`,
    ],
    ...(view.next === null
      ? []
      : [
          ['next period', `${view.next.from} to before ${view.next.until}`] as Fact,
          ['  waits', next && view.next.waits] as Fact,
        ]),
  ];
  const table = formatTable(found.days ?? [], {
    day: ({ day }) => day,
    fees: ({ grossWei }) => formatAmount(grossWei),
    credited: ({ creditedWei }) => formatAmount(creditedWei),
    redeemed: ({ redeemedWei }) => formatAmount(redeemedWei),
    redemptions: ({ redemptions }) => String(redemptions),
  });
  return answer(`${formatFacts(facts)}\n\n${table}`, view);
}

async function listPeriods({ db, askedPage, answerPage }: CliContext): Promise<void> {
  const page = await listRevenuePeriods(db, askedPage());
  const table = formatTable(page.items, {
    period: ({ number }) => String(number),
    from: ({ fromDay }) => fromDay,
    before: ({ untilDay }) => untilDay,
    redeemed: ({ redeemedWei }) => formatAmount(redeemedWei),
    'for workers': ({ shareWei }) => formatAmount(shareWei),
    shared: ({ sharedWei }) => formatAmount(sharedWei),
    'carried on': ({ carriedOutWei }) => formatAmount(carriedOutWei),
    workers: ({ workers }) => String(workers),
    closed: ({ closedAt }) => closedAt,
  });
  answerPage(table, { ...page, items: page.items.map(viewPeriod) });
}

async function listThem(context: CliContext<{ readonly state?: string }>): Promise<void> {
  const { db, deps, options, askedPage, answerPage } = context;
  const state = options.state === undefined ? undefined : readState(options.state);
  const page = await listRedemptions(db, { state }, askedPage());
  const links = createLinks(deps);
  const table = formatTable(page.items, {
    transaction: ({ txHash }) => txHash,
    state: (one) => one.state,
    amount: ({ amountWei }) => formatAmount(amountWei),
    block: ({ blockAt }) => blockAt,
    told: ({ toldAt }) => toldAt,
    period: ({ period }) => (period === null ? null : String(period)),
  });
  answerPage(table, { ...page, items: page.items.map((one) => viewRedemption(one, links)) });
}

function readState(text: string): RedemptionState {
  const state = REDEMPTION_STATES.find((one) => one === text);
  if (state !== undefined) return state;
  throw misuse(`--state ${text}: give ${REDEMPTION_STATES.join(', ')}`);
}
