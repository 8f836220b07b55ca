/** One source on a real orchestrator's answers, passes over it by a clock of their own, and what the ledger owes. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach } from 'vitest';
import { createSyncActivities } from '../../activities/sync.js';
import { MAX_FEE_WEI } from '../../core/events/rules/reading/event-content.js';
import type { SyncReport } from '../../core/events/rules/sync-reports.js';
import { createEventSource } from '../../core/events/sources/registry.js';
import type { SourceConfig } from '../../core/events/sources/source-config.js';
import {
  startTestOrchestrator,
  type TestOrchestrator,
} from '../../core/events/sources/testing/test-orchestrator.js';
import { registerSources } from '../../core/events/store/sources/source-register.js';
import { type GoObject, payloadText } from '../../dev/kit/event-element.js';
import { createTestDatabase, type TestDatabase } from './database.js';
import { owed } from './jobs.js';
import { recordTerms } from './terms.js';

export const ALICE = '0x00000000000000000000000000000000000a11ce';
export const BOB = '0x0000000000000000000000000000000000000b0b';
export const T0 = Date.parse('2026-03-01T12:00:00Z');
const COMMISSION_BPS = 2_500;

/** T0 + seconds as an orchestrator writes it. */
export const at = (seconds: number): string =>
  `${new Date(T0 + seconds * 1000).toISOString().slice(0, 19)}Z`;
export const net = (gross: bigint): bigint => gross - cut(gross);
export const cut = (gross: bigint): bigint => (gross * BigInt(COMMISSION_BPS)) / 10_000n;

export interface SyncWorld {
  database: TestDatabase;
  orchestrator: TestOrchestrator;
  config: SourceConfig;
  maxJobFeeWei: bigint;
  nextId: number;
}

/** To be called once by a test file: every test gets a world of its own in `world`. */
export function useSyncWorld() {
  const world = {} as SyncWorld;
  let sourceNo = 0;
  const emit = (seconds: number, type: string, fields: GoObject = {}) => {
    const payload = payloadText(type, fields);
    world.orchestrator.rows.push({ id: world.nextId, dt: at(seconds), payload });
    world.nextId += 1;
  };
  const transcode = (seconds: number, ethAddress: string, fees: bigint) =>
    emit(seconds, 'job-processed', { ethAddress, computeUnits: 1000, fees });
  const received = (seconds: number, requestID: string, ethAddress: string) =>
    emit(seconds, 'job-received', { ethAddress, requestID, pipeline: 'llm', modelID: 'm' });
  const processed = (seconds: number, requestID: string, fees: bigint) =>
    emit(seconds, 'job-processed', { requestID, pipeline: 'llm', modelID: 'm', fees });

  /** A pass with the clock at T0 + seconds. */
  async function pass(
    seconds: number,
    version = '1.0.0',
    environment = new MockActivityEnvironment(),
  ): Promise<SyncReport> {
    const now = new Date(T0 + seconds * 1000);
    const { config, database, maxJobFeeWei } = world;
    const sources = new Map([[config.id, { config, source: await createEventSource(config) }]]);
    const { syncSource } = createSyncActivities({
      db: database.db,
      sources,
      version,
      jobMatchWindowMs: 3_600_000,
      maxJobFeeWei,
      now: () => now,
    });
    return environment.run(syncSource, { sourceId: config.id });
  }

  async function rowsOf<T extends object>(statement: string): Promise<readonly T[]> {
    return (await world.database.db.$client.query<T>(statement)).rows;
  }

  async function useSource(overrides: Partial<SourceConfig> = {}): Promise<void> {
    sourceNo += 1;
    world.config = {
      id: `orch-${sourceNo}`,
      kind: 'orchestrator-http',
      module: null,
      baseDir: '/',
      region: 'eu',
      nodeType: 'ai',
      from: null,
      syncIntervalMs: 1_000,
      options: { endpoint: world.orchestrator.url, idleTimeout: '5s' },
      ...overrides,
    };
    const { readsFrom } = await createEventSource(world.config);
    await registerSources(world.database.db, [{ ...world.config, readsFrom }]);
  }

  const sourceRow = async () =>
    (
      await rowsOf<Record<string, Date | string | null>>(
        `SELECT * FROM source WHERE id = '${world.config.id}'`,
      )
    )[0];

  beforeEach(async () => {
    world.database = await createTestDatabase();
    const terms = { commissionBps: COMMISSION_BPS, thresholdWei: 1n, minIntervalMs: 0 };
    await recordTerms(world.database.db, terms, new Date(T0));
    world.orchestrator = await startTestOrchestrator();
    world.nextId = 1;
    world.maxJobFeeWei = MAX_FEE_WEI;
    await useSource();
  });
  afterEach(async () => {
    await world.orchestrator.stop();
    await world.database.close();
  });

  return {
    world,
    emit,
    transcode,
    received,
    processed,
    pass,
    rowsOf,
    owed: () => owed(world.database.db),
    useSource,
    sourceRow,
  };
}
