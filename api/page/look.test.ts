/** Tests a pool's own look in a real browser: what it changes, what it leaves alone, and that everybody can read it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { browserPath } from '../../test/kit/browser.js';
import { fillPool } from '../../test/kit/filled-pool.js';
import { PageBrowser, shoot } from '../../test/kit/page-browser.js';
import { faultsOf, PAGES } from '../../test/kit/page-looks.js';
import { poolOf } from '../../test/kit/silent-temporal.js';
import { testConfig } from '../../test/kit/test-pool.js';
import { type RunningApi, startApi } from '../serve.js';

// Of all greys these have the least contrast that a configuration is let through with.
const ACCENT = { light: '#717171', dark: '#848484' };
const LOOK = {
  accent: ACCENT,
  welcome: 'Welcome <script>alert(1)</script> to all & everyone',
  site: 'https://pool.example/join?a=1&b=2',
};
const SHOWN = { light: 'rgb(113, 113, 113)', dark: 'rgb(132, 132, 132)' } as const;
const LINK = `getComputedStyle(document.querySelector('footer a')).color`;
const BUTTON = `getComputedStyle(document.querySelector('.search button')).backgroundColor`;

describe.skipIf(browserPath === undefined)('a pool with a look of its own', () => {
  let database: TestDatabase;
  let api: RunningApi;
  let browser: PageBrowser;
  beforeAll(async () => {
    database = await createTestDatabase();
    await fillPool(database.db);
    const config = testConfig();
    const own = { ...config, pool: { ...config.pool, look: LOOK } };
    api = await startApi(poolOf(database.db, { config: own }));
    browser = await PageBrowser.launch();
  });
  afterAll(async () => {
    await browser?.close();
    await api?.stop();
    await database.close();
  });

  it.each(['front', 'payee', 'terms'] as const)(
    'has its accent in light and dark, and no fault that axe finds: %s',
    async (name) => {
      const page = await browser.open('about:blank');
      const complaints: string[] = [];
      page.on('console', (message) => complaints.push(message.text()));
      page.on('pageerror', (error) => complaints.push(error.message));
      await page.goto(`${api.url}${PAGES[name]}`);
      for (const colorScheme of ['light', 'dark'] as const) {
        for (const width of [320, 1280]) {
          const look = [colorScheme, width];
          expect([look, await faultsOf(page, { width, colorScheme })]).toEqual([look, []]);
          await shoot(page, `look-${name}-${colorScheme}-${width}`);
        }
        expect(await page.evaluate(LINK)).toBe(SHOWN[colorScheme]);
        expect(await page.evaluate(BUTTON)).toBe(SHOWN[colorScheme]);
      }
      expect(complaints).toEqual([]);
      await page.context().close();
    },
  );

  it('greets in plain text, links its website, and loads nothing from it', async () => {
    const page = await browser.open('about:blank');
    const hosts = new Set<string>();
    page.on('request', (request) => {
      if (!request.url().startsWith('data:')) hosts.add(new URL(request.url()).origin);
    });
    await page.goto(api.url);
    expect(await page.textContent('.welcome')).toBe(LOOK.welcome);
    const site = page.locator('header a[rel=noreferrer]');
    expect([await site.textContent(), await site.getAttribute('href')]).toEqual([
      'pool.example',
      LOOK.site,
    ]);
    expect([...hosts]).toEqual([api.url]);
    await page.context().close();
  });

  it('leaves forced colours and the operator’s pages alone', async () => {
    const context = { forcedColors: 'active' } as const;
    const page = await browser.open(api.url, { context });
    expect(await page.evaluate(BUTTON)).not.toBe(SHOWN.light);
    await page.context().close();
    const operator = await browser.open(`${api.url}/operator`);
    expect(await operator.evaluate(LINK)).toBe('rgb(10, 107, 72)');
    expect(await operator.locator('header a[rel=noreferrer]').count()).toBe(0);
    await operator.context().close();
  });

  it('allows no more styles than before but its own, by its hash', async () => {
    const policyOf = async (url: string) =>
      (await fetch(url)).headers.get('content-security-policy') ?? '';
    const plain = await startApi(poolOf(database.db));
    const [own, usual] = [await policyOf(api.url), await policyOf(plain.url)];
    await plain.stop();
    expect(own).not.toContain('unsafe');
    expect(own.replace(/ 'sha256-[^']+'(?=;script-src|; script-src)/, '')).toBe(usual);
    expect(own).not.toBe(usual);
  });
});
