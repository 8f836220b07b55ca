/** How a source stands, as the sentinel sees it. */
import type { ArrivalHour } from '../../domain/sentinel-figures.js';
import { silentForMs } from '../../domain/source-silence.js';
import type { SourceSummary } from '../../store/source-reads.js';

/** Clocks are told by what came within this time. */
export const ARRIVALS_MS = 3 * 3_600_000;

/** Silence says something only while workers are connected; whether it is unusual, a finding says. */
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
    /** The newest event's time over ours when it came. */
    aheadMs: Math.max(0, ...arrivals.map(({ mostAheadMs }) => mostAheadMs)),
    /** How old the newest event was when it came, at best; null when nothing came lately. */
    behindMs: behind.length === 0 ? null : Math.min(...behind),
  };
}
