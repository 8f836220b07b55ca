/** Reads what decides whether a payee is due: what is pending, what keeps the payee from being paid, and the current terms. */
import { desc, sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import { PoolError } from '../../base/errors/pool-error.js';
import type { Reader } from '../../db/database.js';
import { list, orNull, rows } from '../../db/query.js';
import { balance, payee } from '../../ledger/store/tables.js';
import { terms } from '../../terms/store/tables.js';
import type { PayeeStanding } from '../rules/payout.js';
import type { PayoutTerms } from '../rules/payout-due.js';
import { isBlocking, payout } from './tables.js';
import { isWalletOfLedger } from './wallet/paying-wallet.js';

/** Reads the standing of these payees, or of all payees, without a lock. */
export async function payeeStandings(
  reader: Reader,
  payees?: readonly Address[],
): Promise<readonly PayeeStanding[]> {
  const only = payees && sql`AND worker.payee = ANY(${list(payees)}::text[])`;
  return rows(
    reader,
    {
      payee: payee.address,
      pendingWei: balance.amountWei,
      hasOpenPayout: Boolean,
      unpayableReason: payee.unpayableReason,
      isWallet: Boolean,
      lastPayoutAt: orNull(payout.createdAt),
    },
    sql`SELECT payee.address AS payee, owed.pending AS "pendingWei", coalesce(
                 payee.unpayable_reason,
                 (SELECT 'transaction ' || hash || ' paid this payee before it was known here: '
                         || '\`openpool wallet adopt\` books it'
                    FROM foreign_transaction
                   WHERE destination = payee.address AND verdict = 'pays-nobody' AND succeeded
                     AND value_wei > 0 LIMIT 1)) AS "unpayableReason",
               ${isWalletOfLedger(sql`payee.address`)} AS "isWallet",
               EXISTS (SELECT FROM payout WHERE payout.payee = payee.address
                                            AND ${isBlocking()}) AS "hasOpenPayout",
               (SELECT created_at FROM payout
                 WHERE payout.payee = payee.address AND state NOT IN ('cancelled', 'refused', 'failed')
                 ORDER BY created_at DESC, id DESC LIMIT 1) AS "lastPayoutAt"
          FROM (SELECT worker.payee, sum(balance.amount_wei) AS pending
                  FROM balance JOIN remote_worker worker ON worker.id = balance.remote_worker_id
                 WHERE balance.account = 'pending' AND balance.remote_worker_id <> 0 ${only ?? sql``}
                 GROUP BY worker.payee) owed
          JOIN payee ON payee.address = owed.payee
         ORDER BY payee.address`,
  );
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
