/**
 * Tells whether an orchestrator obeys the list of preferred workers, from who got the jobs.
 *
 * The test is Wald's sequential ratio of two explanations. Obeyed: an excluded worker still gets a job in a hundred, because a list
 * is a moment old. Ignored: excluded workers get half of the share that they had before, which is less than what they would really get, as a slow
 * worker loses jobs also without a list. Whichever explanation makes what was seen twenty times as likely as the other is
 * believed; if it is false, that comes about once in twenty at most, however often one looks (Ville's inequality).
 */

/** What was seen in one hour while somebody who was connected was excluded. */
export interface HourEffect {
  readonly hourMs: number;
  readonly jobs: number;
  readonly toExcluded: number;
  /** How many jobs the excluded workers would have got with the share that they had before. */
  readonly expected: number;
}

export type EffectVerdict = 'obeyed' | 'ignored' | 'not enough';

export interface JudgedHour extends HourEffect {
  readonly verdict: EffectVerdict;
  /** The jobs by which it was judged: of this hour and those before it, as far back as needed. */
  readonly judgedBy: number;
}

/** No verdict comes from fewer jobs. */
export const LEAST_JOBS = 200;
const LEAK_SHARE = 0.01;
const CERTAINTY = Math.log(20);

/** Judges counts of jobs. `expected` is the sum of the shares that the excluded workers had before. */
export function judgeEffect(
  seen: Pick<HourEffect, 'jobs' | 'toExcluded' | 'expected'>,
): EffectVerdict {
  const { jobs, toExcluded, expected } = seen;
  if (jobs < LEAST_JOBS) return 'not enough';
  const ignoredShare = Math.min(0.99, expected / jobs / 2);
  // With so small a share before, obeying and ignoring look alike.
  if (ignoredShare <= LEAK_SHARE) return 'not enough';
  const likelihood =
    toExcluded * Math.log(LEAK_SHARE / ignoredShare) +
    (jobs - toExcluded) * Math.log((1 - LEAK_SHARE) / (1 - ignoredShare));
  if (likelihood >= CERTAINTY) return 'obeyed';
  return likelihood <= -CERTAINTY ? 'ignored' : 'not enough';
}

/** Judges each hour, the newest first, by its jobs and by those of as many hours before it as make enough jobs. */
export function judgeHours(hours: readonly HourEffect[]): readonly JudgedHour[] {
  const newestFirst = hours.toSorted((a, b) => b.hourMs - a.hourMs);
  return newestFirst.map((own, i) => {
    const judged = { jobs: 0, toExcluded: 0, expected: 0 };
    for (const sum of newestFirst.slice(i)) {
      if (judged.jobs >= LEAST_JOBS) break;
      judged.jobs += sum.jobs;
      judged.toExcluded += sum.toExcluded;
      judged.expected += sum.expected;
    }
    const verdict = judgeEffect(judged);
    return { ...own, verdict, judgedBy: judged.jobs };
  });
}
