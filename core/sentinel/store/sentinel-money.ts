/** What the sentinel is told of payouts under way. */
import { sql } from 'drizzle-orm';
import type { Reader } from '../../db/database.js';
import { query } from '../../db/query.js';
import { isSigned } from '../../payouts/store/tables.js';
import type { RefusedSends } from '../rules/sentinel-money.js';

/** Signed payouts that wait because no node takes their bytes, and did so for this long. */
export async function readRefusedSends(reader: Reader, patienceMs: number): Promise<RefusedSends> {
  const [row] = await query<{
    payouts: number;
    wei: string;
    longest_ms: string;
    unaffordable: number;
  }>(
    reader,
    sql`SELECT count(*)::int AS payouts, coalesce(sum(amount_wei), 0) AS wei,
               coalesce(floor(extract(epoch FROM now() - min(first_sent_at)) * 1000), 0)::bigint AS longest_ms,
               (count(*) FILTER (WHERE wait_code = 'WALLET_EMPTY'))::int AS unaffordable
          FROM (SELECT payout.amount_wei, payout.wait_code, min(attempt.first_sent_at) AS first_sent_at
                  FROM payout JOIN nonce_slot slot ON slot.payout_id = payout.id AND slot.state = 'open'
                  JOIN attempt ON attempt.chain_id = slot.chain_id AND attempt.wallet = slot.wallet
                              AND attempt.nonce = slot.nonce
                 WHERE ${isSigned(sql`payout.state`)}
                   AND payout.wait_code IN ('BROADCAST_REFUSED', 'WALLET_EMPTY')
                 GROUP BY payout.id) refused
         WHERE first_sent_at < now() - ${patienceMs} * interval '1 millisecond'`,
  );
  return {
    payouts: row?.payouts ?? 0,
    amountWei: BigInt(row?.wei ?? 0),
    longestMs: Number(row?.longest_ms ?? 0),
    unaffordable: row?.unaffordable ?? 0,
  };
}

/** The subjects of open findings with this code. */
export async function openSubjects(reader: Reader, code: string): Promise<ReadonlySet<string>> {
  const rows = await query<{ subject: string }>(
    reader,
    sql`SELECT subject FROM finding WHERE code = ${code} AND resolved_at IS NULL`,
  );
  return new Set(rows.map(({ subject }) => subject));
}
