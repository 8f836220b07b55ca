import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../../test/harness/database.js';
import {
  findQuickStart,
  isListingDue,
  listObjectFindings,
  listUnread,
  type ReadObject,
  recordListing,
  recordObjects,
} from './source-objects.js';
import { listSources } from './source-reads.js';
import { registerSources } from './source-register.js';

const NOW = new Date('2026-03-01T12:00:00Z');
const later = (minutes: number): Date => new Date(NOW.getTime() + minutes * 60_000);
const TORN = { code: 'EVENT_SOURCE_TRUNCATED', message: 'half\0' };

let database: TestDatabase;

const object = (
  key: string,
  version = 'v1',
  failure: ReadObject['failure'] = null,
): ReadObject => ({
  ...{ key, version, sizeBytes: 10, failure },
});
const record = (objects: readonly ReadObject[], now = NOW): Promise<void> =>
  recordObjects(database.db, 's', { objects, now });
const unread = async (objects: readonly ReadObject[], now = NOW): Promise<readonly string[]> =>
  (await listUnread(database.db, { sourceId: 's', objects, now })).map(({ key }) => key);
const quickStart = (prefix: string, now = NOW): Promise<string | null> =>
  findQuickStart(database.db, { sourceId: 's', prefix, now });

describe('objects of a source', () => {
  beforeEach(async () => {
    database = await createTestDatabase();
    const source = { id: 's', kind: 's3', readsFrom: 's3://h/b/', region: null, nodeType: null };
    await registerSources(database.db, [{ ...source, from: null }]);
  });
  afterEach(() => database.close());

  it('are unread when they are new, another version, another size, or due', async () => {
    await record([object('a'), object('b'), object('c'), object('d', 'v1', TORN)]);
    const listed = [object('a'), object('b', 'v2'), { ...object('c'), sizeBytes: 11 }];
    expect(await unread([...listed, object('d'), object('e')])).toEqual(['b', 'c', 'd', 'e']);
    expect(await unread([])).toEqual([]);
  });

  it('of another source do not matter', async () => {
    await record([object('a')]);
    const query = { sourceId: 'other', objects: [object('a')], now: NOW };
    expect(await listUnread(database.db, query)).toHaveLength(1);
  });

  it('that stay incomplete are due less and less often, and at once when they change', async () => {
    const half = object('a', 'v1', TORN);
    await record([half]);
    await record([half], later(60));
    expect(await unread([half], later(119))).toEqual([]);
    expect(await unread([half], later(120))).toEqual(['a']);
    await record([half], later(60 * 24 * 30));
    expect(await unread([half], later(60 * 24 * 31))).toEqual(['a']);
    await record([object('a', 'v2', TORN)], later(60 * 24 * 31));
    expect(await unread([object('a', 'v2')], later(60 * 24 * 31))).toEqual(['a']);
    expect((await listObjectFindings(database.db, { sourceId: 's', limit: 9 })).incomplete).toEqual(
      [
        {
          ...{ sourceId: 's', key: 'a', version: 'v2', sizeBytes: 10, code: TORN.code },
          ...{ message: 'half\\x00', since: later(60 * 24 * 31), readAt: later(60 * 24 * 31) },
        },
      ],
    );
  });

  it('that were overwritten are counted, and listed with both versions', async () => {
    await record([object('a'), object('b', 'v1', TORN), object('a')]);
    await record([object('a', 'v2'), object('b', 'v2')], later(1));
    const { changed } = await listObjectFindings(database.db, { sourceId: 's', limit: 9 });
    expect(
      changed.map(({ key, oldVersion, newVersion, wasWhole }) => [
        key,
        oldVersion,
        newVersion,
        wasWhole,
      ]),
    ).toEqual(
      expect.arrayContaining([
        ['a', 'v1', 'v2', true],
        ['b', 'v1', 'v2', false],
      ]),
    );
    expect(await listSources(database.db, NOW)).toMatchObject([
      { incompleteObjects: 0, overwrittenObjects: 1 },
    ]);
  });

  it('are skipped by a quick listing up to a thousand before the last of their folder', async () => {
    const folder = (name: string, count: number): ReadObject[] =>
      Array.from({ length: count }, (_, i) => object(`${name}/${10_000 + i}`));
    await record([...folder('a', 1_500), ...folder('b', 1_000)]);
    expect(await quickStart('a/')).toBe('a/10499');
    expect(await quickStart('b/')).toBeNull();
    expect(await quickStart('c/')).toBeNull();
    expect(await quickStart('')).toBeNull();
    // An object that is due is listed, however old it is.
    await record([object('a/10007', 'v1', TORN)], later(1));
    expect(await quickStart('a/', later(1))).toBe('a/10006');
    await record([object('a/10000', 'v1', TORN)], later(1));
    expect(await quickStart('a/', later(1))).toBeNull();
  });

  it('are sorted as the storage sorts them, by their bytes', async () => {
    const keys = ['a/B', 'a/a', 'a/é', 'a/\u{1F600}'];
    await record(
      [...keys, ...Array.from({ length: 1_000 }, (_, i) => `a/\u{1F601}${10_000 + i}`)].map((key) =>
        object(key),
      ),
    );
    expect(await quickStart('a/')).toBe('a/\u{1F600}');
  });

  it('are all listed once a day, and again until a listing has succeeded', async () => {
    const isDue = (now: Date): Promise<boolean> => isListingDue(database.db, 's', now);
    expect(await isDue(NOW)).toBe(true);
    await recordListing(database.db, 's', NOW);
    expect(await isDue(later(60 * 24 - 1))).toBe(false);
    expect(await isDue(later(60 * 24))).toBe(true);
  });
});
