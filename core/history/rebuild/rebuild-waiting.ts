/** Jobs and halves that wait, when a rebuild finds that their events say something else. */
import type { PoolClient } from 'pg';

/** By how much unattributed is more than the jobs that wait. */
export async function unattributedDrift(client: PoolClient): Promise<bigint> {
  const { rows } = await client.query(
    `SELECT (SELECT coalesce(sum(amount_wei), 0) FROM balance WHERE account = 'unattributed')
          - (SELECT coalesce(sum(gross_wei), 0) FROM unmatched_job WHERE role = 'processed') AS drift`,
  );
  return BigInt(rows[0]?.drift ?? 0);
}

export function driftWords(driftWei: bigint): string {
  const words = `${driftWei < 0n ? -driftWei : driftWei} wei ${driftWei < 0n ? 'less' : 'more'}`;
  return (
    `nothing was corrected: unattributed would be ${words} than the jobs that wait. A half may have come ` +
    `meanwhile: rebuild again. If it says so again, an event is a job now that was none, or not all could be corrected`
  );
}

/**
 * What waits is credited from its own row when its other half comes, or when a person decides: that row
 * says the same as the event, also when the event lies in a file.
 */
export function mendWaitingStatements(schema: string): string {
  const isIts = `u.source_id = d.source_id AND u.dt = d.dt AND u.event_id = d.event_id`;
  const isJob = `d.due_gross_wei IS NOT NULL AND d.due_worker_id IS NULL`;
  return `
    UPDATE unmatched_job u SET remote_worker_id = d.due_worker_id
      FROM ${schema}.row_difference d WHERE ${isIts} AND u.role = 'received';
    UPDATE unmatched_job u SET gross_wei = d.due_gross_wei, terms_id = d.due_terms_id
      FROM ${schema}.row_difference d WHERE ${isIts} AND u.role = 'processed' AND ${isJob};
    DELETE FROM unmatched_job u USING ${schema}.row_difference d
     WHERE ${isIts} AND u.role = 'processed' AND NOT (${isJob})`;
}
