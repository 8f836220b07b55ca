/** A pool that listens, and a browser to look at its pages. */
import { afterAll, beforeAll } from 'vitest';
import type { RunningApi } from '../../api/serve.js';
import { startApi } from '../../api/serve.js';
import type { Database } from '../../core/db/database.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { PageBrowser } from './page-browser.js';
import { poolOf } from './silent-temporal.js';

/** To be called once inside a `describe`; the tests in it share the pool and the browser. */
export function useBrowsedPool(fill: (db: Database) => Promise<unknown>) {
  const world = {} as { database: TestDatabase; api: RunningApi; browser: PageBrowser };
  beforeAll(async () => {
    world.database = await createTestDatabase();
    await fill(world.database.db);
    world.api = await startApi(poolOf(world.database.db));
    world.browser = await PageBrowser.launch();
  });
  afterAll(async () => {
    await world.browser?.close();
    await world.api?.stop();
    await world.database.close();
  });
  return world;
}
