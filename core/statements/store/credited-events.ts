/** Reads the jobs from which postings were made: the raw events, as long as their month is not archived. */
import { sql } from 'drizzle-orm';
import type { NodeType } from '../../base/remote-worker.js';
import type { Reader } from '../../db/database.js';
import { list, rows } from '../../db/query.js';
import { splitFee } from '../../events/rules/commission.js';
import { readStoredContent } from '../../events/rules/reading/stored-event.js';
import { decidedJob, poolEvent } from '../../events/store/tables.js';
import { remoteWorker } from '../../ledger/store/tables.js';
import { terms } from '../../terms/store/tables.js';
import type { CreditLine } from './payout-credits.js';

/** A job that earned something. Amounts are of the whole job, in wei. */
export interface CreditedJob {
  readonly sourceId: string;
  readonly eventId: string;
  /** When the job was done, as its event says. */
  readonly at: Date;
  readonly pipeline: string | null;
  readonly modelId: string | null;
  readonly grossWei: bigint;
  readonly commissionWei: bigint;
  readonly netWei: bigint;
}

/** Postings that were made before their events' times were kept are looked for from so many ms before their booking on. */
const LOOK_BACK_MS = 2 * 86_400_000;
/** Clocks of orchestrators may be ahead by this many ms. */
const LOOK_AHEAD_MS = 3_600_000;

/** Reads the jobs of each line, in the order of their batches and times; empty for a line whose events are not there. */
export async function readCreditedJobs(
  reader: Reader,
  lines: readonly CreditLine[],
): Promise<readonly (readonly CreditedJob[])[]> {
  const byLine: CreditedJob[][] = lines.map(() => []);
  const ofKind = (kind: CreditLine['kind']) =>
    lines.flatMap((line, index) => (line.kind === kind ? [{ line, index }] : []));
  const found = [
    ...(await readJobs(reader, ofKind('jobs'))),
    ...(await readLateJobs(reader, ofKind('late-jobs'))),
    ...(await readAssigned(reader, ofKind('assign'))),
  ];
  for (const { index, commissionWei, commissionBps, rounding, ...row } of found) {
    const { sourceId, eventId, at, grossWei } = row;
    const commission =
      commissionWei ?? splitFee(grossWei, { commissionBps, rounding }).commissionWei;
    byLine[index]?.push({
      sourceId,
      eventId,
      at,
      ...modelOf(row),
      grossWei,
      commissionWei: commission,
      netWei: grossWei - commission,
    });
  }
  return byLine;
}

interface Numbered {
  readonly line: CreditLine;
  readonly index: number;
}

const FIELDS = {
  index: Number,
  sourceId: poolEvent.sourceId,
  eventId: poolEvent.eventId,
  at: poolEvent.dt,
  eventType: { orNull: poolEvent.eventType },
  version: { orNull: poolEvent.version },
  payload: { orNull: poolEvent.payload },
  grossWei: decidedJob.grossWei,
  commissionWei: poolEvent.commissionWei,
  commissionBps: terms.commissionBps,
  rounding: terms.rounding,
} as const;

type JobRow = Awaited<ReturnType<typeof readJobs>>[number];

function modelOf({
  eventType,
  version,
  payload,
}: Pick<JobRow, 'eventType' | 'version' | 'payload'>) {
  const none = { pipeline: null, modelId: null };
  if (eventType === null || version === null || payload === null) return none;
  const reading = readStoredContent({ eventType, version, payload });
  if (!reading.ok || reading.content.kind !== 'job') return none;
  const { pipeline, modelId } = reading.content;
  return { pipeline, modelId };
}

/** Makes a table of the lines: where their events stand by the key of `pool_event`, and of which batches they are. */
function windows(numbered: readonly Numbered[]) {
  const of = <T>(pick: (line: CreditLine) => T) => numbered.map(({ line }) => pick(line));
  const time = (ms: number) => new Date(ms).toISOString();
  const firsts = of(({ firstDt, bookedAt }) =>
    time(firstDt?.getTime() ?? bookedAt.getTime() - LOOK_BACK_MS),
  );
  const lasts = of(({ lastDt, bookedAt }) =>
    time(lastDt?.getTime() ?? bookedAt.getTime() + LOOK_AHEAD_MS),
  );
  return sql`unnest(
    ${list(numbered.map(({ index }) => index))}::int[], ${list(of((line) => line.sourceId))}::text[],
    ${list(firsts)}::timestamptz[], ${list(lasts)}::timestamptz[],
    ${list(of((line) => line.batches?.from ?? 0))}::bigint[], ${list(of((line) => line.batches?.to ?? 0))}::bigint[],
    ${list(of((line) => line.remoteWorkerId))}::bigint[], ${list(of((line) => line.termsId))}::int[],
    ${list(of((line) => line.rateId))}::bigint[])
    AS k (n, source_id, first_dt, last_dt, from_batch, to_batch, worker, terms, rate)`;
}

