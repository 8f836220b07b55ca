import { setCurrentDetails } from '@temporalio/workflow';
import type { SyncReport } from '../core/events/rules/sync-reports.js';
import { onLane, SYNC_CALL } from './activity-options.js';
import type { Activities } from './activity-types.js';
import type { SyncInput } from './contract.js';

const { syncSource } = onLane<Activities>('sync', SYNC_CALL);

/** Reads one source from its cursor to its end: fetches new events, stores them raw, and credits them. */
export async function sync(input: SyncInput): Promise<SyncReport> {
  setCurrentDetails(`Reading the new pool events of source **${input.sourceId}**.`);
  return syncSource(input);
}
