import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../test/harness/database.js';
import { poolOf } from '../test/kit/silent-temporal.js';
import { addressOf, addTerms, addWallet, addWorker, TEST_TOKEN } from '../test/kit/test-pool.js';
import { createApp } from './app.js';

const PAYEE = addressOf(1);
/** Paths of probes and dashboards, which may have any query, because none of it is used. */
const ANY_QUERY = [
  '/',
  '/status',
  '/workers',
  '/transcoder',
  '/transcoders',
  '/metrics',
  '/openapi.json',
  '/docs',
  '/docs/:operation',
  '/payees',
  '/payees/:address',
  '/payees/:address/payouts/:id',
  '/payees/:address/wishes',
  '/terms',
  '/pool',
];
const PROBES = ['/v1/health', '/v1/ready'];

describe('a request', () => {
  let database: TestDatabase;
  let app: ReturnType<typeof createApp>;

  beforeAll(async () => {
    database = await createTestDatabase();
    const { db } = database;
    const faults = (error: unknown) => {
      throw error;
    };
    app = createApp({ ...poolOf(db), onFault: faults });
    await addTerms(db, 5_000n);
    await addWallet(db);
    await addWorker(db, { payee: PAYEE, pendingWei: 9_000n });
  });
  afterAll(() => database.close());

  async function ask(path: string, method = 'GET', body?: unknown) {
    const response = await app.request(path, {
      method,
      headers: { authorization: `Bearer ${TEST_TOKEN}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const { code, message } = (await response.json()) as { code?: string; message?: string };
    return { status: response.status, code, message, allow: response.headers.get('allow') };
  }
  const INVALID = { status: 400, code: 'REQUEST_INVALID' };

  it('is refused with a field that its route does not know, on every route', async () => {
    const routes = app.routes.filter(
      ({ method, path }) =>
        method !== 'ALL' &&
        ![...ANY_QUERY, ...PROBES].includes(path) &&
        !path.startsWith('/operator'),
    );
    expect(routes.length).toBeGreaterThan(30);
    for (const { method, path } of routes) {
      const place = path.replace(':address', PAYEE).replace(':id', '1');
      const answer = await ask(`${place}?no-such=1`, method, method === 'POST' ? {} : undefined);
      expect({ path, ...answer }).toMatchObject({ path, ...INVALID });
      expect(answer.message).toContain('no-such');
    }
  });

  it.each([
    `/v1/round/preview?payee=${addressOf(2)}`,
    `/v1/workers?payeee=${addressOf(2)}`,
    '/v1/payouts?status=paid',
    '/v1/workers?limit=0x10',
    '/v1/workers?limit=1e2',
    '/v1/workers?limit=',
    '/v1/workers?online=true&online=false',
  ])('is refused when a filter is a slip: %s', async (path) => {
    expect(await ask(path)).toMatchObject(INVALID);
  });

  it.each([
    '/v1/workers?region=%00',
    '/v1/unattributed?requestId=%00',
    '/v1/set-aside?code=%00',
    '/v1/findings?source=a%00b',
  ])('is refused with a NUL in its query: %s', async (path) => {
    const answer = await ask(path);
    expect(answer).toMatchObject(INVALID);
    expect(answer.message).toContain('NUL');
  });

  it.each([
    ['/v1/sources/a%00/hours', 'GET'],
    ['/v1/sources/%00/resume', 'POST'],
    ['/v1/payees/%00', 'GET'],
  ])('finds nothing at a path with a NUL: %s', async (path, method) => {
    const answer = await ask(path, method, method === 'POST' ? { reason: 'x' } : undefined);
    expect(answer).toMatchObject({ status: 404, code: 'ROUTE_NOT_FOUND' });
  });

  it.each([
    ['/v1/wallet/halt', { reason: 'stop\0' }],
    ['/v1/wallet/halt', { reason: 'stop \ud800' }],
    ['/v1/wallet/resume', { reason: '\0' }],
    ['/v1/findings/999999999/acknowledge', { reason: '\0' }],
    ['/v1/set-aside/retry', { code: '\0', reason: 'x', dryRun: true }],
    ['/v1/unattributed/assign', { requestId: '\0', to: PAYEE, reason: 'x', dryRun: true }],
    ['/v1/unattributed/absorb', { jobs: ['a\0'], reason: 'x', dryRun: true }],
    ['/v1/unattributed/absorb', { '\0': 1, requestId: 'a', reason: 'x', dryRun: true }],
    ['/v1/adjustments', { payee: PAYEE, amountWei: '1', reference: 'a\0', reason: 'x' }],
    ['/v1/sources/one/move', { to: 'a\0', reason: 'x' }],
    ['/v1/payouts', { payee: PAYEE, reason: '\0' }],
  ])('is refused with a NUL or half a character in its body: %s %j', async (path, body) => {
    const answer = await ask(path, 'POST', body);
    expect(answer).toMatchObject(INVALID);
    expect(answer.message).toMatch(/NUL|half of/);
  });

  it('halts the wallet once the NUL is out of its reason', async () => {
    const halts = () =>
      database.db.$client.query('SELECT reason FROM wallet_halt').then(({ rows }) => rows);
    expect(await ask('/v1/wallet/halt', 'POST', { reason: 'stop\0' })).toMatchObject(INVALID);
    expect(await halts()).toEqual([]);
    expect((await ask('/v1/wallet/halt', 'POST', { reason: 'stop' })).status).toBe(200);
    expect(await halts()).toMatchObject([{ reason: 'stop' }]);
  });

  const ODD_TIMES = [
    '2025-02-30',
    '2025-02-29T00:00:00Z',
    '2025-13-01',
    '0000-01-01',
    '0000-01-01T00:00:00Z',
    '1969-12-31',
    '3000-01-01',
    '9999-12-31T23:59:59-23:59',
    '2025-02-03T24:00:00Z',
    '2025-02-03T23:59:60Z',
    '2025-02-03T00:00:00',
    '2025-2-3',
    'yesterday',
    '1',
  ];

  it.each(ODD_TIMES)('is refused with a malformed time, in query and body: %s', async (time) => {
    const repair = { reason: 'x', dryRun: true };
    for (const answer of [
      await ask(`/v1/unattributed?before=${encodeURIComponent(time)}`),
      await ask('/v1/unattributed/absorb', 'POST', { ...repair, before: time }),
      await ask('/v1/sources/one/backfill', 'POST', { reason: 'x', from: time }),
      await ask('/v1/terms', 'POST', { ...repair, commissionBps: 1, from: time }),
    ]) {
      expect(answer).toMatchObject(INVALID);
      expect(answer.message).toContain('is no time');
    }
  });

  it.each(['2024-02-29', '2025-02-03T10:00:00+02:00', '1970-01-01T00:00Z', '2999-12-31'])(
    'takes a time that is one: %s',
    async (time) => {
      expect((await ask(`/v1/unattributed?before=${encodeURIComponent(time)}`)).status).toBe(200);
    },
  );

  it('is refused with an amount or an interval that no pool can have', async () => {
    const most = '9'.repeat(78);
    const adjustment = { payee: PAYEE, amountWei: most, reference: 'a', reason: 'x' };
    expect(await ask('/v1/adjustments', 'POST', adjustment)).toMatchObject(INVALID);
    for (const terms of [{ payoutThresholdWei: most }, { minPayoutIntervalMs: 9e15 }]) {
      const body = { ...terms, reason: 'x', dryRun: true };
      expect(await ask('/v1/terms', 'POST', body)).toMatchObject(INVALID);
    }
    const { rows } = await database.db.execute(sql`SELECT count(*)::int AS n FROM operator_order`);
    expect(rows).toEqual([{ n: 0 }]);
  });

  it.each([
    ['DELETE', '/v1/pool', 'GET, HEAD'],
    ['POST', '/v1/pool', 'GET, HEAD'],
    ['GET', '/v1/wallet/halt', 'POST'],
    ['PUT', '/v1/payouts', 'GET, HEAD, POST'],
    ['PATCH', `/v1/payees/${PAYEE}`, 'GET, HEAD'],
    ['POST', '/', 'GET, HEAD'],
  ])('hears which methods a path takes: %s %s', async (method, path, allow) => {
    const answer = await ask(path, method);
    expect(answer).toMatchObject({ status: 405, code: 'METHOD_NOT_ALLOWED', allow });
  });

  it('gets no list of methods for a path that does not exist', async () => {
    expect(await ask('/v1/poool', 'POST')).toMatchObject({
      ...{ status: 404, code: 'ROUTE_NOT_FOUND', allow: null },
    });
  });
});
