/** Findings about reading a source: it is stopped, late, silent or empty, or its clock is wrong. */
import { counted } from '../../base/counted.js';
import { duration } from '../../base/duration.js';
import { emptyForMs, eventsMissed, silentForMs } from '../../events/rules/source-silence.js';
import type { Severity } from './finding.js';
import type { Look, Rule } from './source-figures.js';

const HOUR_MS = 3_600_000;
/** A finding becomes grave at this many times its limit. */
const GRAVE_FACTOR = 4;
/** A source is late when it was not read for this many of its sync intervals, however short they are. */
const LATE_INTERVALS = 4;
/** A silence is a finding when at least this many events would have come at the source's usual rhythm. */
const LEAST_MISSED = 10;
/** A source whose newest event was older than this when it came is a dump of the past. */
const PAST_MS = 24 * HOUR_MS;
/** Events reach us late for honest reasons (flush, poll), so only a lag above ten minutes counts as a slow clock. */
const BEHIND_MS = 10 * 60_000;
const BEHIND_HOURS = 2;
/** An orchestrator records its own start, so a new source is expected to have an event after this long. */
const EMPTY_MS = HOUR_MS;
const LEAST_BEHIND_PASSES = 3;

/** Finds a source that was stopped because it delivers another source's events; a person must decide. */
export function watchStopped({ figures }: Look): ReturnType<Rule> {
  const { stoppedWhy } = figures;
  if (stoppedWhy === null) return [];
  return {
    code: 'SOURCE_READ_TWICE',
    severity: 'grave',
    words: `it is stopped: ${stoppedWhy}`,
    figures: {},
  };
}

export function watchLag({ figures, settings, nowMs }: Look): ReturnType<Rule> {
  const { lastSuccessMs, lastFreshMs, createdMs, lastErrorCode, syncIntervalMs } = figures;
  const limitMs = Math.max(settings.lagMs, LATE_INTERVALS * syncIntervalMs);
  // A first pass over years of events takes long. It is not late while it still brings events.
  const sinceMs = Math.max(
    lastSuccessMs ?? createdMs,
    lastErrorCode === null ? (lastFreshMs ?? 0) : 0,
  );
  const lagMs = nowMs - sinceMs;
  if (lagMs < limitMs) return [];
  const isFailing = lastErrorCode !== null;
  const never =
    lastSuccessMs === null ? 'it has never been read to the end' : 'no pass has ended well';
  const why = isFailing ? `: every pass fails with ${lastErrorCode}` : ', and none says why';
  return {
    code: isFailing ? 'SOURCE_FAILING' : 'SOURCE_LATE',
    severity: severityAfter(lagMs, limitMs),
    words: `${never} for ${duration(lagMs)}${why}`,
    figures: { lagMs, limitMs, lastErrorCode },
  };
}

export function watchSilence({ figures, settings }: Look): ReturnType<Rule> {
  const { connectedWorkers } = figures;
  const silentMs = silentForMs(figures);
  if (connectedWorkers === 0 || silentMs < settings.silenceMs || isOfThePast(figures)) return [];
  const missed = eventsMissed(figures);
  const isUnusual = missed === null ? silentMs >= 2 * settings.silenceMs : missed >= LEAST_MISSED;
  if (!isUnusual) return [];
  const usual =
    missed === null
      ? 'it is too young to have a rhythm'
      : `by its rhythm about ${Math.floor(missed)} events of jobs would have come`;
  const workers = `${counted(connectedWorkers, 'worker')} ${connectedWorkers === 1 ? 'is' : 'are'}`;
  return {
    code: 'SOURCE_SILENT',
    severity: severityAfter(silentMs, settings.silenceMs),
    words: `nothing new for ${duration(silentMs)} while ${workers} connected; ${usual}`,
    figures: {
      silentMs,
      limitMs: settings.silenceMs,
      connectedWorkers,
      eventsMissed: missed === null ? null : Math.floor(missed),
    },
  };
}

export function watchEmpty({ figures }: Look): ReturnType<Rule> {
  const emptyMs = emptyForMs(figures);
  if (emptyMs < EMPTY_MS) return [];
  return {
    code: 'SOURCE_EMPTY',
    words: `it was read well, and never gave an event in the ${duration(emptyMs)} since it was added: newer orchestrators write to S3 and answer /pool/events from an empty table; of a bucket see the prefix`,
    figures: { emptyMs, limitMs: EMPTY_MS },
  };
}

/** Whether the source is a dump of past events, which may end while workers are connected. */
function isOfThePast({ lastFreshMs, newestMs }: Look['figures']): boolean {
  return (lastFreshMs ?? 0) - (newestMs ?? 0) > PAST_MS;
}

export function watchAhead({ figures, settings, nowMs }: Look): ReturnType<Rule> {
  const lately = figures.arrivals.filter(({ hourMs }) => nowMs - hourMs < 2 * HOUR_MS);
  const aheadMs = Math.max(0, ...lately.map(({ mostAheadMs }) => mostAheadMs));
  if (aheadMs < settings.clockSkewMs) return [];
  return {
    code: 'CLOCK_AHEAD',
    measure: aheadMs,
    words: `events carry times up to ${duration(aheadMs)} ahead of our clock: one of the two clocks is wrong`,
    figures: { aheadMs, limitMs: settings.clockSkewMs },
  };
}

/** Finds a source whose events are old when they come, for hours: a late file or a long pass delays them only once. */
export function watchBehind({ figures, settings, nowMs }: Look): ReturnType<Rule> {
  const { syncIntervalMs, arrivals } = figures;
  const limitMs = BEHIND_MS + settings.clockSkewMs + 2 * syncIntervalMs;
  const latest = [...arrivals]
    .filter(({ hourMs, leastBehindMs }) => nowMs - hourMs < 4 * HOUR_MS && leastBehindMs !== null)
    .sort((a, b) => b.hourMs - a.hourMs)
    .slice(0, BEHIND_HOURS);
  const passes = latest.reduce((sum, hour) => sum + hour.passes, 0);
  if (latest.length < BEHIND_HOURS || passes < LEAST_BEHIND_PASSES) return [];
  const behindMs = Math.min(...latest.map(({ leastBehindMs }) => leastBehindMs ?? 0));
  if (behindMs < limitMs) return [];
  return {
    code: 'CLOCK_BEHIND',
    measure: behindMs,
    words: `even the newest events are ${duration(behindMs)} old when they come, hour after hour: its clock is behind, or it hands them out late`,
    figures: { behindMs, limitMs },
  };
}

/** The duration itself is not the measure, so an acknowledgement lapses only once: when the finding becomes grave. */
function severityAfter(ms: number, limitMs: number): Severity {
  return ms >= GRAVE_FACTOR * limitMs ? 'grave' : 'warning';
}
