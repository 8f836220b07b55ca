/** What the raw events are worth against what the ledger says, in the rebuild's own snapshot. */
import type { PoolClient } from 'pg';
import type { Account } from '../../ledger/store/tables.js';

/** One account in the postings of one remote worker (0: of nobody): all of them sum to zero. */
export interface BalanceDifference {
  /** Whose postings. */
  readonly group: number;
  readonly account: Account;
  /** Whose account; 0 is the pool's. */
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

/** A posting that its events do not bear out, or events without their posting. */
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
  /** Of these, how many stand in files, where they stay. */
  readonly archivedRows: number;
  readonly lostMatches: readonly { readonly sourceId: string; readonly eventId: string }[];
}

/** So many examples say enough of what explains a difference. */
const EXAMPLES = 50;
/** What job events alone decide, and what mended it. All else stands on top as it was decided. */
const OF_JOBS = `('jobs', 'late-jobs', 'unattributed')`;

/** Compares everything that the events decide; the scratch schema must be finished. */
export async function compareWithLedger(client: PoolClient, schema: string): Promise<Comparison> {
  const balances = await compareBalances(client, schema);
  const groups = [...new Set(balances.map(({ group }) => group))];
  const { rows: total } = await client.query(`SELECT count(*),
    count(*) FILTER (WHERE is_archived) AS archived FROM ${schema}.row_difference`);
  const { rows: lost } = await client.query(`SELECT source_id, event_id FROM ${schema}.half
    WHERE match_dt IS NOT NULL ORDER BY source_id, dt LIMIT ${EXAMPLES}`);
  return {
    balances,
    figures: await compareFigures(client, schema),
    counts: await compareCounts(client, schema),
    postings: groups.length === 0 ? [] : await comparePostings(client, schema, groups),
    rows: await listRows(client, schema),
    rowsTotal: Number(total[0]?.count),
    archivedRows: Number(total[0]?.archived),
    lostMatches: lost.map((row) => ({ sourceId: row.source_id, eventId: row.event_id })),
  };
}

async function compareBalances(client: PoolClient, schema: string) {
  const { rows } = await client.query(`
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
    SELECT grp, account, worker, coalesce(kept.wei, 0) AS kept, coalesce(due.wei, 0) AS due
      FROM due FULL JOIN kept USING (grp, account, worker)
     WHERE coalesce(kept.wei, 0) <> coalesce(due.wei, 0) ORDER BY grp, worker, account`);
  return rows.map(
    (row): BalanceDifference => ({
      group: Number(row.grp),
      account: row.account,
      workerId: Number(row.worker),
      ledgerWei: BigInt(row.kept),
      eventsWei: BigInt(row.due),
    }),
  );
}

/** The entries of a posting, as core/events/rules/credit-tally.ts makes them. */
const ENTRIES = `
  ('revenue', CASE kind WHEN 'late-jobs' THEN 0 ELSE -gross END),
  ('unattributed', CASE kind WHEN 'jobs' THEN 0 WHEN 'late-jobs' THEN -gross ELSE gross END),
  ('commission', commission),
  ('pending', CASE kind WHEN 'unattributed' THEN 0 ELSE gross - commission END)`;

async function compareFigures(client: PoolClient, schema: string) {
  const { rows } = await client.query(`
    WITH due AS (
      SELECT id, sum(jobs) AS jobs, sum(zero) AS zero, sum(units) AS units FROM (
        SELECT worker_id AS id, jobs, zero_fee_jobs AS zero, compute_units AS units
          FROM ${schema}.jobs WHERE worker_id <> 0
        -- What a person assigned to a worker counts among the worker's own.
        UNION ALL
        SELECT remote_worker_id, 1, (gross_wei = 0)::int, compute_units
          FROM decided_job WHERE decision = 'assign') done GROUP BY id)
    SELECT id, coalesce(w.jobs, 0) AS jobs, coalesce(w.zero_fee_jobs, 0) AS zero,
           coalesce(w.compute_units, 0) AS units, coalesce(due.jobs, 0) AS due_jobs,
           coalesce(due.zero, 0) AS due_zero, coalesce(due.units, 0) AS due_units
      FROM due FULL JOIN remote_worker w USING (id)
     WHERE (coalesce(w.jobs, 0), coalesce(w.zero_fee_jobs, 0), coalesce(w.compute_units, 0))
        <> (coalesce(due.jobs, 0), coalesce(due.zero, 0), coalesce(due.units, 0)) ORDER BY id`);
  return rows.map(
    (row): FigureDifference => ({
      workerId: Number(row.id),
      kept: figuresOf(row.jobs, row.zero, row.units),
      due: figuresOf(row.due_jobs, row.due_zero, row.due_units),
    }),
  );
}

function figuresOf(jobs: string, zeroFeeJobs: string, computeUnits: string): Figures {
  return {
    jobs: BigInt(jobs),
    zeroFeeJobs: BigInt(zeroFeeJobs),
    computeUnits: BigInt(computeUnits),
  };
}

