/** The dated terms over the API: everybody can read them, and only the token can change them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listAuditLog } from '../core/ledger/store/audit-log-reads.js';
import { openTerms } from '../core/terms/store/recorded-terms.js';
import { keepFile } from '../core/terms/store/worker-terms.js';
import { createTestDatabase, type TestDatabase } from '../test/harness/database.js';
import { poolOf } from '../test/kit/silent-temporal.js';
import { TEST_TOKEN, testConfig } from '../test/kit/test-pool.js';
import { createApp } from './app.js';

const TOKEN = { authorization: `Bearer ${TEST_TOKEN}` };
const FILE = {
  values: {
    ...{ commissionBps: 2_500, thresholdWei: 10n ** 16n, minIntervalMs: 3_600_000 },
    rounding: 'commission-floor',
  },
  namedMs: null,
} as const;
const DAY_MS = 86_400_000;

let database: TestDatabase;
/** Sends a request to the API with Temporal down. The API's own configuration file has other terms than the ledger. */
async function request(path: string, init: RequestInit = {}, status = 200) {
  const config = testConfig();
  const file = { ...config, pool: { ...config.pool, commissionBps: 9_000 } };
  const app = createApp(poolOf(database.db, { config: file }));
  const response = await app.request(path, init);
  expect(response.status, path).toBe(status);
  return (await response.json()) as Record<string, unknown>;
}
const post = (body: object, headers: Record<string, string> = {}) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});
const act = (body: object, status = 200) => request('/v1/terms', post(body, TOKEN), status);
const acts = async () =>
  (await listAuditLog(database.db, { limit: 10, cursor: null })).items.filter(
    ({ action }) => action === 'terms.change',
  );

describe('the terms over the API', () => {
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.close());

  it('are unknown before the first start, and never those of the API’s own file', async () => {
    expect(await request('/v1/terms', {}, 503)).toMatchObject({ code: 'TERMS_UNKNOWN' });
    expect(await request('/v1/pool')).toMatchObject({
      ...{ commissionBps: null, payoutThresholdWei: null, payoutThresholdEth: null },
      ...{ minPayoutIntervalMs: null, rounding: null },
    });
    expect(await request('/status')).toMatchObject([{ Commission: null }]);
    await openTerms(database.db, FILE, 'host/1');
    expect(await request('/v1/pool')).toMatchObject({
      ...{ commissionBps: 2_500, payoutThresholdEth: '0.01' },
      ...{ minPayoutIntervalMs: 3_600_000, rounding: 'commission-floor' },
    });
    expect(await request('/status')).toMatchObject([{ Commission: 0.25 }]);
  });

  it('are changed with the token and a reason, from now on or a time to come; a dry run changes nothing', async () => {
    await request('/v1/terms', post({ commissionBps: 1, reason: 'x' }), 401);
    expect(await act({ commissionBps: 500 }, 400)).toMatchObject({ code: 'REQUEST_INVALID' });
    expect(await act({ reason: 'why not' }, 400)).toMatchObject({ code: 'REQUEST_INVALID' });
    const past = { commissionBps: 500, reason: 'x', from: '2026-01-01T00:00:00Z' };
    expect(await act(past, 409)).toMatchObject({ code: 'TERMS_FROM_PAST' });
    const order = { commissionBps: 500, reason: 'a better offer' };
    expect(await act({ ...order, dryRun: true })).toMatchObject({
      ...{ applied: false, changed: true },
      words: expect.stringContaining('commission 25% → 5%, for jobs and rounds from'),
    });
    expect(await acts()).toEqual([]);
    expect(await act(order)).toMatchObject({
      ...{ applied: true, changed: true, withdrawn: [] },
      before: { commissionBps: 2_500 },
      after: { commissionBps: 500, payoutThresholdWei: '10000000000000000' },
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await act(order)).toMatchObject({ applied: true, changed: false });
    expect(await acts()).toMatchObject([{ actor: 'api', reason: 'a better offer' }]);
    expect(await request('/v1/pool')).toMatchObject({ commissionBps: 500 });
    expect(await request('/status')).toMatchObject([{ Commission: 0.05 }]);
  });

  it('are listed with what is announced; who, why and where only with the token', async () => {
    const from = new Date(Date.now() + DAY_MS).toISOString();
    await act({ rounding: 'net-floor', minPayoutIntervalMs: 0, from, reason: 'simpler' });
    await act({ payoutThresholdWei: '7', from, reason: 'simpler' }, 409);
    await keepFile(database.db, 'host/1', FILE);
    const shown = await request('/v1/terms');
    expect(shown).toMatchObject({
      inForce: { commissionBps: 500, rounding: 'commission-floor' },
      announced: [{ from, rounding: 'net-floor', minPayoutIntervalMs: 0, state: 'announced' }],
      versions: [
        { state: 'announced', from },
        { state: 'in-force', commissionBps: 500 },
        { state: 'replaced', commissionBps: 2_500, from: '1970-01-01T00:00:00.000Z' },
      ],
      files: [
        { commissionBps: 2_500, termsFrom: null, differs: expect.stringContaining('replaced') },
      ],
    });
    expect(JSON.stringify(shown)).not.toMatch(/simpler|better offer|host/);
    expect(await request('/v1/terms', { headers: TOKEN })).toMatchObject({
      versions: [
        { actor: 'api', reason: 'simpler' },
        { actor: 'api', reason: 'a better offer' },
        { actor: null, reason: null },
      ],
      files: [{ worker: 'host/1' }],
    });
    // A change with an earlier date withdraws the version that was announced.
    expect(await act({ commissionBps: 500, reason: 'not now' })).toMatchObject({
      ...{ changed: true, withdrawn: [{ from }] },
      words: expect.stringContaining(`what was announced for ${from} is withdrawn`),
    });
    expect(await request('/v1/terms')).toMatchObject({ announced: [] });
  });
});
