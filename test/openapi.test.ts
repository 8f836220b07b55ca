import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../api/app.js';
import type { OpenApiDocument } from '../api/openapi/document.js';
import { openDatabase } from '../core/db/database.js';
import { answerFaults } from './kit/check-answers.js';
import { appOfNothing, documentOf } from './kit/document.js';
import { type CheckAnswer, createAnswerCheck } from './kit/document-check.js';
import { poolOf } from './kit/silent-temporal.js';
import { apiTypes, writtenTypes } from './openapi-types.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Routes that answer HTML, and so are not in the document. Every other one is added through `Routes`, with an `About`. */
const PAGES = new Set([
  '/',
  '/payees',
  '/payees/:address',
  '/payees/:address/payouts/:id',
  '/payees/:address/wishes',
  '/pool',
  '/terms',
  '/docs',
  '/docs/:operation',
]);
const isPage = (path: string) => PAGES.has(path) || /^\/operator(\/|$)/.test(path);

let document: OpenApiDocument;
beforeAll(async () => {
  document = await documentOf(createApp);
});

describe('the OpenAPI document', () => {
  it('has every route but the pages, and no other', () => {
    const served = appOfNothing(createApp)
      .routes.filter(({ method, path }) => method !== 'ALL' && !isPage(path))
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`);
    const described = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.sort()).toEqual([...new Set(served)].sort());
  });

  it('is clean to the linter', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'openpool-openapi-'));
    const file = join(dir, 'openapi.json');
    await writeFile(file, JSON.stringify(document));
    const cli = join(ROOT, 'node_modules/@redocly/cli/bin/cli.js');
    const args = [cli, 'lint', file, '--config', join(ROOT, 'redocly.yaml'), '--format', 'json'];
    const env = { PATH: process.env['PATH'], REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
    const linted = await promisify(execFile)(process.execPath, args, { env }).catch(
      (error: { stdout: string }) => error,
    );
    await rm(dir, { recursive: true });
    const { problems } = JSON.parse(linted.stdout.slice(linted.stdout.indexOf('{'))) as {
      problems: readonly { ruleId: string; message: string }[];
    };
    expect(problems.map(({ ruleId, message }) => `${ruleId}: ${message}`)).toEqual([]);
  });

  it('is what the types of the client were made from: `npm run openapi` makes them', async () => {
    expect(await writtenTypes()).toBe(await apiTypes());
  });
});

describe('the check of answers', () => {
  const wallet = '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266';
  const audit = { id: '1', at: '2026-01-01T00:00:00.000Z', actor: 'cli', action: 'a', subject: '' };
  const entry = { ...audit, reason: 'r', detail: {} };
  const error = { code: 'PAYOUT_NOT_FOUND', message: 'm', help: 'h' };
  let check: CheckAnswer;
  beforeAll(() => {
    check = createAnswerCheck(document);
  });

  const answer = (path: string, body: unknown, status = 200, type = 'application/json') =>
    check(
      new Request(`http://pool${path}`),
      new Response(JSON.stringify(body), { status, headers: { 'content-type': type } }),
    );

  it('takes what the document says', async () => {
    expect(await answer('/v1/audit-log', { entries: [entry], nextCursor: null })).toBeUndefined();
    expect(await answer('/v1/payouts/1', error, 404)).toBeUndefined();
    expect(await answer('/nowhere', { ...error, code: 'ROUTE_NOT_FOUND' }, 404)).toBeUndefined();
  });

  it.each([
    ['a field that is missing', '/v1/audit-log', { entries: [audit], nextCursor: null }, 200],
    ['a field too many', '/v1/audit-log', { entries: [{ ...entry, x: 1 }], nextCursor: null }, 200],
    ['a field of another kind', '/v1/audit-log', { entries: [], nextCursor: 1 }, 200],
    ['a number for a time', '/v1/audit-log', { entries: [{ ...entry, at: 1 }] }, 200],
    ['an amount as a number', '/v1/wallet', { chainId: 1, address: wallet, openWei: 1 }, 200],
    ['a status that it does not have', '/v1/audit-log', { entries: [], nextCursor: null }, 201],
    ['a code that it does not have', '/v1/payouts/1', { ...error, code: 'WALLET_HALTED' }, 404],
    ['an error with a field too many', '/v1/payouts/1', { ...error, stack: 'at …' }, 404],
    ['a route that is not there', '/v1/extra', {}, 200],
  ])('finds %s', async (_, path, body, status) => {
    expect(await answer(path, body, status)).toBeDefined();
  });

  it('finds another content type', async () => {
    const said = await answer('/v1/audit-log', {}, 200, 'text/html');
    expect(said).toBe('GET /v1/audit-log 200 answered text/html, which it does not say');
  });

  it('stands in every app that a test makes', async () => {
    const db = openDatabase({ url: 'postgres://127.0.0.1:1/none' });
    const wrong: object = { version: 7 };
    await createApp({ ...poolOf(db), ...wrong }).request('/v1/health');
    const [fault] = answerFaults.splice(0);
    expect(fault).toContain('GET /v1/health 200 answered what the document does not say');
    expect(fault).toContain('/version must be string');
  });
});
