/** Reads what was credited and redeemed by day, the redemptions, and the periods in which they were shared. */
import { desc, getTableColumns, sql } from 'drizzle-orm';
import type { Reader } from '../../db/database.js';
import { allOf, Keyset, type Page, type PageRequest, rowsToAskFor } from '../../db/paging.js';
import { fields, orNull, rows } from '../../db/query.js';
import { lastDays } from '../../payees/rules/earned-days.js';
import { LATE_DAYS } from '../rules/periods.js';
import type { RevenueFigures } from '../rules/redeemed-figures.js';
import type { RevenuePeriod } from './periods.js';
import { type RedemptionState, redemption, revenuePeriod } from './tables.js';

export interface RevenueDay {
  readonly day: string;
  /** The fees of the day's jobs, and what of them went to workers. */
  readonly grossWei: bigint;
  readonly creditedWei: bigint;
  /** What the chain shows as redeemed in blocks of the day. */
  readonly redeemedWei: bigint;
  readonly redemptions: number;
}

const WEI = redemption.amountWei;

/** Reads the last days (UTC), today included, the oldest first. */
export async function readRevenueDays(
  reader: Reader,
  { days, nowMs }: { readonly days: number; readonly nowMs: number },
): Promise<readonly RevenueDay[]> {
  const wanted = lastDays(nowMs, days);
  const [from, to] = [sql`${wanted[0] ?? ''}::date`, sql`${wanted.at(-1) ?? ''}::date`];
  return rows(
    reader,
    { day: String, grossWei: WEI, creditedWei: WEI, redeemedWei: WEI, redemptions: Number },
    sql`SELECT one.day::date::text AS day, coalesce(jobs.gross, 0) AS "grossWei", coalesce(jobs.net, 0) AS "creditedWei",
               coalesce(tickets.wei, 0) AS "redeemedWei", coalesce(tickets.n, 0) AS redemptions
          FROM generate_series(${from}, ${to}, interval '1 day') one (day)
          LEFT JOIN (SELECT day, sum(gross_wei) AS gross, sum(gross_wei - commission_wei) AS net
                       FROM pool_day WHERE day BETWEEN ${from} AND ${to} GROUP BY 1) jobs ON jobs.day = one.day
          LEFT JOIN (SELECT (block_at AT TIME ZONE 'UTC')::date AS day, sum(amount_wei) AS wei, count(*) AS n
                       FROM redemption WHERE state = 'redeemed'
                        AND block_at >= ${from}::timestamp AT TIME ZONE 'UTC'
                        AND block_at < (${to} + 1)::timestamp AT TIME ZONE 'UTC' GROUP BY 1) tickets ON tickets.day = one.day
         ORDER BY one.day`,
  );
}

/** A redemption that is not settled after so long wants a look. */
const OVERDUE_HOURS = 24;

/** Reads what the sentinel judges by: sums of the last days before today, and what the chain does not show. */
export async function readRevenueFigures(
  reader: Reader,
  { days, nowMs }: { readonly days: number; readonly nowMs: number },
): Promise<RevenueFigures> {
  const all = await readRevenueDays(reader, { days: days + 1, nowMs });
  const whole = all.slice(0, -1);
  const since = sql`${new Date(nowMs).toISOString()}::timestamptz - make_interval(days => ${LATE_DAYS})`;
  const [found] = await rows(
    reader,
    { ticketWei: orNull(Number), overdue: Number },
    sql`SELECT coalesce(
                 (SELECT sum(power(amount_wei::double precision, 2)) / sum(amount_wei)::double precision FROM redemption
                   WHERE state = 'redeemed' AND block_at >= ${since}),
                 (SELECT sum(power(face_value_wei::double precision, 2)) / sum(face_value_wei)::double precision FROM ticket_event
                   WHERE face_value_wei > 0 AND dt >= ${since})) AS "ticketWei",
               (SELECT count(*) FROM redemption WHERE state = 'open'
                   AND told_at < ${new Date(nowMs).toISOString()}::timestamptz - make_interval(hours => ${OVERDUE_HOURS})) AS overdue`,
  );
  return {
    days,
    daysWithJobs: whole.filter(({ grossWei }) => grossWei > 0n).length,
    creditedWei: whole.reduce((sum, day) => sum + day.creditedWei, 0n),
    redeemedWei: whole.reduce((sum, day) => sum + day.redeemedWei, 0n),
    redemptions: whole.reduce((sum, day) => sum + day.redemptions, 0),
    ticketWei: found?.ticketWei ?? null,
    overdue: found?.overdue ?? 0,
  };
}

const NEWEST_PERIOD = new Keyset('DESC', {
  number: { column: revenuePeriod.number, kind: 'integer' },
});

/** Lists the closed periods, the newest first. */
export async function listRevenuePeriods(
  reader: Reader,
  page: PageRequest,
): Promise<Page<RevenuePeriod>> {
  const found = await reader
    .select()
    .from(revenuePeriod)
    .where(NEWEST_PERIOD.after(page))
    .orderBy(desc(revenuePeriod.number))
    .limit(rowsToAskFor(page));
  return NEWEST_PERIOD.page(found, page, (row) => row);
}

export type Redemption = typeof redemption.$inferSelect;

const NEWEST_TOLD = new Keyset('DESC', {
  toldMicros: { column: sql`r.told_at`, kind: 'time' },
  txHash: { column: sql`r.tx_hash`, kind: 'text' },
});
const COLUMNS = getTableColumns(redemption);

/** Lists the redemptions that events told of, the newest first. */
export async function listRedemptions(
  reader: Reader,
  filter: { readonly state?: RedemptionState | undefined; readonly period?: number | undefined },
  page: PageRequest,
): Promise<Page<Redemption>> {
  const { state, period } = filter;
  const conditions = allOf([
    state === undefined ? undefined : sql`r.state = ${state}`,
    period === undefined ? undefined : sql`r.period = ${period}::integer`,
    NEWEST_TOLD.after(page),
  ]);
  const found = await rows(
    reader,
    { ...COLUMNS, toldMicros: String },
    sql`SELECT ${fields('r', COLUMNS)}, ${NEWEST_TOLD.timeFields} FROM redemption r
         WHERE ${conditions} ORDER BY ${NEWEST_TOLD.order} LIMIT ${rowsToAskFor(page)}`,
  );
  return NEWEST_TOLD.page(found, page, (row) => row);
}
