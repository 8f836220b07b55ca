/** A page that follows the pool while somebody reads it, in a real browser. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { browserPath } from '../../test/kit/browser.js';
import { fillPool } from '../../test/kit/filled-pool.js';
import { PageBrowser } from '../../test/kit/page-browser.js';
import { poolOf } from '../../test/kit/silent-temporal.js';
import { addressOf, post } from '../../test/kit/test-pool.js';
import { type RunningApi, startApi } from '../serve.js';

const MILLI_ETH = 10n ** 15n;
const PAYEE = addressOf(1);

describe.skipIf(browserPath === undefined)('a page that is open', () => {
  let database: TestDatabase;
  let api: RunningApi;
  let browser: PageBrowser;
  let page: Page;

  beforeAll(async () => {
    database = await createTestDatabase();
    await fillPool(database.db);
    api = await startApi({ ...poolOf(database.db), answersKeptMs: 1_000 });
    browser = await PageBrowser.launch();
    page = await browser.open(`${api.url}/payees/${PAYEE}`, {
      context: { timezoneId: 'Asia/Tokyo', locale: 'en-GB' },
    });
    await page.waitForResponse((response) => response.url().includes('live='));
  });
  afterAll(async () => {
    await browser?.close();
    await api?.stop();
    await database.close();
  });

  const credit = () =>
    post(database.db, 'jobs', [
      ['revenue', 0, -MILLI_ETH],
      ['pending', 1, MILLI_ETH],
    ]);
  const pending = () => page.locator('[data-key=pending] dd.exact').textContent();

  it('shows a change two seconds after its commit, and keeps place, focus and open details', async () => {
    const before = await pending();
    await page.locator('summary').last().click();
    await page.locator('summary').last().focus();
    await page.evaluate('document.activeElement.marked = true; scrollTo(0, 300)');
    const began = performance.now();
    await credit();
    await expect.poll(pending, { interval: 20 }).not.toBe(before);
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(await page.evaluate('document.activeElement.marked')).toBe(true);
    expect(await page.evaluate('document.activeElement.parentElement.open')).toBe(true);
    expect(await page.evaluate('scrollY')).toBe(300);
  });

  it('shows times in the zone of its reader', async () => {
    const [shown, iso] = (await page.evaluate(
      `(() => { const at = document.querySelector('footer time'); return [at.textContent, at.dateTime]; })()`,
    )) as [string, string];
    const tokyo = new Intl.DateTimeFormat('en-GB', {
      dateStyle: 'medium',
      timeStyle: 'short',
      timeZone: 'Asia/Tokyo',
    });
    expect(shown).toBe(tokyo.format(new Date(iso)));
  });

  it('stands still while it is paused, also after it was opened again, and follows after that', async () => {
    await page.click('#pause');
    await page.reload();
    expect(await page.textContent('#pause')).toBe('Resume updates');
    const before = await pending();
    await credit();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(await pending()).toBe(before);
    await page.click('#pause');
    await expect.poll(pending, { interval: 20 }).not.toBe(before);
  });
});
