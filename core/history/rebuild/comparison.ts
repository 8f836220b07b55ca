/** Compares the ledger with what the raw events add up to, in the rebuild's own database snapshot. */
import { sql } from 'drizzle-orm';
import type { PoolClient } from 'pg';
import { onConnection, type Reader } from '../../db/database.js';
import { list, orNull, rows } from '../../db/query.js';
import { eventCount } from '../../events/store/tables.js';
import { type Account, ledgerEntry } from '../../ledger/store/tables.js';

/**
 * An account balance that differs, counting only the postings of one remote worker (a group). The balances of all accounts
 * of a group sum to zero.
 */
export interface BalanceDifference {
  /** Id of the remote worker whose postings are counted; 0: the postings that name none. */
  readonly group: number;
  readonly account: Account;
  /** Id of the remote worker that owns the account; 0: the account is the pool's. */
  readonly workerId: number;
  readonly ledgerWei: bigint;
  readonly eventsWei: bigint;
}

export interface Figures {
  readonly jobs: bigint;
  readonly zeroFeeJobs: bigint;
  readonly computeUnits: bigint;
}

export interface FigureDifference {
  readonly workerId: number;
  readonly kept: Figures;
  readonly due: Figures;
}

export interface CountDifference {
  readonly sourceId: string;
  readonly hour: string;
  readonly eventType: string;
  readonly version: number;
  readonly kept: { readonly events: bigint; readonly zeroFeeEvents: bigint };
  readonly due: { readonly events: bigint; readonly zeroFeeEvents: bigint };
}

/** A posting that differs from the sum of its events, or events that have no posting. */
export interface PostingDifference {
  readonly postingId: string | null;
  readonly kind: string;
  readonly sourceId: string | null;
  readonly batch: string | null;
  readonly group: number;
  readonly ledger: string;
  readonly events: string;
}

export interface RowDifferenceRow {
  readonly sourceId: string;
  readonly dt: string;
  readonly eventId: string;
  readonly batch: string;
  readonly isArchived: boolean;
  readonly kept: string;
  readonly due: string;
}

export interface Comparison {
  readonly balances: readonly BalanceDifference[];
  readonly figures: readonly FigureDifference[];
  readonly counts: readonly CountDifference[];
  readonly postings: readonly PostingDifference[];
  readonly rows: readonly RowDifferenceRow[];
  readonly rowsTotal: number;
  /** How many of `rowsTotal` are in archive files, which are never changed. */
  readonly archivedRows: number;
  readonly lostMatches: readonly { readonly sourceId: string; readonly eventId: string }[];
}

/** At most this many postings, rows and matches (of each) are read as examples that explain a difference. */
const EXAMPLES = 50;
/**
 * The kinds of postings that follow from job events alone. Postings for people's decisions come on top of them and are not
 * compared.
 */
const OF_JOBS = `('jobs', 'late-jobs', 'unattributed')`;

/** Compares everything that follows from the events. The scratch schema must be finished. */
export async function compareWithLedger(client: PoolClient, schema: string): Promise<Comparison> {
  const reader = onConnection(client);
  const balances = await compareBalances(reader, schema);
  const groups = [...new Set(balances.map(({ group }) => group))];
  const [totals] = await rows(
    reader,
    { rowsTotal: Number, archivedRows: Number },
    sql.raw(`SELECT count(*) AS "rowsTotal", count(*) FILTER (WHERE is_archived) AS "archivedRows"
               FROM ${schema}.row_difference`),
  );
  const lostMatches = await rows(
    reader,
    { sourceId: String, eventId: String },
    sql.raw(`SELECT source_id AS "sourceId", event_id AS "eventId" FROM ${schema}.half
              WHERE match_dt IS NOT NULL ORDER BY source_id, dt LIMIT ${EXAMPLES}`),
  );
  return {
    balances,
    figures: await compareFigures(reader, schema),
    counts: await compareCounts(reader, schema),
    postings: groups.length === 0 ? [] : await comparePostings(reader, schema, groups),
    rows: await listRows(reader, schema),
    rowsTotal: totals?.rowsTotal ?? 0,
    archivedRows: totals?.archivedRows ?? 0,
    lostMatches,
  };
}

