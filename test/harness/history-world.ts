/** What the tests of archive and rebuild share: a world of two sources, a directory for the files, and rebuilds of it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { type RebuildOrder, rebuildBalances } from '../../core/history/rebuild/rebuild.js';
import { createTestDatabase, type TestDatabase } from './database.js';
import { openWorld } from './event-world.js';

/** Gives each test of the file a database with the sources a and b, and an empty directory. */
export function useHistory() {
  let database: TestDatabase;
  const world = {
    dir: '',
    get db() {
      return database.db;
    },
    get url() {
      return database.url;
    },
  };
  beforeEach(async () => {
    world.dir = await mkdtemp(join(tmpdir(), 'openpool-history-'));
    database = await createTestDatabase();
    await openWorld(database.db);
  });
  afterEach(async () => {
    await database.close();
    await rm(world.dir, { recursive: true, force: true });
  });
  const rowsOf = async (statement: string) => (await database.db.$client.query(statement)).rows;
  const rebuild = (changes: Partial<RebuildOrder> = {}) =>
    rebuildBalances(database.db, {
      archiveDir: world.dir,
      actor: 'test',
      apply: null,
      keep: false,
      onProgress: () => undefined,
      ...changes,
    });
  return { world, rowsOf, rebuild };
}
