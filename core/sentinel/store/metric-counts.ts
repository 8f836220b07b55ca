/** Counts for the metrics. They are scraped every few seconds, so each reads a small range of an index. */
import { count, gt, min, type SQL, sql } from 'drizzle-orm';
import type { Reader } from '../../db/database.js';
import { rows } from '../../db/query.js';
import { unmatchedJob } from '../../events/store/tables.js';
import { isOpen, payout, SHOWS_WAIT } from '../../payouts/store/tables.js';
import { UNMATCHED_AGES, type UnmatchedBucket } from '../rules/source-figures.js';

/** Counts the jobs that nobody is credited for, by source and age; empty buckets are left out. */
export async function bucketUnmatched(
  db: Reader,
  now: Date,
): Promise<ReadonlyMap<string, readonly UnmatchedBucket[]>> {
  const bounds = UNMATCHED_AGES.flatMap(({ untilMs }) => (untilMs === null ? [] : [untilMs]));
  // `width_bucket` returns the index of the bucket; an age above all bounds gets the index of the last one.
  const found = await rows(
    db,
    { sourceId: unmatchedJob.sourceId, bucket: Number, jobs: Number, grossWei: BigInt },
    sql`SELECT source_id AS "sourceId", count(*)::int AS jobs, coalesce(sum(gross_wei), 0) AS "grossWei",
               width_bucket(extract(epoch FROM ${now.toISOString()}::timestamptz - dt) * 1000,
                            ${sql.param(bounds)}::numeric[]) AS bucket
          FROM unmatched_job WHERE role = 'processed' GROUP BY source_id, bucket`,
  );
  const buckets = new Map<string, UnmatchedBucket[]>();
  for (const { sourceId, bucket, jobs, grossWei } of found) {
    const { age } = UNMATCHED_AGES[bucket] ?? UNMATCHED_AGES[0];
    buckets.set(sourceId, [...(buckets.get(sourceId) ?? []), { age, jobs, grossWei }]);
  }
  return buckets;
}

const DAY_MS = 86_400_000;

/** Counts the open payouts, of any age, by their state. */
export function countOpenPayouts(db: Reader) {
  return countPayouts(db, isOpen());
}

/** Counts the payouts that were created in the last day, by their present state. */
export function countLatePayouts(db: Reader, now: Date) {
  return countPayouts(db, gt(payout.createdAt, new Date(now.getTime() - DAY_MS)));
}

/** Counts the open payouts by what each waits for, as pages show it. */
export function countWaits(db: Reader) {
  return rows(
    db,
    { code: payout.waitCode, payouts: Number },
    sql`SELECT p.wait_code AS code, count(*) AS payouts FROM payout p
         WHERE ${isOpen(sql`p.state`)} AND p.wait_code IS NOT NULL AND ${SHOWS_WAIT} GROUP BY p.wait_code`,
  );
}

async function countPayouts(db: Reader, which: SQL) {
  const amountWei = sql<bigint>`sum(${payout.amountWei})`.mapWith(payout.amountWei);
  return db
    .select({
      state: payout.state,
      payouts: count(),
      amountWei,
      oldestAt: min(payout.createdAt),
    })
    .from(payout)
    .where(which)
    .groupBy(payout.state)
    .orderBy(payout.state);
}
