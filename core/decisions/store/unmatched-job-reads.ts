/** Reads halves of AI jobs whose other half has not arrived, and jobs that nobody could be credited for. */
import { type SQL, sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import type { NodeType } from '../../base/remote-worker.js';
import type { Reader } from '../../db/database.js';
import { allOf, Keyset, type Page, type PageRequest, rowsToAskFor } from '../../db/paging.js';
import { orNull, rows } from '../../db/query.js';
import { unmatchedJob } from '../../events/store/tables.js';
import { remoteWorker } from '../../ledger/store/tables.js';

/** A worker who may have done a job. It is only shown to a person, who decides; nobody is credited by it. */
export interface JobCandidate {
  readonly payee: Address | null;
  readonly nodeType: NodeType | null;
  readonly region: string | null;
  readonly dt: Date;
  readonly eventId: string;
}

export interface UnmatchedJobFilter {
  readonly role: 'received' | 'processed';
  readonly sourceId?: string | undefined;
  readonly requestId?: string | undefined;
  /** Lists only jobs from before this time. */
  readonly before?: Date | undefined;
}

const MAX_CANDIDATES = 5;
/** At most this many halves of one request are searched for the nearest in time; honest requests never have more. */
const MOST_HALVES = 100;

const FIELDS = {
  sourceId: unmatchedJob.sourceId,
  dt: unmatchedJob.dt,
  eventId: unmatchedJob.eventId,
  /** A `processed` half is unattributed money; a `received` half waits for its fees. */
  role: unmatchedJob.role,
  reason: unmatchedJob.reason,
  requestId: unmatchedJob.requestId,
  payee: orNull(remoteWorker.payee),
  grossWei: unmatchedJob.grossWei,
  computeUnits: orNull(String),
  pipeline: unmatchedJob.pipeline,
  modelId: unmatchedJob.modelId,
  /** For a `processed` half: the open `received` halves of the same source and request, the nearest in time first. */
  candidates: (all: readonly (Omit<JobCandidate, 'dt'> & { readonly dt: string })[]) =>
    all.map((one) => ({ ...one, dt: new Date(one.dt) })),
  dtMicros: String,
};

const OLDEST_FIRST = new Keyset('ASC', {
  dtMicros: { column: sql`u.dt`, kind: 'time' },
  sourceId: { column: sql`u.source_id`, kind: 'text' },
  eventId: { column: sql`u.event_id`, kind: 'text' },
});

/** Lists the jobs, oldest first, because the oldest are the least likely to resolve by themselves. */
export async function listUnmatchedJobs(
  db: Reader,
  filter: UnmatchedJobFilter,
  page: PageRequest,
): Promise<Page<UnmatchedJob>> {
  const { role, sourceId, requestId, before } = filter;
  const conditions = allOf([
    role === 'processed' ? sql`u.role = 'processed'` : sql`u.role = 'received'`,
    sourceId === undefined ? undefined : sql`u.source_id = ${sourceId}`,
    requestId === undefined ? undefined : sql`u.request_id = ${requestId}`,
    before === undefined ? undefined : sql`u.dt < ${before.toISOString()}::timestamptz`,
    OLDEST_FIRST.after(page),
  ]);
  const found = await readJobs(db, conditions, rowsToAskFor(page));
  return OLDEST_FIRST.page(found, page, (row) => {
    const { dtMicros: _, ...job } = row;
    return job;
  });
}

async function readJobs(db: Reader, conditions: SQL, limit: number) {
  return rows(
    db,
    FIELDS,
    sql`WITH page AS (
      SELECT * FROM unmatched_job u WHERE ${conditions}
       ORDER BY ${OLDEST_FIRST.order} LIMIT ${limit}),
    half AS MATERIALIZED (${HALVES})
    SELECT u.source_id AS "sourceId", u.dt, u.event_id AS "eventId", u.role, u.reason,
           u.request_id AS "requestId", w.payee, u.gross_wei AS "grossWei", u.compute_units AS "computeUnits",
           u.pipeline, u.model_id AS "modelId", (${CANDIDATES}) AS candidates, ${OLDEST_FIRST.timeFields}
      FROM page u
      LEFT JOIN remote_worker w ON w.id = u.remote_worker_id
     ORDER BY ${OLDEST_FIRST.order}`,
  );
}

export type UnmatchedJob = Omit<Awaited<ReturnType<typeof readJobs>>[number], 'dtMicros'>;

/** Selects the received halves once per request of the page: a stranger may give any number of jobs the same id. */
const HALVES = sql`
  SELECT asked.source_id, asked.request_id, r.* FROM (
    SELECT DISTINCT source_id, request_id FROM page
     WHERE role = 'processed' AND request_id IS NOT NULL) asked
  CROSS JOIN LATERAL (
    SELECT one.remote_worker_id, one.dt, one.event_id FROM unmatched_job one
     WHERE one.role = 'received' AND one.source_id = asked.source_id
       AND one.request_id = asked.request_id LIMIT ${sql.raw(String(MOST_HALVES))}) r`;

const CANDIDATES = sql`
  SELECT coalesce(json_agg(json_build_object('payee', found.payee, 'nodeType', found.node_type, 'region', found.region, 'dt', found.dt,
           'eventId', found.event_id) ORDER BY distance, found.event_id), '[]') FROM (
    SELECT w.payee, w.node_type, w.region, r.dt, r.event_id,
           abs(extract(epoch FROM r.dt - u.dt)) AS distance
      FROM half r LEFT JOIN remote_worker w ON w.id = r.remote_worker_id
     WHERE u.role = 'processed' AND r.source_id = u.source_id AND r.request_id = u.request_id
     ORDER BY distance, r.event_id LIMIT ${MAX_CANDIDATES}) found`;
