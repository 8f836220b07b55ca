/** The gauges about each source, which show what the sentinel watches. */
import type { Registry } from 'prom-client';
import { viewClock, viewSilence } from '../../client/views/source-view.js';
import { changeRatio, isNews, latestPrices } from '../../core/events/rules/job-price.js';
import { roleOf } from '../../core/events/rules/reading/event-type.js';
import type { SourceSummary } from '../../core/events/store/sources/source-reads.js';
import { UNMATCHED_AGES } from '../../core/sentinel/rules/source-figures.js';
import { ethFloat, gauge, secondsSince } from './gauges.js';
import type { MetricsReading } from './reading.js';

type PerSource = (source: SourceSummary) => number | null;

export function setSourceGauges(registry: Registry, reading: MetricsReading): void {
  setTimes(registry, reading);
  setCounts(registry, reading);
  setUnmatched(registry, reading);
  setPrices(registry, reading);
}

function setTimes(registry: Registry, reading: MetricsReading): void {
  const { now, arrivals } = reading;
  const perSource = (name: string, help: string, pick: PerSource): void => {
    const values = watched(reading).flatMap((source) => {
      const value = pick(source);
      return value === null ? [] : [[value, { source: source.id }] as const];
    });
    gauge(registry, name, help, values);
  };
  const age = (at: Date | null) => (at === null ? null : secondsSince(now, at));
  perSource('source_lag_seconds', 'Age of the last complete pass over the source.', (source) =>
    age(source.lastSuccessAt),
  );
  perSource(
    'source_newest_event_age_seconds',
    "Age of the newest event by the event's own time; negative when that is in the future.",
    (source) => age(source.newestDt),
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
    source.lastErrorCode === null ? 0 : 1,
  );
  perSource(
    'source_clock_ahead_seconds',
    'How far event times were ahead of our clock at most when they came, in the last hours.',
    (source) => viewClock(arrivals.get(source.id) ?? []).aheadMs / 1000,
  );
  perSource(
    'source_clock_behind_seconds',
    'How old the newest events were at least when they came, in the last hours.',
    (source) => {
      const { behindMs } = viewClock(arrivals.get(source.id) ?? []);
      return behindMs === null ? null : behindMs / 1000;
    },
  );
}

function setCounts(registry: Registry, reading: MetricsReading): void {
  const { sources, eventTypes, setAside } = reading;
  gauge(
    registry,
    'events',
    'Events counted so far, by type and version: the sum that the database keeps, so that it only grows, and may be taken for a counter. What this version does not know is type "unknown".',
    [...eventTypes].flatMap(([source, counts]) => knownTypes(source, counts)),
  );
  gauge(
    registry,
    'zero_fee_jobs',
    'Jobs counted so far that came with a fee of zero; only grows.',
    sources.map(({ id, zeroFeeEvents }) => [Number(zeroFeeEvents), { source: id }]),
  );
  gauge(
    registry,
    'set_aside_events',
    'Events that are still set aside, by the code of the refusal; at most 10 000 are counted.',
    [...setAside].flatMap(([source, counts]) =>
      counts.map(({ code, events }) => [events, { source, code }] as const),
    ),
  );
}

/**
 * Adds up all unknown event types as `unknown`: a source could send any number of names, so they must not become
 * labels.
 */
function knownTypes(
  source: string,
  counts: readonly {
    readonly eventType: string;
    readonly version: number;
    readonly events: bigint;
  }[],
) {
  const sums = new Map<string, [bigint, { source: string; type: string; version: string }]>();
  for (const { eventType, version, events } of counts) {
    const isKnown = roleOf(eventType, version) !== undefined;
    const labels = isKnown
      ? { source, type: eventType, version: String(version) }
      : { source, type: 'unknown', version: '' };
    const key = `${labels.type}/${labels.version}`;
    sums.set(key, [(sums.get(key)?.[0] ?? 0n) + events, labels]);
  }
  return [...sums.values()].map(([events, labels]) => [Number(events), labels] as const);
}

/** Sets every age bucket of every source, 0 for empty ones: an alert ends only when it sees the zero. */
function setUnmatched(registry: Registry, { sources, unmatched }: MetricsReading): void {
  const all = sources.flatMap(({ id: source }) =>
    UNMATCHED_AGES.map(({ age }) => {
      const bucket = unmatched.get(source)?.find((one) => one.age === age);
      return { labels: { source, age }, jobs: bucket?.jobs ?? 0, wei: bucket?.grossWei ?? 0n };
    }),
  );
  gauge(
    registry,
    'unmatched_jobs',
    'Processed jobs that nobody is known to have done, by how old they are.',
    all.map(({ labels, jobs }) => [jobs, labels]),
  );
  gauge(
    registry,
    'unmatched_eth',
    'What these jobs are worth in ETH: a float for graphs; exact wei are in /v1/unattributed.',
    all.map(({ labels, wei }) => [ethFloat(wei), labels]),
  );
}

/**
 * Sets the highest and the lowest ratio of a source's current prices to its usual ones. Pipelines and models are not
 * named, because their names are foreign text.
 */
function setPrices(registry: Registry, { prices, now }: MetricsReading): void {
  gauge(
    registry,
    'price_change_ratio',
    'Price of a compute unit over the usual one, of the pipeline and model where that is highest or lowest, in the last three hours; /v1/sources/:id/prices has each.',
    [...prices].flatMap(([source, hours]) => {
      const ratios = latestPrices(hours, now.getTime())
        .filter((latest) => isNews(latest, now.getTime()))
        .flatMap((latest) => changeRatio(latest) ?? []);
      if (ratios.length === 0) return [];
      return [
        [Math.max(...ratios), { source, extreme: 'highest' }],
        [Math.min(...ratios), { source, extreme: 'lowest' }],
      ] as const;
    }),
  );
}

const watched = ({ sources }: MetricsReading): readonly SourceSummary[] =>
  sources.filter(({ removedAt }) => removedAt === null);
