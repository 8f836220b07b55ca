import { AxeBuilder } from '@axe-core/playwright';
import type { Hono } from 'hono';
import { chromium } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../../core/db/database.js';
import { browserPath } from '../../../test/kit/browser.js';
import { appOfNothing, documentOf } from '../../../test/kit/document.js';
import { poolOf } from '../../../test/kit/silent-temporal.js';
import { createApp } from '../../app.js';
import type { OpenApiDocument } from '../../openapi/document.js';
import { startApi } from '../../serve.js';

const MOST_BYTES = 60_000;

describe('the pages of the API', () => {
  let app: Hono;
  let document: OpenApiDocument;
  beforeAll(async () => {
    app = appOfNothing(createApp);
    document = await documentOf(createApp);
  });

  async function page(path: string): Promise<string> {
    const response = await app.request(path);
    expect([path, response.status]).toEqual([path, 200]);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    return response.text();
  }
  const operations = () =>
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
    );

  it('list every route, with what it is for and the role that it needs', async () => {
    const list = await page('/docs');
    for (const { method, path, operation } of operations()) {
      expect(list).toContain(`href="/docs/${operation.operationId}"`);
      expect(list).toContain(`${method.toUpperCase()} ${path}<`);
    }
    expect(list.match(/>(read|operate|admin)<\/span>/g)?.length).toBe(
      operations().filter(({ operation }) => operation['x-role'] !== undefined).length,
    );
  });

  it('are one for each route, which load nothing, lead nowhere else, and are small', async () => {
    for (const { operation } of operations()) {
      const html = await page(`/docs/${operation.operationId}`);
      expect(html).toContain(operation.summary.replaceAll("'", '&#39;'));
      expect(Buffer.byteLength(html)).toBeLessThan(MOST_BYTES);
      expect(html).not.toMatch(/<img|\ssrc=|@import|href="(?:https?:)?\/\//);
    }
    expect(Buffer.byteLength(await page('/docs'))).toBeLessThan(MOST_BYTES);
  });

  it('show every field of an answer, of its lists and of what it refers to', async () => {
    const why = await page('/docs/getV1PayeesAddressWhy');
    for (const field of ['payee', 'round[].usually.medianMs', 'payoutUnderWay.amountWei']) {
      expect(why).toContain(`<code>${field}</code>`);
    }
    const payouts = await page('/docs/postV1Payouts');
    expect(payouts).toContain('form 2 of 2');
    expect(payouts).toContain('<code>Idempotency-Key</code>');
    expect(payouts).toContain('PAYEE_UNPAYABLE');
    expect(await page('/docs/getV1Payouts')).toContain('list of reserved, signed');
  });

  it('say that there is no such operation', async () => {
    expect((await app.request('/docs/nothing')).status).toBe(404);
  });

  it.skipIf(browserPath === undefined)('have no accessibility fault that axe finds', async () => {
    const api = await startApi(poolOf(openDatabase({ url: 'postgres://127.0.0.1:1/none' })));
    const browser = await chromium.launch({
      executablePath: browserPath ?? '',
      args: ['--no-sandbox'],
    });
    for (const [path, colorScheme, width] of [
      ['/docs', 'light', 320],
      ['/docs', 'dark', 1280],
      ['/docs/postV1Payouts', 'dark', 320],
      ['/docs/postV1Payouts', 'light', 1280],
    ] as const) {
      const viewport = { width, height: 900 };
      const context = await browser.newContext({ colorScheme, viewport });
      const tab = await context.newPage();
      await tab.goto(api.url + path);
      const { violations } = await new AxeBuilder({ page: tab })
        .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
        .analyze();
      expect([path, width, violations.map(({ id }) => id)]).toEqual([path, width, []]);
      const overflow = 'document.documentElement.scrollWidth - innerWidth';
      expect([path, width, await tab.evaluate(overflow)]).toEqual([path, width, 0]);
      await context.close();
    }
    await browser.close();
    await api.stop();
  });
});
