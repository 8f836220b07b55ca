/** Figures for metrics that nobody else shows. Scraped every few seconds: each comes from a small range. */

import { sql } from 'drizzle-orm';
import type { Reader } from '../../db/database.js';
import { query } from '../../db/query.js';
import type { PayoutState } from '../../payouts/rules/payout.js';
import { isOpen } from '../../payouts/store/tables.js';
import { UNMATCHED_AGES, type UnmatchedBucket } from '../rules/sentinel-figures.js';

/** Jobs that nobody is credited for, by source and how old they are; empty buckets are left out. */
export async function bucketUnmatched(
  db: Reader,
  now: Date,
): Promise<ReadonlyMap<string, readonly UnmatchedBucket[]>> {
  const bounds = UNMATCHED_AGES.flatMap(({ untilMs }) => (untilMs === null ? [] : [untilMs]));
  // Past all bounds it is the number of the last bucket.
  const rows = await query<{ source_id: string; bucket: number; jobs: number; gross_wei: string }>(
    db,
    sql`SELECT source_id, count(*)::int AS jobs, coalesce(sum(gross_wei), 0) AS gross_wei,
               width_bucket(extract(epoch FROM ${now.toISOString()}::timestamptz - dt) * 1000,
                            ${sql.param(bounds)}::numeric[]) AS bucket
          FROM unmatched_job WHERE role = 'processed' GROUP BY source_id, bucket`,
  );
  const buckets = new Map<string, UnmatchedBucket[]>();
  for (const { source_id, bucket, jobs, gross_wei } of rows) {
    const { age } = UNMATCHED_AGES[bucket] ?? UNMATCHED_AGES[0];
    const item = { age, jobs, grossWei: BigInt(gross_wei) };
    buckets.set(source_id, [...(buckets.get(source_id) ?? []), item]);
  }
  return buckets;
}

export interface PayoutCount {
  readonly state: PayoutState;
  readonly payouts: number;
  readonly amountWei: bigint;
}

/** Open payouts, however old. */
export async function countOpenPayouts(db: Reader): Promise<readonly PayoutCount[]> {
  return countPayouts(db, isOpen());
}

/** Payouts that were made in the last day, by how they stand now. */
export async function countLatePayouts(db: Reader, now: Date): Promise<readonly PayoutCount[]> {
  return countPayouts(
    db,
    sql`created_at > ${now.toISOString()}::timestamptz - interval '24 hours'`,
  );
}

async function countPayouts(
  db: Reader,
  which: ReturnType<typeof sql>,
): Promise<readonly PayoutCount[]> {
  const rows = await query<{ state: PayoutState; payouts: number; amount_wei: string }>(
    db,
    sql`SELECT state, count(*)::int AS payouts, sum(amount_wei) AS amount_wei
          FROM payout WHERE ${which} GROUP BY state ORDER BY state`,
  );
  return rows.map(({ state, payouts, amount_wei }) => ({
    ...{ state, payouts },
    amountWei: BigInt(amount_wei),
  }));
}
