/** The gauges about each source, which show what the sentinel watches. */
import { nowOf, type RunningPool } from '../../client/running-pool.js';
import { changeRatio, isNews, latestPrices } from '../../core/events/rules/job-price.js';
import { roleOf } from '../../core/events/rules/reading/event-type.js';
import {
  countEventTypes,
  countSetAside,
  listSources,
  type SourceSummary,
} from '../../core/events/store/sources/source-reads.js';
import { bucketUnmatched } from '../../core/sentinel/store/metric-counts.js';
import { readArrivals, readPrices } from '../../core/sentinel/store/source-figures-reads.js';
import {
  ARRIVALS_MS,
  addTypes,
  everyAge,
  type TypeCount,
  viewClock,
  viewSilence,
} from '../routes/sources.js';
import { ethFloat, type SetGauge, secondsSince } from './gauges.js';

type Sources = readonly SourceSummary[];

export async function setSourceGauges(set: SetGauge, pool: RunningPool): Promise<void> {
  const sources = await listSources(pool.db, nowOf(pool));
  await setTimes(set, pool, sources);
  await setCounts(set, pool, sources);
  await setUnmatched(set, pool, sources);
  await setPrices(set, pool);
}

async function setTimes(set: SetGauge, pool: RunningPool, sources: Sources): Promise<void> {
  const now = nowOf(pool);
  const arrivals = await readArrivals(pool.db, new Date(now.getTime() - ARRIVALS_MS));
  const watched = sources.filter(({ removedAt }) => removedAt === null);
  const perSource = (
    name: string,
    help: string,
    pick: (source: SourceSummary) => number | null,
  ): void => {
    const values = watched.flatMap((source) => {
      const value = pick(source);
      return value === null ? [] : [[value, { source: source.id }] as const];
    });
    set(name, help, values);
  };
  const clockOf = ({ id }: SourceSummary) => viewClock(arrivals.get(id) ?? []);
  perSource('source_lag_seconds', 'Age of the last complete pass over the source.', (source) =>
    secondsSince(now, source.lastSuccessAt),
  );
  perSource(
    'source_newest_event_age_seconds',
    "Age of the newest event by the event's own time; negative when that is in the future.",
    (source) => secondsSince(now, source.newestDt),
  );
  perSource(
    'source_silence_seconds',
    'For how long nothing new came although the source was read; see source_connected_workers.',
    (source) => viewSilence(source).silentForMs / 1000,
  );
  perSource(
    'source_connected_workers',
    'Remote workers connected to it.',
    (source) => source.connectedWorkers,
  );
  perSource('source_failing', '1 while the last pass failed.', (source) =>
    Number(source.lastErrorCode !== null),
  );
  perSource(
    'source_clock_ahead_seconds',
    'How far event times were ahead of our clock at most when they came, in the last hours.',
    (source) => clockOf(source).aheadMs / 1000,
  );
  perSource(
    'source_clock_behind_seconds',
    'How old the newest events were at least when they came, in the last hours.',
    (source) => {
      const { behindMs } = clockOf(source);
      return behindMs === null ? null : behindMs / 1000;
    },
  );
}

async function setCounts(set: SetGauge, { db }: RunningPool, sources: Sources): Promise<void> {
  const [eventTypes, setAside] = await Promise.all([countEventTypes(db), countSetAside(db)]);
  set(
    'events',
    'Events counted so far, by type and version: the sum that the database keeps, so that it only grows, and may be taken for a counter. What this version does not know is type "unknown".',
    [...eventTypes].flatMap(([source, counts]) =>
      addTypes(counts, knownType).map(
        ({ eventType: type, version, events }) =>
          [Number(events), { source, type, version }] as const,
      ),
    ),
  );
  set(
    'zero_fee_jobs',
    'Jobs counted so far that came with a fee of zero; only grows.',
    sources.map(({ id, zeroFeeEvents }) => [Number(zeroFeeEvents), { source: id }]),
  );
  set(
    'set_aside_events',
    'Events that are still set aside, by the code of the refusal; at most 10 000 are counted.',
    [...setAside].flatMap(([source, counts]) =>
      counts.map(({ code, events }) => [events, { source, code }] as const),
    ),
  );
}

/** Names all unknown types `unknown`: a source could send any number of names, so they must not become labels. */
function knownType({ eventType, version }: TypeCount) {
  const isKnown = roleOf(eventType, version) !== undefined;
  return isKnown ? { eventType, version: String(version) } : { eventType: 'unknown', version: '' };
}

/** Sets every age bucket of every source, 0 for empty ones: an alert ends only when it sees the zero. */
async function setUnmatched(set: SetGauge, pool: RunningPool, sources: Sources): Promise<void> {
  const unmatched = await bucketUnmatched(pool.db, nowOf(pool));
  const all = sources.flatMap(({ id: source }) =>
    everyAge(unmatched.get(source)).map(({ age, ...sums }) => ({
      labels: { source, age },
      ...sums,
    })),
  );
  set(
    'unmatched_jobs',
    'Processed jobs that nobody is known to have done, by how old they are.',
    all.map(({ labels, jobs }) => [jobs, labels]),
  );
  set(
    'unmatched_eth',
    'What these jobs are worth in ETH: a float for graphs; exact wei are in /v1/unattributed.',
    all.map(({ labels, grossWei }) => [ethFloat(grossWei), labels]),
  );
}

/**
 * Sets the highest and the lowest ratio of a source's current prices to its usual ones. Pipelines and models are not
 * named, because their names are foreign text.
 */
async function setPrices(set: SetGauge, pool: RunningPool): Promise<void> {
  const nowMs = nowOf(pool).getTime();
  const prices = await readPrices(pool.db, new Date(nowMs));
  set(
    'price_change_ratio',
    'Price of a compute unit over the usual one, of the pipeline and model where that is highest or lowest, in the last three hours; /v1/sources/:id/prices has each.',
    [...prices].flatMap(([source, hours]) => {
      const ratios = latestPrices(hours, nowMs)
        .filter((latest) => isNews(latest, nowMs))
        .flatMap((latest) => changeRatio(latest) ?? []);
      if (ratios.length === 0) return [];
      return [
        [Math.max(...ratios), { source, extreme: 'highest' }],
        [Math.min(...ratios), { source, extreme: 'lowest' }],
      ] as const;
    }),
  );
}
