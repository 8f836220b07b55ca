/** A payee's page in a real browser: the way of a new worker from the front page to "when am I paid, and why not". */
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toChecksum } from '../../../core/chain/checksums.js';
import type { Database } from '../../../core/db/database.js';
import { recordBalance } from '../../../core/payouts/store/wallet/wallets.js';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.js';
import { browserPath, screenshotDir } from '../../../test/kit/browser.js';
import { poolOf } from '../../../test/kit/silent-temporal.js';
import {
  addPayout,
  addressOf,
  addTerms,
  addWallet,
  addWorker,
  CHAIN_ID,
  hashOf,
  TEST_WALLET,
} from '../../../test/kit/test-pool.js';
import { type RunningApi, startApi } from '../../serve.js';

const MILLI_ETH = 10n ** 15n;
const [ann, bob, nobody] = [addressOf(1), addressOf(2), addressOf(3)];
const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);

async function fillPool(db: Database): Promise<void> {
  await addTerms(db, 5n * MILLI_ETH);
  await addWallet(db);
  const seen = { wei: 900n * MILLI_ETH, block: 9, baseFeeWei: 300_000_000n };
  await recordBalance(db, { chainId: CHAIN_ID, address: TEST_WALLET }, seen);
  await addWorker(db, {
    payee: ann,
    nodeType: 'ai',
    region: 'eu-central',
    jobs: 811,
    pendingWei: 2n * MILLI_ETH + 1n,
    reservedWei: 7n * MILLI_ETH,
    paidWei: 41n * MILLI_ETH,
    lastEventAt: minutesAgo(3),
  });
  await addWorker(db, {
    payee: ann,
    region: 'us-west',
    pendingWei: 5n,
    lastEventAt: minutesAgo(90),
  });
  await addWorker(db, { payee: bob, pendingWei: MILLI_ETH, lastEventAt: minutesAgo(1) });
  await addPayout(db, {
    payee: ann,
    amountWei: 7n * MILLI_ETH,
    state: 'reserved',
    createdAt: minutesAgo(190),
    wait: [
      'FEE_ABOVE_CAP',
      'fee cap 0.1 gwei is below base fee 0.3 gwei: raise chain.maxFeePerGas or wait',
    ],
  });
  const ended = { payee: ann, amountWei: 20n * MILLI_ETH } as const;
  await addPayout(db, {
    ...ended,
    state: 'paid',
    createdAt: minutesAgo(900),
    closedAt: minutesAgo(899),
    nonce: 1,
  });
  await addPayout(db, {
    ...ended,
    state: 'refused',
    createdAt: minutesAgo(2_000),
    closedAt: minutesAgo(1_998),
    nonce: 2,
  });
}

describe.skipIf(browserPath === undefined)("a payee's page in a browser", () => {
  let database: TestDatabase;
  let api: RunningApi;
  let browser: Browser;

  beforeAll(async () => {
    database = await createTestDatabase();
    await fillPool(database.db);
    api = await startApi(poolOf(database.db));
    browser = await chromium.launch({ executablePath: browserPath ?? '', args: ['--no-sandbox'] });
  });
  afterAll(async () => {
    await browser?.close();
    await api?.stop();
    await database.close();
  });

  interface Look {
    readonly width?: number;
    readonly colorScheme?: 'light' | 'dark';
    readonly javaScriptEnabled?: boolean;
  }

  async function open(path: string, look: Look = {}): Promise<Page> {
    const { width = 1280, ...rest } = look;
    const context = await browser.newContext({ ...rest, viewport: { width, height: 900 } });
    const page = await context.newPage();
    await page.goto(`${api.url}${path}`);
    return page;
  }

  async function shoot(page: Page, name: string): Promise<void> {
    if (screenshotDir === undefined) return;
    await page.screenshot({ path: join(screenshotDir, `${name}.png`), fullPage: true });
  }

  it('is one paste away from the front page, without any script', async () => {
    const page = await open('/', { javaScriptEnabled: false });
    await page.fill('#address', `  ${ann} `);
    await page.press('#address', 'Enter');
    expect(new URL(page.url()).pathname).toBe(`/payees/${toChecksum(ann)}`);
    const words = (await page.textContent('main')) ?? '';
    expect(words).toContain('A payout to you is held up');
    expect(words).toContain("The network's fee is above the pool's limit. This passes by itself");
    await shoot(page, 'payee-1280');
    await page.context().close();
  });

  it('shows sums that add up, with every wei to read', async () => {
    const page = await open(`/payees/${ann}`);
    const exact = await page.locator('.sum dd.exact').allTextContents();
    const [paid, onTheWay, pending, earned] = exact.map((text) => BigInt(text.replace(/\D/g, '')));
    expect([paid, onTheWay, pending]).toEqual([
      41n * MILLI_ETH,
      7n * MILLI_ETH,
      2n * MILLI_ETH + 6n,
    ]);
    expect(earned).toBe((paid ?? 0n) + (onTheWay ?? 0n) + (pending ?? 0n));
    const bar = page.locator('.share svg').first();
    expect(await bar.getAttribute('aria-label')).toMatch(/^40 % of the amount/);
    await page.context().close();
  });

  it('lists payouts in plain words, and machines with more than a colour', async () => {
    const page = await open(`/payees/${ann}`);
    const words = (await page.textContent('main')) ?? '';
    for (const expected of [
      'promised, not signed yet',
      'your address did not take it',
      `${hashOf(1).slice(0, 10)}…`,
      '0 of 2 are connected',
      '○ away',
      'No payout round has run yet.',
    ]) {
      expect(words).toContain(expected);
    }
    const link = page.locator(`a[href="https://explorer.example/tx/${hashOf(1)}"]`);
    expect(await link.count()).toBe(1);
    await page.context().close();
  });

  it('says in a sentence what is wrong with an address, and lets one try again', async () => {
    const page = await open('/payees?address=0x12');
    expect(await page.textContent('main')).toContain('This is not an address');
    expect(await page.inputValue('#address')).toBe('0x12');
    await page.fill('#address', nobody);
    await page.click('button');
    expect(await page.textContent('main')).toContain('has not worked for this pool yet');
    await page.fill('#address', ann.slice(0, -1) + (ann.endsWith('0') ? '1' : '0'));
    await page.click('button');
    expect(await page.textContent('h2')).toContain('has not worked for this pool yet');
    await shoot(page, 'payee-unknown');
    await page.context().close();
  });

  it.each([320, 360, 768, 1024])('needs no sideways scrolling at %i pixels', async (width) => {
    for (const path of [`/payees/${ann}`, '/payees?address=no', '/terms']) {
      const page = await open(path, { width });
      if (path.includes(ann)) await page.click('summary');
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
      if (path.includes(ann)) await shoot(page, `payee-${width}`);
      if (path === '/terms') await shoot(page, `terms-${width}`);
      await page.context().close();
    }
  });

  it.each([
    ['light', 1280],
    ['dark', 360],
  ] as const)(
    'has no accessibility fault that axe finds, %s at %i pixels',
    async (colorScheme, width) => {
      for (const path of [`/payees/${ann}`, '/payees?address=no', '/terms']) {
        const page = await open(path, { colorScheme, width });
        if (path.includes(ann)) await page.click('summary');
        const { violations } = await new AxeBuilder({ page })
          .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
          .analyze();
        const found = violations.map(
          ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`,
        );
        expect([path, width, found]).toEqual([path, width, []]);
        if (path.includes(ann)) await shoot(page, `payee-${colorScheme}-${width}`);
        await page.context().close();
      }
    },
  );
});
