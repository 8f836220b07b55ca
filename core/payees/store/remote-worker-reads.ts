/** Remote workers with their balances, and whether they are online. */
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
  toPage,
} from '../../db/paging.js';
import { orNull, rows } from '../../db/query.js';
import { balance, remoteWorker } from '../../ledger/store/tables.js';

export interface RemoteWorkerFilter {
  readonly payee?: Address | undefined;
  readonly nodeType?: NodeType | undefined;
  readonly region?: string | undefined;
  readonly online?: boolean | undefined;
}

const FIELDS = {
  id: String,
  payee: remoteWorker.payee,
  nodeType: remoteWorker.nodeType,
  region: remoteWorker.region,
  online: Boolean,
  /** How many connections are up. At most 100 of each source count, and at most one where all workers are read. */
  connections: Number,
  /** The newest connection that is up. */
  connection: orNull(String),
  jobs: String,
  zeroFeeJobs: String,
  computeUnits: String,
  pendingWei: balance.amountWei,
  reservedWei: balance.amountWei,
  paidWei: balance.amountWei,
  lastEventAt: remoteWorker.lastEventAt,
  createdAt: remoteWorker.createdAt,
};

/** At most this many connections of one worker to one source are counted, because a stranger can open any number of them. */
const MOST_CONNECTIONS = 100;

/**
 * Selects the newest live connections of the remote worker `w` as rows `c`, at most `most` of each source. A
 * connection is live when it is up and newer than the last reset of its source, so a reset need not write to the
 * connections. Connections of removed sources do not count, because their last state may no longer hold. For each
 * source Postgres reads along the key and stops after `most` rows, however many connections the planner expects.
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
    -- A source whose region was edited can no longer take its old rows offline.
    AND (s.region IS NULL OR s.region = w.region) AND (s.node_type IS NULL OR s.node_type = w.node_type)`;

/** Selects the balances of the row `w` as columns "pendingWei", "reservedWei" and "paidWei". */
export const WORKER_BALANCES: SQL = sql`
  SELECT coalesce(sum(b.amount_wei) FILTER (WHERE b.account = 'pending'), 0) AS "pendingWei",
         coalesce(sum(b.amount_wei) FILTER (WHERE b.account = 'reserved'), 0) AS "reservedWei",
         coalesce(sum(b.amount_wei) FILTER (WHERE b.account = 'paid'), 0) AS "paidWei"
    FROM balance b WHERE b.remote_worker_id = w.id`;

const WORKER_COLUMNS: SQL = sql`
  w.id, w.payee, w.node_type AS "nodeType", w.region, w.jobs, w.zero_fee_jobs AS "zeroFeeJobs",
  w.compute_units AS "computeUnits", w.last_event_at AS "lastEventAt", w.created_at AS "createdAt",
  live.connections > 0 AS online, live.connections, live.connection`;

const live = (most: number): SQL => sql`
  SELECT count(*)::int AS connections,
         (array_agg(c.connection ORDER BY c.changed_dt DESC, c.changed_seq DESC))[1] AS connection
  ${liveConnections(most)}`;

/** Reads one part of the workers in the order of their ids; at most `most` connections of each source are counted. */
async function readPart(
  db: Reader,
  filter: RemoteWorkerFilter,
  part: { readonly after: string | undefined; readonly limit: number; readonly most: number },
) {
  const after = part.after === undefined ? undefined : sql`w.id > ${part.after}::bigint`;
  return rows(
    db,
    FIELDS,
    sql`SELECT ${WORKER_COLUMNS}, owed.*
          FROM remote_worker w
          CROSS JOIN LATERAL (${live(part.most)}) live
          CROSS JOIN LATERAL (${WORKER_BALANCES}) owed
         WHERE ${allOf([...conditions(filter), after])} ORDER BY w.id LIMIT ${part.limit}`,
  );
}

export type RemoteWorkerSummary = Awaited<ReturnType<typeof readPart>>[number];

/** Lists workers in the order in which they were first seen. */
export async function listRemoteWorkers(
  db: Reader,
  filter: RemoteWorkerFilter,
  page: PageRequest,
): Promise<Page<RemoteWorkerSummary>> {
  const [after] = readCursor(page.cursor, [CURSOR_PART.integer]) ?? [];
  const part = { after, limit: rowsToAskFor(page), most: MOST_CONNECTIONS };
  const found = await readPart(db, filter, part);
  return toPage(found, page, { item: (row) => row, cursorParts: (row) => [row.id] });
}

const PART = 250;

/**
 * Reads all workers for the dashboards of the first manager, which know no pages. It does so in parts, because one
 * large answer would block the process for too long.
 */
export async function* allRemoteWorkers(
  db: Reader,
  filter: RemoteWorkerFilter,
): AsyncGenerator<readonly RemoteWorkerSummary[]> {
  let after: string | undefined;
  do {
    const part = await readPart(db, filter, { after, limit: PART, most: 1 });
    yield part;
    after = part.length < PART ? undefined : part.at(-1)?.id;
  } while (after !== undefined);
}

/** Lists workers: first those that are online, then by when they were last active. */
export async function topRemoteWorkers(
  db: Reader,
  limit: number,
): Promise<readonly RemoteWorkerSummary[]> {
  return rows(
    db,
    FIELDS,
    sql`SELECT w.*, owed.* FROM (
          SELECT ${WORKER_COLUMNS} FROM remote_worker w CROSS JOIN LATERAL (${live(1)}) live
           ORDER BY live.connections > 0 DESC, w.last_event_at DESC NULLS LAST, w.id LIMIT ${limit}) w
          CROSS JOIN LATERAL (${WORKER_BALANCES}) owed
         ORDER BY w.online DESC, w."lastEventAt" DESC NULLS LAST, w.id`,
  );
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
