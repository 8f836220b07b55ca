import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { createSentinelActivities } from '../activities/sentinel.js';
import type { SentinelReport } from '../core/sentinel/rules/report.js';
import { LOOK_CALL } from './activity-options.js';
import type { PoolInput, Scoped } from './contract.js';

const activities = proxyActivities<Scoped<ReturnType<typeof createSentinelActivities>>>(LOOK_CALL);

/** Looks at what comes in and keeps what looks wrong. It stops nothing. */
export async function sentinel(input: PoolInput): Promise<SentinelReport> {
  const report = await activities.lookAtSources(input);
  const lines = report.findings.map(({ code, sourceId, words }) => {
    return `- **${code}** ${sourceId}: ${words}`;
  });
  const words =
    report.open === 0 ? 'Nothing wants a look.' : `${report.open} findings want a look:`;
  setCurrentDetails([`${report.sources} sources. ${words}`, ...lines].join('\n'));
  return report;
}
