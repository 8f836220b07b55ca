import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SourceConfig } from '../config.js';
import { MAX_FEE_WEI } from '../domain/pool-event-content.js';
import { createEventSource } from '../plugins/event-source/registry.js';
import {
  elementText,
  payloadText,
  startTestOrchestrator,
  type TestOrchestrator,
} from '../plugins/event-source/test-orchestrator.js';
import { registerSources } from '../store/sources.js';
import { recordTerms } from '../store/terms.js';
import { createTestDatabase, type TestDatabase } from '../test/harness/database.js';
import { createSyncActivities, type SyncReport } from './sync.js';

const ALICE = '0x00000000000000000000000000000000000a11ce';
const BOB = '0x0000000000000000000000000000000000000b0b';
const T0 = Date.parse('2026-03-01T12:00:00Z');
const COMMISSION_BPS = 2_500;

let database: TestDatabase;
let orchestrator: TestOrchestrator;
let now: Date;
let maxJobFeeWei: bigint;
let nextId: number;
let sourceNo = 0;
let config: SourceConfig;

const at = (seconds: number): string =>
  `${new Date(T0 + seconds * 1000).toISOString().slice(0, 19)}Z`;
const emit = (seconds: number, type: string, fields: Parameters<typeof payloadText>[1] = {}) => {
  orchestrator.rows.push({ id: nextId, dt: at(seconds), payload: payloadText(type, fields) });
  nextId += 1;
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
  now = new Date(T0 + seconds * 1000);
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
  return (await database.db.$client.query<T>(statement)).rows;
}

/** What the ledger owes, per payee and to the pool. */
async function owed(): Promise<Record<string, bigint>> {
  const rows = await rowsOf<{ who: string; wei: string }>(
    `SELECT coalesce(w.payee, b.account) AS who, sum(b.amount_wei)::text AS wei
       FROM balance b LEFT JOIN remote_worker w ON w.id = b.remote_worker_id
      WHERE b.account <> 'revenue' GROUP BY 1`,
  );
  return Object.fromEntries(rows.filter((r) => r.wei !== '0').map((r) => [r.who, BigInt(r.wei)]));
}

const net = (gross: bigint): bigint => gross - (gross * BigInt(COMMISSION_BPS)) / 10_000n;
const cut = (gross: bigint): bigint => (gross * BigInt(COMMISSION_BPS)) / 10_000n;

async function useSource(overrides: Partial<SourceConfig> = {}): Promise<void> {
  sourceNo += 1;
  config = {
    id: `orch-${sourceNo}`,
    kind: 'orchestrator-http',
    module: null,
    baseDir: '/',
    region: 'eu',
    nodeType: 'ai',
    from: null,
    syncIntervalMs: 1_000,
    options: { endpoint: orchestrator.url, idleTimeout: '5s' },
    ...overrides,
  };
  const { readsFrom } = await createEventSource(config);
  await registerSources(database.db, [{ ...config, readsFrom }]);
}

const sourceRow = async () =>
  (
    await rowsOf<Record<string, Date | string | null>>(
      `SELECT * FROM source WHERE id = '${config.id}'`,
    )
  )[0];

