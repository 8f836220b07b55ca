/** Reads and writes the periods in which a pool shares what it redeems. */
import { desc, sql } from 'drizzle-orm';
import type { Reader, Transaction } from '../../db/database.js';
import { LOCKS } from '../../db/locks.js';
import { list, rows } from '../../db/query.js';
import { giveOutOfCommission } from '../../ledger/store/out-of-commission.js';
import { LATE_DAYS, type Redeemed, type Weight } from '../rules/periods.js';
import { redemption, revenuePeriod } from './tables.js';

/** A day's first moment (UTC), whatever time zone the session has. */
const beginOf = (day: string) => sql`(${day}::date::timestamp AT TIME ZONE 'UTC')`;

export type RevenuePeriod = typeof revenuePeriod.$inferSelect;

/** Only one process closes periods at a time. */
export async function lockPeriods(tx: Transaction): Promise<void> {
  await tx.execute(sql`SELECT pg_advisory_xact_lock(${LOCKS.revenuePeriod})`);
}

export async function findLastPeriod(reader: Reader): Promise<RevenuePeriod | undefined> {
  const [last] = await reader
    .select()
    .from(revenuePeriod)
    .orderBy(desc(revenuePeriod.number))
    .limit(1);
  return last;
}

/** The first day on which anybody earned anything; null: nobody ever did. */
export async function findFirstDay(reader: Reader): Promise<string | null> {
  const [first] = await rows(
    reader,
    { day: String },
    sql`SELECT day::text AS day FROM pool_day ORDER BY day LIMIT 1`,
  );
  return first?.day ?? null;
}

/** Tells why a period cannot be closed yet; null when nothing is missing. `until` is the first day after it. */
export async function whatIsMissing(
  reader: Reader,
  { from, until: day }: { readonly from: string; readonly until: string },
): Promise<string | null> {
  const [found] = await rows(
    reader,
    { open: Number, unread: String },
    sql`SELECT (SELECT count(*) FROM redemption WHERE state = 'open'
                   AND told_at >= ${beginOf(from)} AND told_at < ${beginOf(day)}) AS open,
               (SELECT coalesce(string_agg(s.id, ', ' ORDER BY s.id), '') FROM source s
                 WHERE s.removed_at IS NULL AND s.stopped_at IS NULL AND s.of_source IS NULL AND NOT EXISTS (
                       SELECT FROM source_day seen
                        WHERE seen.source_id = s.id AND seen.day >= ${day}::date AND seen.good_hours <> 0)) AS unread`,
  );
  if (found === undefined) return null;
  const parts = [
    ...(found.open > 0
      ? [`${found.open} redemptions are not final on the chain, or not seen`]
      : []),
    ...(found.unread === '' ? [] : [`not read to the end of the period: ${found.unread}`]),
  ];
  return parts.length === 0 ? null : parts.join('; ');
}

/** Lists what was redeemed before the day and is in no period yet. */
export async function listUnshared(
  reader: Reader,
  day: string,
): Promise<readonly (Redeemed & { readonly txHash: string })[]> {
  return rows(
    reader,
    { txHash: redemption.txHash, amountWei: redemption.amountWei, atMs: Number },
    sql`SELECT tx_hash AS "txHash", amount_wei AS "amountWei", extract(epoch FROM block_at) * 1000 AS "atMs"
          FROM redemption
         WHERE state = 'redeemed' AND period IS NULL AND block_at < ${beginOf(day)}
           AND block_at >= ${beginOf(day)} - make_interval(days => ${LATE_DAYS})
         ORDER BY block_at, tx_hash`,
  );
}

export interface ClosedPeriod {
  readonly period: Omit<RevenuePeriod, 'closedAt'>;
  readonly txHashes: readonly string[];
  readonly shares: readonly (Weight & { readonly shareWei: bigint; readonly reason: string })[];
}

/**
 * Takes the work of these days that no period was divided by yet for this period, and returns it by worker: what the pool took of
 * the jobs' fees, which is all of them while it shares what it redeems. The period must be written in the same transaction.
 */
export async function takeWeights(
  tx: Transaction,
  number: number,
  days: readonly string[],
): Promise<readonly Weight[]> {
  const given = sql`${list([...days])}::date[]`;
  return rows(
    tx,
    { workerId: Number, weightWei: revenuePeriod.weightWei },
    sql`WITH taken AS (
          INSERT INTO revenue_weight (period, remote_worker_id, day, weight_wei)
          SELECT ${number}::integer, d.remote_worker_id, d.day, d.total - coalesce(w.total, 0)
            FROM (SELECT remote_worker_id, day, sum(commission_wei) AS total FROM earning_day
                   WHERE day = ANY(${given}) GROUP BY 1, 2) d
            LEFT JOIN (SELECT remote_worker_id, day, sum(weight_wei) AS total FROM revenue_weight
                        WHERE day = ANY(${given}) GROUP BY 1, 2) w USING (remote_worker_id, day)
           WHERE d.total > coalesce(w.total, 0) ORDER BY 2, 3
          RETURNING remote_worker_id, weight_wei)
        SELECT remote_worker_id AS "workerId", sum(weight_wei) AS "weightWei" FROM taken GROUP BY 1 ORDER BY 1`,
  );
}

/** Writes a period with its shares, and books each of them out of the commission. */
export async function writePeriod(
  tx: Transaction,
  { period, txHashes, shares }: ClosedPeriod,
): Promise<void> {
  const { number, fromDay, untilDay, termsId } = period;
  await tx.insert(revenuePeriod).values(period);
  if (txHashes.length > 0) {
    await tx.execute(sql`
      UPDATE redemption SET period = ${number} WHERE tx_hash = ANY(${list([...txHashes])}::text[])`);
  }
  if (shares.length === 0) return;
  await tx.execute(sql`
    INSERT INTO revenue_share
    SELECT ${number}::integer, worker, weight, share
      FROM unnest(${list(shares.map(({ workerId }) => workerId))}::bigint[],
             ${list(shares.map(({ weightWei }) => weightWei))}::numeric[],
             ${list(shares.map(({ shareWei }) => shareWei))}::numeric[]) AS given (worker, weight, share)
     ORDER BY worker`);
  const reference = `${fromDay}/${untilDay}`;
  const gifts = shares.flatMap(({ workerId, shareWei, reason }) =>
    shareWei === 0n ? [] : [{ workerId, wei: shareWei, rateId: null, reference, reason }],
  );
  await giveOutOfCommission(tx, { kind: 'revenue-share', termsId }, gifts);
}
