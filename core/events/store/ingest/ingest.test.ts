import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitUntil } from '../../../../dev/kit/process.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/harness/database.js';
import { ingestSaid } from '../../../../test/harness/event-world.js';
import { recordTerms } from '../../../../test/harness/terms.js';
import { MAX_FEE_WEI } from '../../rules/reading/event-content.js';
import type { PoolEvent } from '../../rules/reading/pool-event.js';
import { registerSources } from '../sources/source-register.js';
import { type IngestBatch, type IngestSession, ingestBatch, openIngestSession } from './ingest.js';
import { ensurePartitions } from './partitions.js';
import { prepareSlice } from './prepared-events.js';

const NOW = new Date('2026-03-15T12:00:00Z');
const payeeOf = (i: number) => `0x${String(i + 1).padStart(40, '0')}` as const;

let database: TestDatabase;

const event = (i: number, dtMs: number, grossWei = 100n): PoolEvent => ({
  ...{ eventId: String(i), dtMs, eventType: 'job-processed', version: 1, payload: `{"n":${i}}` },
  ...{ region: 'eu', nodeType: 'transcode' },
  content: {
    ...{ kind: 'job', requestId: null, payee: payeeOf(i % 50), grossWei, computeUnits: 5n },
    ...{ pipeline: null, modelId: null },
  },
});
const batchOf = (sourceId: string, events: readonly PoolEvent[]): IngestBatch => ({
  events: prepareSlice(
    sourceId,
    events.map((e) => ({ event: e, place: `element ${e.eventId}`, raw: `{"ID":${e.eventId}}` })),
  ),
  refused: [],
  cursorHint: null,
});
const session = (sourceId: string): IngestSession =>
  openIngestSession({
    ...{
      db: database.db,
      sourceId,
      jobMatchWindowMs: 3_600_000,
      maxJobFeeWei: MAX_FEE_WEI,
      version: '1',
      from: null,
      now: () => NOW,
    },
  });
const rowsOf = async (statement: string) => (await database.db.$client.query(statement)).rows;

const WAITING = `SELECT count(*)::int AS waiting FROM pg_stat_activity
  WHERE datname = current_database() AND wait_event_type = 'Lock'`;

