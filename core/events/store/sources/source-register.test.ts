import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../../test/harness/database.js';
import { forgetWorker, noteWorker } from '../../../ledger/store/worker-processes.js';
import { beginPass, completePass, readProgress } from './source-progress.js';
import { registerSources, retireSources } from './source-register.js';

let database: TestDatabase;

const source = (id: string, readsFrom: string, from: Date | null = null) =>
  ({ id, readsFrom, kind: 'k', region: 'eu', nodeType: 'ai', from }) as const;
const removed = async () =>
  (await database.db.$client.query('SELECT id FROM source WHERE removed_at IS NOT NULL')).rows;

describe('registering sources', () => {
  beforeEach(async () => {
    database = await createTestDatabase();
  });
  afterEach(() => database.close());

  it('keeps the ids that are gone from the configuration, and takes them back', async () => {
    await registerSources(database.db, [source('a', 'http://a'), source('b', 'http://b')]);
    await registerSources(database.db, [source('b', 'http://b')]);
    expect(await removed()).toEqual([{ id: 'a' }]);
    await registerSources(database.db, [source('a', 'http://a')]);
    expect(await removed()).toEqual([{ id: 'b' }]);
    await registerSources(database.db, []);
    expect(await removed()).toHaveLength(2);
  });

  it('leaves a source to the running worker that reads it, whatever another worker’s configuration says', async () => {
    const { db } = database;
    const [a, b] = [source('a', 'http://a'), source('b', 'http://b')];
    await registerSources(db, [a, b]);
    const reader = { id: randomUUID(), version: '1', sources: ['a', 'b'], host: 'here' };
    await noteWorker(db, reader);
    await registerSources(db, [b]);
    expect(await removed()).toEqual([]);
    await forgetWorker(db, reader.id);
    await retireSources(db, ['b']);
    expect(await removed()).toEqual([{ id: 'a' }]);
    // The worker was thought to be gone, and still reads the source.
    await retireSources(db, ['a', 'b']);
    expect(await removed()).toEqual([]);
  });

  it('refuses two that read the same place, also when the first is gone, and changes nothing', async () => {
    const twins = [source('a', 'http://a'), source('b', 'http://a')];
    await expect(registerSources(database.db, twins)).rejects.toMatchObject({
      code: 'SOURCE_READ_TWICE',
    });
    await registerSources(database.db, [source('a', 'http://a')]);
    await registerSources(database.db, []);
    await expect(registerSources(database.db, [source('z', 'http://a')])).rejects.toMatchObject({
      code: 'SOURCE_READ_TWICE',
    });
    await expect(readProgress(database.db, 'z')).rejects.toMatchObject({ code: 'SOURCE_UNKNOWN' });
  });

  it('refuses a place inside another or around it, whichever comes first', async () => {
    const read = 's3://host/bucket/us/';
    await registerSources(database.db, [source('a', read)]);
    for (const place of ['s3://host/bucket/', 's3://host/bucket/us/ai/']) {
      await expect(
        registerSources(database.db, [source('a', read), source('b', place)]),
      ).rejects.toMatchObject({
        code: 'SOURCE_READ_TWICE',
        message: `source "b" is to read ${place}, and some of it is in ${read}, which source "a" reads`,
      });
    }
    const dumps = [source('x', 'file:/d/*.json'), source('y', 'file:/d/2024*')];
    await expect(registerSources(database.db, dumps)).rejects.toMatchObject({
      code: 'SOURCE_READ_TWICE',
    });
    await registerSources(database.db, [source('a', read), source('b', 's3://host/bucket/us-2/')]);
  });

  it('accepts two again that were registered before overlaps were refused', async () => {
    const places = ['file:/d/*.json', 'file:/d/2024*'];
    await database.db.$client.query(
      `INSERT INTO source (id, kind, reads_from) VALUES ('x', 'file', $1), ('y', 'file', $2)`,
      places,
    );
    await registerSources(database.db, [source('x', 'file:/d/*.json')]);
    await registerSources(database.db, [
      source('x', 'file:/d/*.json'),
      source('y', 'file:/d/2024*'),
    ]);
    expect(await removed()).toEqual([]);
  });

  it('refuses an id that is to read something else', async () => {
    await registerSources(database.db, [source('a', 'http://a')]);
    await expect(registerSources(database.db, [source('a', 'http://b')])).rejects.toMatchObject({
      code: 'SOURCE_MOVED',
    });
  });

  it('can be done by several processes at once', async () => {
    const sources = [source('a', 'http://a'), source('b', 'http://b')];
    await Promise.all(Array.from({ length: 6 }, () => registerSources(database.db, sources)));
    expect(await removed()).toEqual([]);
  });

  it('asks for everything again when the start of a source is moved', async () => {
    const [startedAt, cursor] = [new Date('2026-01-02'), new Date('2026-01-01')];
    await registerSources(database.db, [source('a', 'http://a', cursor)]);
    const pass = {
      ...{ sourceId: 'a', from: cursor, coversFrom: cursor, isDeep: true, startedAt },
    };
    await beginPass(database.db, pass);
    await completePass(database.db, pass, { cursor, endedAt: startedAt });
    await registerSources(database.db, [source('a', 'http://a', cursor)]);
    expect(await readProgress(database.db, 'a')).toMatchObject({
      ...{ cursorDt: cursor, deepFromDt: null, deepPassAt: startedAt, archivedTo: null },
    });
    await registerSources(database.db, [source('a', 'http://a', new Date('2025-06-01'))]);
    expect(await readProgress(database.db, 'a')).toMatchObject({
      ...{ deepFromDt: new Date(0), deepPassAt: null },
    });
    // A worker that does not know the new start yet does not cover what is asked for now.
    await beginPass(database.db, pass);
    await completePass(database.db, pass, { cursor, endedAt: startedAt });
    expect(await readProgress(database.db, 'a')).toMatchObject({
      ...{ deepFromDt: new Date(0), deepPassAt: null },
    });
    const moved = { ...pass, from: new Date('2025-06-01'), coversFrom: new Date('2025-06-01') };
    await beginPass(database.db, moved);
    await completePass(database.db, moved, { cursor, endedAt: startedAt });
    expect(await readProgress(database.db, 'a')).toMatchObject({
      ...{ deepFromDt: null, deepPassAt: startedAt },
    });
  });
});
