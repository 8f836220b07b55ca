import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  rowText,
  startTestOrchestrator,
} from '../core/events/sources/testing/test-orchestrator.js';
import { endSyncPause, pauseSync } from '../core/events/store/sources/sync-pause.js';
import { listAuditLog } from '../core/ledger/store/audit-log-reads.js';
import { payloadText } from '../dev/kit/event-element.js';
import { ALICE, at, BOB, cut, net, T0, useSyncWorld } from '../test/harness/sync-world.js';
import { recordTerms } from '../test/harness/terms.js';

const { world, emit, transcode, received, processed, pass, rowsOf, owed, useSource, sourceRow } =
  useSyncWorld();

describe('a sync pass', () => {
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

  it('begins not while the sync is paused, and loses nothing by it', async () => {
    transcode(0, ALICE, 4n);
    const { db } = world.database;
    const decision = { actor: 'ann', reason: 'a round is looked at' };
    expect(await pauseSync(db, decision)).toBe(true);
    expect(await pauseSync(db, { ...decision, actor: 'bob' })).toBe(false);
    expect(await pass(10)).toMatchObject({ events: 0, paused: 'ann: a round is looked at' });
    expect(await owed()).toEqual({});
    expect(await endSyncPause(db, decision)).toBe(true);
    expect(await endSyncPause(db, decision)).toBe(false);
    expect(await pass(20)).toMatchObject({ events: 1, fresh: 1 });
    const { items } = await listAuditLog(db, { limit: 9, cursor: null });
    expect(items.map(({ action }) => action)).toEqual(['sync.resume', 'sync.pause']);
  });

  it('counts what a half-copied dump holds, and the rest when it is whole', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'openpool-dump-'));
    for (let i = 0; i < 600; i += 1) transcode(i, ALICE, 9_007_199_254_740_993n);
    const whole = gzipSync(world.orchestrator.rows.map(rowText).join('\n'));
    await writeFile(join(dir, 'old.gz'), whole.subarray(0, whole.length / 2));
    await useSource({ kind: 'file', baseDir: dir, options: { path: '*.gz' } });
    await expect(pass(1_000)).rejects.toMatchObject({ type: 'EVENT_SOURCE_TRUNCATED' });
    const half = (await owed())[ALICE] ?? 0n;
    expect(half).toBeGreaterThan(0n);
    expect(half).toBeLessThan(600n * net(9_007_199_254_740_993n));
    await writeFile(join(dir, 'old.gz'), whole);
    await pass(1_060);
    // Another dump, whose events are older than all that were counted so far.
    world.orchestrator.rows = [];
    transcode(-900_000, BOB, 1_000n);
    await writeFile(join(dir, 'older.gz'), gzipSync(`[${world.orchestrator.rows.map(rowText)}]`));
    expect(await pass(1_120)).toMatchObject({ events: 1, fresh: 1, duplicates: 0 });
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

  it('treats ids that begin again after a wiped data directory as new events', async () => {
    transcode(0, ALICE, 100n);
    await pass(1);
    world.orchestrator.rows = [];
    world.nextId = 1;
    transcode(30, ALICE, 900n);
    expect(await pass(31)).toMatchObject({ fresh: 1, duplicates: 0, setAside: 0 });
    expect((await owed())[ALICE]).toBe(net(100n) + net(900n));
  });

  it('counts an event once although it is in one answer twice and in two polls', async () => {
    transcode(0, ALICE, 100n);
    world.orchestrator.rows.push(...world.orchestrator.rows);
    expect(await pass(1)).toMatchObject({ events: 2, fresh: 1, duplicates: 1 });
    expect(await pass(2)).toMatchObject({ events: 2, fresh: 0, duplicates: 2 });
    expect((await owed())[ALICE]).toBe(net(100n));
  });

  it('sets aside another event under an identity that was counted', async () => {
    transcode(0, ALICE, 100n);
    await pass(1);
    world.orchestrator.rows = [];
    world.nextId = 1;
    transcode(0, ALICE, 999_999n);
    expect(await pass(2)).toMatchObject({ fresh: 0, duplicates: 0, setAside: 1 });
    expect((await owed())[ALICE]).toBe(net(100n));
    expect(await rowsOf('SELECT code, event_id FROM set_aside')).toEqual([
      { code: 'EVENT_CHANGED', event_id: '1' },
    ]);
  });

  it('sets aside a second event with the same id but another payload in the same answer, and credits the first', async () => {
    transcode(0, ALICE, 100n);
    world.nextId = 1;
    transcode(0, ALICE, 999n);
    expect(await pass(1)).toMatchObject({ fresh: 1, setAside: 1 });
    expect((await owed())[ALICE]).toBe(net(100n));
  });

  it.each(['in one answer', 'one after the other'])(
    'counts the right event beside one of its identity that is refused for its fee, %s',
    async (how) => {
      world.maxJobFeeWei = 1_000n;
      transcode(0, ALICE, 5_000n);
      if (how !== 'in one answer') await pass(1);
      for (const fees of [500n, 400n, 500n]) {
        world.nextId = 1;
        transcode(0, ALICE, fees);
      }
      await pass(2);
      expect((await owed())[ALICE]).toBe(net(500n));
      expect(
        await rowsOf('SELECT code, raw ~ $$5000$$ AS dear FROM set_aside ORDER BY id'),
      ).toEqual([
        { code: 'EVENT_FEE_ABOVE_CAP', dear: true },
        { code: 'EVENT_CHANGED', dear: false },
      ]);
    },
  );

  it('matches an AI job whose two events come in one poll or in two, in either order', async () => {
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

  it('matches the two events of a job from days ago when their times are close, and not when they are far apart', async () => {
    received(0, 'aa', ALICE);
    await pass(1);
    processed(3_601, 'aa', 7n);
    await pass(3_700);
    expect(await owed()).toEqual({ unattributed: 7n });
    processed(3_600, 'aa', 100n);
    await pass(7 * 86_400);
    expect(await owed()).toMatchObject({ [ALICE]: net(100n), unattributed: 7n });
  });

  it('credits nobody for jobs whose request ids collide', async () => {
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
    world.orchestrator.rows.push(...broken.map((element) => ({ id: 0, dt: at(0), element })));
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

  it('reads again what an earlier version set aside, and counts what it can read now', async () => {
    transcode(0, ALICE, 100n);
    await pass(1);
    const good = JSON.stringify(payloadText('job-processed', { ethAddress: BOB, fees: 900n }));
    await world.database.db.$client.query(
      `INSERT INTO set_aside (source_id, place, code, reason, raw, raw_hash, tried_version) VALUES
        ($1, 'x', 'EVENT_NOT_JSON', '', $2, 'h1', '0.9.0'), ($1, 'y', 'EVENT_NOT_JSON', '', 'bad', 'h2', '0.9.0')`,
      [world.config.id, `{"ID":77,"Payload":${good},"Version":1,"DT":"${at(0)}"}`],
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

  it('records when something new came, what a unit costs by the hour, and how far the clocks differ', async () => {
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
      // The first sync reads old events on purpose, so their age must not be taken for a clock that is behind.
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

  it('reads keys in lower case, unknown types and versions, and the older dialect', async () => {
    const old = payloadText('transcode', {
      ethAddress: ALICE.toUpperCase().replace('X', 'x'),
      encodedPixels: 5,
      price: 1,
      fees: 500n,
    });
    const float =
      '{"event_type":"ai-job-processedd","payload":{"ethAddress":null,"pricePerAIComputeUnit":0.1234567890123456789}}';
    world.orchestrator.rows.push(
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

  it('keeps a worker online while one of its two connections is open, and no worker after a reset', async () => {
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
    await world.orchestrator.stop();
    world.orchestrator = await startTestOrchestrator();
    await useSource({ from: new Date(T0) });
    transcode(-1, ALICE, 100n);
    transcode(0, ALICE, 200n);
    world.orchestrator.answer = (_, response) =>
      response.end(`[${world.orchestrator.rows.map(rowText).join(',')}]`);
    expect(await pass(1)).toMatchObject({ fresh: 1, setAside: 1 });
    expect(world.orchestrator.asked).toEqual([at(-1)]);
    expect((await owed())[ALICE]).toBe(net(200n));
    expect(await rowsOf('SELECT code FROM set_aside')).toEqual([{ code: 'EVENT_BEFORE_START' }]);
  });

  it('applies the terms that were in force at the time of each job', async () => {
    const later = { commissionBps: 1_000, thresholdWei: 1n, minIntervalMs: 0 };
    await recordTerms(world.database.db, later, new Date(T0 + 100_000));
    transcode(99, ALICE, 1_000n);
    transcode(100, ALICE, 1_000n);
    processed(99, 'aa', 1_000n);
    await pass(101);
    received(101, 'aa', BOB);
    await pass(102);
    expect(await owed()).toEqual({ [ALICE]: 750n + 900n, [BOB]: 750n, commission: 600n });
  });
});
