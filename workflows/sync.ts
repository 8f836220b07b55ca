import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { createSyncActivities, SyncReport } from '../activities/sync.js';
import { SYNC_CALL } from './activity-options.js';
import type { Scoped, SyncInput } from './contract.js';

const { syncSource } = proxyActivities<Scoped<ReturnType<typeof createSyncActivities>>>(SYNC_CALL);

/** One pass over one source: fetch what is new, keep it raw, credit it. */
export async function sync(input: SyncInput): Promise<SyncReport> {
  setCurrentDetails(`Reading the new pool events of source **${input.sourceId}**.`);
  return syncSource(input);
}
