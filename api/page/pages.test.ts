/** What holds for every page alike, in a real browser and on a pool three days old. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { useBrowsedPool } from '../../test/kit/browsed-pool.js';
import { browserPath } from '../../test/kit/browser.js';
import { fillPool } from '../../test/kit/filled-pool.js';
import { contrastFaults } from '../../test/kit/page-browser.js';
import { faultsOf, LOOKS, PAGES } from '../../test/kit/page-looks.js';
import { poolOf } from '../../test/kit/silent-temporal.js';
import { type RunningApi, startApi } from '../serve.js';
import { SCRIPT } from './kit/script.js';

const MOST_PAGE_BYTES = 60_000;
const MOST_SCRIPT_BYTES = 15_000;

/** How the keys of the amounts look: what they are filled with, and what stands around it. */
const FORMS = `[...document.querySelectorAll('.totals dt i')].map((one) => {
  const { backgroundColor, borderStyle, borderColor } = getComputedStyle(one);
  return borderStyle === 'none' ? backgroundColor : backgroundColor + ' in ' + borderColor;
})`;
/** How the tabs look: the chosen one differs from the others. */
const TABS = `[...document.querySelectorAll('nav.tabs a')].map((one) => getComputedStyle(one).backgroundColor)`;

describe.skipIf(browserPath === undefined)('every page', () => {
  const world = useBrowsedPool(fillPool);

  it.each([true, false])(
    'has no fault that axe finds, and no sideways scrolling, script: %s',
    async (script) => {
      for (const [name, path] of Object.entries(PAGES)) {
        const page = await world.browser.open(`${world.api.url}${path}`, { isBare: !script });
        // Each page once in each theme; every page, theme and width is tried by pages.long.test.ts.
        const looks = script ? [LOOKS.wide, LOOKS.narrow] : [LOOKS.phone];
        for (const look of looks) expect([name, await faultsOf(page, look)]).toEqual([name, []]);
        await page.context().close();
      }
    },
  );

  it.each(['light', 'dark'] as const)(
    'can be read in forced colours on a %s ground, and says by form what it says by colour',
    async (colorScheme) => {
      const context = { forcedColors: 'active' } as const;
      const page = await world.browser.open('about:blank', { colorScheme, context });
      for (const path of [PAGES.front, PAGES.payee, PAGES.pool]) {
        await page.goto(`${world.api.url}${path}`);
        expect([path, await contrastFaults(page)]).toEqual([path, []]);
        const looks = await page.evaluate<string[]>(FORMS);
        expect([path, new Set(looks).size]).toEqual([path, looks.length]);
        expect(looks.length).toBeGreaterThan(1);
        const tab = await page.evaluate<string[]>(TABS);
        expect([path, new Set(tab).size]).toEqual([path, tab.length === 0 ? 0 : 2]);
      }
      await page.context().close();
    },
  );

  it('comes alone, under its own policy, and is small', async () => {
    expect(Buffer.byteLength(SCRIPT)).toBeLessThan(MOST_SCRIPT_BYTES);
    for (const path of Object.values(PAGES)) {
      const page = await world.browser.open('about:blank');
      const complaints: string[] = [];
      const hosts = new Set<string>();
      page.on('console', (message) => complaints.push(message.text()));
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('request', (request) => {
        if (!request.url().startsWith('data:')) hosts.add(new URL(request.url()).origin);
      });
      const response = await page.goto(`${world.api.url}${path}`);
      expect((await response?.body())?.byteLength, path).toBeLessThan(MOST_PAGE_BYTES);
      expect([...hosts]).toEqual([world.api.url]);
      expect(complaints.filter((text) => !text.includes('status of 400'))).toEqual([]);
      const background = await page.evaluate('getComputedStyle(document.body).backgroundColor');
      expect(background).not.toBe('rgba(0, 0, 0, 0)');
      await page.context().close();
    }
  });
});

describe('the links', () => {
  let database: TestDatabase;
  let api: RunningApi;
  beforeAll(async () => {
    database = await createTestDatabase();
    await fillPool(database.db);
    api = await startApi(poolOf(database.db));
  });
  afterAll(async () => {
    await api.stop();
    await database.close();
  });

  it('of a pool three days old all lead somewhere, and none to this machine or to Temporal', async () => {
    const seen = new Set<string>();
    const outside = new Set<string>();
    const queue = ['/'];
    for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
      if (seen.has(path)) continue;
      seen.add(path);
      const response = await fetch(`${api.url}${path}`);
      expect([path, response.status]).toEqual([path, 200]);
      const body = await response.text();
      if (response.headers.get('content-type')?.startsWith('text/html') !== true) continue;
      for (const [, href = ''] of body.matchAll(/<a [^>]*href="([^"]*)"/g)) {
        const url = new URL(href.replaceAll('&amp;', '&'), `${api.url}${path}`);
        if (url.origin === api.url) queue.push(`${url.pathname}${url.search}`);
        else outside.add(url.origin);
      }
    }
    expect(seen.size).toBeGreaterThan(12);
    expect([...outside]).toEqual(['https://explorer.example']);
  });
});
