/** The gauges about the performance guard: whether it judges, how workers stand, whether orchestrators obey. */
import { readEffect } from '../../client/guard/guard-views.js';
import { nowOf, type RunningPool } from '../../client/running-pool.js';
import { countStates, lastJudging } from '../../core/guard/store/guard-metrics.js';
import { type SetGauge, secondsSince } from './gauges.js';

/** A verdict of hours ago says nothing of an orchestrator that may have been changed since. */
const VERDICT_HOLDS_MS = 24 * 3_600_000;
const VERDICTS = ['obeyed', 'ignored', 'not enough'] as const;

/** Sets nothing while the guard is off: what stands in the tables counts for nothing then. */
export async function setGuardGauges(set: SetGauge, pool: RunningPool): Promise<void> {
  const { mode, judgeIntervalMs } = pool.config.guard;
  if (mode === 'off') return;
  const now = nowOf(pool);
  const [states, judgedAt, hours] = await Promise.all([
    countStates(pool.db),
    lastJudging(pool.db),
    readEffect(pool.db, now.getTime()),
  ]);
  set(
    'guard_workers',
    'Remote workers by how they stand, once for each pipeline and model; an override counts instead of the guard.',
    [...states].map(([state, workers]) => [workers, { state }]),
  );
  set(
    'guard_judging_age_seconds',
    'How long ago the guard last judged everybody; before the first time, how long this API has run.',
    // A guard that never begins must not look like one that is off.
    secondsSince(now, judgedAt) ?? process.uptime(),
  );
  set(
    'guard_judge_interval_seconds',
    'How often the guard is to judge (guard.judgeInterval).',
    judgeIntervalMs / 1_000,
  );
  const [latest] = hours.filter(({ hourMs }) => now.getTime() - hourMs < VERDICT_HOLDS_MS);
  set(
    'guard_effect',
    '1 for the last verdict of the last day on whether orchestrators obey the list of preferred workers; absent while nobody was excluded.',
    latest === undefined
      ? null
      : VERDICTS.map((verdict) => [Number(latest.verdict === verdict), { verdict }]),
  );
}
