import { Context } from '@temporalio/activity';
import { recordOnce } from '../store/audit-log.js';
import type {
  BackfillInput,
  BackfillProgress,
  BackfillReport,
  SetAsideRetryInput,
  SetAsideRetryReport,
} from '../workflows/contract-events.js';
import { runBackfill } from './backfill.js';
import { beating } from './beating.js';
import { commandId } from './command-id.js';
import { guarded } from './failure.js';
import { runSetAsideRetry } from './set-aside-retry.js';
import { runSyncPass, type SyncDeps, type SyncReport } from './sync-pass.js';

export type { SyncDeps, SyncReport } from './sync-pass.js';

const HEARTBEAT_INTERVAL_MS = 2_000;

/** The activities of syncing, and of what a person does beside it. */
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
    /** A source again from a time on; its heartbeat tells how far it is. */
    backfillSource: guarded((input: BackfillInput) => backfill(deps, input)),
    /** What was set aside, tried with the program and the configuration of now. */
    retrySetAside: guarded((input: SetAsideRetryInput) => retry(deps, input)),
  };
}

async function backfill(deps: SyncDeps, input: BackfillInput): Promise<BackfillReport> {
  const { sourceId, from, to, actor, reason } = input;
  const context = Context.current();
  const { attempt, scheduledTimestampMs, heartbeatDetails } = context.info;
  const before: BackfillProgress | undefined = heartbeatDetails;
  let last = before;
  const beat = (): void => context.heartbeat(last);
  const detail = { from: from ?? 'beginning', to: to ?? 'end', command: commandId() };
  const entry = { actor, reason, action: 'source.backfill', subject: sourceId, detail };
  const timer = setInterval(beat, HEARTBEAT_INTERVAL_MS);
  try {
    return await runBackfill(deps, {
      ...{ sourceId, from, to, attempt, before, startedMs: scheduledTimestampMs },
      signal: context.cancellationSignal,
      onStart: () => recordOnce(deps.db, entry),
      onProgress: (progress) => {
        last = progress;
        beat();
      },
    });
  } finally {
    clearInterval(timer);
  }
}

async function retry(deps: SyncDeps, input: SetAsideRetryInput): Promise<SetAsideRetryReport> {
  const { actor, reason, ids, code, sourceId, dryRun } = input;
  const named = ids.length === 0 ? [] : [`ids ${ids.join(', ')}`];
  const fitting = [code, sourceId].filter((part) => part !== null);
  const subject = [...named, ...fitting].join(' ').slice(0, 200);
  const entry = { actor, reason, action: 'set-aside.retry', subject };
  return beating('trying what was set aside', async () => {
    const { cancellationSignal: signal } = Context.current();
    return runSetAsideRetry(deps, input, {
      signal,
      onStart: async () => {
        if (!dryRun) await recordOnce(deps.db, { ...entry, detail: { command: commandId() } });
      },
    });
  });
}
