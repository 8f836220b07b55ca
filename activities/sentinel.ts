import { lookAtSources, type SentinelDeps } from '../core/sentinel/looking.js';
import { guarded } from './failure.js';

/** The activity of the sentinel. */
export function createSentinelActivities(deps: SentinelDeps) {
  return { lookAtSources: guarded(() => lookAtSources(deps)) };
}
