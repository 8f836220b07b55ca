/**
 * Reads what payees and the pool earned by day, node type, region, pipeline and model. Days are UTC, as `YYYY-MM-DD`, by the
 * time of the jobs: a job that comes late changes a day that is over. Pipeline and model are empty where the events name none,
 * and for adjustments, which stand on the day on which they were booked.
 */
import { type SQL, sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import { listOf } from '../../base/lists.js';
import type { Reader } from '../../db/database.js';
import { allOf, Keyset, type Page, type PageRequest, rowsToAskFor } from '../../db/paging.js';
import { list, orNull, rows } from '../../db/query.js';
import { earningDay, remoteWorker } from '../../ledger/store/tables.js';
import {
  addEarned,
  DAY_MS,
  type Earned,
  type EarnedDay,
  fillDays,
  lastDays,
} from '../rules/earned-days.js';

/** The first and the last day that are asked for; both are included. */
export interface DaySpan {
  readonly from: string;
  readonly to: string;
}

const { computeUnits, grossWei, commissionWei, adjustedWei } = earningDay;
const EARNED = { jobs: Number, computeUnits, grossWei, commissionWei, adjustedWei };
const PLACE = {
  day: String,
  nodeType: remoteWorker.nodeType,
  region: remoteWorker.region,
  pipeline: String,
  modelId: String,
};
const ROW = { dayNo: Number, workerId: Number, ...PLACE, ...EARNED };

/** Selects the columns of a row of days. `dayNo` counts days since 1970, for the cursor. */
const columns = (place: SQL): SQL => sql`
  d.day - date '1970-01-01' AS "dayNo", d.day::text AS day, ${place}, d.pipeline, d.model_id AS "modelId", d.jobs,
  d.compute_units AS "computeUnits", d.gross_wei AS "grossWei", d.commission_wei AS "commissionWei",
  d.adjusted_wei AS "adjustedWei"`;

const isBetween = ({ from, to }: DaySpan): SQL => sql`
  d.day BETWEEN ${from}::date AND ${to}::date
  -- A correction can leave a row on which nothing was earned.
  AND (d.jobs, d.gross_wei, d.commission_wei, d.adjusted_wei) <> (0, 0, 0, 0)`;

const OF_WORKER = {
  dayNo: { column: sql`d.day`, kind: 'day' },
  workerId: { column: sql`d.remote_worker_id`, kind: 'integer' },
  pipeline: { column: sql`d.pipeline`, kind: 'text' },
  modelId: { column: sql`d.model_id`, kind: 'text' },
} as const;
const NEWEST = new Keyset('DESC', OF_WORKER);

type Row = Awaited<ReturnType<typeof readRows>>[number];
const readRows = (db: Reader, statement: SQL) => rows(db, ROW, statement);
function toDay(row: Row) {
  const { day, nodeType, region, pipeline, modelId } = row;
  return { day, nodeType, region, pipeline, modelId, ...earnedOf(row) };
}

/** What one worker (for the pool: all workers of the node type and region) earned on a day with one pipeline and model. */
export type EarnedRow = ReturnType<typeof toDay>;

/** Lists the payee's days, the newest first: one row for each day, remote worker, pipeline and model. */
export async function listPayeeDays(
  db: Reader,
  asked: DaySpan & { readonly payee: Address },
  page: PageRequest,
): Promise<Page<EarnedRow>> {
  const conditions = [sql`w.payee = ${asked.payee}`, isBetween(asked), NEWEST.after(page)];
  const place = sql`w.node_type AS "nodeType", w.region, w.id AS "workerId"`;
  const found = await readRows(
    db,
    sql`SELECT ${columns(place)} FROM earning_day d JOIN remote_worker w ON w.id = d.remote_worker_id
         WHERE ${allOf(conditions)} ORDER BY ${NEWEST.order} LIMIT ${rowsToAskFor(page)}`,
  );
  return NEWEST.page(found, page, toDay);
}

const NEWEST_OF_POOL = new Keyset('DESC', {
  dayNo: { column: sql`d.day`, kind: 'day' },
  nodeType: { column: sql`d.node_type`, kind: 'text' },
  region: { column: sql`d.region`, kind: 'text' },
  pipeline: { column: sql`d.pipeline`, kind: 'text' },
  modelId: { column: sql`d.model_id`, kind: 'text' },
});

/** Lists the pool's days, the newest first: one row for each day, node type, region, pipeline and model. */
export async function listPoolDays(
  db: Reader,
  asked: DaySpan,
  page: PageRequest,
): Promise<Page<EarnedRow>> {
  const place = sql`d.node_type AS "nodeType", d.region, 0 AS "workerId"`;
  const found = await readRows(
    db,
    sql`SELECT ${columns(place)} FROM pool_day d
         WHERE ${allOf([isBetween(asked), NEWEST_OF_POOL.after(page)])}
         ORDER BY ${NEWEST_OF_POOL.order} LIMIT ${rowsToAskFor(page)}`,
  );
  return NEWEST_OF_POOL.page(found, page, toDay);
}

/** Reads what the payee earned on each of the last `count` whole days before today (UTC), the oldest first. */
export async function readWholeDays(
  db: Reader,
  asked: { readonly payee: Address; readonly nowMs: number; readonly count: number },
): Promise<readonly EarnedDay[]> {
  const days = lastDays(asked.nowMs - DAY_MS, asked.count);
  const span = { from: days[0] ?? '', to: days.at(-1) ?? '' };
  const found = await rows(
    db,
    { day: String, ...EARNED },
    sql`SELECT d.day::text AS day, sum(d.jobs) AS jobs, sum(d.compute_units) AS "computeUnits",
               sum(d.gross_wei) AS "grossWei", sum(d.commission_wei) AS "commissionWei",
               sum(d.adjusted_wei) AS "adjustedWei"
          FROM earning_day d JOIN remote_worker w ON w.id = d.remote_worker_id
         WHERE w.payee = ${asked.payee} AND ${isBetween(span)} GROUP BY d.day`,
  );
  return fillDays(
    found.map((row) => ({ ...earnedOf(row), day: row.day })),
    days,
  );
}

/**
 * Reads what the jobs of each of these payees came to by UTC day, less the commission, the oldest day first. Adjustments and bonuses
 * are left out. Payees without jobs in the span are missing.
 */
export async function readJobNets(
  db: Reader,
  payees: readonly Address[],
  span: DaySpan,
): Promise<ReadonlyMap<Address, readonly { readonly dayMs: number; readonly netWei: bigint }[]>> {
  const found = await rows(
    db,
    { payee: remoteWorker.payee, dayNo: Number, netWei: grossWei },
    sql`SELECT w.payee, d.day - date '1970-01-01' AS "dayNo", sum(d.gross_wei - d.commission_wei) AS "netWei"
          FROM earning_day d JOIN remote_worker w ON w.id = d.remote_worker_id
         WHERE w.payee = ANY(${list(payees)}::text[]) AND ${isBetween(span)}
         GROUP BY w.payee, d.day ORDER BY d.day`,
  );
  const nets = new Map<Address, { readonly dayMs: number; readonly netWei: bigint }[]>();
  for (const { payee, dayNo, netWei } of found) {
    listOf(nets, payee).push({ dayMs: dayNo * DAY_MS, netWei });
  }
  return nets;
}

/** A part of the earnings: of one region, node type, pipeline or model. */
export interface EarnedPart extends Earned {
  /** The region, node type, pipeline or model; empty for a pipeline or model that the events do not name. */
  readonly name: string;
}

/** What was earned in a row of days, and its parts. The parts of each kind sum to `total`; the largest net comes first. */
export interface Earnings {
  readonly total: Earned;
  /** One entry for each day, the oldest first; days on which nothing was earned have zeros. */
  readonly days: readonly EarnedDay[];
  readonly nodeTypes: readonly EarnedPart[];
  readonly regions: readonly EarnedPart[];
  readonly pipelines: readonly EarnedPart[];
  /** `name` is the model; two pipelines can have a model of the same name. */
  readonly models: readonly (EarnedPart & { readonly pipeline: string })[];
}

/** The bits of GROUPING are set for the columns that a row of the result is not grouped by. */
const GROUPED = {
  day: 0b01111,
  nodeType: 0b10111,
  region: 0b11011,
  pipeline: 0b11101,
  model: 0b11100,
};

/**
 * Reads what a payee earned in the last `days` days, today (UTC) included, or without a payee the whole pool; for charts of 7, 30
 * and 90 days with their tables. It takes one statement. Texts of regions, pipelines and models come from outside.
 */
export async function readEarnings(
  db: Reader,
  asked: { readonly payee?: Address | undefined; readonly days: number; readonly nowMs: number },
): Promise<Earnings> {
  const days = lastDays(asked.nowMs, asked.days);
  const span = { from: days[0] ?? '', to: days.at(-1) ?? '' };
  const ofPayee = sql`
    SELECT w.node_type, w.region, d.* FROM earning_day d JOIN remote_worker w ON w.id = d.remote_worker_id
     WHERE w.payee = ${asked.payee ?? ''} AND ${isBetween(span)}`;
  const ofPool = sql`SELECT * FROM pool_day d WHERE ${isBetween(span)}`;
  const found = await rows(
    db,
    {
      grouped: Number,
      day: orNull(String),
      nodeType: orNull(String),
      region: orNull(String),
      pipeline: orNull(String),
      model: orNull(String),
      ...EARNED,
    },
    sql`SELECT grouping(day, node_type, region, pipeline, model_id) AS grouped, day::text AS day,
               node_type AS "nodeType", region, pipeline, model_id AS model, sum(jobs) AS jobs,
               sum(compute_units) AS "computeUnits", sum(gross_wei) AS "grossWei",
               sum(commission_wei) AS "commissionWei", sum(adjusted_wei) AS "adjustedWei"
          FROM (${asked.payee === undefined ? ofPool : ofPayee}) d
         GROUP BY GROUPING SETS ((day), (node_type), (region), (pipeline), (pipeline, model_id))`,
  );
  const groupsOf = (kind: keyof typeof GROUPED) =>
    found.filter(({ grouped }) => grouped === GROUPED[kind]);
  const partsBy = (kind: 'nodeType' | 'region' | 'pipeline') =>
    groupsOf(kind)
      .map((row): EarnedPart => ({ ...earnedOf(row), name: row[kind] ?? '' }))
      .sort(byNet);
  const filled = fillDays(
    groupsOf('day').map((row) => ({ ...earnedOf(row), day: row.day ?? '' })),
    days,
  );
  const models = groupsOf('model').map((row) => ({
    ...earnedOf(row),
    name: row.model ?? '',
    pipeline: row.pipeline ?? '',
  }));
  return {
    total: addEarned(filled),
    days: filled,
    nodeTypes: partsBy('nodeType'),
    regions: partsBy('region'),
    pipelines: partsBy('pipeline'),
    models: models.sort(byNet),
  };
}

function earnedOf(row: Omit<Earned, 'netWei'>): Earned {
  const { jobs, computeUnits, grossWei, commissionWei, adjustedWei } = row;
  const netWei = grossWei - commissionWei + adjustedWei;
  return { jobs, computeUnits, grossWei, commissionWei, adjustedWei, netWei };
}

function byNet(a: EarnedPart, b: EarnedPart): number {
  if (a.netWei !== b.netWei) return a.netWei > b.netWei ? -1 : 1;
  return a.name < b.name ? -1 : 1;
}
