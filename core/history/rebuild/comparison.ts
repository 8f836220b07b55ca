/**
 * Compares the ledger with what the raw events add up to, in the rebuild's own database snapshot. The differences that can be
 * corrected are kept in tables of the scratch schema.
 */
import { sql } from 'drizzle-orm';
import type { PoolClient } from 'pg';
import { onConnection } from '../../db/database.js';
import { type Decoder, orNull, rows } from '../../db/query.js';
import { bucketsOf, HOUR_FIGURES, HOURS_FROM } from '../../events/store/ingest/hour-writes.js';
import { ledgerEntry } from '../../ledger/store/tables.js';

/** What differs. `kept` and `due` say in words what the tables have and what the events say. */
export type Comparison = Awaited<ReturnType<typeof compareWithLedger>>;

/** At most this many postings, rows and matches (of each) are read as examples that explain a difference. */
const EXAMPLES = 50;
/** The kinds of postings that follow from job events alone. Those for people's decisions are not compared. */
const OF_JOBS = `('jobs', 'late-jobs', 'unattributed')`;

const EVENT = { sourceId: String, eventId: String };
const BOTH = { kept: String, due: String };

/** Compares everything that follows from the events. The scratch schema must be finished. */
export async function compareWithLedger(client: PoolClient, schema: string) {
  await client.query(`CREATE UNLOGGED TABLE ${schema}.balance_difference AS ${BALANCES(schema)};
    CREATE UNLOGGED TABLE ${schema}.figure_difference AS ${FIGURES(schema)};
    CREATE UNLOGGED TABLE ${schema}.day_difference AS ${DAYS(schema)};
    CREATE UNLOGGED TABLE ${schema}.hour_difference AS ${HOURS(schema)};
    CREATE UNLOGGED TABLE ${schema}.count_difference AS ${COUNTS(schema)}`);
  const balances = await readBalances(client, schema);
  const [totals] = await read(
    client,
    { rows: Number, archived: Number },
    `SELECT count(*) AS rows, count(*) FILTER (WHERE is_archived) AS archived FROM ${schema}.row_difference`,
  );
  return {
    balances,
    figures: await read(
      client,
      { workerId: Number, ...BOTH },
      `SELECT worker_id AS "workerId", ${DONE('kept')} AS kept, ${DONE('due')} AS due
         FROM ${schema}.figure_difference ORDER BY worker_id`,
    ),
    days: await read(
      client,
      { workerId: Number, days: Number, day: String, ...BOTH },
      `SELECT worker_id AS "workerId", count(*) AS days, min(day)::text AS day,
              (array_agg(${ON_DAY('kept')} ORDER BY day, pipeline, model_id))[1] AS kept,
              (array_agg(${ON_DAY('due')} ORDER BY day, pipeline, model_id))[1] AS due
         FROM ${schema}.day_difference GROUP BY worker_id ORDER BY worker_id`,
    ),
    hours: await read(
      client,
      { workerId: Number, hours: Number, hour: String, ...BOTH },
      `SELECT worker_id AS "workerId", count(*) AS hours, ${ISO('min(hour)')} AS hour,
              (array_agg(${IN_HOUR('kept')} ORDER BY hour, pipeline, model_id))[1] AS kept,
              (array_agg(${IN_HOUR('due')} ORDER BY hour, pipeline, model_id))[1] AS due
         FROM ${schema}.hour_difference GROUP BY worker_id ORDER BY worker_id`,
    ),
    counts: await read(
      client,
      { sourceId: String, time: String, eventType: String, version: Number, ...BOTH },
      `SELECT source_id AS "sourceId", ${ISO('hour')} AS time, event_type AS "eventType", version,
              ${COUNTED('kept')} AS kept, ${COUNTED('due')} AS due
         FROM ${schema}.count_difference ORDER BY source_id, hour, event_type, version`,
    ),
    postings: balances.length === 0 ? [] : await comparePostings(client, schema),
    rows: await read(
      client,
      { ...EVENT, time: String, batch: String, isArchived: Boolean, ...BOTH },
      `SELECT source_id AS "sourceId", ${ISO('dt')} AS time, event_id AS "eventId", batch,
              is_archived AS "isArchived", ${WORTH('kept')} AS kept, ${WORTH('due')} AS due
         FROM ${schema}.row_difference ORDER BY source_id, dt, event_id LIMIT ${EXAMPLES}`,
    ),
    rowsTotal: totals?.rows ?? 0,
    /** How many of `rowsTotal` are in archive files, which are never changed. */
    archivedRows: totals?.archived ?? 0,
    lostMatches: await read(
      client,
      EVENT,
      `SELECT source_id AS "sourceId", event_id AS "eventId" FROM ${schema}.half
        WHERE match_dt IS NOT NULL ORDER BY source_id, dt LIMIT ${EXAMPLES}`,
    ),
  };
}

