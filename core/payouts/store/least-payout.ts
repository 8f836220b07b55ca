/** The smallest payout that needs money: it tells whether a wallet that holds little can pay anybody. */
import { and, isNull, min, sql } from 'drizzle-orm';
import { smallerWei } from '../../base/money.js';
import type { Reader } from '../../db/database.js';
import { rows } from '../../db/query.js';
import { remoteWorker } from '../../ledger/store/tables.js';
import { decideDue } from '../rules/payout-due.js';
import { currentTerms, payeeStandings } from './payee-standings.js';
import { isBlocking, payout } from './tables.js';

/** At most this many of the payees who are owed least are read, because each costs a few reads, and a page is made every second. */
const MOST_PAYEES = 100;

/**
 * Returns the smallest amount that is under way and not held, or that a payee is due; null when there is none. When
 * none of the hundred payees that are owed least is due, the others are not read.
 */
export async function leastPayout(reader: Reader): Promise<bigint | null> {
  const [[open], dueWei] = await Promise.all([
    reader
      .select({ leastWei: min(payout.amountWei) })
      .from(payout)
      .where(and(isBlocking(), isNull(payout.heldAt))),
    leastDue(reader),
  ]);
  const openWei = open?.leastWei ?? null;
  if (openWei === null || dueWei === null) return openWei ?? dueWei;
  return smallerWei(openWei, dueWei);
}

async function leastDue(reader: Reader): Promise<bigint | null> {
  const owedLeast = await rows(
    reader,
    { payee: remoteWorker.payee },
    sql`SELECT worker.payee
          FROM balance JOIN remote_worker worker ON worker.id = balance.remote_worker_id
         WHERE balance.account = 'pending' AND balance.remote_worker_id <> 0
         GROUP BY worker.payee
        HAVING sum(balance.amount_wei) >= (
                 SELECT threshold_wei FROM terms WHERE from_dt <= now() AND withdrawn_at IS NULL
                  ORDER BY from_dt DESC LIMIT 1)
         ORDER BY sum(balance.amount_wei) LIMIT ${MOST_PAYEES}`,
  );
  if (owedLeast.length === 0) return null;
  const { terms, now } = await currentTerms(reader);
  const payees = owedLeast.map(({ payee }) => payee);
  const standings = await payeeStandings(reader, payees);
  return standings
    .filter((standing) => decideDue(standing, terms, now).due)
    .map(({ pendingWei }) => pendingWei)
    .reduce<bigint | null>((least, wei) => (least === null ? wei : smallerWei(least, wei)), null);
}
