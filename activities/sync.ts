import { Context } from '@temporalio/activity';
import type {
  BackfillProgress,
  BackfillReport,
  SetAsideRetryReport,
  SyncReport,
} from '../core/events/rules/sync-reports.js';
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

const HEARTBEAT_INTERVAL_MS = 2_000;

/** The activities of syncing, and of reading again what a person asks for. */
export function createSyncActivities(deps: SyncDeps) {
  return {
    /** One pass over one source, however long: it fetches what is new, keeps it raw, and credits it. */
    syncSource: guarded(async (input: Unscoped<SyncInput>): Promise<SyncReport> => {
      const context = Context.current();
      // An orchestrator may gather its answer for minutes before its first byte.
      const name = `the sync of ${input.sourceId}`;
      const turn = turns.begin(name, SYNC_LOOP_MS);
      const timer = setInterval(() => {
        if (turns.isTurning(name, SYNC_LOOP_MS / 2)) context.heartbeat();
      }, HEARTBEAT_INTERVAL_MS);
      try {
        return await runSyncPass(deps, {
          sourceId: input.sourceId,
          signal: context.cancellationSignal,
          onProgress: () => {
            turn.turned();
            context.heartbeat();
          },
        });
      } finally {
        clearInterval(timer);
        turn.end();
      }
    }),
    /** Reads a source again from a time on. Its heartbeat tells how far it is. */
    backfillSource: ordered(deps.db, 'source.backfill', (order) => backfill(deps, order)),
    /** Tries again what was set aside, with the current program and configuration. */
    retrySetAside: ordered(deps.db, 'set-aside.retry', (order) => retry(deps, order)),
  };
}

async function backfill(
  deps: SyncDeps,
  { args }: Order<'source.backfill'>,
): Promise<BackfillReport> {
  const { sourceId, from, to } = args;
  const context = Context.current();
  const { attempt, scheduledTimestampMs, heartbeatDetails } = context.info;
  const before: BackfillProgress | undefined = heartbeatDetails;
  return beating({ words: before, mostMs: SYNC_LOOP_MS / 2 }, (onProgress) =>
    runBackfill(deps, {
      sourceId,
      from,
      to,
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

function retry(
  deps: SyncDeps,
  { args, dryRun }: Order<'set-aside.retry'>,
): Promise<SetAsideRetryReport> {
  const { cancellationSignal: signal } = Context.current();
  return beating({ words: 'trying what was set aside', mostMs: REPAIR_MS }, (onProgress) =>
    runSetAsideRetry(deps, { ...args, dryRun }, { signal, onProgress }),
  );
}