async function compareBalances(
  reader: Reader,
  schema: string,
): Promise<readonly BalanceDifference[]> {
  const { account } = ledgerEntry;
  return rows(
    reader,
    { group: Number, account, workerId: Number, ledgerWei: BigInt, eventsWei: BigInt },
    sql.raw(`
    WITH due AS (
      SELECT worker_id AS grp, account, CASE WHEN account = 'pending' THEN worker_id ELSE 0 END AS worker,
             sum(amount) AS wei
        FROM (SELECT kind, worker_id, sum(gross_wei) AS gross, sum(commission_wei) AS commission
                FROM ${schema}.jobs GROUP BY kind, worker_id) j,
             LATERAL (VALUES ${ENTRIES}) AS e (account, amount)
       GROUP BY 1, 2, 3),
    kept AS (
      SELECT coalesce(p.remote_worker_id, 0) AS grp, e.account, e.remote_worker_id AS worker,
             sum(e.amount_wei) AS wei
        FROM posting p JOIN ledger_entry e ON e.posting_id = p.id
       WHERE p.kind IN ${OF_JOBS} OR p.kind = 'correct' GROUP BY 1, 2, 3)
    SELECT grp AS "group", account, worker AS "workerId", coalesce(kept.wei, 0) AS "ledgerWei",
           coalesce(due.wei, 0) AS "eventsWei"
      FROM due FULL JOIN kept USING (grp, account, worker)
     WHERE coalesce(kept.wei, 0) <> coalesce(due.wei, 0) ORDER BY grp, worker, account`),
  );
}

/** SQL for the entries of a posting, the same as core/events/rules/credit-tally.ts makes. */
const ENTRIES = `
  ('revenue', CASE kind WHEN 'late-jobs' THEN 0 ELSE -gross END),
  ('unattributed', CASE kind WHEN 'jobs' THEN 0 WHEN 'late-jobs' THEN -gross ELSE gross END),
  ('commission', commission),
  ('pending', CASE kind WHEN 'unattributed' THEN 0 ELSE gross - commission END)`;

async function compareFigures(
  reader: Reader,
  schema: string,
): Promise<readonly FigureDifference[]> {
  const figures = { jobs: BigInt, zeroFeeJobs: BigInt, computeUnits: BigInt };
  const found = await rows(
    reader,
    {
      workerId: Number,
      ...figures,
      dueJobs: BigInt,
      dueZeroFeeJobs: BigInt,
      dueComputeUnits: BigInt,
    },
    sql.raw(`
    WITH due AS (
      SELECT id, sum(jobs) AS jobs, sum(zero) AS zero, sum(units) AS units FROM (
        SELECT worker_id AS id, jobs, zero_fee_jobs AS zero, compute_units AS units
          FROM ${schema}.jobs WHERE worker_id <> 0
        -- Jobs that a person assigned to a worker count as the worker's own.
        UNION ALL
        SELECT remote_worker_id, 1, (gross_wei = 0)::int, compute_units
          FROM decided_job WHERE decision = 'assign') done GROUP BY id)
    SELECT id AS "workerId", coalesce(w.jobs, 0) AS jobs, coalesce(w.zero_fee_jobs, 0) AS "zeroFeeJobs",
           coalesce(w.compute_units, 0) AS "computeUnits", coalesce(due.jobs, 0) AS "dueJobs",
           coalesce(due.zero, 0) AS "dueZeroFeeJobs", coalesce(due.units, 0) AS "dueComputeUnits"
      FROM due FULL JOIN remote_worker w USING (id)
     WHERE (coalesce(w.jobs, 0), coalesce(w.zero_fee_jobs, 0), coalesce(w.compute_units, 0))
        <> (coalesce(due.jobs, 0), coalesce(due.zero, 0), coalesce(due.units, 0)) ORDER BY id`),
  );
  return found.map(({ workerId, dueJobs, dueZeroFeeJobs, dueComputeUnits, ...kept }) => ({
    workerId,
    kept,
    due: { jobs: dueJobs, zeroFeeJobs: dueZeroFeeJobs, computeUnits: dueComputeUnits },
  }));
}

async function compareCounts(reader: Reader, schema: string): Promise<readonly CountDifference[]> {
  const { sourceId, eventType, version } = eventCount;
  const counts = { events: BigInt, zeroFeeEvents: BigInt };
  const found = await rows(
    reader,
    {
      sourceId,
      hour: String,
      eventType,
      version,
      ...counts,
      dueEvents: BigInt,
      dueZeroFeeEvents: BigInt,
    },
    sql.raw(`
    WITH due AS (
      SELECT source_id, hour, event_type, version, sum(events) AS events, sum(zero_fee_events) AS zero
        FROM ${schema}.event_count GROUP BY 1, 2, 3, 4)
    SELECT source_id AS "sourceId", to_char(hour AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS hour,
           event_type AS "eventType", version, coalesce(c.events, 0) AS events,
           coalesce(c.zero_fee_events, 0) AS "zeroFeeEvents", coalesce(due.events, 0) AS "dueEvents",
           coalesce(due.zero, 0) AS "dueZeroFeeEvents"
      FROM due FULL JOIN event_count c USING (source_id, hour, event_type, version)
     WHERE (coalesce(c.events, 0), coalesce(c.zero_fee_events, 0))
        <> (coalesce(due.events, 0), coalesce(due.zero, 0)) ORDER BY 1, 2, 3, 4`),
  );
  return found.map(({ events, zeroFeeEvents, dueEvents, dueZeroFeeEvents, ...place }) => ({
    ...place,
    kept: { events, zeroFeeEvents },
    due: { events: dueEvents, zeroFeeEvents: dueZeroFeeEvents },
  }));
}

