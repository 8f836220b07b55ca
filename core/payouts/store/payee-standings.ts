/** What decides whether a payee is due: what is pending, what stands in the way, and the terms of now. */
import { sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import { PoolError } from '../../base/errors/pool-error.js';
import type { Reader } from '../../db/database.js';
import { list, query } from '../../db/query.js';
import type { PayeeStanding } from '../rules/payout.js';
import type { PayoutTerms } from '../rules/payout-due.js';
import { isWalletOfLedger } from './wallet/paying-wallet.js';

/** What every payee has and how the payout stands, all or these; without a lock. */
export async function payeeStandings(
  reader: Reader,
  payees?: readonly Address[],
): Promise<readonly PayeeStanding[]> {
  const only = payees && sql`AND worker.payee = ANY(${list(payees)}::text[])`;
  const rows = await query<{
    payee: Address;
    pending: string;
    unpayable: string | null;
    is_wallet: boolean;
    open: boolean;
    last_at: string | null;
  }>(
    reader,
    sql`SELECT payee.address AS payee, owed.pending, coalesce(
                 payee.unpayable_reason,
                 (SELECT 'transaction ' || hash || ' paid this payee before it was known here: '
                         || '\`openpool wallet adopt\` books it'
                    FROM foreign_transaction
                   WHERE destination = payee.address AND verdict = 'pays-nobody' AND succeeded
                     AND value_wei > 0 LIMIT 1)) AS unpayable,
               ${isWalletOfLedger(sql`payee.address`)} AS is_wallet,
               EXISTS (SELECT FROM payout WHERE payout.payee = payee.address
                                            AND state IN ('reserved', 'signed')) AS open,
               (SELECT created_at FROM payout
                 WHERE payout.payee = payee.address AND state NOT IN ('cancelled', 'refused', 'failed')
                 ORDER BY created_at DESC, id DESC LIMIT 1) AS last_at
          FROM (SELECT worker.payee, sum(balance.amount_wei) AS pending
                  FROM balance JOIN remote_worker worker ON worker.id = balance.remote_worker_id
                 WHERE balance.account = 'pending' AND balance.remote_worker_id <> 0 ${only ?? sql``}
                 GROUP BY worker.payee) owed
          JOIN payee ON payee.address = owed.payee
         ORDER BY payee.address`,
  );
  return rows.map((row) => ({
    payee: row.payee,
    pendingWei: BigInt(row.pending),
    hasOpenPayout: row.open,
    unpayableReason: row.unpayable,
    isWallet: row.is_wallet,
    lastPayoutAt: row.last_at === null ? null : new Date(row.last_at),
  }));
}

/** The terms that hold now, by the database's clock: workers' clocks may differ. */
export async function currentTerms(
  reader: Reader,
): Promise<{ readonly terms: PayoutTerms; readonly now: Date }> {
  const [row] = await query<{ threshold_wei: string; min_interval_ms: string; now: string }>(
    reader,
    sql`SELECT threshold_wei, min_interval_ms, now() AS now FROM terms
         WHERE from_dt <= now() AND withdrawn_at IS NULL ORDER BY from_dt DESC LIMIT 1`,
  );
  if (row === undefined) throw new PoolError('TERMS_UNKNOWN', 'no terms have been recorded yet');
  return {
    terms: {
      thresholdWei: BigInt(row.threshold_wei),
      minIntervalMs: Number(row.min_interval_ms),
    },
    now: new Date(row.now),
  };
}
