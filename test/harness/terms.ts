/** Dated terms as a test wants them: at any time, without an act. */
import { sql } from 'drizzle-orm';
import type { Database } from '../../core/db/database.js';
import { query } from '../../core/db/query.js';
import type { TermsValues } from '../../core/terms/rules/terms.js';

interface TermsRow {
  readonly id: number;
  readonly commission_bps: number;
  readonly threshold_wei: string;
  readonly min_interval_ms: string;
  readonly rounding: string;
}

const LATEST = sql`SELECT id, commission_bps, threshold_wei, min_interval_ms, rounding
  FROM terms ORDER BY from_dt DESC LIMIT 1`;

/** Records terms. The first version holds from the beginning; a later one that differs, from `at` (or now) on, and always after the latest. */
export async function recordTerms(
  db: Database,
  values: Omit<TermsValues, 'rounding'> & Partial<Pick<TermsValues, 'rounding'>>,
  at?: Date,
): Promise<number> {
  const { commissionBps, thresholdWei, minIntervalMs, rounding = 'commission-floor' } = values;
  const policy = values.policy ? JSON.stringify(values.policy) : null;
  const [latest] = await query<TermsRow>(db, LATEST);
  const isSame =
    latest?.commission_bps === commissionBps &&
    BigInt(latest.threshold_wei) === thresholdWei &&
    Number(latest.min_interval_ms) === minIntervalMs &&
    latest.rounding === rounding &&
    policy === null;
  if (latest !== undefined && isSame) return latest.id;
  const [row] = await query<{ id: number }>(
    db,
    sql`INSERT INTO terms (from_dt, commission_bps, threshold_wei, min_interval_ms, rounding, policy)
        SELECT coalesce(greatest((SELECT max(from_dt) + interval '1 ms' FROM terms),
                                 (SELECT coalesce(${at?.toISOString() ?? null}::timestamptz, clock_timestamp())
                                   WHERE EXISTS (SELECT FROM terms))), '1970-01-01Z'),
               ${commissionBps}::int, ${thresholdWei.toString()}::numeric, ${minIntervalMs}::bigint, ${rounding}::text, ${policy}::jsonb
        RETURNING id`,
  );
  return row?.id ?? 0;
}
