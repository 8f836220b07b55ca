import { sql } from 'drizzle-orm';
import type { Transaction } from '../../core/db/database.js';

/** Credits this amount to every remote worker of the region, each in a posting of its own. */
export async function creditRegion(
  tx: Transaction,
  region: string,
  amountWei: bigint,
): Promise<void> {
  const amount = amountWei.toString();
  await tx.execute(sql`
    WITH made AS (
      INSERT INTO posting (kind, reference, remote_worker_id)
      SELECT 'adjust', ${region} || id, id FROM remote_worker WHERE region = ${region}
      RETURNING id, remote_worker_id)
    INSERT INTO ledger_entry (posting_id, account, remote_worker_id, amount_wei)
    SELECT id, 'pending', remote_worker_id, ${amount}::numeric FROM made
    UNION ALL SELECT id, 'adjustment', 0, -${amount}::numeric FROM made`);
}