function read<Fields extends Readonly<Record<string, Decoder>>>(
  client: PoolClient,
  shape: Fields,
  statement: string,
) {
  return rows(onConnection(client), shape, sql.raw(statement));
}

/**
 * Reads the account balances that differ, each counting only the postings of one remote worker (a group). The balances of all
 * accounts of a group sum to zero. Group 0 has the postings that name no worker; worker 0 means that the account is the pool's.
 */
export function readBalances(client: PoolClient, schema: string) {
  const { account } = ledgerEntry;
  return read(
    client,
    { group: Number, account, workerId: Number, ledgerWei: BigInt, eventsWei: BigInt },
    `SELECT grp AS "group", account, worker_id AS "workerId", ledger_wei AS "ledgerWei", events_wei AS "eventsWei"
       FROM ${schema}.balance_difference ORDER BY grp, worker_id, account`,
  );
}

const BALANCES = (schema: string) => `
  WITH due AS (
    SELECT j.worker_id AS grp, account, CASE WHEN account = 'pending' THEN j.worker_id ELSE 0 END AS worker_id,
           sum(amount) AS wei
      FROM (SELECT kind, worker_id, sum(gross_wei) AS gross, sum(commission_wei) AS commission
              FROM ${schema}.jobs GROUP BY kind, worker_id) j,
           LATERAL (VALUES ${ENTRIES}) AS e (account, amount)
     GROUP BY 1, 2, 3),
  kept AS (
    SELECT coalesce(p.remote_worker_id, 0) AS grp, e.account, e.remote_worker_id AS worker_id,
           sum(e.amount_wei) AS wei
      FROM posting p JOIN ledger_entry e ON e.posting_id = p.id
     WHERE p.kind IN ${OF_JOBS} OR p.kind = 'correct' GROUP BY 1, 2, 3)
  SELECT grp, account, worker_id, coalesce(kept.wei, 0) AS ledger_wei, coalesce(due.wei, 0) AS events_wei
    FROM due FULL JOIN kept USING (grp, account, worker_id)
   WHERE coalesce(kept.wei, 0) <> coalesce(due.wei, 0)`;

/** SQL for the entries of a posting, the same as core/events/rules/credit-tally.ts makes. */
const ENTRIES = `
  ('revenue', CASE kind WHEN 'late-jobs' THEN 0 ELSE -gross END),
  ('unattributed', CASE kind WHEN 'jobs' THEN 0 WHEN 'late-jobs' THEN -gross ELSE gross END),
  ('commission', commission),
  ('pending', CASE kind WHEN 'unattributed' THEN 0 ELSE gross - commission END)`;

const FIGURES = (schema: string) => `
  WITH due AS (
    SELECT id, sum(jobs) AS jobs, sum(zero) AS zero, sum(units) AS units FROM (
      SELECT worker_id AS id, jobs, zero_fee_jobs AS zero, compute_units AS units
        FROM ${schema}.jobs WHERE worker_id <> 0
      -- Jobs that a person assigned to a worker count as the worker's own.
      UNION ALL
      SELECT remote_worker_id, 1, (gross_wei = 0)::int, compute_units
        FROM decided_job WHERE decision = 'assign') done GROUP BY id)
  SELECT id AS worker_id, both_sides.*
    FROM due FULL JOIN remote_worker w USING (id), LATERAL (
         SELECT coalesce(w.jobs, 0) AS kept_jobs, coalesce(w.zero_fee_jobs, 0) AS kept_zero,
                coalesce(w.compute_units, 0) AS kept_units, coalesce(due.jobs, 0) AS due_jobs,
                coalesce(due.zero, 0) AS due_zero, coalesce(due.units, 0) AS due_units) both_sides
   WHERE (kept_jobs, kept_zero, kept_units) <> (due_jobs, due_zero, due_units)`;

