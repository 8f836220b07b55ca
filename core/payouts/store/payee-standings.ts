/**
 * Reads what decides whether a payee is paid: what is pending, what keeps the payee from being paid, the current terms,
 * and what counts against the limit of the day.
 */
import { and, desc, isNull, min, type SQL, sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import { PoolError } from '../../base/errors/pool-error.js';
import { smallerWei } from '../../base/money.js';
import type { Reader } from '../../db/database.js';
import { orNull, prepared, rows } from '../../db/query.js';
import { balance, payee, remoteWorker } from '../../ledger/store/tables.js';
import { terms } from '../../terms/store/tables.js';
import type { PayeeStanding, PayoutUnderWay } from '../rules/payout.js';
import { decideDue, type PayoutTerms } from '../rules/payout-due.js';
import type { DayUse } from '../rules/payout-limits.js';
import { isBlocking, isSigned, payout, SHOWS_WAIT } from './tables.js';
import { isWalletOfLedger } from './wallet/paying-wallet.js';

const STANDING = {
  payee: payee.address,
  pendingWei: balance.amountWei,
  underWay: orNull((payout: PayoutUnderWay) => payout),
  unpayableReason: payee.unpayableReason,
  isWallet: Boolean,
  lastPayoutAt: orNull(payout.createdAt),
};

/** Selects the standing of the payees whose workers fulfil the condition. */
const selectStandings = (only: SQL): SQL => sql`
  SELECT payee.address AS payee, owed.pending AS "pendingWei", coalesce(
           payee.unpayable_reason,
           (SELECT 'transaction ' || hash || ' paid this payee before it was known here: '
                   || '\`openpool wallet adopt\` books it'
              FROM foreign_transaction
             WHERE destination = payee.address AND verdict = 'pays-nobody' AND succeeded
               AND value_wei > 0 LIMIT 1)) AS "unpayableReason",
         ${isWalletOfLedger(sql`payee.address`)} AS "isWallet",
         (SELECT json_build_object('id', p.id, 'state', p.state, 'waitReason', p.wait_reason,
                                   'waitCode', CASE WHEN ${SHOWS_WAIT} THEN p.wait_code END)
            FROM payout p WHERE p.payee = payee.address AND ${isBlocking()}) AS "underWay",
         (SELECT created_at FROM payout
           WHERE payout.payee = payee.address AND state NOT IN ('cancelled', 'refused', 'failed')
           ORDER BY created_at DESC, id DESC LIMIT 1) AS "lastPayoutAt"
    FROM (SELECT worker.payee, sum(balance.amount_wei) AS pending
            FROM balance JOIN remote_worker worker ON worker.id = balance.remote_worker_id
           WHERE balance.account = 'pending' AND balance.remote_worker_id <> 0 AND ${only}
           GROUP BY worker.payee) owed
    JOIN payee ON payee.address = owed.payee
   ORDER BY payee.address`;

const standingsOf = prepared('standings', STANDING, ['payees'], ({ payees }) =>
  selectStandings(sql`worker.payee = ANY(${payees}::text[])`),
);

/** Reads the standing of these payees, or of all payees, without a lock. */
export async function payeeStandings(
  reader: Reader,
  payees?: readonly Address[],
): Promise<readonly PayeeStanding[]> {
  if (payees !== undefined) return standingsOf(reader, { payees });
  return rows(reader, STANDING, selectStandings(sql`true`));
}

/** Reads the terms that are in force now by the database's clock, because workers' clocks may differ. */
export async function currentTerms(
  reader: Reader,
): Promise<{ readonly terms: PayoutTerms; readonly now: Date }> {
  const [row] = await reader
    .select({
      thresholdWei: terms.thresholdWei,
      minIntervalMs: terms.minIntervalMs,
      now: sql`now()`.mapWith(terms.fromDt),
    })
    .from(terms)
    .where(sql`${terms.fromDt} <= now() AND ${terms.withdrawnAt} IS NULL`)
    .orderBy(desc(terms.fromDt))
    .limit(1);
  if (row === undefined) throw new PoolError('TERMS_UNKNOWN', 'no terms have been recorded yet');
  const { now, ...current } = row;
  return { terms: current, now };
}

const readUse = prepared(
  'day_use',
  { usedWei: payout.amountWei, nextFreeAt: payout.closedAt },
  [],
  () => sql`
    SELECT coalesce(sum(amount_wei), 0) AS "usedWei",
           min(closed_at) + interval '24 hours' AS "nextFreeAt"
      FROM (SELECT amount_wei, NULL::timestamptz AS closed_at FROM payout
             WHERE ${isSigned()}
             UNION ALL
            SELECT amount_wei, closed_at FROM payout
             WHERE state = 'paid' AND signed_at IS NOT NULL
               AND closed_at > now() - interval '24 hours') counted`,
);

/**
 * Adds up what may have left the wallet in the last 24 hours by the database's clock. A signed payout's money can go
 * at any moment until it is settled, so it counts from its signature until a day after its settlement. Each payout is
 * one row and counts once, however often it was sent; a payout that ended without paying does not count. Callers that
 * decide by this must hold the wallet's lock.
 */
export async function readDayUse(reader: Reader): Promise<DayUse> {
  const [use] = await readUse(reader, {});
  return use ?? { usedWei: 0n, nextFreeAt: null };
}

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
  const statement = sql`
    SELECT worker.payee
      FROM balance JOIN remote_worker worker ON worker.id = balance.remote_worker_id
     WHERE balance.account = 'pending' AND balance.remote_worker_id <> 0
     GROUP BY worker.payee
    HAVING sum(balance.amount_wei) >= (
             SELECT threshold_wei FROM terms WHERE from_dt <= now() AND withdrawn_at IS NULL
              ORDER BY from_dt DESC LIMIT 1)
     ORDER BY sum(balance.amount_wei) LIMIT ${MOST_PAYEES}`;
  const owedLeast = await rows(reader, { payee: remoteWorker.payee }, statement);
  if (owedLeast.length === 0) return null;
  const { terms, now } = await currentTerms(reader);
  const payees = owedLeast.map(({ payee }) => payee);
  const standings = await payeeStandings(reader, payees);
  return standings
    .filter((standing) => decideDue(standing, terms, now).due)
    .map(({ pendingWei }) => pendingWei)
    .reduce<bigint | null>((least, wei) => (least === null ? wei : smallerWei(least, wei)), null);
}
