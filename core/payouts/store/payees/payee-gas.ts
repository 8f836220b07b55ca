/** Reads what the gas share of a payee's own terms is measured by, and since when enough has been pending for it. */
import { sql } from 'drizzle-orm';
import type { Address } from '../../../base/address.js';
import type { Reader, Transaction } from '../../../db/database.js';
import { list, orNull, rows } from '../../../db/query.js';
import { payee, posting } from '../../../ledger/store/tables.js';
import type { OwnGas } from '../../rules/payout.js';

/** The gas that any transfer takes at least. */
const LEAST_GAS = 21_000n;

/** A payee with a gas share of its own, its pending amount and its threshold. */
interface Asked {
  readonly payee: Address;
  readonly pendingWei: bigint;
  readonly thresholdWei: bigint;
}

/**
 * The time at which the pending amount of `asked` last rose to its threshold and stayed there. It goes back through the
 * postings since the last payout that paid or may pay; those of payouts that ended without paying count as never made,
 * so that a cancelled payout does not begin the wait anew.
 */
const RIPENED = sql`
  SELECT min(created_at) FROM (
    SELECT moved.created_at,
           bool_and(asked.pending - moved.later >= asked.threshold) OVER (ORDER BY moved.posting_id DESC) AS is_ripe
      FROM (SELECT entry.posting_id, posting.created_at,
                   coalesce(sum(sum(entry.amount_wei)) OVER (
                     ORDER BY entry.posting_id DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS later
              FROM (SELECT id FROM remote_worker WHERE payee = asked.payee OFFSET 0) worker
             CROSS JOIN LATERAL (
                   SELECT posting_id, amount_wei FROM ledger_entry
                    WHERE remote_worker_id = worker.id AND remote_worker_id <> 0 AND account = 'pending'
                      AND posting_id > last_paid.posting_id OFFSET 0) entry
             CROSS JOIN LATERAL (
                   SELECT created_at, (SELECT state FROM payout WHERE payout.id = payout_id) AS payout_state
                     FROM posting WHERE id = entry.posting_id OFFSET 0) posting
             WHERE (posting.payout_state IN ('cancelled', 'refused', 'failed')) IS NOT TRUE
             GROUP BY entry.posting_id, posting.created_at) moved) step
   WHERE is_ripe`;

/** Reads these payees' gas, and since when they have been at their threshold: as a round has noted it, or from the ledger. */
export async function ownGasOf(
  reader: Reader,
  asked: readonly Asked[],
): Promise<ReadonlyMap<Address, OwnGas>> {
  if (asked.length === 0) return new Map();
  const found = await rows(
    reader,
    {
      payee: payee.address,
      transferGas: orNull(BigInt),
      burntGasWei: payee.burntGasWei,
      ripeSince: orNull(posting.createdAt),
    },
    sql`SELECT asked.payee, payee.burnt_gas_wei AS "burntGasWei",
               coalesce(payee.gas_limit, (
                 SELECT slot.gas_used FROM payout JOIN nonce_slot slot ON slot.payout_id = payout.id
                  WHERE payout.payee = asked.payee AND slot.gas_used IS NOT NULL
                  ORDER BY payout.created_at DESC LIMIT 1)) AS "transferGas",
               CASE WHEN asked.pending > 0 AND asked.pending >= asked.threshold
                    THEN coalesce(noted.since, (${RIPENED})) END AS "ripeSince"
          FROM unnest(${list(asked.map((one) => one.payee))}::text[],
                      ${list(asked.map((one) => one.pendingWei))}::numeric[],
                      ${list(asked.map((one) => one.thresholdWei))}::numeric[]) AS asked (payee, pending, threshold)
          JOIN payee ON payee.address = asked.payee
          LEFT JOIN payee_ripe noted ON noted.payee = asked.payee
         CROSS JOIN LATERAL (
               SELECT coalesce((
                 SELECT (SELECT max(id) FROM posting WHERE payout_id = payout.id AND kind = 'reserve')
                   FROM payout WHERE payee = asked.payee AND state NOT IN ('cancelled', 'refused', 'failed')
                  ORDER BY created_at DESC, id DESC LIMIT 1), 0) AS posting_id) last_paid`,
  );
  return new Map(
    found.map(({ payee: address, transferGas, ...rest }) => [
      address,
      { ...rest, transferGas: transferGas ?? LEAST_GAS },
    ]),
  );
}

/** Forgets since when these payees have been at their threshold: what was pending is reserved. */
export async function forgetRipe(tx: Transaction, payees: readonly Address[]): Promise<void> {
  await tx.execute(sql`DELETE FROM payee_ripe WHERE payee = ANY(${list(payees)}::text[])`);
}

/** Notes since when these payees have been at their threshold, and forgets all others. A moment that is noted stays. */
export async function noteRipe(tx: Transaction, ripe: ReadonlyMap<Address, Date>): Promise<void> {
  const payees = list([...ripe.keys()]);
  await tx.execute(sql`DELETE FROM payee_ripe WHERE payee <> ALL(${payees}::text[])`);
  if (ripe.size === 0) return;
  const since = list([...ripe.values()].map((at) => at.toISOString()));
  await tx.execute(sql`
    INSERT INTO payee_ripe (payee, since)
    SELECT * FROM unnest(${payees}::text[], ${since}::timestamptz[]) ON CONFLICT (payee) DO NOTHING`);
}
