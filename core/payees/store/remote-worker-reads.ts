/** Remote workers with their balances and whether they are online. */
import { type SQL, sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import type { NodeType } from '../../base/remote-worker.js';
import type { Reader } from '../../db/database.js';
import {
  allOf,
  CURSOR_PART,
  type Page,
  type PageRequest,
  readCursor,
  rowsToAskFor,
  toDate,
  toDateOrNull,
  toPage,
} from '../../db/paging.js';

export interface RemoteWorkerSummary {
  readonly id: string;
  readonly payee: Address;
  readonly nodeType: NodeType;
  readonly region: string;
  readonly online: boolean;
  /** Connections that are up; the newest one is `connection`. Of one source 100 at most are counted, in whole lists one. */
  readonly connections: number;
  readonly connection: string | null;
  readonly jobs: string;
  readonly zeroFeeJobs: string;
  readonly computeUnits: string;
  readonly pendingWei: bigint;
  readonly reservedWei: bigint;
  readonly paidWei: bigint;
  readonly lastEventAt: Date | null;
  readonly createdAt: Date;
}

export interface RemoteWorkerFilter {
  readonly payee?: Address | undefined;
  readonly nodeType?: NodeType | undefined;
  readonly region?: string | undefined;
  readonly online?: boolean | undefined;
}

type RemoteWorkerRow = {
  id: string;
  payee: Address;
  node_type: NodeType;
  region: string;
  connections: number;
  connection: string | null;
  jobs: string;
  zero_fee_jobs: string;
  compute_units: string;
  pending_wei: string;
  reserved_wei: string;
  paid_wei: string;
  last_event_at: string | null;
  created_at: string;
};

/** More connections of one worker to one source are not counted: a stranger makes as many as he likes. */
const MOST_CONNECTIONS = 100;

/**
 * The newest live connections of the remote worker `w`, as rows `c`: at most `most` of each source. Live is what is up, and newer than
 * the last reset of its source: a reset needs no writes to the connections. What a removed source last said is
 * no longer known to hold. Each source is a walk along the key that ends after `most` steps, whatever the planner
 * thinks of how many connections there are.
 */
export const liveConnections = (most: number): SQL => sql`
  FROM source s
  LEFT JOIN source_reset r
    ON r.source_id = s.id AND r.region = w.region AND r.node_type = w.node_type
  CROSS JOIN LATERAL (
    SELECT one.connection, one.changed_dt, one.changed_seq FROM connection one
     WHERE one.source_id = s.id AND one.remote_worker_id = w.id AND one.up
       AND (one.changed_dt, one.changed_seq)
           > (coalesce(r.reset_dt, '-infinity'), coalesce(r.reset_seq, 0))
     ORDER BY one.changed_dt DESC, one.changed_seq DESC LIMIT ${sql.raw(String(most))}) c
  WHERE s.removed_at IS NULL
    -- A source whose region was edited cannot take its old rows offline any more.
    AND (s.region IS NULL OR s.region = w.region) AND (s.node_type IS NULL OR s.node_type = w.node_type)`;

/** Balances of the row `w`, as columns pending_wei, reserved_wei and paid_wei. */
export const WORKER_BALANCES: SQL = sql`
  SELECT coalesce(sum(b.amount_wei) FILTER (WHERE b.account = 'pending'), 0) AS pending_wei,
         coalesce(sum(b.amount_wei) FILTER (WHERE b.account = 'reserved'), 0) AS reserved_wei,
         coalesce(sum(b.amount_wei) FILTER (WHERE b.account = 'paid'), 0) AS paid_wei
    FROM balance b WHERE b.remote_worker_id = w.id`;

const WORKER_COLUMNS: SQL = sql`
  w.id, w.payee, w.node_type, w.region, w.jobs, w.zero_fee_jobs, w.compute_units, w.last_event_at, w.created_at`;

const live = (most: number): SQL => sql`
  SELECT count(*)::int AS connections,
         (array_agg(c.connection ORDER BY c.changed_dt DESC, c.changed_seq DESC))[1] AS connection
  ${liveConnections(most)}`;

/** @param most connections of one source that are counted */
const selectWorkers = (most: number): SQL => sql`
  SELECT ${WORKER_COLUMNS}, live.connections, live.connection, owed.*
    FROM remote_worker w
    CROSS JOIN LATERAL (${live(most)}) live
    CROSS JOIN LATERAL (${WORKER_BALANCES}) owed`;

/** In the order in which they were first seen. */
export async function listRemoteWorkers(
  db: Reader,
  filter: RemoteWorkerFilter,
  page: PageRequest,
): Promise<Page<RemoteWorkerSummary>> {
  const [afterId] = readCursor(page.cursor, [CURSOR_PART.integer]) ?? [];
  const after = afterId === undefined ? undefined : sql`w.id > ${afterId}::bigint`;
  const { rows } = await db.execute<RemoteWorkerRow>(sql`${selectWorkers(MOST_CONNECTIONS)}
    WHERE ${allOf([...conditions(filter), after])} ORDER BY w.id LIMIT ${rowsToAskFor(page)}`);
  return toPage(rows, page, { item: toRemoteWorker, cursorParts: (row) => [row.id] });
}

const PART = 250;

/** All of them in parts, for the first manager's dashboards, which know no pages: no part keeps the process long. */
export async function* allRemoteWorkers(
  db: Reader,
  filter: RemoteWorkerFilter,
): AsyncGenerator<readonly RemoteWorkerSummary[]> {
  for (let after: string | undefined = '0'; after !== undefined; ) {
    const { rows }: { readonly rows: readonly RemoteWorkerRow[] } =
      await db.execute<RemoteWorkerRow>(sql`${selectWorkers(1)}
        WHERE ${allOf([...conditions(filter), sql`w.id > ${after}::bigint`])} ORDER BY w.id LIMIT ${PART}`);
    yield rows.map(toRemoteWorker);
    after = rows.length < PART ? undefined : rows.at(-1)?.id;
  }
}

/** Those online first, then by what they did last. */
export async function topRemoteWorkers(
  db: Reader,
  limit: number,
): Promise<readonly RemoteWorkerSummary[]> {
  const { rows } = await db.execute<RemoteWorkerRow>(sql`
    SELECT w.*, owed.* FROM (
      SELECT ${WORKER_COLUMNS}, live.connections, live.connection
        FROM remote_worker w CROSS JOIN LATERAL (${live(1)}) live
       ORDER BY live.connections > 0 DESC, w.last_event_at DESC NULLS LAST, w.id LIMIT ${limit}) w
      CROSS JOIN LATERAL (${WORKER_BALANCES}) owed
     ORDER BY w.connections > 0 DESC, w.last_event_at DESC NULLS LAST, w.id`);
  return rows.map(toRemoteWorker);
}

function conditions(filter: RemoteWorkerFilter): readonly (SQL | undefined)[] {
  const { payee, nodeType, region, online } = filter;
  return [
    payee === undefined ? undefined : sql`w.payee = ${payee}`,
    nodeType === undefined ? undefined : sql`w.node_type = ${nodeType}`,
    region === undefined ? undefined : sql`w.region = ${region}`,
    online === undefined ? undefined : sql`(live.connections > 0) = ${online}`,
  ];
}

function toRemoteWorker(row: RemoteWorkerRow): RemoteWorkerSummary {
  return {
    id: row.id,
    payee: row.payee,
    nodeType: row.node_type,
    region: row.region,
    online: row.connections > 0,
    connections: row.connections,
    connection: row.connection,
    jobs: row.jobs,
    zeroFeeJobs: row.zero_fee_jobs,
    computeUnits: row.compute_units,
    pendingWei: BigInt(row.pending_wei),
    reservedWei: BigInt(row.reserved_wei),
    paidWei: BigInt(row.paid_wei),
    lastEventAt: toDateOrNull(row.last_event_at),
    createdAt: toDate(row.created_at),
  };
}
