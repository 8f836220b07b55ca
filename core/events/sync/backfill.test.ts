import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { sql } from 'drizzle-orm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSyncActivities } from '../../../activities/sync.js';
import { payloadText } from '../../../dev/kit/event-element.js';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.js';
import { owed } from '../../../test/harness/jobs.js';
import { giveOrder } from '../../../test/harness/orders.js';
import { recordTerms } from '../../../test/harness/terms.js';
import { checkInvariants } from '../../checks/audit/invariants.js';
import { query } from '../../db/query.js';
import { listAuditLog } from '../../ledger/store/audit-log-reads.js';
import type { OrderArgs } from '../../orders/rules/order-kinds.js';
import { operatorOrder } from '../../orders/store/tables.js';
import { MAX_FEE_WEI } from '../rules/reading/event-content.js';
import type { BackfillProgress, BackfillReport, SyncReport } from '../rules/sync-reports.js';
import { createEventSource } from '../sources/registry.js';
import type { SourceConfig } from '../sources/source-config.js';
import {
  rowText,
  startTestOrchestrator,
  type TestOrchestrator,
} from '../sources/testing/test-orchestrator.js';
import { registerSources } from '../store/sources/source-register.js';

const ALICE = '0x00000000000000000000000000000000000a11ce';
const T0 = Date.parse('2026-03-01T12:00:00Z');
const DAY = 86_400;

let database: TestDatabase;
let orchestrator: TestOrchestrator;
let config: SourceConfig;
let maxJobFeeWei: bigint;

const at = (seconds: number): string =>
  `${new Date(T0 + seconds * 1000).toISOString().slice(0, 19)}Z`;
function transcode(seconds: number, fees: bigint, ethAddress = ALICE): void {
  const payload = payloadText('job-processed', { ethAddress, computeUnits: 1, fees });
  orchestrator.rows.push({ id: orchestrator.rows.length + 1, dt: at(seconds), payload });
}

async function activities() {
  const sources = new Map([[config.id, { config, source: await createEventSource(config) }]]);
  return createSyncActivities({
    ...{ db: database.db, sources, version: '1.0.0', jobMatchWindowMs: 3_600_000, maxJobFeeWei },
    now: () => new Date(T0 + 400 * DAY * 1_000),
  });
}

let runs = 0;
const run = (changes: object = {}) => {
  runs += 1;
  return new MockActivityEnvironment(
    { workflowExecution: { workflowId: 'backfill/orch', runId: `run ${runs}` }, ...changes },
    { logger: new DefaultLogger('ERROR') },
  );
};

const INPUT = { sourceId: 'orch', from: null, to: null };
async function backfill(
  range: Partial<OrderArgs['source.backfill']> = {},
  environment = run(),
): Promise<BackfillReport> {
  const { backfillSource } = await activities();
  const args = { ...INPUT, ...range };
  const giver = { actor: 'ann', reason: 'moved in' };
  return environment.run(
    backfillSource,
    await giveOrder(database.db, 'source.backfill', args, giver),
  );
}
async function pass(): Promise<SyncReport> {
  const { syncSource } = await activities();
  return run().run(syncSource, { sourceId: 'orch' });
}

async function useSource(changes: Partial<SourceConfig> = {}): Promise<void> {
  config = {
    ...{ id: 'orch', kind: 'orchestrator-http', module: null, baseDir: '/', region: 'eu' },
    ...{ nodeType: 'ai', from: null, syncIntervalMs: 1_000 },
    options: { endpoint: orchestrator.url, idleTimeout: '5s' },
    ...changes,
  };
  const { readsFrom } = await createEventSource(config);
  await registerSources(database.db, [{ ...config, readsFrom }]);
}

const cursor = async () =>
  (
    await query<{ cursor_dt: string | null; deep_from_dt: string | null }>(
      database.db,
      sql`SELECT cursor_dt, deep_from_dt, deep_pass_at, last_success_at, last_error_code FROM source`,
    )
  )[0];
const sound = async () =>
  expect(await checkInvariants(database.db, { withEvents: true })).toEqual([]);

