/** Books what the pool gives remote workers out of its own commission: bonuses, and shares of what it redeemed. */
import { sql } from 'drizzle-orm';
import type { Transaction } from '../../db/database.js';
import { list } from '../../db/query.js';
import type { PostingKind } from './tables.js';

export interface Gift {
  readonly workerId: number;
  /** More than zero. */
  readonly wei: bigint;
  /** The rate that promised it; null: none did. */
  readonly rateId: number | null;
  /** No two postings of a kind and worker have the same. */
  readonly reference: string;
  readonly reason: string;
}

/** Makes a posting for each gift, from the commission to what is pending, and adds it to the worker's earnings of today (UTC). */
export async function giveOutOfCommission(
  tx: Transaction,
  { kind, termsId }: { readonly kind: PostingKind; readonly termsId: number },
  gifts: readonly Gift[],
): Promise<void> {
  if (gifts.length === 0) return;
  const given = sql`unnest(${list(gifts.map(({ workerId }) => workerId))}::bigint[],
      ${list(gifts.map(({ wei }) => wei))}::numeric[], ${list(gifts.map(({ rateId }) => rateId))}::bigint[],
      ${list(gifts.map(({ reference }) => reference))}::text[],
      ${list(gifts.map(({ reason }) => reason))}::text[]) AS given (worker, wei, rate, reference, reason)`;
  await tx.execute(sql`
    WITH made AS (
      INSERT INTO posting (kind, remote_worker_id, terms_id, rate_id, reference, reason)
      SELECT ${kind}::text, worker, ${termsId}::integer, rate, reference, reason FROM ${given} ORDER BY worker
      RETURNING id, remote_worker_id AS worker)
    INSERT INTO ledger_entry (posting_id, account, remote_worker_id, amount_wei)
    SELECT made.id, side.account, side.worker, side.sign * given.wei
      FROM ${given} JOIN made USING (worker)
     CROSS JOIN LATERAL (VALUES ('commission', 0::bigint, -1), ('pending', made.worker, 1)) AS side (account, worker, sign)`);
  await tx.execute(sql`
    INSERT INTO earning_day AS d
      (remote_worker_id, day, pipeline, model_id, jobs, compute_units, gross_wei, commission_wei, adjusted_wei)
    SELECT worker, (now() AT TIME ZONE 'UTC')::date, '', '', 0, 0, 0, 0, wei FROM ${given} ORDER BY 1
    ON CONFLICT (remote_worker_id, day, pipeline, model_id) DO UPDATE SET adjusted_wei = d.adjusted_wei + excluded.adjusted_wei`);
}
