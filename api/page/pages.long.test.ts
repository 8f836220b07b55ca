/** Every page in every theme and width, with its script and without. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { browserPath } from '../../test/kit/browser.js';
import { fillPool } from '../../test/kit/filled-pool.js';
import { PageBrowser, shoot } from '../../test/kit/page-browser.js';
import { faultsOf, PAGES } from '../../test/kit/page-looks.js';
import { poolOf } from '../../test/kit/silent-temporal.js';
import { type RunningApi, startApi } from '../serve.js';

describe.skipIf(browserPath === undefined)('every page in every look', () => {
  let database: TestDatabase;
  let api: RunningApi;
  let browser: PageBrowser;

  beforeAll(async () => {
    database = await createTestDatabase();
    await fillPool(database.db);
    api = await startApi(poolOf(database.db));
    browser = await PageBrowser.launch();
  });
  afterAll(async () => {
    await browser?.close();
    await api?.stop();
    await database.close();
  });

  it.each(Object.entries(PAGES))('has no fault: %s', async (name, path) => {
    for (const script of [true, false]) {
      const page = await browser.open(`${api.url}${path}`, { isBare: !script });
      for (const colorScheme of ['light', 'dark'] as const) {
        for (const width of [320, 360, 1280]) {
          const look = [script, colorScheme, width];
          expect([look, await faultsOf(page, { width, colorScheme })]).toEqual([look, []]);
          if (script) await shoot(page, `${name}-${colorScheme}-${width}`);
        }
      }
      await page.context().close();
    }
  });
});
