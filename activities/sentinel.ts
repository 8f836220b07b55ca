import { furthestView, noteBalance } from '../core/payouts/wallet/quorum-views.js';
import { lookAtSources, type SentinelDeps } from '../core/sentinel/looking.js';
import {
  MONEY_PATIENCE_MS,
  watchEndpoints,
  watchRefused,
} from '../core/sentinel/rules/sentinel-money.js';
import { type LookReport, recordLook } from '../core/sentinel/store/findings.js';
import { openSubjects, readRefusedSends } from '../core/sentinel/store/sentinel-money.js';
import { guarded } from './failure.js';

/** The activity of the sentinel. */
export function createSentinelActivities(deps: SentinelDeps) {
  return { lookAtSources: guarded(() => lookAtSources(deps)) };
}
