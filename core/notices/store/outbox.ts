/** Writes notices. Whoever records a fact calls this in the fact's own transaction, so that both are there or neither. */
import { type SQL, sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import type { Reader } from '../../db/database.js';
import type { NoticeOf } from '../rules/notice-kinds.js';

export type NewNotice = NoticeOf & {
  /** Names the fact: a second notice with the same key is not written. It must be the same after a restored backup. */
  readonly key: string;
  /** Whom it is about; left out when it is about the pool. */
  readonly payee?: Address;
  /** The only target that it is for. */
  readonly targetId?: string;
};

/** Writes notices of facts that this transaction records. */
export async function writeNotices(tx: Reader, notices: readonly NewNotice[]): Promise<void> {
  if (notices.length === 0) return;
  const told = notices.map(({ key, kind, payee = null, targetId = null, facts }) => {
    return { key, kind, payee, target_id: targetId, facts };
  });
  await insertNotices(
    tx,
    sql`SELECT key, kind, payee, target_id, facts
          FROM jsonb_to_recordset(${JSON.stringify(told)}::jsonb)
            AS told (key text, kind text, payee text, target_id text, facts jsonb)`,
  );
}

/**
 * Writes a notice for each row of a query with the fields key, kind, payee, target_id and facts. The id under which receivers
 * know a notice is made from the pool and the key, so that the same fact has the same id for ever.
 */
export async function insertNotices(tx: Reader, told: SQL): Promise<void> {
  await tx.execute(sql`
    INSERT INTO notice (ref, kind, payee, target_id, facts)
    SELECT 'ntc_' || left(encode(sha256(convert_to(pool.id || '/' || told.key, 'UTF8')), 'hex'), 32) AS ref,
           told.kind, told.payee, told.target_id, told.facts
      FROM (${told}) told,
           (SELECT coalesce((SELECT pool_id FROM ledger), '') AS id) pool
     ORDER BY ref
        ON CONFLICT (ref) DO NOTHING`);
}
