/** Reads what the hourly facts of a window come to. */
import { sql } from 'drizzle-orm';
import type { Reader } from '../../db/database.js';
import { rows } from '../../db/query.js';
import { bucketsOf } from '../../events/store/ingest/hour-writes.js';
import { workerHour } from '../../events/store/tables.js';
import { WINDOWS, type Window, type WindowFacts } from '../rules/figures.js';

const HOUR_MS = 3_600_000;
/** How many hours a window has before the one that runs. */
const HOURS_BEFORE: Readonly<Record<Window, number>> = { hour: 1, day: 24, week: 168 };

export interface PlacedFacts extends WindowFacts {
  readonly remoteWorkerId: number;
  readonly pipeline: string;
  readonly modelId: string;
  readonly window: Window;
}

const { remoteWorkerId, pipeline, modelId, responses } = workerHour;
const SHAPE = {
  remoteWorkerId,
  pipeline,
  modelId,
  window: (text: Window) => text,
  jobs: Number,
  received: Number,
  answered: Number,
  ratedJobs: Number,
  ratedDurationMs: Number,
  ratedResponseUs: Number,
  responses,
} as const;

/**
 * Reads the facts of every remote worker, pipeline and model with jobs in the last week, by window. What came before a worker's last
 * probation began no longer counts. A job that was handed out counts once its answer must have come.
 */
export async function readWindows(
  reader: Reader,
  { atMs, answerMs }: { readonly atMs: number; readonly answerMs: number },
): Promise<readonly PlacedFacts[]> {
  const hourMs = Math.floor(atMs / HOUR_MS) * HOUR_MS;
  const fromOf = (window: Window) =>
    new Date(hourMs - HOURS_BEFORE[window] * HOUR_MS).toISOString();
  const settled = new Date(atMs - answerMs - HOUR_MS).toISOString();
  const windows = WINDOWS.map((window) => sql`(${window}, ${fromOf(window)}::timestamptz)`);
  return rows(
    reader,
    SHAPE,
    sql`WITH probation AS (
          SELECT remote_worker_id, pipeline, model_id, date_trunc('hour', max(changed_at)) AS from_dt
            FROM worker_state_change WHERE state = 'probation' AND changed_at >= ${fromOf('week')}::timestamptz
           GROUP BY 1, 2, 3)
        SELECT h.remote_worker_id AS "remoteWorkerId", h.pipeline, h.model_id AS "modelId", w.name AS window,
               sum(h.jobs) AS jobs, coalesce(sum(h.received) FILTER (WHERE h.hour <= ${settled}::timestamptz), 0) AS received,
               coalesce(sum(h.answered) FILTER (WHERE h.hour <= ${settled}::timestamptz), 0) AS answered,
               sum(h.rated_jobs) AS "ratedJobs", sum(h.rated_duration_ms) AS "ratedDurationMs",
               sum(h.rated_response_us) AS "ratedResponseUs",
               ${sql.raw(bucketsOf((i) => `sum(h.responses[${i}])::integer`))} AS responses
          FROM worker_hour h
          JOIN (VALUES ${sql.join(windows, sql`, `)}) w (name, from_dt) ON h.hour >= w.from_dt
          LEFT JOIN probation p USING (remote_worker_id, pipeline, model_id)
         WHERE h.hour >= ${fromOf('week')}::timestamptz AND h.hour >= coalesce(p.from_dt, '-infinity')
         GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3`,
  );
}
