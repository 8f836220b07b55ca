/** The page in a real browser: what it says, that it runs no script, and that nothing is cut off. */
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../core/db/database.js';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { browserPath, screenshotDir } from '../../test/kit/browser.js';
import { poolOf } from '../../test/kit/silent-temporal.js';
import {
  addConnection,
  addPayout,
  addressOf,
  addTerms,
  addWallet,
  addWorker,
  post,
} from '../../test/kit/test-pool.js';
import { type RunningApi, startApi } from '../serve.js';

const GWEI = 10n ** 9n;
const MILLI_ETH = 10n ** 15n;
const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);

async function fillPool(db: Database): Promise<void> {
  await addTerms(db, 5n * MILLI_ETH);
  await addWallet(db);
  await db.execute(sql`
    INSERT INTO source (id, kind, reads_from, region, node_type, cursor_dt, last_success_at, last_error_code, last_error) VALUES
      ('orchestrator-ai', 'orchestrator-http', 'https://ai.example/pool', NULL, NULL,
       ${minutesAgo(0.2).toISOString()}, ${minutesAgo(0.1).toISOString()}, NULL, NULL),
      ('orchestrator-video', 'orchestrator-http', 'https://video.example:7935/pool', 'eu-central', 'transcode',
       ${minutesAgo(31).toISOString()}, ${minutesAgo(30).toISOString()}, 'EVENT_SOURCE_UNREACHABLE',
       'https://video.example:7935/pool/events does not answer: connect ECONNREFUSED 10.1.2.3:7935')`);
  await db.execute(sql`
    INSERT INTO event_count (source_id, hour, event_type, version, events) VALUES
      ('orchestrator-ai', date_trunc('hour', now()), 'job-processed', 1, 2344),
      ('orchestrator-ai', now() - interval '5 days', 'job-processed', 1, 3182344)`);
  // The test data: events rise and fall with day and night, one source goes silent, and some of its jobs were free.
  await db.execute(sql`
    INSERT INTO event_count (source_id, hour, event_type, version, events, zero_fee_events)
    SELECT id, date_trunc('hour', now()) - n * interval '1 hour', 'job-processed', 1,
           (2000 * (1.2 + sin(n * pi() / 12 + k)) * k)::bigint + n * 7,
           CASE WHEN k = 2 AND n BETWEEN 3 AND 8 THEN 900 + n * 90 ELSE 0 END
      FROM generate_series(1, 47) n,
           (VALUES ('orchestrator-ai', 1), ('orchestrator-video', 2)) source (id, k)
     WHERE k = 1 OR n > 2`);
  await db.execute(sql`
    INSERT INTO setting (key, value) VALUES ('sentinel.looked-at', ${minutesAgo(0.2).toISOString()})`);
  await db.execute(sql`
    INSERT INTO finding (code, source_id, subject, severity, words, figures, opened_at, seen_at,
                         acknowledged_at, acknowledged_by, acknowledged_reason) VALUES
      ('SOURCE_FAILING', 'orchestrator-video', '', 'warning',
       'no pass has ended well for 30 min: every pass fails with EVENT_SOURCE_UNREACHABLE', '{}',
       ${minutesAgo(15).toISOString()}, now(), NULL, NULL, NULL),
      ('EVENTS_UNKNOWN', 'orchestrator-ai', 'x', 'warning',
       '3 events of a type or version that this program does not know came within a day: <script>x</script> v1 of http://10.9.8.7:80/',
       '{}', ${minutesAgo(400).toISOString()}, now(), now(), 'cli', 'they come with their next release'),
      ('PRICE_JUMP', 'orchestrator-ai', 'ai / text-to-image / sdxl', 'grave',
       'a unit of ai / text-to-image / sdxl costs 1200 wei, usually 100: 12.00 times as much', '{}',
       ${minutesAgo(44).toISOString()}, now(), NULL, NULL, NULL),
      ('SOURCE_SILENT', 'orchestrator-ai', '', 'grave', 'long ago', '{}',
       ${minutesAgo(4000).toISOString()}, now(), NULL, NULL, NULL)`);
  await db.execute(sql`UPDATE finding SET resolved_at = now() WHERE code = 'SOURCE_SILENT'`);
  const regions = ['us-west', 'eu-central', 'ap-south'];
  for (let n = 1; n <= 9; n += 1) {
    const nodeType = n % 3 === 0 ? 'ai' : 'transcode';
    const id = await addWorker(db, {
      payee: addressOf(n),
      nodeType,
      region: regions[n % 3] ?? '',
      jobs: 811 * n * n,
      pendingWei: BigInt(n) * 1_234_567n * GWEI,
      reservedWei: n < 4 ? 7n * MILLI_ETH : 0n,
      paidWei: BigInt(10 - n) * 41_234_567n * GWEI,
      lastEventAt: minutesAgo(n * n),
    });
    const row = { sourceId: 'orchestrator-ai', workerId: id, connection: '10.0.0.1:1', seq: 1 };
    if (n < 7) await addConnection(db, { ...row, at: minutesAgo(60) });
  }
  await post(db, 'unattributed', [
    ['revenue', 0, -MILLI_ETH],
    ['unattributed', 0, MILLI_ETH],
  ]);
  await db.execute(sql`
    INSERT INTO unmatched_job (source_id, dt, event_id, role, gross_wei, reason)
    SELECT 'orchestrator-ai', now(), n::text, 'processed', 1, 'no-other-half' FROM generate_series(1, 12) n`);
  await fillPayouts(db);
}

