import { lookAtSources, type SentinelDeps } from '../core/sentinel/looking.js';
import { guarded } from './failure.js';

/** Builds the activity that lets the sentinel look once. */
export function createSentinelActivities(deps: SentinelDeps) {
  return { lookAtSources: guarded(() => lookAtSources(deps)) };
}
