/** Halves of AI jobs whose other half has not come, and jobs nobody could be credited for. */
import { sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import type { NodeType } from '../../base/remote-worker.js';
import type { Reader } from '../../db/database.js';
import {
  allOf,
  CURSOR_PART,
  microsOf,
  type Page,
  type PageRequest,
  readCursor,
  rowsToAskFor,
  timeOfMicros,
  toDate,
  toPage,
} from '../../db/paging.js';

export interface UnmatchedJob {
  readonly sourceId: string;
  readonly dt: Date;
  readonly eventId: string;
  /** A `processed` one is unattributed money; a `received` one waits for its fees. */
  readonly role: 'received' | 'processed';
  readonly reason: 'no-other-half' | 'ambiguous' | 'no-address';
  readonly requestId: string | null;
  readonly payee: Address | null;
  readonly grossWei: bigint | null;
  readonly computeUnits: string | null;
  readonly pipeline: string | null;
  readonly modelId: string | null;
  /** Of a processed one: open received halves of the same source and request, the nearest first. */
  readonly candidates: readonly JobCandidate[];
}

/** Who may have done a job: nobody is credited by it, a person looks. */
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
  /** Event times before this. */
  readonly before?: Date | undefined;
}

const MAX_CANDIDATES = 5;
/** Halves of one request among which the nearest are looked for: more are nobody's honest mistake. */
const MOST_HALVES = 100;

type UnmatchedJobRow = {
  source_id: string;
  dt: string;
  dt_micros: string;
  event_id: string;
  role: 'received' | 'processed';
  reason: 'no-other-half' | 'ambiguous' | 'no-address';
  request_id: string | null;
  payee: Address | null;
  gross_wei: string | null;
  compute_units: string | null;
  pipeline: string | null;
  model_id: string | null;
  candidates: readonly CandidateRow[] | null;
};

/** As JSON has it. */
interface CandidateRow {
  readonly payee: Address | null;
  readonly node_type: NodeType | null;
  readonly region: string | null;
  readonly dt: string;
  readonly event_id: string;
}

/** The oldest first: those are the ones that will not mend themselves. */
export async function listUnmatchedJobs(
  db: Reader,
  filter: UnmatchedJobFilter,
  page: PageRequest,
): Promise<Page<UnmatchedJob>> {
  const after = readCursor(page.cursor, [CURSOR_PART.integer, CURSOR_PART.text, CURSOR_PART.text]);
  const conditions = allOf([
    filter.role === 'processed' ? sql`u.role = 'processed'` : sql`u.role = 'received'`,
    filter.sourceId === undefined ? undefined : sql`u.source_id = ${filter.sourceId}`,
    filter.requestId === undefined ? undefined : sql`u.request_id = ${filter.requestId}`,
    filter.before === undefined
      ? undefined
      : sql`u.dt < ${filter.before.toISOString()}::timestamptz`,
    after &&
      sql`(u.dt, u.source_id, u.event_id) > (${timeOfMicros(after[0])}, ${after[1]}, ${after[2]})`,
  ]);
  const { rows } = await db.execute<UnmatchedJobRow>(sql`
    WITH page AS (
      SELECT * FROM unmatched_job u WHERE ${conditions}
       ORDER BY u.dt, u.source_id, u.event_id LIMIT ${rowsToAskFor(page)}),
    half AS MATERIALIZED (${HALVES})
    SELECT u.*, ${microsOf(sql`u.dt`)} AS dt_micros, w.payee, (${CANDIDATES}) AS candidates
      FROM page u
      LEFT JOIN remote_worker w ON w.id = u.remote_worker_id
     ORDER BY u.dt, u.source_id, u.event_id`);
  return toPage(rows, page, {
    item: toUnmatchedJob,
    cursorParts: (row) => [row.dt_micros, row.source_id, row.event_id],
  });
}

/** The received halves of each request of the page, looked for once: a stranger gives any number of jobs one id. */
const HALVES = sql`
  SELECT asked.source_id, asked.request_id, r.* FROM (
    SELECT DISTINCT source_id, request_id FROM page
     WHERE role = 'processed' AND request_id IS NOT NULL) asked
  CROSS JOIN LATERAL (
    SELECT one.remote_worker_id, one.dt, one.event_id FROM unmatched_job one
     WHERE one.role = 'received' AND one.source_id = asked.source_id
       AND one.request_id = asked.request_id LIMIT ${sql.raw(String(MOST_HALVES))}) r`;

const CANDIDATES = sql`
  SELECT json_agg(found ORDER BY distance, found.event_id) FROM (
    SELECT w.payee, w.node_type, w.region, r.dt, r.event_id,
           abs(extract(epoch FROM r.dt - u.dt)) AS distance
      FROM half r LEFT JOIN remote_worker w ON w.id = r.remote_worker_id
     WHERE u.role = 'processed' AND r.source_id = u.source_id AND r.request_id = u.request_id
     ORDER BY distance, r.event_id LIMIT ${MAX_CANDIDATES}) found`;

function toUnmatchedJob(row: UnmatchedJobRow): UnmatchedJob {
  return {
    sourceId: row.source_id,
    dt: toDate(row.dt),
    eventId: row.event_id,
    role: row.role,
    reason: row.reason,
    requestId: row.request_id,
    payee: row.payee,
    grossWei: row.gross_wei === null ? null : BigInt(row.gross_wei),
    computeUnits: row.compute_units,
    pipeline: row.pipeline,
    modelId: row.model_id,
    candidates: (row.candidates ?? []).map((one) => ({
      payee: one.payee,
      nodeType: one.node_type,
      region: one.region,
      dt: toDate(one.dt),
      eventId: one.event_id,
    })),
  };
}
