/**
 * The scratch schema of a rebuild holds what the raw events add up to, by posting. It is created inside the rebuild's own
 * transaction, and disappears if that does not commit.
 */
import { pipeline } from 'node:stream/promises';
import type { PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { RemoteWorker } from '../../base/remote-worker.js';
import { copyField, isoDay, isoTime } from '../../db/copy/copy-text.js';
import type { RowWorth } from '../../events/rules/reading/stored-event.js';
import { bucketEndUs, RESPONSE_BUCKETS } from '../../events/rules/sums/hour-tally.js';
import { bucketsOf, HOUR_FIGURES, HOURS_FROM } from '../../events/store/ingest/hour-writes.js';
import type {
  RebuiltCount,
  RebuiltDay,
  RebuiltHalf,
  RebuiltHour,
  RebuiltJobs,
  RebuiltSlice,
  RowDifference,
} from '../rules/rebuild-tally.js';

type Field = string | number | bigint | null;

/** Halves of AI jobs are matched whenever so many have gathered: their disk space must not grow with the history. */
const MANY_HALVES = 2_000_000;
const JOBS_COLUMNS = `kind text, source_id text, batch bigint, worker_id bigint, terms_id integer, rate_id bigint,
  gross_wei numeric, commission_wei numeric, jobs bigint, zero_fee_jobs bigint, compute_units numeric`;
const DAY_COLUMNS = `worker_id bigint, day date, pipeline text, model_id text, jobs bigint,
  compute_units numeric, gross_wei numeric, commission_wei numeric`;
const HOUR_COLUMNS = `worker_id bigint, hour timestamptz, pipeline text, model_id text,
  ${HOUR_FIGURES.map(([column, type]) => `${column} ${type}`).join(', ')}, responses integer[]`;
const KEPT_COLUMNS = `kept_gross_wei numeric, kept_commission_wei numeric, kept_terms_id integer,
  kept_rate_id bigint, kept_worker_id bigint`;
const HALF_COLUMNS = `role text, source_id text, dt timestamptz, event_id text, batch bigint,
  worker_id bigint, terms_id integer, gross_wei numeric, compute_units numeric, pipeline text, model_id text,
  response_us bigint, duration_ms bigint, match_dt timestamptz, match_event_id text, received_at timestamptz,
  is_archived boolean, ${KEPT_COLUMNS}`;
const DIFFERENCE_COLUMNS = `source_id text, dt timestamptz, event_id text, batch bigint,
  is_archived boolean, ${KEPT_COLUMNS}, due_gross_wei numeric, due_commission_wei numeric,
  due_terms_id integer, due_rate_id bigint, due_worker_id bigint`;

/** Writes to one scratch schema, on the connection of the rebuild. */
export class RebuildScratch {
  private halves = 0;
  private named = 0;

  constructor(
    private readonly client: PoolClient,
    readonly schema: string,
  ) {}

  async create(): Promise<void> {
    const { schema } = this;
    await this.client.query(`CREATE SCHEMA ${schema};
      CREATE UNLOGGED TABLE ${schema}.jobs (${JOBS_COLUMNS});
      CREATE UNLOGGED TABLE ${schema}.day (${DAY_COLUMNS});
      CREATE UNLOGGED TABLE ${schema}.hour (${HOUR_COLUMNS});
      CREATE UNLOGGED TABLE ${schema}.half (${HALF_COLUMNS});
      CREATE UNLOGGED TABLE ${schema}.row_difference (${DIFFERENCE_COLUMNS});
      CREATE UNLOGGED TABLE ${schema}.event_count (source_id text, hour timestamptz, event_type text,
        version integer, events bigint, zero_fee_events bigint);
      CREATE UNLOGGED TABLE ${schema}.rate AS
        SELECT w.id AS worker_id, r.id, r.from_dt, r.commission_bps
          FROM worker_rate r JOIN remote_worker w USING (payee, node_type, region);
      CREATE INDEX ON ${schema}.rate (worker_id, id)`);
  }

  /** Adds the rates of workers that the tables do not know, by the negative ids that they have here. */
  async name(unknown: ReadonlyMap<number, RemoteWorker>): Promise<void> {
    const fresh = [...unknown].slice(this.named);
    this.named = unknown.size;
    if (fresh.length === 0) return;
    await this.client.query(
      `INSERT INTO ${this.schema}.rate SELECT k.id, r.id, r.from_dt, r.commission_bps
         FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) AS k (id, payee, node_type, region)
         JOIN worker_rate r USING (payee, node_type, region)`,
      [
        fresh.map(([id]) => id),
        fresh.map(([, { payee }]) => payee),
        fresh.map(([, { nodeType }]) => nodeType),
        fresh.map(([, { region }]) => region),
      ],
    );
  }

  /** Reads the time from which hours are kept, in milliseconds since 1970: earlier ones are not compared. */
  async hoursFromMs(): Promise<number> {
    const { rows } = await this.client.query<{ fromMs: number | null }>(
      `SELECT (SELECT (extract(epoch FROM value::timestamptz) * 1000)::float8 FROM setting WHERE key = $1) AS "fromMs"`,
      [HOURS_FROM],
    );
    return rows[0]?.fromMs ?? Number.POSITIVE_INFINITY;
  }

  /** Adds the results of a slice of events to the tables. */
  async write(slice: RebuiltSlice, isArchived: boolean): Promise<void> {
    const { jobs, days, hours, halves, differences, counts } = slice;
    const mark = isArchived ? 't' : 'f';
    await this.copy('jobs', jobs, jobsFields);
    await this.copy('day', days, dayFields);
    await this.copy('hour', hours, hourFields);
    await this.copy('half', halves, (half) => halfFields(half, mark));
    await this.copy('row_difference', differences, (one) => differenceFields(one, mark));
    await this.copy('event_count', counts, countFields);
    this.halves += halves.length;
    if (this.halves >= MANY_HALVES) await this.matchHalves();
  }

  /** Credits the AI jobs of which both halves have been read, by the stored matches, and keeps the remaining halves. */
  async matchHalves(): Promise<void> {
    const { schema } = this;
    await this.client.query(`ANALYZE ${schema}.half; ANALYZE ${schema}.rate;
      CREATE UNLOGGED TABLE ${schema}.pair AS ${PAIRS(schema)};
      ${JOBS_OF_PAIRS(schema)};
      ${DAYS_OF_PAIRS(schema)};
      ${HOURS_OF_PAIRS(schema)};
      ${DIFFERENCES_OF_PAIRS(schema)};
      ALTER TABLE ${schema}.half RENAME TO half_before;
      CREATE UNLOGGED TABLE ${schema}.half AS SELECT h.* FROM ${schema}.half_before h
       WHERE NOT EXISTS (SELECT FROM ${schema}.pair p WHERE h.role = 'processed'
               AND p.source_id = h.source_id AND p.dt = h.dt AND p.event_id = h.event_id)
         AND NOT EXISTS (SELECT FROM ${schema}.pair p WHERE h.role = 'received'
               AND p.source_id = h.source_id AND p.received_dt = h.dt AND p.received_id = h.event_id);
      DROP TABLE ${schema}.half_before, ${schema}.pair`);
    this.halves = 0;
  }

  /** Matches the halves that are left. A processed half whose stored match was never found counts as unattributed. */
  async finish(): Promise<void> {
    await this.matchHalves();
    const { schema } = this;
    await this.client.query(`INSERT INTO ${schema}.jobs
      SELECT 'unattributed', source_id, batch, 0, terms_id, NULL, gross_wei, 0, 0, 0, 0
        FROM ${schema}.half WHERE role = 'processed' AND match_dt IS NOT NULL;
      ANALYZE ${schema}.jobs`);
  }

  private async copy<Row>(
    table: string,
    rows: readonly Row[],
    fieldsOf: (row: Row) => readonly Field[],
  ): Promise<void> {
    if (rows.length === 0) return;
    const lines = rows.map((row) => `${fieldsOf(row).map(copyField).join('\t')}\n`).join('');
    const sink = this.client.query(copyFrom(`COPY ${this.schema}.${table} FROM STDIN`));
    await pipeline([Buffer.from(lines)], sink);
  }
}

/**
 * SQL for the pairs of halves. The later half stores the match: the processed one or, in a late pair, the received one. It is
 * also the one that the credit was made with, and that names its rate.
 */
const PAIRS = (schema: string) => `
  SELECT half_pair.*, rate.rate_id,
         CASE WHEN worker_id IS NOT NULL
              THEN commission_of(gross_wei, coalesce(rate.commission_bps, terms.commission_bps), terms.rounding) END
           AS commission_wei
    FROM (
      SELECT false AS is_late, r.worker_id, r.kept_worker_id AS received_worker_id, r.batch AS received_batch,
             r.dt AS received_dt, r.event_id AS received_id, r.is_archived AS received_is_archived,
             r.pipeline AS received_pipeline, r.model_id AS received_model,
             p.received_at AS credited_at, p.kept_rate_id AS named_rate_id,
             p.kept_worker_id IS NOT NULL AS was_credited, ${PAIR_COLUMNS}
        FROM ${schema}.half p JOIN ${schema}.half r
          ON r.source_id = p.source_id AND r.dt = p.match_dt AND r.event_id = p.match_event_id
       WHERE p.role = 'processed' AND r.role = 'received'
       UNION ALL
      SELECT true, r.worker_id, r.kept_worker_id, r.batch, r.dt, r.event_id, r.is_archived, r.pipeline, r.model_id,
             r.received_at, r.kept_rate_id,
             true, ${PAIR_COLUMNS}
        FROM ${schema}.half r JOIN ${schema}.half p
          ON p.source_id = r.source_id AND p.dt = r.match_dt AND p.event_id = r.match_event_id
       WHERE p.role = 'processed' AND r.role = 'received' AND p.match_dt IS NULL) half_pair
    JOIN terms ON terms.id = half_pair.terms_id
    LEFT JOIN LATERAL (${RATE_OF_PAIR(schema)}) rate ON true`;

const PAIR_COLUMNS = `p.source_id, p.dt, p.event_id, p.batch, p.terms_id, p.gross_wei,
  p.compute_units, p.pipeline, p.model_id, p.response_us, p.duration_ms, p.is_archived, p.kept_gross_wei, p.kept_commission_wei,
  p.kept_terms_id, p.kept_rate_id, p.kept_worker_id`;

/** SQL for the rate of a pair, by the rule of `rateOfCredit` in core/terms/rules/worker-rates.ts. */
const RATE_OF_PAIR = (schema: string) => {
  const lastBy = (time: string) => `(SELECT max(id) FROM ${schema}.rate
    WHERE worker_id = half_pair.worker_id AND from_dt <= half_pair.${time})`;
  return `
    SELECT held.id AS rate_id, r.commission_bps
      FROM (SELECT ${lastBy('dt')} AS due, ${lastBy('credited_at')} AS before) last,
           LATERAL (SELECT CASE
             WHEN half_pair.dt <= half_pair.credited_at OR NOT was_credited THEN due
             WHEN named_rate_id IS NULL THEN CASE WHEN before IS NOT NULL THEN due END
             WHEN named_rate_id >= coalesce(before, 0) AND EXISTS (
               SELECT FROM ${schema}.rate WHERE worker_id = half_pair.worker_id AND id = named_rate_id
                  AND from_dt <= half_pair.dt) THEN named_rate_id
             ELSE due END AS id) held
      LEFT JOIN ${schema}.rate r ON r.worker_id = half_pair.worker_id AND r.id = held.id`;
};

/** SQL that credits the pairs. The processed half of a late pair is already in the table as unattributed. */
const JOBS_OF_PAIRS = (schema: string) => `
  INSERT INTO ${schema}.jobs
  SELECT CASE WHEN is_late THEN 'late-jobs' WHEN worker_id IS NULL THEN 'unattributed' ELSE 'jobs' END,
         source_id, CASE WHEN is_late THEN received_batch ELSE batch END, coalesce(worker_id, 0), terms_id, rate_id,
         sum(gross_wei), CASE WHEN worker_id IS NULL THEN 0 ELSE sum(commission_wei) END,
         CASE WHEN worker_id IS NULL THEN 0 ELSE count(*) END,
         CASE WHEN worker_id IS NULL THEN 0 ELSE count(*) FILTER (WHERE gross_wei = 0) END,
         CASE WHEN worker_id IS NULL THEN 0 ELSE sum(compute_units) END
    FROM ${schema}.pair WHERE NOT (is_late AND worker_id IS NULL)
   GROUP BY is_late, worker_id, source_id, 3, terms_id, rate_id`;

/** SQL that puts the pairs on the days of their processed halves, which have the fees. */
const DAYS_OF_PAIRS = (schema: string) => `
  INSERT INTO ${schema}.day
  SELECT worker_id, (dt AT TIME ZONE 'UTC')::date, pipeline, model_id, count(*), sum(compute_units),
         sum(gross_wei), sum(commission_wei)
    FROM ${schema}.pair WHERE worker_id IS NOT NULL GROUP BY 1, 2, 3, 4`;

/** SQL for how the pairs went, the same as rules/sums/hour-tally.ts adds up; the answer is in the hour of the received half. */
const HOURS_OF_PAIRS = (schema: string) => `
  INSERT INTO ${schema}.hour
  SELECT worker_id, date_trunc('hour', dt), pipeline, model_id, count(*), 0, 0,
         count(*) FILTER (WHERE is_rated), count(*) FILTER (WHERE is_rated AND response_us > duration_ms * 1000),
         coalesce(sum(duration_ms) FILTER (WHERE is_rated), 0), coalesce(sum(response_us) FILTER (WHERE is_rated), 0),
         count(*) FILTER (WHERE response_us = 0), coalesce(sum(response_us), 0),
         coalesce(sum(compute_units) FILTER (WHERE response_us > 0), 0),
         ${bucketsOf((i) => `count(*) FILTER (WHERE response_us > 0 AND bucket = ${i})`)}
    FROM (SELECT *, coalesce(response_us > 0 AND duration_ms > 0, false) AS is_rated,
                 width_bucket(response_us - 1, '{${BUCKET_STARTS}}'::bigint[]) + 1 AS bucket FROM ${schema}.pair) p
   WHERE worker_id IS NOT NULL AND ${isKept('dt')} GROUP BY 1, 2, 3, 4
   UNION ALL
  SELECT worker_id, date_trunc('hour', received_dt), received_pipeline, received_model, 0, 0, count(*),
         0, 0, 0, 0, 0, 0, 0, ${bucketsOf(() => '0')}
    FROM ${schema}.pair WHERE worker_id IS NOT NULL AND ${isKept('received_dt')} GROUP BY 1, 2, 3, 4`;

/** The response times from which on each bucket but the first begins, as `response_us - 1`. */
const BUCKET_STARTS = Array.from({ length: RESPONSE_BUCKETS - 1 }, (_, i) => bucketEndUs(i)).join();
const isKept = (time: string) =>
  `${time} >= (SELECT value::timestamptz FROM setting WHERE key = '${HOURS_FROM}')`;

const DIFFERENCES_OF_PAIRS = (schema: string) => `
  INSERT INTO ${schema}.row_difference
  SELECT source_id, dt, event_id, batch, is_archived, kept_gross_wei, kept_commission_wei, kept_terms_id,
         kept_rate_id, kept_worker_id, gross_wei, commission_wei, terms_id, rate_id, worker_id
    FROM ${schema}.pair
   WHERE NOT is_late
     AND (kept_gross_wei, kept_commission_wei, kept_terms_id, kept_rate_id, kept_worker_id)
         IS DISTINCT FROM (gross_wei, commission_wei, terms_id, rate_id, worker_id)
   UNION ALL
  -- The other half of a late pair; one that has another worker already differs.
  SELECT source_id, received_dt, received_id, received_batch, received_is_archived, NULL, NULL, NULL,
         named_rate_id, worker_id, NULL, NULL, NULL, rate_id, worker_id
    FROM ${schema}.pair
   WHERE is_late AND named_rate_id IS DISTINCT FROM rate_id AND received_worker_id IS NOT DISTINCT FROM worker_id`;

function jobsFields(one: RebuiltJobs): readonly Field[] {
  const { kind, sourceId, batch, workerId, termsId, rateId, grossWei, commissionWei } = one;
  const figures = [one.jobs, one.zeroFeeJobs, one.computeUnits];
  return [kind, sourceId, batch, workerId, termsId, rateId, grossWei, commissionWei, ...figures];
}

function dayFields(one: RebuiltDay): readonly Field[] {
  const { workerId, dayMs, pipeline, modelId } = one;
  const place = [workerId, isoDay(dayMs), pipeline, modelId];
  return [...place, one.jobs, one.computeUnits, one.grossWei, one.commissionWei];
}

function hourFields({ workerId, facts }: RebuiltHour): readonly Field[] {
  const place = [workerId, isoTime(facts.hourMs), facts.pipeline, facts.modelId];
  const figures = HOUR_FIGURES.map(([, , pick]) => pick(facts));
  return [...place, ...figures, `{${facts.responses.join(',')}}`];
}

function halfFields(
  { role, row, workerId, job, pipeline, modelId }: RebuiltHalf,
  isArchived: 't' | 'f',
) {
  const { sourceId, dtMs, eventId, batch, match, receivedMs, kept } = row;
  const { termsId = null, grossWei = null, computeUnits = null } = job ?? {};
  const names = [pipeline, modelId, job?.responseUs ?? null, job?.durationMs ?? null];
  const place = [role, sourceId, isoTime(dtMs), eventId, batch];
  const worth = [workerId, termsId, grossWei, computeUnits];
  const key = match === null ? [null, null] : [isoTime(match.dtMs), match.eventId];
  const stored = [...key, isoTime(receivedMs), isArchived];
  return [...place, ...worth, ...names, ...stored, ...worthFields(kept)];
}

function differenceFields({ row, due }: RowDifference, isArchived: 't' | 'f') {
  const { sourceId, dtMs, eventId, batch, kept } = row;
  const place = [sourceId, isoTime(dtMs), eventId, batch, isArchived];
  return [...place, ...worthFields(kept), ...worthFields(due)];
}

function countFields(one: RebuiltCount): readonly Field[] {
  const { sourceId, hourMs, eventType, version, events, zeroFeeEvents } = one;
  return [sourceId, isoTime(hourMs), eventType, version, events, zeroFeeEvents];
}

function worthFields(worth: RowWorth): readonly Field[] {
  const { grossWei, commissionWei, termsId, rateId, workerId } = worth;
  return [grossWei, commissionWei, termsId, rateId, workerId];
}
