/** Shows sources, and the results of decisions about them, for `/v1` and the command line. */
import { changeRatio, type LatestPrice, perUnitWei } from '../../core/events/rules/job-price.js';
import { roleOf } from '../../core/events/rules/reading/event-type.js';
import { silentForMs } from '../../core/events/rules/source-silence.js';
import type { SourceSummary } from '../../core/events/store/sources/source-reads.js';
import type { MovedSource } from '../../core/events/store/sources/source-register.js';
import {
  type ArrivalHour,
  UNMATCHED_AGES,
  type UnmatchedBucket,
} from '../../core/sentinel/rules/source-figures.js';
import { amount } from './amounts.js';
import { publicModel, publicName } from './outside.js';

/** Clocks are judged by the events that arrived within this many ms. */
export const ARRIVALS_MS = 3 * 3_600_000;

/**
 * Shows for how long a source has sent no new event. That means something only while workers are connected; a finding
 * says whether it is unusual.
 */
export function viewSilence(source: SourceSummary) {
  const { lastFreshAt, lastSuccessAt, connectedWorkers } = source;
  return {
    lastNewEventAt: lastFreshAt,
    silentForMs: silentForMs({
      lastFreshMs: lastFreshAt?.getTime() ?? null,
      lastSuccessMs: lastSuccessAt?.getTime() ?? null,
    }),
    connectedWorkers,
  };
}

export function viewClock(arrivals: readonly ArrivalHour[]) {
  const behind = arrivals.flatMap(({ leastBehindMs }) => leastBehindMs ?? []);
  return {
    /** The largest lead, in ms, of an event's time over our clock when it arrived. */
    aheadMs: Math.max(0, ...arrivals.map(({ mostAheadMs }) => mostAheadMs)),
    /** The age, in ms, of the youngest event when it arrived; null when nothing arrived lately. */
    behindMs: behind.length === 0 ? null : Math.min(...behind),
  };
}

/** Shows all age buckets, including the empty ones. */
export function viewUnmatched(buckets: readonly UnmatchedBucket[]) {
  return UNMATCHED_AGES.map(({ age }) => {
    const { jobs, grossWei } = buckets.find((one) => one.age === age) ?? { jobs: 0, grossWei: 0n };
    return { age, jobs, ...amount('gross', grossWei) };
  });
}

interface EventType {
  readonly eventType: string;
  readonly version: number;
}

const UNKNOWN: EventType = { eventType: 'unknown', version: 0 };

/**
 * Returns an event's type. Without `showsWords`, types that this program does not know become `unknown`, because their
 * names are foreign text.
 */
export function publicType(type: EventType, showsWords: boolean): EventType {
  const { eventType, version } = type;
  const isKnown = roleOf(eventType, 0) !== undefined;
  return showsWords || isKnown ? { eventType, version } : UNKNOWN;
}

/** Shows the counts by type. Without `showsWords`, all unknown types are counted together. */
export function viewTypes(
  counts: readonly (EventType & { readonly events: bigint })[],
  showsWords: boolean,
) {
  const sums = new Map<string, EventType & { events: bigint }>();
  for (const { events, ...said } of counts) {
    const type = publicType(said, showsWords);
    const key = `${type.eventType}/${type.version}`;
    const sum = sums.get(key) ?? { ...said, ...type, events: 0n };
    sum.events += events;
    sums.set(key, sum);
  }
  return [...sums.values()].map((sum) => ({ ...sum, events: sum.events.toString() }));
}

/**
 * Shows prices, those farthest from the usual ones first. Names of pipelines and models are foreign text and may be
 * hidden.
 */
export function viewPrices(
  prices: readonly LatestPrice[],
  { showsWords, limit }: { readonly showsWords: boolean; readonly limit: number },
) {
  return [...prices]
    .sort((a, b) => distance(b) - distance(a) || b.jobs - a.jobs)
    .slice(0, limit)
    .map((price) => ({
      nodeType: price.nodeType,
      pipeline: showsWords ? price.pipeline : publicName(price.pipeline),
      modelId: showsWords ? price.modelId : publicModel(price.modelId),
      hour: new Date(price.hourMs),
      jobs: price.jobs,
      pricePerUnitWei: perUnitWei(price.priceNano),
      usualPerUnitWei: price.usualNano === null ? null : perUnitWei(price.usualNano),
      changeRatio: changeRatio(price),
    }));
}

/** Returns how far a price is from the usual one: ten times as much counts as far as a tenth. */
function distance(price: LatestPrice): number {
  const ratio = changeRatio(price);
  if (ratio === null) return -1;
  return ratio === 0 ? Number.POSITIVE_INFINITY : Math.abs(Math.log(ratio));
}

export const RESUMED_WORDS =
  'it is read again at its next turn, and compared again: if it still gives the events of another source it is stopped again, and nothing of that counts';

/** Says what moving a source changed, and what the operator has to do next. */
export function movedWords({ from, to, changed, newestAt, mustProve }: MovedSource): string {
  if (!changed) return `it reads ${to} already: nothing was changed`;
  const proof = mustProve
    ? `nothing new counts before that address has shown a job that counts already; the newest event is of ${newestAt?.toISOString()}`
    : 'it need not know the events of before';
  return `from ${from} to ${to}; ${proof}. Put the new address into the configuration and restart the workers: those that still read the old one are refused`;
}
