import { type GuardDeps, judgeWorkers } from '../core/guard/judging.js';
import { guarded } from './failure.js';

/** Builds the activity that judges the remote workers. */
export function createGuardActivities(deps: GuardDeps) {
  return { judgeWorkers: guarded(() => judgeWorkers(deps)) };
}
