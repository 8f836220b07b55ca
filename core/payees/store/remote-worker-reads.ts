/** Remote workers with their balances, and whether they are online. */
import { getTableColumns, type SQL, sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import type { NodeType } from '../../base/remote-worker.js';
import type { Reader } from '../../db/database.js';
import { allOf, Keyset, type Page, type PageRequest, rowsToAskFor } from '../../db/paging.js';
import { fields, orNull, prepared, rows } from '../../db/query.js';
import { balance, remoteWorker } from '../../ledger/store/tables.js';

export interface RemoteWorkerFilter {
  readonly payee?: Address | undefined;
  readonly nodeType?: NodeType | undefined;
  readonly region?: string | undefined;
  readonly online?: boolean | undefined;
}

const WORKER = getTableColumns(remoteWorker);

const FIELDS = {
  ...WORKER,
  id: String,
  jobs: String,
  zeroFeeJobs: String,
  computeUnits: String,
  online: Boolean,
  /** How many connections are up. At most 100 of each source count, and at most one where all workers are read. */
  connections: Number,
  connection: orNull(String),
  pendingWei: balance.amountWei,
  reservedWei: balance.amountWei,
  paidWei: balance.amountWei,
  /** How the policy shows the payee. */
  nickname: orNull(String),
  tier: orNull(String),
  badge: orNull(String),
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
  ${fields('w', WORKER)}, live.connections > 0 AS online, live.connections, live.connection`;

const live = (most: number): SQL => sql`
  SELECT count(*)::int AS connections,
         (array_agg(c.connection ORDER BY c.changed_dt DESC, c.changed_seq DESC))[1] AS connection
  ${liveConnections(most)}`;

const FIRST_SEEN = new Keyset('ASC', { id: { column: sql`w.id`, kind: 'integer' } });

export type RemoteWorkerSummary = Awaited<ReturnType<typeof workersOfPayees>>[number];

/** Lists workers in the order in which they were first seen. */
export async function listRemoteWorkers(
  db: Reader,
  { payee, nodeType, region, online }: RemoteWorkerFilter,
  page: PageRequest,
): Promise<Page<RemoteWorkerSummary>> {
  const conditions = allOf([
    payee && sql`w.payee = ${payee}`,
    nodeType && sql`w.node_type = ${nodeType}`,
    region === undefined ? undefined : sql`w.region = ${region}`,
    online === undefined ? undefined : sql`(live.connections > 0) = ${online}`,
    FIRST_SEEN.after(page),
  ]);
  const found = await rows(
    db,
    FIELDS,
    sql`${selectWorkers(sql`remote_worker w`)} WHERE ${conditions}
         ORDER BY ${FIRST_SEEN.order} LIMIT ${rowsToAskFor(page)}`,
  );
  return FIRST_SEEN.page(found, page, (row) => row);
}

/** Selects workers. `chosen` is the text after FROM, which has them as `w`. */
const selectWorkers = (chosen: SQL): SQL => sql`
  SELECT ${WORKER_COLUMNS}, owed.*, look.nickname, look.tier, look.badge
    FROM ${chosen}
    CROSS JOIN LATERAL (${live(MOST_CONNECTIONS)}) live
    CROSS JOIN LATERAL (${WORKER_BALANCES}) owed
    LEFT JOIN payee_look look ON look.payee = w.payee`;

/** Lists the first workers of each of these payees, as `listRemoteWorkers` does. */
export const workersOfPayees = prepared(
  'workers_of_payees',
  FIELDS,
  ['payees', 'limit'],
  ({ payees, limit }) => sql`${selectWorkers(sql`unnest(${payees}::text[]) AS asked (payee)
    CROSS JOIN LATERAL (SELECT * FROM remote_worker w WHERE w.payee = asked.payee
                         ORDER BY ${FIRST_SEEN.order} LIMIT ${limit}::int) w`)}
    ORDER BY w.payee, ${FIRST_SEEN.order}`,
);

/** Separates the parts of a line. JSON writes control characters as escapes, so no part contains it or a line's end. */
const SEPARATOR = '\u001f';

/** With this many rows in one answer of Postgres, others get their turn often enough. */
const PART = 1_000;

/**
 * Postgres itself writes what the first manager's dashboards show of a worker: ten thousand rows as objects would take
 * this process a tenth of a second each time.
 */
const partOfWorkers = prepared(
  'part_of_workers',
  { lines: orNull(String), last: orNull(Number), rows: Number },
  ['after', 'nodeType', 'online', 'connections', 'limit'],
  ({ after, nodeType, online, connections, limit }) => sql`
    SELECT count(*)::int AS rows, max(w.id) AS last,
           string_agg(concat(w.payee, w.node_type, ${SEPARATOR}::text, to_json(w.region), ${SEPARATOR}::text,
             '"is_connected":', (live.connection IS NOT NULL)::text, ',"pending_fees":', owed.unpaid, ',"paid_fees":', owed.paid,
             ',"last_updated":"', to_char(coalesce(w.last_event_at, w.created_at) AT TIME ZONE 'UTC',
                                          'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
             '","connection":', CASE WHEN ${connections}::boolean AND live.connection IS NOT NULL
                                     THEN to_json(live.connection)::text ELSE '""' END, '}'), E'\\n' ORDER BY w.id)
             FILTER (WHERE NOT ${online}::boolean OR live.connection IS NOT NULL) AS lines
      FROM (SELECT * FROM remote_worker
             WHERE id > ${after}::bigint AND (${nodeType}::text IS NULL OR node_type = ${nodeType}::text)
             ORDER BY id LIMIT ${limit}::int) w
      LEFT JOIN LATERAL (SELECT c.connection ${liveConnections(1)}
                          ORDER BY c.changed_dt DESC, c.changed_seq DESC LIMIT 1) live ON true
     CROSS JOIN LATERAL (
           SELECT coalesce(sum(b.amount_wei) FILTER (WHERE b.account IN ('pending', 'reserved')), 0) AS unpaid,
                  coalesce(sum(b.amount_wei) FILTER (WHERE b.account = 'paid'), 0) AS paid
             FROM balance b WHERE b.remote_worker_id = w.id) owed`,
);

/** A worker as the first manager's dashboards read it. */
export interface CompatWorker {
  readonly payee: Address;
  readonly nodeType: string;
  /** As JSON. */
  readonly region: string;
  /** The rest of its JSON object: amounts with all their digits. */
  readonly rest: string;
}

interface CompatFilter {
  readonly nodeType: NodeType | null;
  /** True for those that are connected only. */
  readonly online: boolean;
  /** Whether it is told from where they connect. */
  readonly connections: boolean;
}

/**
 * Reads all workers for the dashboards of the first manager, which know no pages. It does so in parts, because one
 * large answer would block the process for too long.
 */
export async function* allRemoteWorkers(
  db: Reader,
  filter: CompatFilter,
): AsyncGenerator<readonly CompatWorker[]> {
  for (let after: number | null = 0; after !== null; ) {
    const given = { ...filter, after, limit: PART };
    const [part]: Awaited<ReturnType<typeof partOfWorkers>> = await partOfWorkers(db, given);
    yield part?.lines?.split('\n').map(toWorker) ?? [];
    after = part?.rows === PART ? part.last : null;
  }
}

const ADDRESS_LENGTH = 42;

function toWorker(line: string): CompatWorker {
  const [head = '', region = '', rest = ''] = line.split(SEPARATOR);
  const payee = line.slice(0, ADDRESS_LENGTH) as Address;
  return { payee, nodeType: head.slice(ADDRESS_LENGTH), region, rest };
}
