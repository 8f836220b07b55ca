import { spawn } from 'node:child_process';
import { readdir, readFile, rename, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it, vi } from 'vitest';
import {
  ingestSaid,
  inventEvents,
  openWorld,
  payeeOf,
  type Said,
} from '../../../test/harness/event-world.js';
import { useHistory } from '../../../test/harness/history-world.js';
import { checkInvariants } from '../../checks/audit/invariants.js';
import { closeDatabase, openDatabase } from '../../db/database.js';
import { applyDecision } from '../../decisions/store/job-decisions.js';
import { listUnmatchedJobs } from '../../decisions/store/unmatched-job-reads.js';
import { listArchives, verifyArchives } from './archived-months.js';
import { type ArchiveRun, archiveMonths } from './archiving.js';
import { type RestoreOrder, restoreMonth } from './restore.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const JANUARY = Date.parse('2026-01-01T00:00:00Z');
const FEBRUARY = Date.parse('2026-02-01T00:00:00Z');
const APRIL = Date.parse('2026-04-01T00:00:00Z');
const DAY_MS = 86_400_000;
/** The present time of the tests, in April: with one whole month kept, January and February are old enough. */
const NOW = new Date('2026-04-10T12:00:00Z');

const { world, rowsOf, rebuild } = useHistory();

const partitions = async () =>
  (
    await rowsOf(`SELECT inhrelid::regclass::text AS name FROM pg_inherits
     WHERE inhparent = 'pool_event'::regclass ORDER BY 1`)
  ).map(({ name }) => name);
const archive = (changes: Partial<ArchiveRun> = {}) =>
  archiveMonths(world.db, {
    ...{ dir: world.dir, keepMonths: 1, now: NOW, onProgress: () => undefined },
    ...changes,
  });
const restore = (month: number, db = world.db) => {
  const order: RestoreOrder = {
    ...{ dir: world.dir, month: new Date(month), actor: 'test', reason: 'a question' },
    onProgress: () => undefined,
  };
  return restoreMonth(db, order);
};
const everything = () =>
  rowsOf(`SELECT count(*)::int AS rows, md5(string_agg(e::text, E'\\n' ORDER BY source_id, dt, event_id)) AS all
            FROM pool_event e`);
const job = (id: number, atMs: number, fees = 1_000n): Said => ({
  ...{ id, atMs, type: 'job-processed' },
  fields: { ethAddress: payeeOf(1), fees },
});

/** Takes in a quarter of events, and makes them look as if each had come when it happened. */
async function seed(): Promise<void> {
  const quarter = { fromMs: JANUARY + 2 * DAY_MS, count: 130, stepMs: 55_000_000 };
  await ingestSaid(world.db, 'a', inventEvents(5, quarter));
  await ingestSaid(world.db, 'b', inventEvents(6, { ...quarter, count: 60 }));
  // Texts that COPY has to escape, and an AI job with one half on each side of the end of a month.
  const odd = {
    ...{ id: 9_001, atMs: JANUARY, type: 'moon\t\b\v\f\rlan\\ded' },
    fields: { x: 'a\\b\n\t"' },
  };
  const request = { requestID: 'over', ethAddress: payeeOf(2) };
  await ingestSaid(world.db, 'a', [
    odd,
    { ...{ id: 9_002, atMs: FEBRUARY - 60_000, type: 'job-received' }, fields: request },
    {
      ...{ id: 9_003, atMs: FEBRUARY + 60_000, type: 'job-processed' },
      fields: { requestID: 'over', fees: 500n },
    },
  ]);
  await hasBeenQuiet();
}

const hasBeenQuiet = () =>
  world.db.$client.query(
    'UPDATE pool_event SET received_at = dt; UPDATE source SET deep_from_dt = NULL',
  );