function readJobs(reader: Reader, numbered: readonly Numbered[]) {
  return rows(
    reader,
    FIELDS,
    sql`SELECT k.n AS index, e.source_id AS "sourceId", e.event_id AS "eventId", e.dt AS at, e.event_type AS "eventType",
               e.version, e.payload, e.gross_wei AS "grossWei", e.commission_wei AS "commissionWei",
               t.commission_bps AS "commissionBps", t.rounding
          FROM ${windows(numbered)}
          JOIN terms t ON t.id = k.terms
         CROSS JOIN LATERAL (
           SELECT * FROM pool_event
            WHERE source_id = k.source_id AND dt BETWEEN k.first_dt AND k.last_dt
              AND batch BETWEEN k.from_batch AND k.to_batch AND remote_worker_id = k.worker
              AND terms_id = k.terms AND rate_id IS NOT DISTINCT FROM k.rate
              AND commission_wei IS NOT NULL AND gross_wei > 0) e
         ORDER BY k.n, e.batch, e.dt, e.event_id`,
  );
}

/** Reads jobs whose other half came later: it says which job it completes, and that was done in an earlier batch. */
function readLateJobs(reader: Reader, numbered: readonly Numbered[]) {
  return rows(
    reader,
    FIELDS,
    sql`SELECT k.n AS index, j.source_id AS "sourceId", j.event_id AS "eventId", j.dt AS at, j.event_type AS "eventType",
               j.version, j.payload, j.gross_wei AS "grossWei", NULL AS "commissionWei",
               coalesce(rate.commission_bps, t.commission_bps) AS "commissionBps", t.rounding
          FROM ${windows(numbered)}
          JOIN terms t ON t.id = k.terms
          LEFT JOIN worker_rate rate ON rate.id = k.rate
         CROSS JOIN LATERAL (
           SELECT * FROM pool_event
            WHERE source_id = k.source_id AND dt BETWEEN k.first_dt AND k.last_dt
              AND batch BETWEEN k.from_batch AND k.to_batch AND remote_worker_id = k.worker
              AND gross_wei IS NULL AND match_dt IS NOT NULL AND rate_id IS NOT DISTINCT FROM k.rate) half
          JOIN pool_event j ON j.source_id = half.source_id AND j.dt = half.match_dt AND j.event_id = half.match_event_id
         WHERE j.terms_id = k.terms AND j.gross_wei > 0
         ORDER BY k.n, half.batch, half.dt, half.event_id`,
  );
}

/**
 * Reads jobs that a person assigned. Their fees are kept with the decision; pipeline and model are in the event. Of postings that
 * do not say the time of their job, the jobs are not found: they were made by an older version.
 */
function readAssigned(reader: Reader, numbered: readonly Numbered[]) {
  return rows(
    reader,
    FIELDS,
    sql`SELECT k.n AS index, d.source_id AS "sourceId", d.event_id AS "eventId", d.dt AS at, e.event_type AS "eventType",
               e.version, e.payload, d.gross_wei AS "grossWei", d.commission_wei AS "commissionWei",
               t.commission_bps AS "commissionBps", t.rounding
          FROM ${windows(numbered)}
          JOIN unnest(${list(numbered.map(({ index }) => index))}::int[],
                      ${list(numbered.map(({ line }) => line.postingId))}::bigint[]) AS made (n, posting_id) USING (n)
          JOIN decided_job d ON d.source_id = k.source_id AND d.dt BETWEEN k.first_dt AND k.last_dt
                            AND d.posting_id = made.posting_id
          JOIN terms t ON t.id = d.terms_id
          LEFT JOIN pool_event e ON e.source_id = d.source_id AND e.dt = d.dt AND e.event_id = d.event_id
         ORDER BY k.n`,
  );
}

/** Where a worker's machines stand, for the lines of a payout. */
export async function readWorkerPlaces(
  reader: Reader,
  workerIds: readonly number[],
): Promise<ReadonlyMap<number, { readonly nodeType: NodeType; readonly region: string }>> {
  const { id, nodeType, region } = remoteWorker;
  const found = await rows(
    reader,
    { id, nodeType, region },
    sql`SELECT id, node_type AS "nodeType", region FROM remote_worker WHERE id = ANY(${list(workerIds)}::bigint[])`,
  );
  return new Map(found.map(({ id: workerId, ...place }) => [workerId, place]));
}
