/** Says what the figures of a remote worker lean to at present, and why in words. */
import { MEASURES, type Measure, type Measured, WINDOWS, type WorkerFigures } from './figures.js';
import type { Band, GuardSettings } from './settings.js';

/** What figures say: bad enough for a warning or an exclusion, good, or between the borders. */
export type Level = 'good' | 'between' | 'warned' | 'excluded';

export interface Opinion {
  readonly level: Level;
  /** The figures that say so, in words. */
  readonly reason: string;
}

const WORST_FIRST: readonly Level[] = ['excluded', 'warned', 'between', 'good'];

/** Returns what the worst of the measures says; undefined when none has enough samples to judge by. */
export function opinionOf(figures: WorkerFigures, settings: GuardSettings): Opinion | undefined {
  const opinions = MEASURES.flatMap((measure) => {
    const band = settings.bands[measure];
    return band === undefined ? [] : (measureOpinion(figures, measure, band, settings) ?? []);
  });
  for (const level of WORST_FIRST) {
    const alike = opinions.filter((one) => one.level === level);
    if (alike.length > 0) return { level, reason: alike.map(({ reason }) => reason).join('; ') };
  }
  return undefined;
}

/** Judges by the shortest window with enough samples: what happens now counts more than what happened last week. */
function measureOpinion(
  figures: WorkerFigures,
  measure: Measure,
  band: Band,
  { leastJobs }: GuardSettings,
): Opinion | undefined {
  const least = measure === 'online' ? LEAST_HOURS : leastJobs;
  for (const window of WINDOWS) {
    const measured = figures[window]?.[measure];
    if (measured === undefined || measured.samples < least) continue;
    const level = levelOf(measure, measured.value, band);
    return {
      level,
      reason: `${wordsOf(measure, measured)} of the last ${window}${borders(measure, level, band)}`,
    };
  }
  return undefined;
}

/** Presence is judged by a day at least. */
const LEAST_HOURS = 20;

function levelOf(measure: Measure, value: number, band: Band): Level {
  const sign = measure === 'responseMs' ? -1 : 1;
  if (sign * value < sign * band.exclude) return 'excluded';
  if (sign * value < sign * band.warn) return 'warned';
  return sign * value >= sign * band.good ? 'good' : 'between';
}

const NAMES: Readonly<Record<Measure, string>> = {
  realTimeRatio: 'real-time ratio',
  success: 'success',
  responseMs: 'response time of the slowest twentieth',
  online: 'time online',
};

/** Writes a value as people read it: `1.25`, `93 %`, `3 400 ms`. */
export function valueWords(measure: Measure, value: number): string {
  if (measure === 'realTimeRatio') return String(value);
  return measure === 'responseMs' ? `${value} ms` : `${Math.round(value * 1_000) / 10} %`;
}

function wordsOf(measure: Measure, { value, samples }: Measured): string {
  const by = measure === 'online' ? `${Math.round(samples)} hours` : `${samples} jobs`;
  return `${NAMES[measure]} ${valueWords(measure, value)} by ${by}`;
}

function borders(measure: Measure, level: Level, band: Band): string {
  const side = measure === 'responseMs' ? 'above' : 'below';
  if (level === 'excluded') return `, ${side} ${valueWords(measure, band.exclude)}`;
  return level === 'warned' ? `, ${side} ${valueWords(measure, band.warn)}` : '';
}

/** Says in words which values count as good. */
export function goodWords({ bands }: GuardSettings): string {
  return MEASURES.flatMap((measure) => {
    const band = bands[measure];
    if (band === undefined) return [];
    const side = measure === 'responseMs' ? 'at most' : 'at least';
    return `${NAMES[measure]} ${side} ${valueWords(measure, band.good)}`;
  }).join(', ');
}
