/** What API and command line tell of what the pool's tickets bring, and of how it is shared. */

import { toChecksum } from '../../core/chain/checksums.js';
import { CLOSED_AFTER_MS } from '../../core/revenue/rules/periods.js';
import { daysOf, findNextPeriod, shareOfTerms } from '../../core/revenue/sharing.js';
import { type RevenuePeriod, whatIsMissing } from '../../core/revenue/store/periods.js';
import {
  type Redemption,
  type RevenueDay,
  readRevenueDays,
} from '../../core/revenue/store/revenue-reads.js';
import { findTermsHistory } from '../../core/terms/store/recorded-terms.js';
import type { Links } from '../links.js';
import { nowOf, type RunningPool } from '../running-pool.js';
import { amount } from '../views.js';

const SHOWN_DAYS = 30;

/**
 * Reads the share that is in force, the period that is closed next and, `withDays`, the last thirty days: what the pool keeps for
 * itself is the operator's.
 */
export async function readRevenue(pool: RunningPool, withDays: boolean) {
  const { db } = pool;
  const now = nowOf(pool);
  const history = await findTermsHistory(db);
  const share = history === undefined ? null : shareOfTerms(history.inForce);
  const next = await findNextPeriod(db, now);
  const isOver = next !== null && next.nowMs >= next.untilMs + CLOSED_AFTER_MS;
  const waits = isOver ? await whatIsMissing(db, daysOf(next)) : null;
  const asked = { days: SHOWN_DAYS, nowMs: now.getTime() };
  const days = withDays ? await readRevenueDays(db, asked) : null;
  return { share, next, waits, days };
}

type Revenue = Awaited<ReturnType<typeof readRevenue>>;

export function viewRevenue(
  { share, next, waits, days }: Revenue,
  { config }: Pick<RunningPool, 'config'>,
) {
  const { recipients, ticketBroker } = config.revenue;
  return {
    share,
    recipients: recipients.map(toChecksum),
    ticketBroker: ticketBroker && toChecksum(ticketBroker),
    next: next && {
      ...daysOf(next),
      closedAfter: new Date(next.untilMs + CLOSED_AFTER_MS),
      waits,
    },
    days: days?.map(viewDay) ?? null,
  };
}

function viewDay({ day, redemptions, ...wei }: RevenueDay) {
  return {
    day,
    ...amount('gross', wei.grossWei),
    ...amount('credited', wei.creditedWei),
    ...amount('redeemed', wei.redeemedWei),
    redemptions,
  };
}

export function viewPeriod(period: RevenuePeriod) {
  const { number, fromDay, untilDay, workers, closedAt } = period;
  return {
    number,
    from: fromDay,
    until: untilDay,
    ...amount('redeemed', period.redeemedWei),
    ...amount('share', period.shareWei),
    ...amount('carriedIn', period.carriedInWei),
    ...amount('shared', period.sharedWei),
    ...amount('carriedOut', period.carriedOutWei),
    ...amount('weight', period.weightWei),
    workers,
    termsId: String(period.termsId),
    closedAt,
  };
}

export function viewRedemption({ txHash, state, ...one }: Redemption, links: Links) {
  return {
    txHash,
    state,
    ...amount('amount', one.amountWei),
    block: one.blockNumber,
    blockAt: one.blockAt,
    toldAt: one.toldAt,
    period: one.period,
    explorerUrl: links.transaction(txHash),
  };
}
