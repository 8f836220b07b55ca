/** What each role may do at each route. A route that is not in the table fails the test. */
import type { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mayDo, ROLES, type Role } from '../core/access/rules/roles.js';
import { createToken, revokeToken } from '../core/access/store/tokens.js';
import { listAuditLog } from '../core/ledger/store/audit-log-reads.js';
import { createTestDatabase, type TestDatabase } from '../test/harness/database.js';
import { poolOf } from '../test/kit/silent-temporal.js';
import { addTerms, addWallet, testConfig } from '../test/kit/test-pool.js';
import { createApp } from './app.js';

/** The role that each route needs, without the routes that everybody may read. */
const NEEDED: Readonly<Record<string, Role>> = {
  'GET /v1/audit-log': 'read',
  'GET /v1/shadow': 'read',
  'GET /v1/invitations': 'read',
  'GET /v1/guard': 'read',
  'GET /v1/guard/effect': 'read',
  'GET /v1/guard/overrides': 'read',
  'GET /v1/notices': 'read',
  'GET /v1/operator/needs': 'read',
  'POST /v1/adjustments': 'admin',
  'POST /v1/findings/:id/acknowledge': 'operate',
  'POST /v1/guard/overrides': 'operate',
  'POST /v1/guard/overrides/:id/withdraw': 'operate',
  'POST /v1/payees/:address/invite': 'operate',
  'POST /v1/payees/:address/uninvite': 'operate',
  'POST /v1/payouts': 'operate',
  'POST /v1/payouts/:id/approve': 'operate',
  'POST /v1/payouts/:id/bump': 'operate',
  'POST /v1/payouts/:id/cancel': 'operate',
  'POST /v1/payouts/:id/hold': 'operate',
  'POST /v1/payouts/:id/resume': 'operate',
  'POST /v1/rounds': 'operate',
  'POST /v1/set-aside/retry': 'operate',
  'POST /v1/sources/:id/backfill': 'operate',
  'POST /v1/sources/:id/move': 'admin',
  'POST /v1/sources/:id/resume': 'operate',
  'POST /v1/sync/pause': 'operate',
  'POST /v1/sync/resume': 'operate',
  'POST /v1/terms': 'admin',
  'POST /v1/unattributed/absorb': 'operate',
  'POST /v1/unattributed/assign': 'admin',
  'POST /v1/wallet/halt': 'operate',
  'POST /v1/wallet/replace': 'admin',
  'POST /v1/wallet/resume': 'operate',
};

const PUBLIC = [
  ...[
    '/',
    '/metrics',
    '/openapi.json',
    '/docs',
    '/docs/:operation',
    '/payees',
    '/payees/:address',
    '/payees/:address/payouts/:id',
    '/payees/:address/wishes',
    '/pool',
    '/status',
    '/transcoder',
    '/transcoders',
    '/workers',
    '/v1/archives',
  ],
  ...['/v1/findings', '/v1/health', '/v1/live', '/v1/payees', '/v1/payees/:address'],
  ...['/v1/days', '/v1/payees/:address/days'],
  ...[
    '/v1/payees/:address/statement',
    '/v1/payees/:address/why',
    '/v1/payees/:address/wishes',
    '/v1/payees/:address/wishes/message',
    '/v1/payouts',
    '/v1/payouts/:id',
    '/v1/payouts/:id/credits',
    '/v1/pool',
    '/v1/ready',
  ],
  ...['/v1/rebuild', '/v1/reconciliation', '/v1/round/preview', '/v1/set-aside'],
  ...['/v1/set-aside/:id', '/v1/sources', '/v1/sources/:id/hours', '/v1/sources/:id/prices'],
  '/v1/sync',
  ...['/v1/revenue', '/v1/revenue/periods', '/v1/revenue/redemptions'],
  ...['/terms', '/v1/terms', '/v1/unattributed', '/v1/wallet', '/v1/solvency', '/v1/workers'],
];

/** Routes that take what proves itself. */
const SELF_PROVING = ['POST /v1/payees/:address/wishes', 'POST /payees/:address/wishes'];

const decision = { actor: 'test', reason: 'because' };
let database: TestDatabase;
let app: Hono;
const tokens = new Map<Role, string>();

beforeAll(async () => {
  database = await createTestDatabase();
  const { db } = database;
  await addTerms(db, 1n);
  await addWallet(db);
  // No token is configured: those in the database are enough.
  app = createApp(poolOf(db, { config: testConfig({ token: null }) }));
  for (const role of ROLES) {
    const made = await createToken(db, { ...decision, name: role, role, expiresAt: null });
    tokens.set(role, made.token);
  }
});
afterAll(() => database.close());

async function ask(route: string, token: string | undefined) {
  const [method = '', path = ''] = route.split(' ');
  const response = await app.request(path.replace(/:\w+/, '1'), {
    method,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    ...(method === 'POST' ? { body: '{}' } : {}),
  });
  const text = await response.text();
  const { code } = text.startsWith('{') ? (JSON.parse(text) as { code?: string }) : {};
  return { status: response.status, code };
}

describe('roles at routes', () => {
  it('are said of every route that there is', () => {
    // The operator's pages take no token but a session: they have a table of their own.
    const routes = app.routes.filter(
      ({ method, path }) =>
        (method === 'GET' || method === 'POST') && !path.startsWith('/operator'),
    );
    const there = new Set(routes.map(({ method, path }) => `${method} ${path}`));
    const said = [...Object.keys(NEEDED), ...PUBLIC.map((path) => `GET ${path}`), ...SELF_PROVING];
    expect([...there].sort()).toEqual(said.sort());
  });

  it.each(Object.entries(NEEDED))('%s needs %s', async (route, needed) => {
    expect(await ask(route, undefined)).toEqual({ status: 401, code: 'API_TOKEN_WRONG' });
    for (const role of ROLES) {
      const { code } = await ask(route, tokens.get(role));
      const isRefused = code === 'API_TOKEN_ROLE_TOO_LOW' || code === 'API_TOKEN_WRONG';
      expect([role, isRefused]).toEqual([role, !mayDo(role, needed)]);
    }
  });

  it.each(SELF_PROVING)('%s needs none', async (route) => {
    const { status } = await ask(route, undefined);
    expect([401, 403]).not.toContain(status);
  });

  it.each(PUBLIC)('GET %s needs none', async (path) => {
    const { status } = await ask(`GET ${path}`, undefined);
    expect([401, 403]).not.toContain(status);
  });
});

describe('a token from the database', () => {
  it('is named in the audit log', async () => {
    const response = await app.request('/v1/wallet/halt', {
      method: 'POST',
      headers: { authorization: `Bearer ${tokens.get('operate')}` },
      body: JSON.stringify({ reason: 'a trial' }),
    });
    expect(response.status).toBe(200);
    const { items } = await listAuditLog(database.db, { limit: 5, cursor: null });
    expect(items).toContainEqual(
      expect.objectContaining({ action: 'wallet.halt', actor: 'api:operate' }),
    );
  });

  it('ends within a second of being revoked', async () => {
    const { db } = database;
    const request = { ...decision, name: 'leaver', role: 'admin', expiresAt: null } as const;
    const { token } = await createToken(db, request);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await ask('GET /v1/audit-log', token)).toMatchObject({ status: 200 });
    await revokeToken(db, { ...decision, name: 'leaver' });
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(await ask('GET /v1/audit-log', token)).toMatchObject({ status: 401 });
  });
});
