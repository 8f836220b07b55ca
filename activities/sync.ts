import { Context } from '@temporalio/activity';
import { guarded } from './failure.js';
import { runSyncPass, type SyncDeps, type SyncReport } from './sync-pass.js';

export type { SyncDeps, SyncReport } from './sync-pass.js';

const HEARTBEAT_INTERVAL_MS = 2_000;

/** The activities of syncing. */
export function createSyncActivities(deps: SyncDeps) {
  return {
    /** One pass over one source, however long: fetch what is new, keep it raw, credit it. */
    syncSource: guarded(async (input: { readonly sourceId: string }): Promise<SyncReport> => {
      const context = Context.current();
      // An orchestrator may gather its answer for minutes before its first byte.
      const timer = setInterval(() => context.heartbeat(), HEARTBEAT_INTERVAL_MS);
      try {
        return await runSyncPass(deps, {
          sourceId: input.sourceId,
          signal: context.cancellationSignal,
          onProgress: () => context.heartbeat(),
        });
      } finally {
        clearInterval(timer);
      }
    }),
  };
}