/** Finds the postings that differ from their batch's events, in the groups whose balances differ. */
async function comparePostings(
  reader: Reader,
  schema: string,
  groups: readonly number[],
): Promise<readonly PostingDifference[]> {
  const asked = sql`${list(groups)}::bigint[]`;
  const jobs = sql.raw(`${schema}.jobs`);
  return rows(
    reader,
    {
      postingId: orNull(String),
      kind: String,
      sourceId: orNull(String),
      batch: orNull(String),
      group: Number,
      ledger: String,
      events: String,
    },
    sql`WITH compacted AS (
      SELECT kind, source_id, batch, coalesce(remote_worker_id, 0) AS grp, terms_id
        FROM posting WHERE stands_for IS NOT NULL AND coalesce(remote_worker_id, 0) = ANY (${asked})),
    -- Compaction merges a posting into that of a later batch; this looks there, unless the batch still has its own.
    placed AS (
      SELECT j.kind, j.source_id, j.worker_id AS grp, j.terms_id, j.gross_wei, j.commission_wei, coalesce(
             (SELECT min(c.batch) FROM compacted c
               WHERE (c.kind, c.source_id, c.grp, c.terms_id) = (j.kind, j.source_id, j.worker_id, j.terms_id)
                 AND c.batch >= j.batch AND NOT EXISTS (
                     SELECT FROM posting p
                      WHERE (p.kind, p.source_id, p.batch, p.terms_id) = (j.kind, j.source_id, j.batch, j.terms_id)
                        AND coalesce(p.remote_worker_id, 0) = j.worker_id)), j.batch) AS batch
        FROM ${jobs} j WHERE j.worker_id = ANY (${asked})),
    due AS (
      SELECT kind, source_id, batch, grp, terms_id, sum(gross_wei) AS gross,
             sum(commission_wei) AS commission
        FROM placed GROUP BY 1, 2, 3, 4, 5
      HAVING sum(gross_wei) <> 0),
    due_entries AS (
      SELECT kind, source_id, batch, grp, terms_id, ${sql.raw(SIDES('e.amount', 'e.account'))}
        FROM due, LATERAL (VALUES ${sql.raw(ENTRIES)}) AS e (account, amount) GROUP BY 1, 2, 3, 4, 5),
    kept AS (
      SELECT p.id, p.kind, coalesce(p.source_id, '') AS source_id, coalesce(p.batch, 0) AS batch,
             coalesce(p.remote_worker_id, 0) AS grp, coalesce(p.terms_id, 0) AS terms_id,
             ${sql.raw(SIDES('e.amount_wei', 'e.account'))}
        FROM posting p JOIN ledger_entry e ON e.posting_id = p.id
       WHERE p.kind IN ${sql.raw(OF_JOBS)} AND coalesce(p.remote_worker_id, 0) = ANY (${asked}) GROUP BY p.id)
    SELECT kept.id AS "postingId", kind, source_id AS "sourceId", batch, grp AS "group",
           coalesce(kept.sides, 'nothing') AS ledger, coalesce(due_entries.sides, 'nothing') AS events
      FROM due_entries FULL JOIN kept USING (kind, source_id, batch, grp, terms_id)
     WHERE kept.sides IS DISTINCT FROM due_entries.sides
     ORDER BY source_id, batch, grp LIMIT ${EXAMPLES}`,
  );
}

/** SQL for the entries of a posting as one text: `commission 25, pending 75, revenue -100`. */
const SIDES = (amount: string, account: string) =>
  `string_agg(${account} || ' ' || ${amount}, ', ' ORDER BY ${account}) FILTER (WHERE ${amount} <> 0) AS sides`;

async function listRows(reader: Reader, schema: string): Promise<readonly RowDifferenceRow[]> {
  const place = { sourceId: String, dt: String, eventId: String, batch: String };
  return rows(
    reader,
    { ...place, isArchived: Boolean, kept: String, due: String },
    sql.raw(`
    SELECT source_id AS "sourceId", to_char(dt AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS dt,
           event_id AS "eventId", batch, is_archived AS "isArchived", ${WORTH('kept')} AS kept, ${WORTH('due')} AS due
      FROM ${schema}.row_difference ORDER BY source_id, dt, event_id LIMIT ${EXAMPLES}`),
  );
}

const WORTH = (side: 'kept' | 'due') =>
  `concat_ws(', ', 'gross ' || ${side}_gross_wei, 'commission ' || ${side}_commission_wei,
    'terms ' || ${side}_terms_id, 'remote worker ' || ${side}_worker_id)`;