describe('archiving raw events', () => {
  it('says why its directory cannot be written, and drops nothing', async () => {
    await seed();
    const before = await everything();
    await writeFile(join(world.dir, 'file'), '');
    await expect(archive({ dir: join(world.dir, 'file', 'archive') })).rejects.toMatchObject({
      code: 'STATE_DIRECTORY_UNUSABLE',
      message: expect.stringContaining('a file stands where a directory should be'),
    });
    expect(await everything()).toEqual(before);
  });

  it('drops nothing unless it is told how much to keep, and makes next month’s partition in any case', async () => {
    await seed();
    const before = await everything();
    expect(await archive({ keepMonths: null })).toEqual({
      archived: [],
      compactedPostings: 0,
      waiting: null,
    });
    expect(await everything()).toEqual(before);
    expect(await partitions()).toContain('pool_event_2026_05');
    expect(await readdir(world.dir)).toEqual([]);
  });

  it('goes by the database’s clock', async () => {
    await ingestSaid(world.db, 'a', [job(1, Date.now() - 20 * DAY_MS)]);
    await world.db.$client.query(`UPDATE pool_event SET received_at = now() - interval '9 days';
      UPDATE source SET deep_from_dt = NULL`);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 400 * DAY_MS });
    try {
      const run = { dir: world.dir, keepMonths: 1, onProgress: () => undefined };
      expect(await archiveMonths(world.db, run)).toEqual({
        archived: [],
        compactedPostings: 0,
        waiting: null,
      });
    } finally {
      vi.useRealTimers();
    }
  });

  it('writes old months to files, lets them go, and still rebuilds every balance from all of it', async () => {
    await seed();
    const [{ rows }] = await everything();
    const report = await archive();
    expect(report).toMatchObject({
      archived: [{ month: '2026-01' }, { month: '2026-02' }],
      waiting: null,
    });
    expect(await partitions()).toEqual([
      ...['pool_event_2026_03', 'pool_event_2026_04', 'pool_event_2026_05', 'pool_event_default'],
    ]);
    expect((await readdir(world.dir)).sort()).toEqual([
      'pool-events-2026-01.copy.gz',
      'pool-events-2026-02.copy.gz',
    ]);
    const places = await rowsOf(
      `SELECT dt < '2026-03-01Z' AS gone, node_type, region, count(*) > 0 AS some FROM unmatched_job GROUP BY 1, 2, 3 ORDER BY 1`,
    );
    expect(places).toEqual([
      { gone: false, node_type: null, region: null, some: true },
      { gone: true, node_type: 'ai', region: 'eu', some: true },
    ]);
    const kept = await listArchives(world.db, 'archived');
    const [{ rows: left }] = await everything();
    expect(kept.reduce((sum, one) => sum + one.rows, left)).toBe(rows);
    expect(left).toBeLessThan(rows);
    expect(await verifyArchives(kept, world.dir, () => undefined)).toEqual([]);
    expect(await rebuild()).toMatchObject({
      ok: true,
      findings: [],
      events: rows,
      archivedEvents: rows - left,
    });
    expect(await checkInvariants(world.db, { withEvents: true })).toEqual([]);
    expect(await archive()).toEqual({ archived: [], compactedPostings: 0, waiting: null });
  });

  it('keeps node type and region of a job that still waits, for a later assignment', async () => {
    await seed();
    await archive();
    // Like a source whose events name region and node type themselves.
    await world.db.$client.query('UPDATE source SET region = NULL, node_type = NULL');
    const { items } = await listUnmatchedJobs(
      world.db,
      { role: 'processed' },
      { limit: 200, cursor: null },
    );
    const old = items.filter(({ dt }) => dt < new Date('2026-03-01T00:00:00Z'));
    const [job] = old;
    const key = { sourceId: job?.sourceId ?? '', dtMs: job?.dt.getTime() ?? 0 };
    const assignee = { payee: payeeOf(1), nodeType: null, region: null };
    const { jobs } = await applyDecision(world.db, [{ ...key, eventId: job?.eventId ?? '' }], {
      ...{ actor: 'ann', reason: 'he told me', assignee, isNewPayee: true, dryRun: false },
      ...{ commandId: 'one', mayBeGone: false, maxPerDayWei: 10n ** 18n },
    });
    expect(jobs).toMatchObject([{ worker: { nodeType: 'ai', region: 'eu' } }]);
    expect(await rebuild()).toMatchObject({ ok: true, findings: [] });
  });

  it('never credits what is older than the horizon of its source, and sets it aside by name', async () => {
    await seed();
    await archive();
    const pending = () => rowsOf(`SELECT * FROM balance ORDER BY remote_worker_id, account`);
    const before = await pending();
    const late = [
      job(8_001, FEBRUARY + DAY_MS),
      job(9_002, FEBRUARY - 60_000),
      job(8_002, Date.parse('2026-02-28T23:59:59Z')),
    ];
    expect(await ingestSaid(world.db, 'a', late)).toEqual({ fresh: 0, setAside: 3 });
    expect(await pending()).toEqual(before);
    const aside = await rowsOf('SELECT DISTINCT code, reason FROM set_aside');
    expect(aside).toEqual([
      { code: 'EVENT_ARCHIVED', reason: expect.stringContaining('2026-03-01') },
    ]);
    expect(
      await ingestSaid(world.db, 'a', [job(8_003, Date.parse('2026-03-01T00:00:00Z'))]),
    ).toEqual({ fresh: 1, setAside: 0 });
    expect(await archive()).toEqual({ archived: [], compactedPostings: 0, waiting: null });
    expect(await partitions()).not.toContain('pool_event_2026_02');
  });

  it('takes in old events of a source that had none in the archived months, and archives them too', async () => {
    await seed();
    await archive();
    await openWorld(world.db, ['a', 'b', 'c']);
    const said = inventEvents(9, { fromMs: JANUARY, count: 20, stepMs: DAY_MS / 4 });
    const { fresh, setAside } = await ingestSaid(world.db, 'c', said);
    expect([fresh, setAside]).toEqual([said.length, 0]);
    expect(await archive()).toMatchObject({
      archived: [],
      waiting: expect.stringContaining('events of c came as late as'),
    });
    await hasBeenQuiet();
    expect(await archive()).toMatchObject({
      archived: [{ file: 'pool-events-2026-01.2.copy.gz' }],
    });
    expect(await rebuild()).toMatchObject({ ok: true, findings: [] });
  });

  it('waits for a month that is not quiet, and for a source that is not read to its end', async () => {
    await seed();
    await world.db.$client.query(`UPDATE source SET deep_from_dt = '1970-01-01Z' WHERE id = 'b'`);
    expect((await archive()).waiting).toBe('2026-01 waits: b is not read to its end yet');
    await world.db.$client.query(`UPDATE source SET deep_from_dt = NULL;
      UPDATE pool_event SET received_at = '2026-04-03T00:00:00Z' WHERE source_id = 'a' AND event_id = '9001'`);
    expect((await archive()).waiting).toContain(
      '2026-01 waits: events of a came as late as 2026-04-03',
    );
    expect(await listArchives(world.db)).toEqual([]);
    expect((await archive({ now: new Date('2026-04-12T00:00:00Z') })).archived).toHaveLength(2);
  });

  it('keeps the month when an event comes, or a row changes, after it was written to a file', async () => {
    await seed();
    let change: Promise<unknown> | undefined;
    const meanwhile = (statement: () => Promise<unknown>) =>
      archive({
        onProgress: (words) => {
          if (words.includes('written and compared')) change ??= statement();
          return change;
        },
      });
    const late = await meanwhile(() => ingestSaid(world.db, 'a', [job(7_001, JANUARY + DAY_MS)]));
    await change;
    expect(late).toEqual({
      archived: [],
      compactedPostings: 0,
      waiting: '2026-01 waits: an event came after it was written to a file',
    });
    await hasBeenQuiet();
    change = undefined;
    const changed = await meanwhile(() =>
      world.db.$client.query(
        `UPDATE pool_event SET gross_wei = gross_wei + 1 WHERE event_id = '7001'`,
      ),
    );
    await change;
    expect(changed.archived).toEqual([]);
    await world.db.$client.query(
      `UPDATE pool_event SET gross_wei = gross_wei - 1 WHERE event_id = '7001'`,
    );
    expect((await archive()).archived).toHaveLength(2);
    expect(await rebuild()).toMatchObject({ ok: true, findings: [] });
  });

  it('loses nothing and leaves nothing unfinished when it is killed at any point', async () => {
    await seed();
    const [{ rows, all }] = await everything();
    const points = [
      'looking at',
      'writing',
      'half a file',
      'reading',
      'recording',
      'written and compared',
    ];
    for (const point of points) {
      await killedAt(point);
      expect([point, await everything()]).toEqual([point, [{ rows, all }]]);
      // Postgres needs a moment to notice that the process is gone.
      const rebuilt = await vi.waitFor(rebuild, { timeout: 10_000, interval: 50 });
      expect([point, rebuilt]).toMatchObject([point, { ok: true, events: rows }]);
    }
    expect((await archive()).archived).toHaveLength(2);
    expect(await rebuild()).toMatchObject({ ok: true, findings: [], events: rows });
    expect((await readdir(world.dir)).filter((file) => file.endsWith('.partial'))).toEqual([]);
    await restore(JANUARY);
    await restore(FEBRUARY);
    expect(await everything()).toEqual([{ rows, all }]);
  });

  it('brings a month back as it was, recognizes its events again, and does not archive it again for a while', async () => {
    await seed();
    const before = await everything();
    await archive();
    await expect(restore(Date.parse('2025-01-01T00:00:00Z'))).rejects.toMatchObject({
      code: 'ARCHIVE_UNKNOWN',
    });
    await restore(FEBRUARY);
    const again = inventEvents(5, { fromMs: JANUARY + 2 * DAY_MS, count: 130, stepMs: 55_000_000 });
    const february = again.filter(({ atMs }) => atMs >= FEBRUARY);
    expect(await ingestSaid(world.db, 'a', february)).toEqual({ fresh: 0, setAside: 0 });
    expect(await ingestSaid(world.db, 'a', again.slice(0, 1))).toEqual({
      fresh: 0,
      setAside: 1,
    });
    await restore(JANUARY);
    expect(await everything()).toEqual(before);
    expect(await rowsOf(`SELECT archived_to FROM source WHERE archived_to IS NOT NULL`)).toEqual(
      [],
    );
    const log = await rowsOf(
      `SELECT subject FROM audit_log WHERE action = 'archive.restore' ORDER BY id`,
    );
    expect(log).toEqual([{ subject: '2026-02' }, { subject: '2026-01' }]);
    expect((await archive({ now: new Date() })).waiting).toContain('it was restored lately');
    await world.db.$client.query(`UPDATE event_archive SET restored_at = '2026-01-01Z'`);
    expect((await archive()).archived.map(({ file }) => file)).toEqual([
      'pool-events-2026-01.2.copy.gz',
      'pool-events-2026-02.2.copy.gz',
    ]);
    expect(await rebuild()).toMatchObject({ ok: true, findings: [] });
  });

  for (const zone of ['Europe/Berlin', 'America/New_York']) {
    it(`counts nothing again after a month came back, with Postgres in ${zone}`, async () => {
      const url = new URL(world.url);
      url.searchParams.set('options', `-c TimeZone=${zone}`);
      const db = openDatabase({ url: url.href, maxConnections: 4 });
      try {
        const said = [job(1, FEBRUARY), job(2, APRIL - 60_000), job(3, APRIL)];
        await ingestSaid(db, 'a', said);
        await hasBeenQuiet();
        await archiveMonths(db, {
          dir: world.dir,
          keepMonths: 0,
          now: NOW,
          onProgress: () => undefined,
        });
        await restore(FEBRUARY, db);
        expect(await ingestSaid(db, 'a', said)).toEqual({ fresh: 0, setAside: 1 });
        expect(await checkInvariants(db, { withEvents: true })).toEqual([]);
      } finally {
        await closeDatabase(db);
      }
    });
  }

  it('brings a month back although the DEFAULT partition holds events of it that came since', async () => {
    await ingestSaid(world.db, 'a', [job(1, FEBRUARY)]);
    await hasBeenQuiet();
    await archive();
    await ingestSaid(world.db, 'b', [job(2, FEBRUARY)]);
    await world.db.$client.query(`ALTER TABLE pool_event DETACH PARTITION pool_event_2026_02;
      INSERT INTO pool_event_default SELECT * FROM pool_event_2026_02; DROP TABLE pool_event_2026_02`);
    expect(await restore(FEBRUARY)).toBe(1);
    expect(await rowsOf('SELECT source_id FROM ONLY pool_event_2026_02 ORDER BY 1')).toEqual([
      { source_id: 'a' },
      { source_id: 'b' },
    ]);
    expect(await rebuild()).toMatchObject({ ok: true, events: 2 });
  });

  it('reports events that are both in the table and in a file', async () => {
    await ingestSaid(world.db, 'a', [job(1, FEBRUARY)]);
    await hasBeenQuiet();
    await archive();
    await world.db.$client.query('UPDATE source SET archived_to = NULL');
    await ingestSaid(world.db, 'a', [job(1, FEBRUARY)]);
    await ingestSaid(world.db, 'b', [job(1, FEBRUARY)]);
    expect(await rebuild()).toMatchObject({ ok: true });
    expect(await checkInvariants(world.db, { withEvents: true })).toEqual([
      {
        code: 'EVENT_TWICE',
        message:
          '1 events of a stand in the table of raw events, and their month in pool-events-2026-02.copy.gz',
      },
    ]);
  });

  it('says which file is missing or damaged, and neither compares nor restores then', async () => {
    await seed();
    await archive();
    const [january, february] = ['2026-01', '2026-02'].map((name) =>
      join(world.dir, `pool-events-${name}.copy.gz`),
    );
    await rename(january ?? '', `${january}.away`);
    await truncate(february ?? '', 300);
    const records = await listArchives(world.db, 'archived');
    const damage = await verifyArchives(records, world.dir, () => undefined);
    expect(damage.map(({ code }) => code)).toEqual([
      'ARCHIVE_FILE_MISSING',
      'ARCHIVE_FILE_DAMAGED',
    ]);
    const found = await rebuild();
    expect(found).toMatchObject({ ok: false, findings: damage });
    expect(found.findings[0]?.message).toContain(january);
    await expect(restore(FEBRUARY)).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED' });
    await writeFile(february ?? '', 'no gzip at all');
    expect((await rebuild()).findings[1]).toMatchObject({ code: 'ARCHIVE_FILE_DAMAGED' });
    await rename(`${january}.away`, january ?? '');
    const text = gunzipSync(await readFile(january ?? '')).toString();
    await writeFile(january ?? '', gzipSync(text.replace('job-processed', 'job-forgotten')));
    expect((await rebuild()).findings[0]?.message).toContain('its hash is not the one');
    await writeFile(january ?? '', gzipSync(text));
    expect(await restore(JANUARY)).toBeGreaterThan(0);
  });

  it('gives a month that began in the DEFAULT partition its own, and archives it', async () => {
    await ingestSaid(world.db, 'a', [job(1, FEBRUARY)]);
    await world.db.$client.query(`ALTER TABLE pool_event DETACH PARTITION pool_event_2026_02;
      INSERT INTO pool_event_default SELECT * FROM pool_event_2026_02; DROP TABLE pool_event_2026_02`);
    await ingestSaid(world.db, 'a', [
      job(2, FEBRUARY + DAY_MS),
      job(3, Date.parse('2031-01-01T00:00:00Z')),
    ]);
    await hasBeenQuiet();
    expect((await archive()).archived).toMatchObject([{ month: '2026-02', rows: 2 }]);
    expect(await rowsOf('SELECT event_id FROM ONLY pool_event_default')).toEqual([
      { event_id: '3' },
    ]);
    expect(await rebuild()).toMatchObject({ ok: true, events: 3 });
  });

  it('waits while somebody uses the table, and continues later with the file that it has written', async () => {
    await seed();
    await archive({ keepMonths: null });
    const reader = await world.db.$client.connect();
    await reader.query('BEGIN; SELECT count(*) FROM pool_event');
    const report = await archive({ lockTries: 1 });
    expect(report).toMatchObject({ archived: [], waiting: expect.stringContaining('is in use') });
    await reader.query('COMMIT');
    reader.release();
    const [written] = await listArchives(world.db, 'written');
    expect((await archive()).archived[0]).toMatchObject({ file: written?.file });
    expect((await readdir(world.dir)).length).toBe(2);
  });
});

/** Runs an archiving process that kills itself with SIGKILL when it reports this step. */
async function killedAt(point: string): Promise<void> {
  const half = point === 'half a file';
  const script = `
    import { openDatabase } from './core/db/database.js';
    import { archiveMonths } from './core/history/archive/archiving.js';
    const db = openDatabase({ url: ${JSON.stringify(world.url)} });
    await archiveMonths(db, { dir: ${JSON.stringify(world.dir)}, keepMonths: 1, now: new Date(${NOW.getTime()}), onProgress: (words) => {
      if (${half} && words.startsWith('writing')) setTimeout(() => process.kill(process.pid, 'SIGKILL'), 5);
      else if (words.includes(${JSON.stringify(point)})) process.kill(process.pid, 'SIGKILL');
    } });`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    cwd: ROOT,
    stdio: 'ignore',
  });
  const signal = await new Promise((resolve) =>
    child.once('close', (_, killed) => resolve(killed)),
  );
  expect([point, signal]).toEqual([point, 'SIGKILL']);
}
