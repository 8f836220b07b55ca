/** Reads what the pool earned, paid and owed day by day. All comes from sums that are kept: no page adds up postings. */
import { sql } from 'drizzle-orm';
import type { Reader } from '../../db/database.js';
import { rows } from '../../db/query.js';
import { paidDay } from '../../ledger/store/tables.js';
import { lastDays } from '../../payees/rules/earned-days.js';
import { owedByDay, type PoolDay } from '../rules/pool-days.js';

/**
 * Reads the last `days` days, today (UTC) included, the oldest first. It is one statement, so that the days and what is
 * owed now are of the same moment and add up to the wei.
 */
export async function readPoolDays(
  db: Reader,
  asked: { readonly days: number; readonly nowMs: number },
): Promise<readonly PoolDay[]> {
  const days = lastDays(asked.nowMs, asked.days);
  const [from, to] = [sql`${days[0] ?? ''}::date`, sql`${days.at(-1) ?? ''}::date`];
  const { paidWei } = paidDay;
  const found = await rows(
    db,
    { day: String, jobs: Number, netWei: paidWei, paidWei, owedNowWei: paidWei },
    sql`SELECT one.day::date::text AS day, coalesce(earned.jobs, 0) AS jobs, coalesce(earned.net_wei, 0) AS "netWei",
               coalesce(paid_day.paid_wei, 0) AS "paidWei", owed.wei AS "owedNowWei"
          FROM (SELECT coalesce(sum(amount_wei), 0) AS wei FROM balance WHERE account IN ('pending', 'reserved')) owed
         CROSS JOIN generate_series(${from}, ${to}, interval '1 day') one (day)
          LEFT JOIN (SELECT day, sum(jobs) AS jobs, sum(gross_wei - commission_wei + adjusted_wei) AS net_wei
                       FROM pool_day WHERE day BETWEEN ${from} AND ${to} GROUP BY day) earned ON earned.day = one.day
          LEFT JOIN paid_day ON paid_day.day = one.day
         ORDER BY one.day`,
  );
  return owedByDay(found, found[0]?.owedNowWei ?? 0n);
}
