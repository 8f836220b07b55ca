/** What each role may do on the operator's pages. A page or action that is not in the table fails the test. */
import type { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mayDo, ROLES, type Role } from '../../core/access/rules/roles.js';
import { createToken } from '../../core/access/store/tokens.js';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { FormBrowser } from '../../test/kit/form-browser.js';
import { poolOf } from '../../test/kit/silent-temporal.js';
import { addTerms, addWallet } from '../../test/kit/test-pool.js';
import { createApp } from '../app.js';

const NEEDED: Readonly<Record<string, Role>> = {
  'GET /operator': 'read',
  'GET /operator/audit': 'read',
  'GET /operator/checks': 'read',
  'GET /operator/guard': 'read',
  'GET /operator/guard/excluded.txt': 'read',
  'GET /operator/invitations': 'read',
  'GET /operator/pay': 'operate',
  'GET /operator/payouts/:id': 'read',
  'GET /operator/round': 'read',
  'GET /operator/sessions': 'read',
  'POST /operator/act/finding.acknowledge': 'operate',
  'POST /operator/act/guard.override': 'operate',
  'POST /operator/act/guard.withdraw': 'operate',
  'POST /operator/act/jobs.absorb': 'operate',
  'POST /operator/act/jobs.assign': 'admin',
  'POST /operator/act/payee.invite': 'operate',
  'POST /operator/act/payee.uninvite': 'operate',
  'POST /operator/act/payout.approve': 'operate',
  'POST /operator/act/payout.bump': 'operate',
  'POST /operator/act/payout.cancel': 'operate',
  'POST /operator/act/payout.hold': 'operate',
  'POST /operator/act/payout.pay': 'operate',
  'POST /operator/act/payout.release': 'operate',
  'POST /operator/act/payee.release': 'operate',
  'POST /operator/act/payout.resume': 'operate',
  'POST /operator/act/rebuild.compare': 'operate',
  'POST /operator/act/rebuild.correct': 'admin',
  'POST /operator/act/reconcile.start': 'operate',
  'POST /operator/act/session.end': 'admin',
  'POST /operator/act/set-aside.retry': 'operate',
  'POST /operator/act/source.resume': 'operate',
  'POST /operator/act/sync.pause': 'operate',
  'POST /operator/act/sync.resume': 'operate',
  'POST /operator/act/wallet.adopt': 'admin',
  'POST /operator/act/wallet.halt': 'operate',
  'POST /operator/act/wallet.resume': 'operate',
  'POST /operator/round': 'operate',
  'POST /operator/sign-out': 'read',
};

/** Where one signs in. */
const PUBLIC = ['GET /operator/sign-in', 'POST /operator/sign-in'];

let database: TestDatabase;
let app: Hono;
const browsers = new Map<Role, FormBrowser>();

beforeAll(async () => {
  database = await createTestDatabase();
  const { db } = database;
  await addTerms(db, 1n);
  await addWallet(db);
  app = createApp(poolOf(db));
  for (const role of ROLES) {
    const request = { actor: 'test', reason: 'because', name: role, role, expiresAt: null };
    const { token } = await createToken(db, request);
    await new Promise((resolve) => setTimeout(resolve, 60));
    const browser = new FormBrowser(app);
    await browser.signIn(token);
    browsers.set(role, browser);
  }
});
afterAll(() => database.close());

async function ask(route: string, browser: FormBrowser) {
  const [method = '', path = ''] = route.split(' ');
  const place = path.replace(/:\w+/, '1');
  const { status, text } = await (method === 'GET' ? browser.get(place) : browser.post(place));
  return { status, code: /[A-Z]+(?:_[A-Z]+)+/.exec(text.replaceAll(/<[^>]*>/g, ''))?.[0] };
}

describe('roles on the operator’s pages', () => {
  it('are said of every page and action that there is', () => {
    const there = new Set(
      app.routes
        .filter(({ method, path }) => method !== 'ALL' && path.startsWith('/operator'))
        .map(({ method, path }) => `${method} ${path}`),
    );
    expect([...there].sort()).toEqual([...Object.keys(NEEDED), ...PUBLIC].sort());
  });

  it.each(Object.entries(NEEDED))('%s needs %s', async (route, needed) => {
    const stranger = await ask(route, new FormBrowser(app));
    expect(stranger.status).toBe(route.startsWith('GET') ? 303 : 401);
    for (const role of ROLES) {
      const { status, code } = await ask(route, browsers.get(role) ?? new FormBrowser(app));
      const isRefused = code === 'API_TOKEN_ROLE_TOO_LOW';
      expect([role, isRefused, status === 401]).toEqual([role, !mayDo(role, needed), false]);
    }
  });
});