async function compareCounts(client: PoolClient, schema: string) {
  const { rows } = await client.query(`
    WITH due AS (
      SELECT source_id, hour, event_type, version, sum(events) AS events, sum(zero_fee_events) AS zero
        FROM ${schema}.event_count GROUP BY 1, 2, 3, 4)
    SELECT source_id, to_char(hour AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS hour,
           event_type, version, coalesce(c.events, 0) AS kept, coalesce(c.zero_fee_events, 0) AS kept_zero,
           coalesce(due.events, 0) AS due, coalesce(due.zero, 0) AS due_zero
      FROM due FULL JOIN event_count c USING (source_id, hour, event_type, version)
     WHERE (coalesce(c.events, 0), coalesce(c.zero_fee_events, 0))
        <> (coalesce(due.events, 0), coalesce(due.zero, 0)) ORDER BY 1, 2, 3, 4`);
  return rows.map(
    (row): CountDifference => ({
      sourceId: row.source_id,
      hour: row.hour,
      eventType: row.event_type,
      version: row.version,
      kept: { events: BigInt(row.kept), zeroFeeEvents: BigInt(row.kept_zero) },
      due: { events: BigInt(row.due), zeroFeeEvents: BigInt(row.due_zero) },
    }),
  );
}

/** Of the groups that differ: which postings say something else than their batch's events. */
async function comparePostings(client: PoolClient, schema: string, groups: readonly number[]) {
  const { rows } = await client.query(
    `WITH compacted AS (
      SELECT kind, source_id, batch, coalesce(remote_worker_id, 0) AS grp, terms_id
        FROM posting WHERE stands_for IS NOT NULL AND coalesce(remote_worker_id, 0) = ANY ($1)),
    -- What was compacted stands in the posting of a later batch, unless its own is there still.
    placed AS (
      SELECT j.kind, j.source_id, j.worker_id AS grp, j.terms_id, j.gross_wei, j.commission_wei, coalesce(
             (SELECT min(c.batch) FROM compacted c
               WHERE (c.kind, c.source_id, c.grp, c.terms_id) = (j.kind, j.source_id, j.worker_id, j.terms_id)
                 AND c.batch >= j.batch AND NOT EXISTS (
                     SELECT FROM posting p
                      WHERE (p.kind, p.source_id, p.batch, p.terms_id) = (j.kind, j.source_id, j.batch, j.terms_id)
                        AND coalesce(p.remote_worker_id, 0) = j.worker_id)), j.batch) AS batch
        FROM ${schema}.jobs j WHERE j.worker_id = ANY ($1)),
    due AS (
      SELECT kind, source_id, batch, grp, terms_id, sum(gross_wei) AS gross,
             sum(commission_wei) AS commission
        FROM placed GROUP BY 1, 2, 3, 4, 5
      HAVING sum(gross_wei) <> 0),
    due_entries AS (
      SELECT kind, source_id, batch, grp, terms_id, ${SIDES('e.amount', 'e.account')}
        FROM due, LATERAL (VALUES ${ENTRIES}) AS e (account, amount) GROUP BY 1, 2, 3, 4, 5),
    kept AS (
      SELECT p.id, p.kind, coalesce(p.source_id, '') AS source_id, coalesce(p.batch, 0) AS batch,
             coalesce(p.remote_worker_id, 0) AS grp, coalesce(p.terms_id, 0) AS terms_id,
             ${SIDES('e.amount_wei', 'e.account')}
        FROM posting p JOIN ledger_entry e ON e.posting_id = p.id
       WHERE p.kind IN ${OF_JOBS} AND coalesce(p.remote_worker_id, 0) = ANY ($1) GROUP BY p.id)
    SELECT kept.id, kind, source_id, batch, grp, kept.sides AS kept, due_entries.sides AS due
      FROM due_entries FULL JOIN kept USING (kind, source_id, batch, grp, terms_id)
     WHERE kept.sides IS DISTINCT FROM due_entries.sides
     ORDER BY source_id, batch, grp LIMIT ${EXAMPLES}`,
    [groups],
  );
  return rows.map(
    (row): PostingDifference => ({
      postingId: row.id,
      kind: row.kind,
      sourceId: row.source_id,
      batch: row.batch,
      group: Number(row.grp),
      ledger: row.kept ?? 'nothing',
      events: row.due ?? 'nothing',
    }),
  );
}

/** All entries in one text: `commission 25, pending 75, revenue -100`. */
const SIDES = (amount: string, account: string) =>
  `string_agg(${account} || ' ' || ${amount}, ', ' ORDER BY ${account}) FILTER (WHERE ${amount} <> 0) AS sides`;

async function listRows(client: PoolClient, schema: string) {
  const { rows } = await client.query(`
    SELECT source_id, to_char(dt AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS dt, event_id, batch,
           is_archived, ${WORTH('kept')} AS kept, ${WORTH('due')} AS due
      FROM ${schema}.row_difference ORDER BY source_id, dt, event_id LIMIT ${EXAMPLES}`);
  return rows.map(
    (row): RowDifferenceRow => ({
      sourceId: row.source_id,
      dt: row.dt,
      eventId: row.event_id,
      batch: row.batch,
      isArchived: row.is_archived,
      kept: row.kept,
      due: row.due,
    }),
  );
}

const WORTH = (side: 'kept' | 'due') =>
  `concat_ws(', ', 'gross ' || ${side}_gross_wei, 'commission ' || ${side}_commission_wei,
    'terms ' || ${side}_terms_id, 'remote worker ' || ${side}_worker_id)`;