async function fillPayouts(db: Database): Promise<void> {
  const open = { amountWei: 7n * MILLI_ETH };
  await addPayout(db, {
    ...open,
    payee: addressOf(1),
    state: 'signed',
    createdAt: minutesAgo(2),
    nonce: 90,
    wait: ['AWAITING_CONFIRMATIONS', 'waiting for 3 more confirmations'],
  });
  await addPayout(db, {
    ...open,
    payee: addressOf(2),
    state: 'reserved',
    createdAt: minutesAgo(190),
    wait: [
      'FEE_ABOVE_CAP',
      'fee cap 0.1 gwei is below base fee 0.3 gwei: raise chain.maxFeePerGas or wait',
    ],
  });
  await addPayout(db, {
    ...open,
    payee: addressOf(3),
    state: 'reserved',
    createdAt: minutesAgo(45),
    holdReason: 'the payee <script>document.title = "broken in"</script> asked to wait',
  });
  for (let n = 1; n <= 9; n += 1) {
    const state = n === 4 ? 'refused' : n === 7 ? 'cancelled' : 'paid';
    await addPayout(db, {
      payee: addressOf(n),
      amountWei: BigInt(10 - n) * 41_234_567n * GWEI,
      state,
      createdAt: minutesAgo(240 * n),
      closedAt: minutesAgo(240 * n - 1),
      ...(state === 'cancelled' ? {} : { nonce: n }),
    });
  }
}

describe.skipIf(browserPath === undefined)('the status page in a browser', () => {
  let database: TestDatabase;
  let api: RunningApi;
  let browser: Browser;

  beforeAll(async () => {
    database = await createTestDatabase();
    await fillPool(database.db);
    api = await startApi(poolOf(database.db, { version: '1.2.3' }));
    browser = await chromium.launch({
      executablePath: browserPath ?? '',
      args: ['--no-sandbox'],
    });
  });
  afterAll(async () => {
    await browser?.close();
    await api?.stop();
    await database.close();
  });

  async function open(width: number, colorScheme: 'light' | 'dark'): Promise<Page> {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    const response = await page.goto(api.url);
    expect(response?.status()).toBe(200);
    if (screenshotDir !== undefined) {
      const path = join(screenshotDir, `status-${colorScheme}-${width}.png`);
      await page.screenshot({ path, fullPage: true });
    }
    return page;
  }

  it('shows totals with every wei to point at, and why payouts wait', async () => {
    const page = await open(1280, 'light');
    const words = await page.textContent('body');
    for (const expected of [
      'Northern Lights Pool',
      'nothing is paid: no worker runs',
      'Nothing is paid: Temporal is away (TEMPORAL_UNREACHABLE)',
      '6 of 9 online',
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
    const paid = page.locator('.totals dd span').first();
    expect((await paid.getAttribute('title'))?.replace(/\D/g, '')).toBe('1855555515000000000');
    expect(await paid.textContent()).toBe('1.855555');
    const links = await page.locator('a', { hasText: 'Temporal' }).first().getAttribute('href');
    expect(links).toMatch(
      /^http:\/\/127.0.0.1:8233\/namespaces\/default\/workflows\/test-pool%2Fpayout%2F/,
    );
    await page.close();
  });

  it('shows findings, the most severe first and acknowledged ones last, and a chart of the hours', async () => {
    const page = await open(1280, 'light');
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
    await page.close();
  });

  it('shows markup from outside as text, and would run no script anyway', async () => {
    const page = await open(1280, 'dark');
    expect(await page.title()).toBe('Northern Lights Pool: open pool');
    expect(await page.textContent('body')).toContain('<script>document.title');
    expect(await page.locator('script').count()).toBe(0);
    await page.close();
  });

  it('styles itself under its own policy, with nothing loaded from anywhere else', async () => {
    const page = await browser.newPage();
    const complaints: string[] = [];
    const requests: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(api.url);
    expect(complaints).toEqual([]);
    expect(requests.filter((url) => !url.startsWith('data:'))).toEqual([`${api.url}/`]);
    const background = await page.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(background).not.toBe('rgba(0, 0, 0, 0)');
    await page.close();
  });

  it.each([360, 390, 768, 1024])('needs no sideways scrolling at %i pixels', async (width) => {
    const page = await open(width, 'light');
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    const cut = await page.evaluate(
      `[...document.querySelectorAll('section')].filter((s) => s.scrollWidth > s.clientWidth + 1).length`,
    );
    expect(cut).toBe(0);
    await page.close();
  });

  it('shows an empty pool as one that has not begun', async () => {
    const empty = await createTestDatabase();
    const fresh = await startApi(poolOf(empty.db));
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await page.goto(fresh.url);
    const words = await page.textContent('body');
    expect(words).toContain('No worker has connected yet.');
    expect(words).toContain('the sentinel has not looked yet');
    expect(words).toContain('Nothing: what comes in looks as usual.');
    if (screenshotDir !== undefined) {
      await page.screenshot({ path: join(screenshotDir, 'status-empty.png'), fullPage: true });
    }
    await page.close();
    await fresh.stop();
    await empty.close();
  });
});
