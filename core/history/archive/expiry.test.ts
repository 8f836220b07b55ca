import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.js';
import { openWorld, payeeOf, toElement } from '../../../test/harness/event-world.js';
import { auditLedger } from '../../checks/audit/audit.js';
import { MAX_FEE_WEI } from '../../events/rules/reading/event-content.js';
import { ingestBatch, openIngestSession } from '../../events/store/ingest/ingest.js';
import { prepareSlice } from '../../events/store/ingest/prepared-events.js';
import { rebuildBalances } from '../rebuild/rebuild.js';
import { archiveMonths } from './archiving.js';
import { endOldRows } from './expiry.js';
import { restoreMonth } from './restore.js';

const JANUARY = Date.parse('2026-01-10T00:00:00Z');
const MARCH = Date.parse('2026-03-10T00:00:00Z');
const NOW = new Date('2026-04-10T12:00:00Z');

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(() => database.close());

const run = async (statement: string) => (await database.db.$client.query(statement)).rows;
const uuidOf = (n: number) => `${String(n).padStart(8, '0')}-0000-4000-8000-000000000000`;

/** Takes in a job with a UUID from a source. */
function tell(sourceId: string, n: number, atMs: number) {
  const { db } = database;
  const session = openIngestSession({
    ...{ db, sourceId, jobMatchWindowMs: 3_600_000, maxJobFeeWei: MAX_FEE_WEI },
    ...{ version: '1', from: null, now: () => new Date() },
  });
  const fields = { ethAddress: payeeOf(n % 3), fees: 1_000n + BigInt(n) };
  const element = toElement({ id: n, atMs, type: 'job-processed', fields });
  const event = { ...element.event, eventId: uuidOf(n), uuid: uuidOf(n) };
  const events = prepareSlice(sourceId, [{ ...element, event }]);
  return ingestBatch(session, { events, refused: [], cursorHint: null });
}

it('ends keys of requests after 30 days, and what was set aside 90 days after it was counted', async () => {
  await run(`INSERT INTO idempotency_key (key, request, created_at)
      SELECT 'k' || days, 'r', now() - make_interval(days => days) FROM unnest('{0,29,31,400}'::int[]) days;
    INSERT INTO set_aside (source_id, place, code, reason, raw, raw_hash, tried_version, resolved_at)
      SELECT 's', 'p', 'c', 'r', 'raw', 'h' || n, '1', now() - make_interval(days => days)
        FROM unnest('{1,2,3,4}'::int[], '{1,89,91,NULL}'::int[]) k (n, days)`);
  expect(await endOldRows(database.db)).toBe(3);
  const keys = await run('SELECT key FROM idempotency_key ORDER BY 1');
  expect(keys.map(({ key }) => key)).toEqual(['k0', 'k29']);
  const left = await run('SELECT raw_hash AS hash FROM set_aside ORDER BY 1');
  expect(left.map(({ hash }) => hash)).toEqual(['h1', 'h2', 'h4']);
  expect(await endOldRows(database.db)).toBe(0);
});

it('ends what payouts waited for 90 days after the wait', async () => {
  await run(`INSERT INTO payee (address) VALUES ('${payeeOf(1)}');
    INSERT INTO payout (id, payee, destination, amount_wei, state, origin)
      VALUES ('${uuidOf(1)}', '${payeeOf(1)}', '${payeeOf(1)}', 1, 'reserved', 'manual');
    INSERT INTO payout_wait (payout_id, code, began_at, ended_at)
      SELECT '${uuidOf(1)}', 'PAYOUT_HELD', now() - make_interval(days => days + 1), now() - make_interval(days => days)
        FROM unnest('{1,89,91}'::int[]) days`);
  expect(await endOldRows(database.db)).toBe(1);
  expect(await run('SELECT FROM payout_wait')).toHaveLength(2);
});

it('ends how jobs went after 32 days, and from then on neither writes nor compares what is older', async () => {
  await openWorld(database.db);
  const HOUR_MS = 3_600_000;
  await run("UPDATE setting SET value = '2026-01-01T00:00:00Z' WHERE key = 'worker_hours_from'");
  await tell('a', 1, JANUARY);
  await tell('a', 2, Date.now() - 24 * HOUR_MS);
  expect(await run('SELECT FROM worker_hour')).toHaveLength(2);
  expect(await endOldRows(database.db)).toBe(1);
  await tell('a', 3, JANUARY + HOUR_MS);
  expect(await run('SELECT FROM worker_hour')).toHaveLength(1);
  const order = { archiveDir: '/nowhere', actor: 'test', apply: null, keep: false };
  const rebuilt = await rebuildBalances(database.db, { ...order, onProgress: () => undefined });
  expect(rebuilt).toMatchObject({ ok: true, findingsTotal: 0 });
  expect(await auditLedger(database.db, { isWhole: true })).toEqual([]);
});

