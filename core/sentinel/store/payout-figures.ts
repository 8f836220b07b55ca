/** What the sentinel needs to know of rounds and sagas. */
import { sql } from 'drizzle-orm';
import type { Reader } from '../../db/database.js';
import { query } from '../../db/query.js';
import type { PayoutFigures } from '../rules/sentinel-payouts.js';

/** By the database's clock. */
export async function readPayoutFigures(
  reader: Reader,
): Promise<Omit<PayoutFigures, 'roundIntervalMs'>> {
  const [row] = await query<{ since_ms: string; left_out: number }>(
    reader,
    sql`SELECT (extract(epoch FROM now() - coalesce(
                  (SELECT max(finished_at) FROM payout_round),
                  (SELECT created_at FROM ledger), now())) * 1000)::bigint AS since_ms,
               coalesce((SELECT jsonb_array_length(left_out) FROM payout_round
                          WHERE finished_at IS NOT NULL ORDER BY finished_at DESC LIMIT 1), 0) AS left_out`,
  );
  const stuckSagas = await query<{ workflow_id: string; failure: string; times: number }>(
    reader,
    sql`SELECT workflow_id, failure, times FROM stuck_saga ORDER BY first_seen_at, workflow_id`,
  );
  return {
    sinceRoundMs: Number(row?.since_ms ?? 0),
    leftOut: row?.left_out ?? 0,
    stuckSagas: stuckSagas.map(({ workflow_id: workflowId, ...saga }) => ({ workflowId, ...saga })),
  };
}