/** SQL for the days that differ. What people adjusted and assigned, and what bonuses came to, is in no event; it stands in their own rows. */
const DAYS = (schema: string) => `
  WITH due AS (
    SELECT id, day, pipeline, model_id, sum(jobs) AS jobs, sum(units) AS units, sum(gross) AS gross,
           sum(commission) AS commission, sum(adjusted) AS adjusted
      FROM (
        SELECT worker_id AS id, day, pipeline, model_id, jobs, compute_units AS units, gross_wei AS gross,
               commission_wei AS commission, 0 AS adjusted
          FROM ${schema}.day
        UNION ALL
        SELECT remote_worker_id, (dt AT TIME ZONE 'UTC')::date, coalesce(pipeline, ''), coalesce(model_id, ''), 1,
               compute_units, gross_wei, commission_wei, 0
          FROM decided_job WHERE decision = 'assign'
        UNION ALL
        SELECT e.remote_worker_id, (p.created_at AT TIME ZONE 'UTC')::date, '', '', 0, 0, 0, 0, e.amount_wei
          FROM posting p JOIN ledger_entry e ON e.posting_id = p.id
         WHERE p.kind IN ('adjust', 'opening', 'bonus', 'revenue-share') AND e.remote_worker_id <> 0) parts
     GROUP BY 1, 2, 3, 4)
  SELECT id AS worker_id, day, pipeline, model_id, both_sides.*
    FROM due FULL JOIN (SELECT remote_worker_id AS id, * FROM earning_day) d USING (id, day, pipeline, model_id), LATERAL (
         SELECT coalesce(d.jobs, 0) AS kept_jobs, coalesce(d.compute_units, 0) AS kept_units,
                coalesce(d.gross_wei, 0) AS kept_gross, coalesce(d.commission_wei, 0) AS kept_commission,
                coalesce(d.adjusted_wei, 0) AS kept_adjusted, coalesce(due.jobs, 0) AS due_jobs,
                coalesce(due.units, 0) AS due_units, coalesce(due.gross, 0) AS due_gross,
                coalesce(due.commission, 0) AS due_commission, coalesce(due.adjusted, 0) AS due_adjusted) both_sides
   WHERE (kept_jobs, kept_units, kept_gross, kept_commission, kept_adjusted)
         <> (due_jobs, due_units, due_gross, due_commission, due_adjusted)`;

const FIGURE_SUMS = HOUR_FIGURES.map(([column]) => `sum(${column}) AS ${column}`).join(', ');
const BUCKET_SUMS = bucketsOf((i) => `sum(responses[${i}])::integer`);
const HOUR_COLUMNS = [...HOUR_FIGURES.map(([column]) => column), 'responses'];
const NO_BUCKETS = bucketsOf(() => '0');
const sideColumns = (side: 'kept' | 'due') =>
  HOUR_COLUMNS.map((column) => `${side}_${column}`).join(', ');

/** SQL for the hours that differ. Hours before the kept ones may be there until they are deleted. */
const HOURS = (schema: string) => `
  WITH due AS (
    SELECT worker_id, hour, pipeline, model_id, ${FIGURE_SUMS}, ${BUCKET_SUMS} AS responses
      FROM ${schema}.hour GROUP BY 1, 2, 3, 4)
  SELECT worker_id, hour, pipeline, model_id, both_sides.*
    FROM due FULL JOIN (SELECT remote_worker_id AS worker_id, * FROM worker_hour) h USING (worker_id, hour, pipeline, model_id),
         LATERAL (SELECT ${(['kept', 'due'] as const)
           .flatMap((side) =>
             HOUR_COLUMNS.map((column) => {
               const none = column === 'responses' ? NO_BUCKETS : '0';
               return `coalesce(${side === 'kept' ? 'h' : 'due'}.${column}, ${none}) AS ${side}_${column}`;
             }),
           )
           .join(', ')}) both_sides
   WHERE hour >= (SELECT value::timestamptz FROM setting WHERE key = '${HOURS_FROM}')
     AND (${sideColumns('kept')}) <> (${sideColumns('due')})`;

const COUNTS = (schema: string) => `
  WITH due AS (
    SELECT source_id, hour, event_type, version, sum(events) AS events, sum(zero_fee_events) AS zero
      FROM ${schema}.event_count GROUP BY 1, 2, 3, 4)
  SELECT source_id, hour, event_type, version, both_sides.*
    FROM due FULL JOIN event_count c USING (source_id, hour, event_type, version), LATERAL (
         SELECT coalesce(c.events, 0) AS kept_events, coalesce(c.zero_fee_events, 0) AS kept_zero,
                coalesce(due.events, 0) AS due_events, coalesce(due.zero, 0) AS due_zero) both_sides
   WHERE (kept_events, kept_zero) <> (due_events, due_zero)`;

