/** The page of how the pool runs, in a real browser. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.js';
import { browserPath } from '../../../test/kit/browser.js';
import { fillPool } from '../../../test/kit/filled-pool.js';
import { PageBrowser } from '../../../test/kit/page-browser.js';
import { poolOf } from '../../../test/kit/silent-temporal.js';
import { type RunningApi, startApi } from '../../serve.js';

describe.skipIf(browserPath === undefined)('the page of how the pool runs', () => {
  let database: TestDatabase;
  let api: RunningApi;
  let browser: PageBrowser;

  beforeAll(async () => {
    database = await createTestDatabase();
    await fillPool(database.db);
    api = await startApi(poolOf(database.db, { version: '1.2.3' }));
    browser = await PageBrowser.launch();
  });
  afterAll(async () => {
    await browser?.close();
    await api?.stop();
    await database.close();
  });
  const open = () => browser.open(`${api.url}/pool`);

  it('shows totals with every wei to reach by keyboard, and why payouts wait', async () => {
    const page = await open();
    const words = await page.textContent('body');
    for (const expected of [
      'Northern Lights Pool',
      'nothing is paid: no worker runs',
      'Nothing is paid: Temporal is away (TEMPORAL_UNREACHABLE)',
      'fee cap 0.1 gwei is below base fee 0.3 gwei',
      'FEE_ABOVE_CAP',
      'waiting for 3 more confirmations',
      'EVENT_SOURCE_UNREACHABLE',
      '12 jobs worth 0.001 ETH unattributed',
    ]) {
      expect(words).toContain(expected);
    }
    expect(words).not.toContain('10.1.2.3');
    expect(words).not.toContain('video.example');
    const paid = page.locator('.totals dd .eth').first();
    expect(await paid.textContent()).toBe('1.855555');
    await paid.focus();
    const bubble = "getComputedStyle(document.activeElement, '::after').content";
    const shown = String(await page.evaluate(bubble));
    expect(shown.replace(/\D/g, '')).toBe('1855555515000000000');
    await page.context().close();
  });

  it('shows findings, the most severe first and acknowledged ones last, and a chart of the hours', async () => {
    const page = await open();
    const section = page.locator('section', { hasText: 'What wants a look' });
    expect(await section.locator('.pill').allTextContents()).toEqual([
      'PRICE_JUMP',
      'SOURCE_FAILING',
      'EVENTS_UNKNOWN',
    ]);
    const words = (await section.textContent()) ?? '';
    expect(words).toMatch(/the sentinel looked \d+ s ago/);
    expect(words).toContain('events within a day of a type or version that is not known');
    expect(words).not.toContain('<script>x</script>');
    expect(words).toContain('Acknowledged by cli.');
    const charts = page.locator('svg.hours');
    expect(await charts.count()).toBe(2);
    expect(await charts.first().locator('g').count()).toBe(48);
    const label = await charts.nth(1).getAttribute('aria-label');
    expect(label).toMatch(/^[\d\u202f]+ events in 48 hours, [\d\u202f]+ in the busiest$/);
    const titles = await charts.nth(1).locator('title').allTextContents();
    expect(titles.filter((title) => title.includes('without a fee'))).toHaveLength(6);
    // The page's content policy allows no inline style, so bars sized by a style would have height 0.
    const heights = (await page.evaluate(
      `[...document.querySelectorAll('svg.hours g rect')].map((r) => r.getBoundingClientRect().height)`,
    )) as number[];
    expect(Math.max(...heights)).toBeGreaterThan(30);
    expect(Math.min(...heights)).toBeGreaterThan(0);
    await page.context().close();
  });

  it('shows markup from outside as text', async () => {
    const page = await open();
    expect(await page.title()).toBe('How the pool runs: Northern Lights Pool');
    expect(await page.textContent('body')).toContain('<script>document.title');
    await page.context().close();
  });

  it('shows an empty pool as one that has not begun', async () => {
    const empty = await createTestDatabase();
    const fresh = await startApi(poolOf(empty.db));
    const words = await (await fetch(`${fresh.url}/pool`)).text();
    expect(words).toContain('the sentinel has not looked yet');
    expect(words).toContain('Nothing: what comes in looks as usual.');
    await fresh.stop();
    await empty.close();
  });
});
