/** Runs the manager's sync as one of its processes does, with the real activity, source and store. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createSyncActivities } from '../../activities/sync.js';
import { closeDatabase, type Database, openDatabase } from '../../core/db/database.js';
import type { SyncReport } from '../../core/events/rules/sync-reports.js';
import type { EventSource } from '../../core/events/sources/event-source.js';
import { createEventSource } from '../../core/events/sources/registry.js';
import type { SourceConfig } from '../../core/events/sources/source-config.js';
import { PASS_HEADER, type PassOutcome } from './pass.js';
import { tapWire, type WireTap } from './wire-tap.js';

/** The settings of one pass. All but the amount can be passed as JSON. */
export interface PassSettings {
  readonly passId: string;
  readonly nowMs: number;
  readonly version: string;
  readonly maxJobFeeWei: bigint;
  readonly batchSize: number;
}

/** One of the manager's processes: its connections, and the tap that can break them. */
export interface SyncProcess {
  readonly db: Database;
  readonly tap: WireTap;
  /** True when nothing from it reaches Postgres any more. */
  isDead: boolean;
}

export function startSyncProcess(databaseUrl: string): SyncProcess {
  const db = openDatabase({ url: databaseUrl, maxConnections: 4 });
  return { db, tap: tapWire(db.$client), isDead: false };
}

export async function stopSyncProcess({ db }: SyncProcess): Promise<void> {
  await closeDatabase(db);
}

export const JOB_MATCH_WINDOW_MS = 3_600_000;

/** Makes one pass over one source. A failed pass is an outcome, not an error. */
export async function syncOnce(
  process: SyncProcess,
  config: SourceConfig,
  settings: PassSettings,
  environment = quietEnvironment(),
): Promise<PassOutcome> {
  const { passId, nowMs, batchSize, ...deps } = settings;
  const options = { ...(config.options as object), headers: { [PASS_HEADER]: passId } };
  const source = inSlices(await createEventSource({ ...config, options }), batchSize);
  const { syncSource } = createSyncActivities({
    ...deps,
    db: process.db,
    batchSize,
    jobMatchWindowMs: JOB_MATCH_WINDOW_MS,
    sources: new Map([[config.id, { config, source }]]),
    now: () => new Date(nowMs),
  });
  try {
    const report: SyncReport = await environment.run(syncSource, { sourceId: config.id });
    return { passId, sourceId: config.id, report, failure: null };
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    return { passId, sourceId: config.id, report: null, failure };
  }
}

/** An environment that logs nothing, because activities are meant to fail here. */
export function quietEnvironment(): MockActivityEnvironment {
  return new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
}

/** An answer of some hundred events is a single slice. Smaller slices give passes with many batches. */
function inSlices(source: EventSource, size: number): EventSource {
  return {
    readsFrom: source.readsFrom,
    async *read(request) {
      for await (const slice of source.read(request)) {
        for (let i = 0; i < slice.length; i += size) yield slice.slice(i, i + size);
      }
    },
  };
}
