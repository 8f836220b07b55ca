import { Context } from '@temporalio/activity';
import { type BackfillProgress, pausedReport } from '../core/events/rules/sync-reports.js';
import { findSyncPause } from '../core/events/store/sources/sync-pause.js';
import { runBackfill } from '../core/events/sync/backfill.js';
import { runSetAsideRetry } from '../core/events/sync/set-aside-retry.js';
import type { SyncDeps } from '../core/events/sync/source-reading.js';
import { runSyncPass } from '../core/events/sync/sync-pass.js';
import type { Order } from '../core/orders/rules/order-kinds.js';
import { SYNC_LOOP_MS, turns } from '../core/processes/turns.js';
import type { SyncInput, Unscoped } from '../workflows/contract.js';
import { beating, REPAIR_MS } from './beating.js';
import { guarded } from './failure.js';
import { ordered } from './orders.js';

/** Builds the activities that sync sources, read them again on request, and retry what was set aside. */
export function createSyncActivities(deps: SyncDeps) {
  return {
    /**
     * Reads one source from its cursor to its end: fetches new events, stores them raw, and credits them. Reads nothing
     * while a person has paused the sync.
     */
    syncSource: guarded(async ({ sourceId }: Unscoped<SyncInput>) => {
      const pause = await findSyncPause(deps.db);
      if (pause !== undefined) return pausedReport(`${pause.actor}: ${pause.reason}`);
      const { cancellationSignal: signal } = Context.current();
      const turn = turns.begin(`the sync of ${sourceId}`, SYNC_LOOP_MS);
      try {
        // Beats even without progress: an orchestrator may need minutes before it sends its first byte.
        return await beating(undefined, SYNC_LOOP_MS / 2, (onProgress) =>
          runSyncPass(deps, {
            sourceId,
            signal,
            onProgress() {
              turn.turned();
              onProgress();
            },
          }),
        );
      } finally {
        turn.end();
      }
    }),
    /** Reads a source again from a given time on. Its heartbeat carries the progress. */
    backfillSource: ordered(deps.db, 'source.backfill', (order) => backfill(deps, order)),
    /** Reads events that were set aside once more, with the current program and configuration. */
    retrySetAside: ordered(deps.db, 'set-aside.retry', (order) => retry(deps, order)),
  };
}

async function backfill(deps: SyncDeps, { args }: Order<'source.backfill'>) {
  const context = Context.current();
  const { attempt, scheduledTimestampMs, heartbeatDetails } = context.info;
  const before: BackfillProgress | undefined = heartbeatDetails;
  return beating(before, SYNC_LOOP_MS / 2, (onProgress) =>
    runBackfill(deps, {
      ...args,
      attempt,
      before,
      startedMs: scheduledTimestampMs,
      signal: context.cancellationSignal,
      onProgress(progress) {
        onProgress(progress);
        context.heartbeat(progress);
      },
    }),
  );
}

function retry(deps: SyncDeps, { args, dryRun }: Order<'set-aside.retry'>) {
  const { cancellationSignal: signal } = Context.current();
  return beating('trying what was set aside', REPAIR_MS, (onProgress) =>
    runSetAsideRetry(deps, { ...args, dryRun }, { signal, onProgress }),
  );
}