describe('a backfill', () => {
  beforeEach(async () => {
    database = await createTestDatabase(20);
    const terms = { commissionBps: 2_500, thresholdWei: 1n, minIntervalMs: 0 };
    await recordTerms(database.db, terms);
    orchestrator = await startTestOrchestrator();
    maxJobFeeWei = MAX_FEE_WEI;
    await useSource();
  });
  afterEach(async () => {
    await orchestrator.stop();
    await database.close();
  });

  it('counts what a range of whole seconds holds, once, and leaves the cursor alone', async () => {
    for (const second of [0, 1, 1, 2, 3]) transcode(second, 100n);
    const range = { from: '2026-03-01T12:00:01.700Z', to: '2026-03-01T14:00:02+02:00' };
    expect(await backfill(range)).toMatchObject({
      ...{ events: 3, fresh: 3, duplicates: 0, setAside: 0, passedOver: 1, attempts: 1 },
      newest: '2026-03-01T12:00:02.000Z',
    });
    expect(orchestrator.asked).toEqual([at(0)]);
    expect(await backfill(range)).toMatchObject({ events: 3, fresh: 0, duplicates: 3 });
    expect(await owed(database.db)).toEqual({ [ALICE]: 225n, commission: 75n });
    const untouched = { cursor_dt: null, deep_from_dt: null, deep_pass_at: null };
    expect(await cursor()).toMatchObject({ ...untouched, last_success_at: null });
    // The sync that follows still reads everything.
    expect(await pass()).toMatchObject({ fresh: 2, duplicates: 3 });
    const before = await cursor();
    await backfill({ from: at(0), to: at(0) });
    expect(await cursor()).toEqual(before);
    const { items } = await listAuditLog(database.db, { limit: 9, cursor: null });
    expect(items).toHaveLength(3);
    expect(items.at(-1)).toMatchObject({
      ...{ actor: 'ann', action: 'order.source.backfill', subject: 'the test', reason: 'moved in' },
    });
    await sound();
  });

  it('finds an event far before the cursor', async () => {
    transcode(300 * DAY, 100n);
    await pass();
    orchestrator.rows.unshift({
      ...{ id: 99, dt: at(0), payload: payloadText('transcode', { ethAddress: ALICE, fees: 8n }) },
    });
    expect(await pass()).toMatchObject({ fresh: 0 });
    expect(await backfill({ from: at(-5) })).toMatchObject({ fresh: 1, duplicates: 1 });
    expect((await owed(database.db))[ALICE]).toBe(75n + 6n);
  });

  it('counts each event once while the sync and another backfill run as well', async () => {
    for (let i = 0; i < 5_000; i += 1) transcode(i, BigInt(i + 1));
    const [first, second, ...passes] = await Promise.all([
      ...[backfill(), backfill({ from: at(3_000) })],
      ...[pass(), pass()],
    ]);
    const fresh = [first, second, ...passes].reduce((sum, report) => sum + (report?.fresh ?? 0), 0);
    expect(fresh).toBe(5_000);
    const gross = (5_000n * 5_001n) / 2n;
    const sums = await owed(database.db);
    expect((sums[ALICE] ?? 0n) + (sums['commission'] ?? 0n)).toBe(gross);
    await sound();
  });

  it('reports its progress, and goes on from what a killed attempt had stored', async () => {
    for (let i = 0; i < 12_000; i += 1) transcode(i, 100n);
    const all = orchestrator.rows;
    orchestrator.answer = (_, response) => {
      const text = `[${all.map(rowText).join(',')}]`;
      response.writeHead(200, { 'content-length': text.length });
      response.write(text.slice(0, text.length * 0.95), () => response.socket?.destroy());
    };
    const broken = run();
    const beats: (BackfillProgress | undefined)[] = [];
    broken.on('heartbeat', (progress) => beats.push(progress as BackfillProgress | undefined));
    await expect(backfill({}, broken)).rejects.toMatchObject({ type: 'EVENT_SOURCE_TRUNCATED' });
    expect(beats[0]).toMatchObject({ events: 0, newest: null });
    const told = beats.at(-1);
    expect(told?.fresh).toBeGreaterThanOrEqual(10_000);
    expect(told).toMatchObject({
      setAside: 0,
      newest: at((told?.events ?? 0) - 1).replace('Z', '.000Z'),
    });
    // Only the backfill has failed, not the sync.
    expect(await cursor()).toMatchObject({ last_error_code: null });
    orchestrator.answer = undefined;
    const again = run({ attempt: 2, heartbeatDetails: told });
    expect(await backfill({}, again)).toMatchObject({
      ...{ events: 12_000, fresh: 12_000, attempts: 2 },
      duplicates: told?.fresh,
    });
    expect((await owed(database.db))[ALICE]).toBe(12_000n * 75n);
    await sound();
  });

  it('stops when it is cancelled, and keeps what it has', async () => {
    transcode(0, 100n);
    const environment = run();
    orchestrator.answer = (_, response) => {
      response.write(`[${rowText(orchestrator.rows[0] ?? { id: 0, dt: '' })},`);
      setTimeout(() => environment.cancel('CANCELLED'), 100);
    };
    await expect(backfill({}, environment)).rejects.toMatchObject({ name: 'CancelledFailure' });
    expect((await owed(database.db))[ALICE]).toBe(75n);
  });

  it('refuses a time before the source’s own beginning, an end before the start, and unknown sources', async () => {
    const moved = config.id;
    await useSource({ id: moved, from: new Date(T0) });
    transcode(0, 100n);
    await expect(backfill({ from: at(-1) })).rejects.toMatchObject({
      ...{ type: 'BACKFILL_BEFORE_START', nonRetryable: true },
      message: expect.stringContaining('begins at 2026-03-01T12:00:00Z'),
    });
    await expect(backfill({ from: at(9), to: at(8) })).rejects.toMatchObject({
      type: 'REQUEST_INVALID',
    });
    await expect(backfill({ sourceId: 'nobody' })).rejects.toMatchObject({
      type: 'SOURCE_UNKNOWN',
    });
    const orders = await database.db.select().from(operatorOrder);
    expect(new Set(orders.map(({ state }) => state))).toEqual(new Set(['refused']));
    expect(await backfill({ from: at(0) })).toMatchObject({ fresh: 1 });
    // Without a time, a backfill begins at the source's own beginning.
    expect(await backfill()).toMatchObject({ fresh: 0, duplicates: 1 });
    expect(orchestrator.asked).toEqual([at(-1), at(-1)]);
  });

  it('refuses a time whose months are archived, and reads from there on', async () => {
    transcode(DAY, 4n);
    await database.db.execute(sql`UPDATE source SET archived_to = ${at(0)}::timestamptz`);
    await expect(backfill({ from: at(-1) })).rejects.toMatchObject({ type: 'BACKFILL_ARCHIVED' });
    expect(await backfill({ from: at(0) })).toMatchObject({ fresh: 1 });
    // Without a time, a backfill begins where the archive ends.
    expect(await backfill()).toMatchObject({ fresh: 0, duplicates: 1 });
    expect(orchestrator.asked).toEqual([at(-1), at(-1)]);
  });

  it('reads dumps and generators as well, and only the events in the range', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'openpool-backfill-'));
    const old = orchestrator;
    for (let i = 0; i < 10; i += 1) transcode(i * DAY, 100n);
    const text = old.rows.map(rowText).join('\n');
    await writeFile(
      join(dir, 'dump.ndjson'),
      `${text}\n"no event"\n${rowText(old.rows[9] ?? { id: 0, dt: '' })}`,
    );
    config = { ...config, id: 'dump', kind: 'file', baseDir: dir, options: { path: '*.ndjson' } };
    await useSource(config);
    const range = { sourceId: 'dump', from: at(2 * DAY), to: at(4 * DAY) };
    expect(await backfill(range)).toMatchObject({
      events: 4,
      fresh: 3,
      setAside: 1,
      passedOver: 8,
    });
    expect(await backfill({ sourceId: 'dump' })).toMatchObject({
      ...{ events: 12, fresh: 7, duplicates: 4, setAside: 1, passedOver: 0 },
    });
    const start = new Date(T0).toISOString();
    const options = { seed: 3, start, payees: [ALICE], every: '1h' };
    await useSource({ id: 'made', kind: 'generator', nodeType: 'transcode', options });
    const made = await backfill({ sourceId: 'made', from: at(DAY), to: at(2 * DAY) });
    expect(made.fresh).toBe(made.events);
    expect(made.passedOver).toBeGreaterThan(0);
    expect(made.newest?.slice(0, 10)).toMatch(/2026-03-0[23]/);
    await rm(dir, { recursive: true });
    await sound();
  });
});
