/** Says what a policy is told of a window, and how a worker stands by what the policy answered. */
import type { RankAnswer, RankWindow } from '../../policies/rules/questions.js';
import {
  type Measured,
  quantileUs,
  type Window,
  type WindowFacts,
  type WindowFigures,
} from './figures.js';
import type { GuardSettings } from './settings.js';
import type { Standing } from './states.js';

/** The facts of each window in which there were any jobs. */
export type FactsOf = Partial<Readonly<Record<Window, WindowFacts>>>;

/** Returns what is known of a window; null where fewer than `leastJobs` jobs tell of it. */
export function rankWindow(
  facts: WindowFacts | undefined,
  figures: WindowFigures | undefined,
  leastJobs: number,
): RankWindow {
  const scaled = (measured: Measured | undefined, scale: number) =>
    measured === undefined || measured.samples < leastJobs
      ? null
      : Math.round(measured.value * scale);
  const timed = facts?.responses.reduce((sum, jobs) => sum + jobs, 0) ?? 0;
  const online = figures?.online?.value;
  return {
    jobs: facts?.jobs ?? 0,
    realTimeRatioPermille: scaled(figures?.realTimeRatio, 1_000),
    responseMedianMs:
      facts === undefined || timed < leastJobs
        ? null
        : Math.round(quantileUs(facts.responses, 0.5) / 1_000),
    successBps: scaled(figures?.success, 10_000),
    onlineShareBps: online === undefined ? null : Math.round(online * 10_000),
  };
}

/** Returns how a worker stands by the policy's answer. A pool that only warns excludes nobody. */
export function rankedStanding(
  before: Standing,
  answer: RankAnswer,
  { atMs, settings }: { readonly atMs: number; readonly settings: GuardSettings },
): Standing {
  const { reason, lifts } = answer;
  const isExcluding = settings.mode === 'exclude' || answer.state !== 'excluded';
  const state = isExcluding ? answer.state : 'warned';
  const said = { ...before, reason, lifts, leaning: null, leaningSinceMs: null };
  if (state === before.state) return said;
  const inARow = state === 'excluded' ? before.exclusions + 1 : before.exclusions;
  return { ...said, state, sinceMs: atMs, exclusions: state === 'good' ? 0 : inARow };
}
