import { createHash } from 'node:crypto';
import { readFile, rename, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  APRIL,
  DAY_MS,
  FEBRUARY,
  JANUARY,
  job,
  NOW,
  useArchiveWorld,
} from '../../../test/harness/archive-world.js';
import { ingestSaid, inventEvents } from '../../../test/harness/event-world.js';
import { checkInvariants } from '../../checks/audit/invariants.js';
import { closeDatabase, openDatabase } from '../../db/database.js';
import { listArchives, verifyArchives } from './archived-months.js';
import { archiveMonths } from './archiving.js';

const { world, rowsOf, archive, restore, rebuild, everything, hasBeenQuiet, seed } =
  useArchiveWorld();

describe('archived months', () => {
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

  it('reads and brings back a file from before credits named a rate', async () => {
    await ingestSaid(world.db, 'a', [job(1, FEBRUARY), job(2, FEBRUARY + DAY_MS)]);
    await hasBeenQuiet();
    const before = await everything();
    await archive();
    const path = join(world.dir, 'pool-events-2026-02.copy.gz');
    const text = gunzipSync(await readFile(path)).toString();
    const old = text.replaceAll(/\t[^\t\n]*\n/g, '\n');
    expect(old).not.toContain('rate_id');
    const file = gzipSync(old);
    await writeFile(path, file);
    const sha256 = createHash('sha256').update(file).digest('hex');
    await world.db.$client.query('UPDATE event_archive SET sha256 = $1', [sha256]);
    expect((await rebuild()).findings).toEqual([]);
    expect(await restore(FEBRUARY)).toBe(2);
    expect(await everything()).toEqual(before);
  });

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
});
