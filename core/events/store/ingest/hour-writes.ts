/** Writes how jobs went by the hour, in the transaction that credits them. */
import { isoTime, type SqlValue, sqlRows } from '../../../db/copy/copy-text.js';
import type { BatchCredits } from '../../rules/credit.js';
import { type HourFacts, RESPONSE_BUCKETS, SHARED_BUCKETS } from '../../rules/sums/hour-tally.js';

/** The key in the table of settings for the time from which hours are kept: earlier ones are neither written nor compared. */
export const HOURS_FROM = 'worker_hours_from';

/** The figures of an hour that add up, apart from the buckets: column, type and value. */
export const HOUR_FIGURES = [
  ['jobs', 'bigint', (facts) => facts.jobs],
  ['received', 'bigint', (facts) => facts.received],
  ['answered', 'bigint', (facts) => facts.answered],
  ['rated_jobs', 'bigint', (facts) => facts.ratedJobs],
  ['slow_jobs', 'bigint', (facts) => facts.slowJobs],
  ['rated_duration_ms', 'bigint', (facts) => facts.ratedDurationMs],
  ['rated_response_us', 'bigint', (facts) => facts.ratedResponseUs],
  ['instant_jobs', 'bigint', (facts) => facts.instantJobs],
  ['response_us', 'bigint', (facts) => facts.responseUs],
  ['timed_units', 'numeric', (facts) => facts.timedUnits],
] as const satisfies readonly (readonly [
  string,
  'bigint' | 'numeric',
  (facts: HourFacts) => SqlValue,
])[];

const COLUMNS = HOUR_FIGURES.map(([column]) => column);

/** SQL for an array of buckets, of which `bucket` gives each, from 1 on as Postgres counts. */
export const bucketsOf = (bucket: (index: number) => string): string =>
  `ARRAY[${Array.from({ length: RESPONSE_BUCKETS }, (_, i) => bucket(i + 1)).join(', ')}]`;

/** SQL that adds the rows of a SELECT to the hours: worker, hour, pipeline, model, then the figures, then the buckets. */
export function addHours(select: string): string {
  return `INSERT INTO worker_hour AS h
      (remote_worker_id, hour, pipeline, model_id, ${COLUMNS.join(', ')}, responses)
    ${select} ORDER BY 1, 2, 3, 4
    ON CONFLICT (remote_worker_id, hour, pipeline, model_id) DO UPDATE
      SET ${COLUMNS.map((column) => `${column} = h.${column} + excluded.${column}`).join(', ')},
          responses = ${bucketsOf((i) => `h.responses[${i}] + excluded.responses[${i}]`)}`;
}

/** Returns the statement that adds a batch's hours. The rows of its workers are locked by then, so no two batches collide. */
export function hoursStatement(
  hours: BatchCredits['hours'],
  workerIds: (workerKey: string) => number,
): string {
  const columns = COLUMNS.join(', ');
  return addHours(`SELECT id, hour, pipeline, model_id, ${columns}, responses::integer[]
    FROM ${sqlRows(hours, [
      ['bigint', ({ workerKey }) => workerIds(workerKey)],
      ['timestamptz', ({ facts }) => isoTime(facts.hourMs)],
      ['text', ({ facts }) => facts.pipeline],
      ['text', ({ facts }) => facts.modelId],
      ...HOUR_FIGURES.map(
        ([, type, pick]) =>
          [type, ({ facts }: BatchCredits['hours'][number]) => pick(facts)] as const,
      ),
      ['text', ({ facts }) => bucketsText(facts.responses)],
    ])} AS k (id, hour, pipeline, model_id, ${columns}, responses)`);
}

const asText = (responses: readonly number[]): string => `{${responses.join(',')}}`;
const SHARED_TEXTS = new Map([...SHARED_BUCKETS].map((buckets) => [buckets, asText(buckets)]));

/** Writes buckets as Postgres reads an array. */
const bucketsText = (responses: readonly number[]): string =>
  SHARED_TEXTS.get(responses) ?? asText(responses);