/** Finds the postings that differ from their batch's events, or have none, in the groups whose balances differ. */
function comparePostings(client: PoolClient, schema: string) {
  const isAsked = `= ANY (ARRAY(SELECT grp FROM ${schema}.balance_difference))`;
  return rows(
    onConnection(client),
    {
      postingId: orNull(String),
      kind: String,
      sourceId: orNull(String),
      batch: orNull(String),
      group: Number,
      ...BOTH,
    },
    sql.raw(`WITH compacted AS (
      SELECT kind, source_id, batch, coalesce(remote_worker_id, 0) AS grp, terms_id, coalesce(rate_id, 0) AS rate_id
        FROM posting WHERE stands_for IS NOT NULL AND coalesce(remote_worker_id, 0) ${isAsked}),
    -- Compaction merges a posting into that of a later batch; this looks there, unless the batch still has its own.
    placed AS (
      SELECT j.kind, j.source_id, j.worker_id AS grp, j.terms_id, j.rate_id, j.gross_wei, j.commission_wei, coalesce(
             (SELECT min(c.batch) FROM compacted c
               WHERE (c.kind, c.source_id, c.grp, c.terms_id, c.rate_id)
                     = (j.kind, j.source_id, j.worker_id, j.terms_id, j.rate_id)
                 AND c.batch >= j.batch AND NOT EXISTS (
                     SELECT FROM posting p
                      WHERE (p.kind, p.source_id, p.batch, p.terms_id) = (j.kind, j.source_id, j.batch, j.terms_id)
                        AND coalesce(p.remote_worker_id, 0) = j.worker_id
                        AND coalesce(p.rate_id, 0) = j.rate_id)), j.batch) AS batch
        FROM (SELECT kind, source_id, batch, worker_id, terms_id, coalesce(rate_id, 0) AS rate_id, gross_wei, commission_wei
                FROM ${schema}.jobs WHERE worker_id ${isAsked}) j),
    due AS (
      SELECT kind, source_id, batch, grp, terms_id, rate_id, sum(gross_wei) AS gross,
             sum(commission_wei) AS commission
        FROM placed GROUP BY 1, 2, 3, 4, 5, 6
      HAVING sum(gross_wei) <> 0),
    due_entries AS (
      SELECT kind, source_id, batch, grp, terms_id, rate_id, ${SIDES('e.amount', 'e.account')}
        FROM due, LATERAL (VALUES ${ENTRIES}) AS e (account, amount) GROUP BY 1, 2, 3, 4, 5, 6),
    kept AS (
      SELECT p.id, p.kind, coalesce(p.source_id, '') AS source_id, coalesce(p.batch, 0) AS batch,
             coalesce(p.remote_worker_id, 0) AS grp, coalesce(p.terms_id, 0) AS terms_id,
             coalesce(p.rate_id, 0) AS rate_id, ${SIDES('e.amount_wei', 'e.account')}
        FROM posting p JOIN ledger_entry e ON e.posting_id = p.id
       WHERE p.kind IN ${OF_JOBS} AND coalesce(p.remote_worker_id, 0) ${isAsked} GROUP BY p.id)
    SELECT kept.id AS "postingId", kind, source_id AS "sourceId", batch, grp AS "group",
           coalesce(kept.sides, 'nothing') AS kept, coalesce(due_entries.sides, 'nothing') AS due
      FROM due_entries FULL JOIN kept USING (kind, source_id, batch, grp, terms_id, rate_id)
     WHERE kept.sides IS DISTINCT FROM due_entries.sides
     ORDER BY source_id, batch, grp LIMIT ${EXAMPLES}`),
  );
}

/** SQL for the entries of a posting as one text: `commission 25, pending 75, revenue -100`. */
const SIDES = (amount: string, account: string) =>
  `string_agg(${account} || ' ' || ${amount}, ', ' ORDER BY ${account}) FILTER (WHERE ${amount} <> 0) AS sides`;

type Side = 'kept' | 'due';
const ISO = (time: string) => `to_char(${time} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;
const DONE = (side: Side) =>
  `concat(${side}_jobs, ' jobs (', ${side}_zero, ' without a fee), ', ${side}_units, ' compute units')`;
const ON_DAY = (side: Side) =>
  `concat(${side}_jobs, ' jobs (', ${side}_units, ' compute units), gross ', ${side}_gross, ', commission ',
     ${side}_commission, ', adjusted ', ${side}_adjusted)`;
const IN_HOUR = (side: Side) =>
  `concat_ws(', ', ${HOUR_FIGURES.map(([column]) => `'${column.replaceAll('_', ' ')} ' || nullif(${side}_${column}, 0)`).join(', ')},
     'response times ' || ${side}_responses::text)`;
const COUNTED = (side: Side) => `concat(${side}_events, ' (', ${side}_zero, ' without a fee)')`;
const WORTH = (side: Side) =>
  `concat_ws(', ', 'gross ' || ${side}_gross_wei, 'commission ' || ${side}_commission_wei,
    'terms ' || ${side}_terms_id, 'rate ' || ${side}_rate_id, 'remote worker ' || ${side}_worker_id)`;
