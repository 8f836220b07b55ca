/** The way of an operator in a real browser without script: sign in, see a held payout first, resume it, sign out. */
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createToken } from '../../core/access/store/tokens.js';
import { listAuditLog } from '../../core/ledger/store/audit-log-reads.js';
import { findPayout } from '../../core/payouts/store/reads/payout-reads.js';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { browserPath, screenshotDir } from '../../test/kit/browser.js';
import { fillGuardScene, fillOperatorScene, type Scene } from '../../test/kit/operator-scene.js';
import { poolOf } from '../../test/kit/silent-temporal.js';
import { testConfig } from '../../test/kit/test-pool.js';
import { type RunningApi, startApi } from '../serve.js';

const NARROW = 360;
const WIDE = 1280;

describe.skipIf(browserPath === undefined)('the operator’s pages in a browser', () => {
  let database: TestDatabase;
  let scene: Scene;
  let api: RunningApi;
  let browser: Browser;
  let token: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    scene = await fillOperatorScene(database.db);
    await fillGuardScene(database.db);
    const request = { actor: 'test', reason: 'x', name: 'ann', expiresAt: null } as const;
    ({ token } = await createToken(database.db, { ...request, role: 'admin' }));
    const config = testConfig();
    const guard = { ...config.guard, mode: 'exclude' as const };
    api = await startApi(poolOf(database.db, { config: { ...config, guard } }));
    browser = await chromium.launch({
      ...(browserPath === undefined ? {} : { executablePath: browserPath }),
    });
  });
  afterAll(async () => {
    await browser?.close();
    await api?.stop();
    await database.close();
  });

  async function signIn(context: BrowserContext): Promise<Page> {
    const page = await context.newPage();
    await page.goto(`${api.url}/operator`);
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Sign in' }).click();
    return page;
  }

  async function shoot(page: Page, name: string): Promise<void> {
    if (screenshotDir === undefined) return;
    await page.screenshot({ path: join(screenshotDir, `${name}.png`), fullPage: true });
  }

  /** What is wrong with the page as it stands: faults that axe finds, and whatever is cut off. */
  async function faultsOf(page: Page): Promise<readonly string[]> {
    const { violations } = await new AxeBuilder({ page })
      .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
      .analyze();
    const found = violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`,
    );
    const width = await page.evaluate('document.documentElement.scrollWidth');
    const wide = width === page.viewportSize()?.width ? [] : [`it is ${width} pixels wide`];
    const cut = (await page.evaluate(
      `[...document.querySelectorAll('section')].filter((s) => s.scrollWidth > s.clientWidth + 1)
         .map((s) => 'cut off: ' + s.querySelector('h2').textContent)`,
    )) as readonly string[];
    return [...found, ...wide, ...cut];
  }

  it.each([
    ['light', NARROW],
    ['dark', NARROW],
    ['light', WIDE],
    ['dark', WIDE],
  ] as const)('have no fault that axe finds, %s at %i pixels', async (colorScheme, width) => {
    const viewport = { width, height: 900 };
    const context = await browser.newContext({ viewport, colorScheme });
    const page = await context.newPage();
    const faults: unknown[] = [];
    const look = async (name: string) => {
      const found = await faultsOf(page);
      if (found.length > 0) faults.push([name, found]);
      await shoot(page, `operator-${name}-${colorScheme}-${width}`);
    };
    await page.goto(`${api.url}/operator`);
    await look('sign-in');
    await page.getByLabel('Token').fill('a wrong one');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await look('refused');
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await look('needs');
    const pages = ['round', 'pay', 'checks', 'audit', 'sessions', 'guard', 'invitations'];
    for (const name of [...pages, `payouts/${scene.stuck}`]) {
      await page.goto(`${api.url}/operator/${name}`);
      await look(name.split('/', 1)[0] ?? '');
    }
    await page.goto(`${api.url}/operator`);
    await page.getByRole('button', { name: 'Pause the sync' }).click();
    await look('confirm');
    await page.goto(`${api.url}/operator/guard`);
    await page.getByRole('button', { name: /^Decide/ }).click();
    await look('guard-override');
    expect(faults).toEqual([]);
    await context.close();
  });

  it('lead from the sign-in to the held payout and back, without script', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await signIn(context);
    expect(await page.getByText('signed in as api:ann (admin)').isVisible()).toBe(true);
    const first = page.locator('.needs > li').first();
    expect(await first.locator('h3').textContent()).toMatch(/^0\.7 ETH .* is held$/);
    expect(await first.textContent()).toContain('the address looks odd');
    await first.getByRole('button', { name: /^Resume/ }).click();
    expect(await page.getByText('resumed: it will be signed and sent').isVisible()).toBe(true);
    expect((await findPayout(database.db, scene.held))?.heldAt).not.toBeNull();
    await page.getByLabel('Why?').fill('she showed that it is hers');
    await page.getByRole('button', { name: 'Do it: Resume' }).click();
    expect(await page.getByRole('heading', { name: 'Done' }).isVisible()).toBe(true);
    expect((await findPayout(database.db, scene.held))?.heldAt).toBeNull();
    await page.getByRole('link', { name: 'What else needs a hand' }).click();
    expect(await page.locator('.needs > li').first().textContent()).not.toContain('is held');
    const { items } = await listAuditLog(database.db, { limit: 1, cursor: null });
    expect(items).toMatchObject([
      {
        actor: 'api:ann',
        action: 'payout.resume',
        subject: scene.held,
        reason: 'she showed that it is hers',
      },
    ]);
    await page.getByRole('button', { name: 'Sign out' }).click();
    expect(await page.getByLabel('Token').isVisible()).toBe(true);
    await page.goto(`${api.url}/operator/audit`);
    expect(new URL(page.url()).pathname).toBe('/operator/sign-in');
    expect(await context.cookies()).toEqual([]);
    await context.close();
  });

  it('load nothing but themselves, under their own policy', async () => {
    const context = await browser.newContext();
    const page = await signIn(context);
    const complaints: string[] = [];
    const requests: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(`${api.url}/operator`);
    expect(complaints).toEqual([]);
    expect(requests.filter((url) => !url.startsWith('data:'))).toEqual([`${api.url}/operator`]);
    await context.close();
  });
});
