/** The section `guard`: how the pool judges its remote workers, and the process that names the preferred ones. */
import { z } from 'zod';
import type { Band, GuardSettings } from '../../core/guard/rules/settings.js';
import {
  durationMs,
  interval,
  orNull,
  portNumber,
  section,
  shareBps,
  text,
  wholeNumber,
} from '../reading/kinds.js';

const BORDERS = 'warn and exclude must be on the same side of good, exclude the farther one';
const isRising = ({ warn, exclude, good }: Band) => exclude <= warn && warn <= good;
const isFalling = ({ warn, exclude, good }: Band) => exclude >= warn && warn >= good;

const ratio = () => z.number('give a number such as 1.5').min(0, 'it must be at least 0');
const ratios = z
  .strictObject({
    warn: ratio().prefault(1.2),
    exclude: ratio().prefault(1),
    good: ratio().prefault(1.5),
  })
  .refine(isRising, BORDERS);

const bandOf = (warn: number, exclude: number, good: number): Band => ({ warn, exclude, good });
const shares = (defaults: { warn: string; exclude: string; good: string }) =>
  section({
    warn: shareBps().prefault(defaults.warn),
    exclude: shareBps().prefault(defaults.exclude),
    good: shareBps().prefault(defaults.good),
  })
    .transform(({ warnBps, excludeBps, goodBps }) =>
      bandOf(warnBps / 10_000, excludeBps / 10_000, goodBps / 10_000),
    )
    .refine(isRising, BORDERS);
const times = section({ warn: durationMs(), exclude: durationMs(), good: durationMs() })
  .transform(({ warnMs, excludeMs, goodMs }) => bandOf(warnMs, excludeMs, goodMs))
  .refine(isFalling, BORDERS);

export const guardSection = section({
  /** off: nobody is judged. warn: workers are told what the pool sees. exclude: the pool also asks for no jobs for them. */
  mode: z.enum(['off', 'warn', 'exclude'], 'give off, warn or exclude').prefault('off'),
  judgeInterval: interval('1s').prefault('1m'),
  /** Nobody is judged by fewer jobs. */
  leastJobs: wholeNumber(1).prefault(20),
  /** Seconds of video for each second of work. Between warn and good nothing changes. */
  realTimeRatio: ratios.prefault({}),
  /** The share of the AI jobs handed to a worker that it processed. */
  success: shares({ warn: '90%', exclude: '70%', good: '95%' }).prefault({}),
  /** The response time that nineteen of twenty jobs stay below. Absent: it decides nothing. */
  responseTime: orNull(times),
  /** The share of a day or week for which a worker was connected. Absent: it decides nothing. */
  online: orNull(shares({ warn: '90%', exclude: '50%', good: '95%' })),
  /** How long the figures must say so before a state follows. */
  warnAfter: durationMs().prefault('15m'),
  excludeAfter: durationMs().prefault('1h'),
  recoverAfter: durationMs().prefault('30m'),
  /** How long the first exclusion lasts. Each further one in a row lasts twice as long, up to the longest. */
  excludeFor: interval('1s').prefault('6h'),
  excludeForMost: interval('1s').prefault('7d'),
  /** Where `npm run preferred-workers` answers the orchestrator, and how often it reads who is preferred. */
  preferredWorkers: section({
    host: text().prefault('127.0.0.1'),
    port: portNumber().prefault(7_936),
    refresh: interval('100ms').prefault('2s'),
  }).prefault({}),
});

/** Returns how the pool judges. */
export function guardSettingsOf(guard: z.output<typeof guardSection>): GuardSettings {
  const { mode, leastJobs, realTimeRatio, success, responseTime, online } = guard;
  return {
    mode,
    leastJobs,
    bands: {
      realTimeRatio,
      success,
      ...(responseTime === null ? {} : { responseMs: responseTime }),
      ...(online === null ? {} : { online }),
    },
    warnAfterMs: guard.warnAfterMs,
    excludeAfterMs: guard.excludeAfterMs,
    recoverAfterMs: guard.recoverAfterMs,
    excludeForMs: guard.excludeForMs,
    excludeForMostMs: guard.excludeForMostMs,
  };
}
