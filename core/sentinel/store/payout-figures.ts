/** Reads what the sentinel needs to know about payouts: rounds, sagas, and signed bytes that no node takes. */
import { and, asc, eq, isNull, sql } from 'drizzle-orm';
import type { Reader } from '../../db/database.js';
import { rows } from '../../db/query.js';
import { isSigned, stuckSaga } from '../../payouts/store/tables.js';
import type { FindingCode } from '../rules/finding.js';
import type { PayoutFigures, RefusedSends } from '../rules/watch-pool.js';
import { finding } from './tables.js';

/** Reads the figures about payout rounds and stuck sagas, with times by the database's clock. */
export async function readPayoutFigures(
  reader: Reader,
): Promise<Omit<PayoutFigures, 'roundIntervalMs'>> {
  const [rounds] = await rows(
    reader,
    { sinceRoundMs: Number, leftOut: Number },
    sql`SELECT (extract(epoch FROM now() - coalesce(
                  (SELECT max(finished_at) FROM payout_round),
                  (SELECT created_at FROM ledger), now())) * 1000)::bigint AS "sinceRoundMs",
               coalesce((SELECT jsonb_array_length(left_out) FROM payout_round
                          WHERE finished_at IS NOT NULL ORDER BY finished_at DESC LIMIT 1), 0) AS "leftOut"`,
  );
  const { workflowId, failure, times, firstSeenAt } = stuckSaga;
  const stuckSagas = await reader
    .select({ workflowId, failure, times })
    .from(stuckSaga)
    .orderBy(asc(firstSeenAt), asc(workflowId));
  return { sinceRoundMs: 0, leftOut: 0, ...rounds, stuckSagas };
}

/** Sums up the signed payouts whose bytes no node takes, although they were first sent longer than `patienceMs` ago. */
export async function readRefusedSends(reader: Reader, patienceMs: number): Promise<RefusedSends> {
  const [refused] = await rows(
    reader,
    { payouts: Number, amountWei: BigInt, longestMs: Number, unaffordable: Number },
    sql`SELECT count(*)::int AS payouts, coalesce(sum(amount_wei), 0) AS "amountWei",
               coalesce(floor(extract(epoch FROM now() - min(first_sent_at)) * 1000), 0)::bigint AS "longestMs",
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
  return { payouts: 0, amountWei: 0n, longestMs: 0, unaffordable: 0, ...refused };
}

/** Returns the subjects of the open findings with this code. */
export async function openSubjects(
  reader: Reader,
  code: FindingCode,
): Promise<ReadonlySet<string>> {
  const { subject } = finding;
  const open = await reader
    .select({ subject })
    .from(finding)
    .where(and(eq(finding.code, code), isNull(finding.resolvedAt)));
  return new Set(open.map((one) => one.subject));
}