describe('a sync pass', () => {
  beforeEach(async () => {
    database = await createTestDatabase();
    await recordTerms(
      database.db,
      { commissionBps: COMMISSION_BPS, thresholdWei: 1n, minIntervalMs: 0 },
      new Date(T0),
    );
    orchestrator = await startTestOrchestrator();
    nextId = 1;
    maxJobFeeWei = MAX_FEE_WEI;
    await useSource();
  });
  afterEach(async () => {
    await orchestrator.stop();
    await database.close();
  });

  it('credits a transcode job to the wei, above 2^53 and above int64', async () => {
    transcode(0, ALICE, 9_007_199_254_740_993n);
    transcode(1, BOB, 36_893_488_147_419_103_233n);
    transcode(2, ALICE, 1n);
    const report = await pass(10);
    expect(report).toMatchObject({ events: 3, fresh: 3, duplicates: 0, setAside: 0, batches: 1 });
    expect(report.cursor).toBe(new Date(T0 + 2_000).toISOString());
    expect(await owed()).toEqual({
      [ALICE]: net(9_007_199_254_740_993n) + 1n,
      [BOB]: net(36_893_488_147_419_103_233n),
      commission: cut(9_007_199_254_740_993n) + cut(36_893_488_147_419_103_233n),
    });
  });

  it('counts what a half-copied dump holds, and the rest when it is whole', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'openpool-dump-'));
    for (let i = 0; i < 600; i += 1) transcode(i, ALICE, 9_007_199_254_740_993n);
    const whole = gzipSync(orchestrator.rows.map(elementText).join('\n'));
    await writeFile(join(dir, 'old.gz'), whole.subarray(0, whole.length / 2));
    await useSource({ kind: 'file', baseDir: dir, options: { path: '*.gz' } });
    await expect(pass(1_000)).rejects.toMatchObject({ type: 'EVENT_SOURCE_TRUNCATED' });
    const half = (await owed())[ALICE] ?? 0n;
    expect(half).toBeGreaterThan(0n);
    expect(half).toBeLessThan(600n * net(9_007_199_254_740_993n));
    await writeFile(join(dir, 'old.gz'), whole);
    await pass(1_060);
    // Another dump of older events than those that were counted.
    orchestrator.rows = [];
    transcode(-900_000, BOB, 1_000n);
    await writeFile(join(dir, 'older.gz'), gzipSync(`[${orchestrator.rows.map(elementText)}]`));
    expect(await pass(1_120)).toMatchObject({ events: 601, fresh: 1, duplicates: 600 });
    expect((await owed())[ALICE]).toBe(600n * net(9_007_199_254_740_993n));
    expect((await owed())[BOB]).toBe(net(1_000n));
    await rm(dir, { recursive: true });
  });

  it('credits what the generator makes, and more as time goes on', async () => {
    const start = new Date(Date.now() - 10_000).toISOString();
    await useSource({
      kind: 'generator',
      nodeType: 'transcode',
      options: { seed: 3, start, payees: [ALICE], every: '100ms' },
    });
    const secondsNow = (): number => (Date.now() - T0) / 1000;
    const first = await pass(secondsNow());
    expect(first).toMatchObject({ fresh: first.events, setAside: 0 });
    expect(first.events).toBeGreaterThan(99);
    const early = (await owed())[ALICE] ?? 0n;
    await new Promise((resolve) => setTimeout(resolve, 300));
    const second = await pass(secondsNow());
    expect(second).toMatchObject({ duplicates: first.events, setAside: 0 });
    expect(second.fresh).toBeGreaterThan(1);
    expect((await owed())[ALICE]).toBeGreaterThan(early);
  });

  it('loses nothing that is written later in the second of a poll, and asks in whole seconds of UTC', async () => {
    transcode(5, ALICE, 1000n);
    await pass(5.4);
    transcode(5, ALICE, 400n);
    const report = await pass(65);
    expect(report).toMatchObject({ events: 2, fresh: 1, duplicates: 1 });
    expect((await owed())[ALICE]).toBe(net(1000n) + net(400n));
    expect(orchestrator.asked).toEqual([null, at(5 - 120)]);
  });

  it('takes ids that start again after a wiped datadir for other events', async () => {
    transcode(0, ALICE, 100n);
    await pass(1);
    orchestrator.rows = [];
    nextId = 1;
    transcode(30, ALICE, 900n);
    expect(await pass(31)).toMatchObject({ fresh: 1, duplicates: 0, setAside: 0 });
    expect((await owed())[ALICE]).toBe(net(100n) + net(900n));
  });

  it('counts an event once that stands twice in one answer and in two polls', async () => {
    transcode(0, ALICE, 100n);
    orchestrator.rows.push(...orchestrator.rows);
    expect(await pass(1)).toMatchObject({ events: 2, fresh: 1, duplicates: 1 });
    expect(await pass(2)).toMatchObject({ events: 2, fresh: 0, duplicates: 2 });
    expect((await owed())[ALICE]).toBe(net(100n));
  });

  it('sets aside another event under an identity that was counted', async () => {
    transcode(0, ALICE, 100n);
    await pass(1);
    orchestrator.rows = [];
    nextId = 1;
    transcode(0, ALICE, 999_999n);
    expect(await pass(2)).toMatchObject({ fresh: 0, duplicates: 0, setAside: 1 });
    expect((await owed())[ALICE]).toBe(net(100n));
    expect(await rowsOf('SELECT code, event_id FROM set_aside')).toEqual([
      { code: 'EVENT_CHANGED', event_id: '1' },
    ]);
  });

  it('sets aside a twin with another payload in the same answer, and credits the first', async () => {
    transcode(0, ALICE, 100n);
    nextId = 1;
    transcode(0, ALICE, 999n);
    expect(await pass(1)).toMatchObject({ fresh: 1, setAside: 1 });
    expect((await owed())[ALICE]).toBe(net(100n));
  });

  it('matches an AI job whose halves come in one poll or in two, in either order', async () => {
    received(0, 'aa', ALICE);
    processed(3, 'bb', 2_000n);
    received(4, 'cc', BOB);
    processed(5, 'cc', 5_000n);
    await pass(6);
    expect(await owed()).toMatchObject({ unattributed: 2_000n, [BOB]: net(5_000n) });
    processed(7, 'aa', 1_001n);
    received(8, 'bb', ALICE);
    await pass(9);
    expect(await owed()).toEqual({
      [ALICE]: net(1_001n) + net(2_000n),
      [BOB]: net(5_000n),
      commission: cut(1_001n) + cut(2_000n) + cut(5_000n),
    });
    expect(await rowsOf('SELECT * FROM unmatched_job')).toEqual([]);
    const late = await rowsOf(
      `SELECT match_event_id, gross_wei FROM pool_event WHERE event_id = '6'`,
    );
    expect(late).toEqual([{ match_event_id: '2', gross_wei: null }]);
  });

  it('binds halves of days ago when their times are close, and not when they are far', async () => {
    received(0, 'aa', ALICE);
    await pass(1);
    processed(3_601, 'aa', 7n);
    await pass(3_700);
    expect(await owed()).toEqual({ unattributed: 7n });
    processed(3_600, 'aa', 100n);
    await pass(7 * 86_400);
    expect(await owed()).toMatchObject({ [ALICE]: net(100n), unattributed: 7n });
  });

  it('holds jobs whose request ids collide', async () => {
    received(0, 'aa', ALICE);
    received(10, 'aa', BOB);
    processed(20, 'aa', 100n);
    await pass(30);
    processed(40, 'aa', 200n);
    await pass(50);
    expect(await owed()).toEqual({ unattributed: 300n });
    const held = await rowsOf<{ reason: string }>('SELECT reason FROM unmatched_job');
    expect(held.map((row) => row.reason)).toEqual(Array(4).fill('ambiguous'));
  });

  it('leaves the fees of a worker without an address unattributed', async () => {
    transcode(0, '', 10n);
    transcode(1, `0x${'0'.repeat(40)}`, 20n);
    received(2, 'aa', '');
    processed(3, 'aa', 40n);
    processed(4, 'bb', 80n);
    await pass(5);
    received(6, 'bb', '');
    await pass(7);
    processed(8, 'bb', 160n);
    await pass(9);
    expect(await owed()).toEqual({ unattributed: 310n });
    const jobs = await rowsOf('SELECT role, reason, gross_wei FROM unmatched_job ORDER BY dt');
    expect(jobs).toEqual([
      ...['10', '20', '40', '80'].map((gross_wei) => ({
        ...{ role: 'processed', reason: 'no-address', gross_wei },
      })),
      { role: 'processed', reason: 'no-other-half', gross_wei: '160' },
    ]);
  });

  it('sets malformed events aside and counts their neighbours', async () => {
    const broken = [
      '"text"',
      '{"ID":2,"Payload":"{\\"event_type\\"","Version":1,"DT":"2026-03-01T12:00:00Z"}',
      '{"ID":3,"Payload":"{}","Version":1,"DT":"yesterday"}',
      'nonsense',
      `{"ID":5,"Payload":${JSON.stringify(payloadText('job-processed', { ethAddress: ALICE, fees: -5n }))},"DT":"${at(0)}"}`,
      `{"ID":6,"Payload":"a\\u0000b","DT":"${at(0)}"}`,
    ];
    transcode(0, ALICE, 100n);
    orchestrator.rows.push(...broken.map((element) => ({ id: 0, dt: at(0), element })));
    transcode(0, ALICE, 300n);
    expect(await pass(1)).toMatchObject({ events: 8, fresh: 2, setAside: 6 });
    expect((await owed())[ALICE]).toBe(net(100n) + net(300n));
    const rows = await rowsOf<{ code: string; place: string; times_seen: number }>(
      'SELECT code, place, times_seen FROM set_aside ORDER BY id',
    );
    expect(rows.map(({ code }) => code)).toEqual([
      'EVENT_NOT_OBJECT',
      'EVENT_PAYLOAD_MALFORMED',
      'EVENT_TIME_MALFORMED',
      'EVENT_NOT_JSON',
      'EVENT_FEE_MALFORMED',
      'EVENT_PAYLOAD_MALFORMED',
    ]);
    expect(rows[0]).toMatchObject({ place: 'element 2 of the answer', times_seen: 1 });
    await pass(2);
    const [again] = await rowsOf('SELECT max(times_seen) AS seen, count(*)::int FROM set_aside');
    expect(again).toEqual({ seen: 2, count: 6 });
  });

  describe('with a cap on the fee of a job', () => {
    const CAP = 1_000n;
    const asideRows = () =>
      rowsOf<{ code: string; reason: string; event_id: string; open: boolean }>(
        'SELECT code, reason, event_id, resolved_at IS NULL AS open FROM set_aside ORDER BY id',
      );
    beforeEach(() => {
      maxJobFeeWei = CAP;
    });

    it('sets aside what is above it, says so, and credits the neighbours, up to the cap exactly', async () => {
      transcode(0, ALICE, CAP);
      transcode(1, BOB, CAP + 1n);
      transcode(2, ALICE, 5n);
      expect(await pass(10)).toMatchObject({ fresh: 2, setAside: 1 });
      expect(await owed()).toEqual({
        [ALICE]: net(CAP) + net(5n),
        commission: cut(CAP) + cut(5n),
      });
      const reason =
        'its fee of 0.000000000000001001 ETH is more than pool.maxJobFee, 0.000000000000001 ETH';
      const code = 'EVENT_FEE_ABOVE_CAP';
      expect(await asideRows()).toEqual([{ code, reason, event_id: '2', open: true }]);
    });

    it('takes it in once, when the cap was raised and not before', async () => {
      transcode(0, BOB, 5_000n);
      await pass(10);
      expect(await pass(20)).toMatchObject({ retried: 0 });
      maxJobFeeWei = 4_999n;
      expect(await pass(30)).toMatchObject({ retried: 1 });
      expect(await asideRows()).toMatchObject([
        { open: true, reason: expect.stringContaining('0.000000000000004999 ETH') },
      ]);
      expect(await owed()).toEqual({});
      maxJobFeeWei = 5_000n;
      expect(await pass(40)).toMatchObject({ retried: 1 });
      expect(await owed()).toEqual({ [BOB]: net(5_000n), commission: cut(5_000n) });
      expect(await asideRows()).toMatchObject([{ open: false }]);
      expect(await pass(50)).toMatchObject({ retried: 0, fresh: 0 });
      expect(await owed()).toEqual({ [BOB]: net(5_000n), commission: cut(5_000n) });
    });

    it('is tried again with another cap alone: other refusals wait for another version', async () => {
      orchestrator.rows.push({ id: nextId, dt: at(0), element: '{"ID": 1}' });
      transcode(1, BOB, 5_000n);
      await pass(10);
      maxJobFeeWei = 5_000n;
      expect(await pass(20)).toMatchObject({ retried: 1 });
      expect(await pass(30, '2.0.0')).toMatchObject({ retried: 1 });
    });

    it('binds an AI job that was taken in later to its received half', async () => {
      received(0, 'r1', ALICE);
      processed(1, 'r1', 7_000n);
      await pass(10);
      expect(await owed()).toEqual({});
      maxJobFeeWei = 7_000n;
      await pass(20);
      expect(await owed()).toEqual({ [ALICE]: net(7_000n), commission: cut(7_000n) });
    });

    it('leaves alone what was credited before it was lowered', async () => {
      transcode(0, ALICE, CAP);
      await pass(10);
      maxJobFeeWei = 1n;
      expect(await pass(20)).toMatchObject({ fresh: 0, setAside: 0, duplicates: 1 });
      expect(await asideRows()).toEqual([]);
    });
  });

  it('tries what an earlier version set aside again, and counts what it can read now', async () => {
    transcode(0, ALICE, 100n);
    await pass(1);
    const good = JSON.stringify(payloadText('job-processed', { ethAddress: BOB, fees: 900n }));
    await database.db.$client.query(
      `INSERT INTO set_aside (source_id, place, code, reason, raw, raw_hash, tried_version) VALUES
        ($1, 'x', 'EVENT_NOT_JSON', '', $2, 'h1', '0.9.0'), ($1, 'y', 'EVENT_NOT_JSON', '', 'bad', 'h2', '0.9.0')`,
      [config.id, `{"ID":77,"Payload":${good},"Version":1,"DT":"${at(0)}"}`],
    );
    expect(await pass(2)).toMatchObject({ retried: 2, fresh: 0 });
    expect((await owed())[BOB]).toBe(net(900n));
    const rows = await rowsOf(
      'SELECT raw_hash, tried_version, times_seen, resolved_at IS NOT NULL AS done FROM set_aside ORDER BY 1',
    );
    expect(rows).toEqual([
      { raw_hash: 'h1', tried_version: '1.0.0', times_seen: 1, done: true },
      { raw_hash: 'h2', tried_version: '1.0.0', times_seen: 1, done: false },
    ]);
    expect(await pass(3)).toMatchObject({ retried: 0 });
    expect(await pass(4, '1.1.0')).toMatchObject({ retried: 1 });
  });

  it('goes on where a pass died half-way, and asks once more from the beginning later', async () => {
    for (let i = 0; i < 25_000; i += 1) transcode(i, ALICE, 1_000n + BigInt(i));
    const all = orchestrator.rows;
    orchestrator.answer = (_, response) => {
      const text = `[${all.map(elementText).join(',')}]`;
      response.writeHead(200, { 'content-length': text.length });
      response.write(text.slice(0, text.length * 0.7), () => response.socket?.destroy());
    };
    await expect(pass(30_000)).rejects.toMatchObject({ type: 'EVENT_SOURCE_TRUNCATED' });
    const failed = await sourceRow();
    expect(failed).toMatchObject({ last_error_code: 'EVENT_SOURCE_TRUNCATED' });
    expect(failed?.deep_from_dt).toEqual(new Date('1970-01-01T00:00:00Z'));
    orchestrator.answer = undefined;
    const report = await pass(30_001);
    expect(orchestrator.asked[1]).not.toBeNull();
    expect(report.fresh).toBeLessThan(10_000);
    const gross = all.reduce((sum, _, i) => sum + net(1_000n + BigInt(i)), 0n);
    expect((await owed())[ALICE]).toBe(gross);
    expect(await sourceRow()).toMatchObject({ last_error_code: null, last_error: null });
    expect((await sourceRow())?.deep_from_dt).not.toBeNull();
    expect(await pass(30_001 + 86_400)).toMatchObject({ events: 25_000, fresh: 0 });
    expect(orchestrator.asked.at(-1)).toBeNull();
    expect((await sourceRow())?.deep_from_dt).toBeNull();
    await pass(30_060 + 86_400);
    expect(orchestrator.asked.at(-1)).toBe(at(24_999 - 120));
  });

  it('finds once a day what came late', async () => {
    transcode(100_000, ALICE, 1n);
    await pass(100_001);
    orchestrator.rows.unshift({
      ...{ id: 900, dt: at(0), payload: payloadText('transcode', { ethAddress: BOB, fees: 8n }) },
    });
    expect(await pass(100_060)).toMatchObject({ fresh: 0 });
    expect(await pass(100_001 + 86_400)).toMatchObject({ fresh: 1 });
    expect((await owed())[BOB]).toBe(net(8n));
  });

  it('finds what was written down a week late, although nobody asked for days', async () => {
    transcode(0, ALICE, 1n);
    await pass(1);
    transcode(80_000, ALICE, 2n);
    await pass(80_001);
    const late = payloadText('transcode', { ethAddress: BOB, fees: 8n });
    orchestrator.rows.unshift({ id: 900, dt: at(60), payload: late });
    expect(await pass(8 * 86_400)).toMatchObject({ fresh: 1 });
    expect((await owed())[BOB]).toBe(net(8n));
  });

  it('finds late events also when its own clock was a month ahead once', async () => {
    transcode(0, ALICE, 1n);
    await pass(1);
    await pass(40 * 86_400);
    transcode(86_400, ALICE, 2n);
    await pass(86_401);
    const late = payloadText('transcode', { ethAddress: BOB, fees: 8n });
    orchestrator.rows.unshift({ id: 900, dt: at(60), payload: late });
    expect(await pass(2 * 86_400 + 60)).toMatchObject({ fresh: 1 });
    expect((await owed())[BOB]).toBe(net(8n));
  });

  it('never moves the cursor past the present, whatever the clock of the source says', async () => {
    transcode(90_000, ALICE, 1n);
    expect((await pass(10)).cursor).toBe(new Date(T0 + 10_000).toISOString());
    transcode(11, ALICE, 2n);
    expect(await pass(20)).toMatchObject({ fresh: 1 });
  });

  it('keeps when something new came, what units cost by the hour, and how the clocks go together', async () => {
    const kept = async () => {
      const fresh = (await sourceRow())?.['last_fresh_at'];
      const prices = await rowsOf(
        `SELECT extract(hour FROM hour AT TIME ZONE 'UTC')::int AS hour, node_type || '/' || pipeline || '/' || model_id AS of,
                jobs::int, gross_wei::text AS wei, compute_units::text AS units FROM job_price ORDER BY 1, 2`,
      );
      const arrivals = await rowsOf(
        `SELECT passes, least_behind_ms::int AS behind, most_ahead_ms::int AS ahead FROM arrival_hour ORDER BY hour`,
      );
      return { fresh, prices, arrivals };
    };
    transcode(-3_600, ALICE, 5_000n);
    transcode(0, ALICE, 7_000n);
    transcode(1, BOB, 0n);
    const job = { pipeline: 'llm', modelID: 'm', computeUnits: 3, fees: 12n };
    emit(2, 'job-processed', { requestID: 'r1', ...job });
    await pass(10);
    const first = { hour: 11, of: 'ai//', jobs: 1, wei: '5000', units: '1000' };
    const second = { hour: 12, of: 'ai//', jobs: 1, wei: '7000', units: '1000' };
    const llm = { hour: 12, of: 'ai/llm/m', jobs: 1, wei: '12', units: '3' };
    expect(await kept()).toEqual({
      fresh: new Date(T0 + 10_000),
      prices: [first, second, llm],
      // The first pass reads the past on purpose: it says nothing about clocks that are behind.
      arrivals: [{ passes: 1, behind: null, ahead: 0 }],
    });
    await pass(70);
    expect((await kept()).fresh, 'nothing new').toEqual(new Date(T0 + 10_000));
    transcode(100, ALICE, 1_000n);
    await pass(130);
    transcode(100, BOB, 1_000n);
    await pass(190);
    transcode(400, BOB, 1_000n);
    await pass(250);
    expect(await kept()).toMatchObject({
      fresh: new Date(T0 + 250_000),
      prices: [first, { jobs: 4, wei: '10000', units: '4000' }, llm],
      arrivals: [{ passes: 4, behind: 0, ahead: 150_000 }],
    });
    const totals = await rowsOf(
      `SELECT event_type, events::int, zero_fee_events::int FROM event_total`,
    );
    expect(totals).toEqual([{ event_type: 'job-processed', events: 7, zero_fee_events: 1 }]);
  });

  it('credits each event once when two passes run over one source at the same time', async () => {
    for (let i = 0; i < 12_000; i += 1) {
      if (i % 3 === 0) transcode(i, i % 2 === 0 ? ALICE : BOB, 7n + BigInt(i));
      else if (i % 3 === 1) processed(i, `r${Math.floor(i / 3)}`, 11n + BigInt(i));
      else received(i, `r${Math.floor(i / 3)}`, i % 2 === 0 ? ALICE : BOB);
    }
    const reports = await Promise.all([pass(20_000), pass(20_000), pass(20_000)]);
    expect(reports.reduce((sum, report) => sum + report.fresh, 0)).toBe(12_000);
    const expected: Record<string, bigint> = { [ALICE]: 0n, [BOB]: 0n, commission: 0n };
    for (let i = 0; i < 12_000; i += 1) {
      if (i % 3 === 2) continue;
      const fee = i % 3 === 0 ? 7n + BigInt(i) : 11n + BigInt(i);
      const earner = (i % 3 === 0 ? i : i + 1) % 2 === 0 ? ALICE : BOB;
      expected[earner] = (expected[earner] ?? 0n) + net(fee);
      expected.commission = (expected.commission ?? 0n) + cut(fee);
    }
    expect(await owed()).toEqual(expected);
    const [seqs] = await rowsOf(
      'SELECT count(DISTINCT seq)::int AS seqs, max(seq)::int AS top FROM pool_event',
    );
    expect(seqs).toEqual({ seqs: 12_000, top: 12_000 });
  });

  it('takes null, nothing at all and an empty array for nothing new', async () => {
    for (const text of ['null', '', '[]', ' \n']) {
      orchestrator.answer = (_, response) => response.end(text);
      expect(await pass(1)).toMatchObject({ events: 0, batches: 0, cursor: null });
    }
  });

  it('reads keys in lower case, unknown types and versions, and the older dialect', async () => {
    const old = payloadText('transcode', {
      ethAddress: ALICE.toUpperCase().replace('X', 'x'),
      encodedPixels: 5,
      price: 1,
      fees: 500n,
    });
    const float =
      '{"event_type":"ai-job-processedd","payload":{"ethAddress":null,"pricePerAIComputeUnit":0.1234567890123456789}}';
    orchestrator.rows.push(
      {
        id: 0,
        dt: at(0),
        element: `{"id":1,"payload":${JSON.stringify(old)},"version":1,"dt":"${at(0)}"}`,
      },
      {
        id: 0,
        dt: at(0),
        element: `{"id":2,"payload":${JSON.stringify(float)},"version":1,"dt":"${at(0)}"}`,
      },
      {
        id: 0,
        dt: at(0),
        element: `{"ID":3,"Payload":"{\\"event_type\\":\\"moon\\"}","Version":9,"DT":"${at(0)}"}`,
      },
    );
    expect(await pass(1)).toMatchObject({ fresh: 3, setAside: 0 });
    expect(await owed()).toEqual({ [ALICE]: net(500n), commission: cut(500n) });
    const counts = await rowsOf(
      'SELECT event_type, version, events::int FROM event_count ORDER BY 1',
    );
    expect(counts).toEqual([
      { event_type: 'ai-job-processedd', version: 1, events: 1 },
      { event_type: 'moon', version: 9, events: 1 },
      { event_type: 'transcode', version: 1, events: 1 },
    ]);
  });

  it('keeps a worker online while one of two connections stands, and none over a reset', async () => {
    const online = async () =>
      (
        await rowsOf<{ payee: string }>(
          `SELECT DISTINCT w.payee FROM connection c JOIN remote_worker w ON w.id = c.remote_worker_id
             LEFT JOIN source_reset r ON r.source_id = c.source_id AND r.region = w.region
              AND r.node_type = w.node_type
            WHERE c.up AND (r.source_id IS NULL
              OR (c.changed_dt, c.changed_seq) > (r.reset_dt, r.reset_seq)) ORDER BY 1`,
        )
      ).map((row) => row.payee);
    emit(0, 'worker-connected', { ethAddress: ALICE, connection: '1.1.1.1:1' });
    emit(0, 'worker-connected', { ethAddress: ALICE, connection: '1.1.1.1:2' });
    emit(0, 'worker-connected', { ethAddress: BOB, connection: '2.2.2.2:1' });
    emit(1, 'worker-disconnected', { ethAddress: ALICE, connection: '1.1.1.1:1' });
    emit(1, 'worker-disconnected', { ethAddress: BOB, connection: '2.2.2.2:1' });
    await pass(2);
    expect(await online()).toEqual([ALICE]);
    emit(3, 'orchestrator-reset');
    emit(3, 'worker-connected', { ethAddress: BOB, connection: '2.2.2.2:9' });
    await pass(4);
    expect(await online()).toEqual([BOB]);
  });

  it('sets aside what is older than the start of the source', async () => {
    await orchestrator.stop();
    orchestrator = await startTestOrchestrator();
    await useSource({ from: new Date(T0) });
    transcode(-1, ALICE, 100n);
    transcode(0, ALICE, 200n);
    orchestrator.answer = (_, response) =>
      response.end(`[${orchestrator.rows.map(elementText).join(',')}]`);
    expect(await pass(1)).toMatchObject({ fresh: 1, setAside: 1 });
    expect(orchestrator.asked).toEqual([at(-1)]);
    expect((await owed())[ALICE]).toBe(net(200n));
    expect(await rowsOf('SELECT code FROM set_aside')).toEqual([{ code: 'EVENT_BEFORE_START' }]);
  });

  it('applies the terms that were in force at the time of each job', async () => {
    const later = { commissionBps: 1_000, thresholdWei: 1n, minIntervalMs: 0 };
    await recordTerms(database.db, later, new Date(T0 + 100_000));
    transcode(99, ALICE, 1_000n);
    transcode(100, ALICE, 1_000n);
    processed(99, 'aa', 1_000n);
    await pass(101);
    received(101, 'aa', BOB);
    await pass(102);
    expect(await owed()).toEqual({ [ALICE]: 750n + 900n, [BOB]: 750n, commission: 600n });
  });

  it('stops when it is cancelled, keeps what it has, and blames nobody', async () => {
    transcode(0, ALICE, 100n);
    const environment = new MockActivityEnvironment();
    orchestrator.answer = (_, response) => {
      response.write(`[${elementText(orchestrator.rows[0] ?? { id: 0, dt: '' })},`);
      setTimeout(() => environment.cancel('CANCELLED'), 100);
    };
    await expect(pass(1, '1.0.0', environment)).rejects.toMatchObject({ name: 'CancelledFailure' });
    expect((await owed())[ALICE]).toBe(net(100n));
    expect(await sourceRow()).toMatchObject({ last_error_code: null, last_success_at: null });
  });

  it('refuses a source that nobody configured', async () => {
    config = { ...config, id: 'nobody' };
    await expect(pass(1)).rejects.toMatchObject({ type: 'SOURCE_UNKNOWN' });
  });
});