it('compacts postings of long ago where nothing is archived, and keeps their events and UUIDs', async () => {
  await openWorld(database.db);
  for (let n = 0; n < 12; n += 1) await tell('a', n, JANUARY + n * 1_000);
  for (let n = 12; n < 18; n += 1) await tell('a', n, MARCH + n * 1_000);
  await run(`ALTER TABLE posting DISABLE TRIGGER USER;
    UPDATE posting SET created_at = CASE WHEN id <= 12 THEN '2026-01-20Z' ELSE '2026-03-20Z' END::timestamptz;
    ALTER TABLE posting ENABLE TRIGGER USER;
    INSERT INTO idempotency_key (key, request, created_at) VALUES ('k', 'r', now() - interval '31 days')`);
  const audit = () => auditLedger(database.db, { isWhole: true, pieceSize: 6 });
  expect(await audit()).toEqual([]);
  const archive = (now: string) =>
    archiveMonths(database.db, {
      dir: '/nowhere',
      keepMonths: null,
      now: new Date(now),
      onProgress: () => undefined,
    });
  const nothing = { archived: [], compactedPostings: 0, waiting: null };
  expect(await archive('2026-04-30T23:00:00Z')).toEqual(nothing);
  expect(await run('SELECT FROM idempotency_key')).toEqual([]);
  // Of January's postings one is left for each of the three workers.
  expect(await archive('2026-05-01T01:00:00Z')).toEqual({ ...nothing, compactedPostings: 9 });
  expect(await audit()).toEqual([]);
  const count =
    'SELECT (SELECT count(*) FROM pool_event) AS events, count(*) AS uuids FROM event_uuid';
  expect(await run(count)).toEqual([{ events: '18', uuids: '18' }]);
  expect(await tell('a', 3, JANUARY + 3_000)).toMatchObject({ fresh: 0, duplicates: 1 });
  const order = { archiveDir: '/nowhere', actor: 'test', apply: null, keep: false };
  const rebuilt = await rebuildBalances(database.db, {
    ...{ ...order, onProgress: () => undefined, signal: new AbortController().signal },
  });
  expect(rebuilt).toMatchObject({ ok: true, findingsTotal: 0 });
});

it('ends UUIDs and compacts postings with the archived months, and credits no source twice for that', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'openpool-ends-'));
  try {
    await openWorld(database.db);
    for (let n = 0; n < 12; n += 1) await tell('a', n, JANUARY + n * 1_000);
    for (let n = 12; n < 18; n += 1) await tell('a', n, MARCH + n * 1_000);
    await run(`UPDATE pool_event SET received_at = dt; UPDATE source SET deep_from_dt = NULL;
      ALTER TABLE posting DISABLE TRIGGER USER;
      UPDATE posting SET created_at = CASE WHEN id <= 12 THEN '2026-01-20Z' ELSE '2026-03-20Z' END::timestamptz;
      ALTER TABLE posting ENABLE TRIGGER USER`);
    const audit = (isWhole = true) => auditLedger(database.db, { isWhole, pieceSize: 6 });
    expect(await audit()).toEqual([]);
    const order = { dir, onProgress: () => undefined };
    const report = await archiveMonths(database.db, { ...order, keepMonths: 1, now: NOW });
    // Of January's postings one is left for each of the three workers.
    expect(report).toMatchObject({ archived: [{ month: '2026-01' }], compactedPostings: 9 });
    expect(
      await run('SELECT stands_for::int AS n FROM posting WHERE stands_for IS NOT NULL'),
    ).toEqual([{ n: 4 }, { n: 4 }, { n: 4 }]);
    expect(await audit()).toEqual([]);
    const uuids = async () => (await run('SELECT uuid FROM event_uuid ORDER BY 1')).length;
    expect(await uuids()).toBe(6);
    const again = await tell('b', 3, JANUARY + 3_000);
    expect(again).toMatchObject({ fresh: 0, setAside: 1 });
    expect(await run('SELECT code FROM set_aside')).toEqual([{ code: 'EVENT_ARCHIVED' }]);
    expect(await tell('b', 14, MARCH + 14_000)).toMatchObject({ fresh: 0, duplicates: 1 });
    await restoreMonth(database.db, {
      ...{ ...order, month: new Date('2026-01-01Z'), actor: 'test', reason: 'a question' },
    });
    expect(await uuids()).toBe(18);
    expect(await tell('b', 3, JANUARY + 3_000)).toMatchObject({ fresh: 0, duplicates: 1 });
    expect(await tell('b', 90, JANUARY + 9_000)).toMatchObject({ fresh: 1 });
    expect(await audit()).toEqual([]);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