describe('storing and crediting a batch', () => {
  beforeEach(async () => {
    database = await createTestDatabase(20);
    await recordTerms(
      database.db,
      { commissionBps: 1_000, thresholdWei: 0n, minIntervalMs: 0 },
      NOW,
    );
    const settings = { kind: 'k', region: 'eu', nodeType: 'transcode', from: null } as const;
    await registerSources(
      database.db,
      ['a', 'b', 'c', 'd'].map((id) => ({ id, readsFrom: id, ...settings })),
    );
  });
  afterEach(() => database.close());

  it('survives when the unique index finds an event that the look-up missed', async () => {
    const later = NOW.getTime() + 5_000;
    await ingestBatch(session('a'), batchOf('a', [event(1, later)]));
    // The newest time is lost, so the look-up leaves this key out.
    await database.db.$client.query('UPDATE source SET newest_dt = NULL');
    const events = [event(1, later), event(2, later)];
    const outcome = await ingestBatch(session('a'), batchOf('a', events));
    expect(outcome).toMatchObject({ fresh: 1, duplicates: 1, setAside: 0 });
    const [sum] = await rowsOf(
      "SELECT sum(amount_wei)::text FROM balance WHERE account = 'pending'",
    );
    expect(sum).toEqual({ sum: '180' });
  });

  it('takes the batches of one source one after the other: halves that come at once find each other', async () => {
    const { db } = database;
    const atMs = NOW.getTime();
    const request = { requestID: 'r', pipeline: 'p', modelID: 'm' };
    const halves = [
      { id: 1, atMs, type: 'job-received', fields: { ...request, ethAddress: payeeOf(1) } },
      { id: 2, atMs, type: 'job-processed', fields: { ...request, fees: 1_000n, computeUnits: 5 } },
    ];
    const holder = await db.$client.connect();
    await holder.query(`BEGIN; SELECT FROM source WHERE id = 'a' FOR UPDATE`);
    const coming = halves.map((half) => ingestSaid(db, 'a', [half]));
    try {
      await waitUntil({
        ...{ what: 'both batches to wait', timeoutMs: 20_000, intervalMs: 20 },
        ready: async () => (await rowsOf(WAITING))[0].waiting === 2,
      });
    } finally {
      await holder.query('ROLLBACK');
      holder.release();
    }
    await Promise.all(coming);
    expect(await rowsOf('SELECT seq::int FROM pool_event ORDER BY 1')).toEqual([
      { seq: 1 },
      { seq: 2 },
    ]);
    expect(await rowsOf('SELECT role FROM unmatched_job')).toEqual([]);
    const [credited] = await rowsOf(
      "SELECT amount_wei::text FROM balance WHERE account = 'pending'",
    );
    expect(credited).toEqual({ amount_wei: '900' });
  });

  it('credits the same workers from several sources at once without losing to deadlocks', async () => {
    const sources = ['a', 'b', 'c', 'd'];
    await Promise.all(
      sources.map(async (sourceId, s) => {
        for (let n = 0; n < 8; n += 1) {
          const ids = Array.from({ length: 100 }, (_, i) => (i * (s * 2 + 1) * 7) % 100);
          // With the same events, these would be one source under several names.
          const events = [...new Set(ids)].map((i) => ({
            ...event(i, NOW.getTime() + n),
            payload: `{"n":${i},"of":"${sourceId}"}`,
          }));
          await ingestBatch(session(sourceId), batchOf(sourceId, events));
        }
      }),
    );
    const [stats] = await rowsOf(
      'SELECT sum(jobs)::int AS jobs, count(*)::int AS workers FROM remote_worker',
    );
    const [total] = await rowsOf('SELECT count(*)::int AS events FROM pool_event');
    expect(stats).toEqual({ jobs: total.events, workers: 50 });
    const balances = await rowsOf(
      'SELECT account, sum(amount_wei)::text AS wei FROM balance GROUP BY 1 ORDER BY 1',
    );
    expect(balances).toEqual([
      { account: 'commission', wei: String(total.events * 10) },
      { account: 'pending', wei: String(total.events * 90) },
      { account: 'revenue', wei: String(-total.events * 100) },
    ]);
  });

  it('makes a partition for each month, and none for months far ahead', async () => {
    const days = ['2019-05-01', '2026-02-28', '2026-03-01', '2026-05-31', '2031-01-01'];
    await ingestBatch(
      session('a'),
      batchOf(
        'a',
        days.map((day, i) => event(i, Date.parse(day))),
      ),
    );
    const rows = await rowsOf(
      'SELECT tableoid::regclass::text AS place FROM pool_event ORDER BY dt',
    );
    expect(rows.map(({ place }) => place)).toEqual([
      'pool_event_2019_05',
      'pool_event_2026_02',
      'pool_event_2026_03',
      'pool_event_2026_05',
      'pool_event_default',
    ]);
  });

  it('keeps a month in the DEFAULT partition when it began there', async () => {
    const dtMs = Date.parse('2031-01-01T00:00:00Z');
    await ingestBatch(session('a'), batchOf('a', [event(1, dtMs)]));
    const then = { ...session('a'), now: () => new Date('2031-01-02T00:00:00Z') };
    await ingestBatch(then, batchOf('a', [event(2, dtMs)]));
    const rows = await rowsOf('SELECT DISTINCT tableoid::regclass::text AS place FROM pool_event');
    expect(rows).toEqual([{ place: 'pool_event_default' }]);
  });

  it('makes a partition once when several batches need it at the same time', async () => {
    const dtMs = Date.parse('2024-07-07T00:00:00Z');
    await Promise.all(
      ['a', 'b', 'c', 'd'].map((id) => ingestBatch(session(id), batchOf(id, [event(1, dtMs)]))),
    );
    const rows = await rowsOf('SELECT DISTINCT tableoid::regclass::text AS place FROM pool_event');
    expect(rows).toEqual([{ place: 'pool_event_2024_07' }]);
  });

  it('stores all of a batch or nothing', async () => {
    // Nothing that a source can send makes the last statement fail, so here the table itself makes it fail.
    const dtsMs = [NOW.getTime()];
    await ensurePartitions(database.db, { dtsMs, now: NOW }, new Set());
    await rowsOf("ALTER TABLE pool_event ADD CONSTRAINT lucky CHECK (payload <> 'unlucky')");
    const broken = { ...event(2, NOW.getTime()), payload: 'unlucky' };
    await expect(
      ingestBatch(session('a'), batchOf('a', [event(1, NOW.getTime()), broken])),
    ).rejects.toMatchObject({ code: '23514' });
    const left = await rowsOf(
      'SELECT (SELECT count(*) FROM pool_event) + (SELECT count(*) FROM posting) + (SELECT sum(jobs) FROM remote_worker) AS n',
    );
    expect(Number(left[0].n)).toBe(0);
    const again = await ingestBatch(session('a'), batchOf('a', [event(1, NOW.getTime())]));
    expect(again.fresh).toBe(1);
  });
});
