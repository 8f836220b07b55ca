/** Who is signed in, and that no other page can send the operator's forms. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import type { Hono } from 'hono';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ROLES, type Role } from '../../core/access/rules/roles.js';
import { createToken, revokeToken } from '../../core/access/store/tokens.js';
import { closeDatabase, openDatabase } from '../../core/db/database.js';
import { listAuditLog } from '../../core/ledger/store/audit-log-reads.js';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { FormBrowser, fieldsOf } from '../../test/kit/form-browser.js';
import { poolOf } from '../../test/kit/silent-temporal.js';
import { addTerms, addWallet, TEST_TOKEN } from '../../test/kit/test-pool.js';
import { createApp } from '../app.js';

const decision = { actor: 'test', reason: 'because' };
const HALT = '/operator/act/wallet.halt';
let database: TestDatabase;
let app: Hono;
let browser: FormBrowser;
let made = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  const { db } = database;
  await addTerms(db, 1n);
  await addWallet(db);
  app = createApp(poolOf(db));
});
afterAll(() => database.close());
beforeEach(() => {
  browser = new FormBrowser(app);
});

async function tokenOf(role: Role) {
  made += 1;
  const name = `${role}-${made}`;
  const request = { ...decision, name, role, expiresAt: null };
  const { token } = await createToken(database.db, request);
  // A token that was just made is known after fifty milliseconds.
  await new Promise((resolve) => setTimeout(resolve, 60));
  return { name, token };
}

async function signedIn(role: Role) {
  const { name, token } = await tokenOf(role);
  const one = new FormBrowser(app);
  expect((await one.signIn(token)).status).toBe(303);
  return { name, one };
}

const lines = async () =>
  (await listAuditLog(database.db, { limit: 50, cursor: null })).items.map(
    ({ actor, action }) => `${actor} ${action}`,
  );

describe('signing in', () => {
  it('gives a cookie that no script and no other site can use, and shows the pages', async () => {
    const away = await browser.get('/operator');
    expect([away.status, away.headers.get('location')]).toEqual([303, '/operator/sign-in']);
    const { name, token } = await tokenOf('read');
    const answer = await browser.signIn(token);
    expect(answer.headers.get('location')).toBe('/operator');
    const cookie = answer.headers.get('set-cookie') ?? '';
    for (const trait of ['HttpOnly', 'SameSite=Strict', 'Path=/operator', 'Max-Age=43200']) {
      expect(cookie).toContain(trait);
    }
    expect(cookie).not.toContain('Secure');
    const page = await browser.get('/operator');
    expect(page.status).toBe(200);
    expect(page.text).toContain(`signed in as api:${name} (read)`);
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(page.text).not.toContain(browser.cookie?.split('=')[1] ?? 'no cookie');
  });

  it('goes over TLS alone where the proxy in front has TLS', async () => {
    const answer = await browser.post('/operator/sign-in', {
      fields: { token: TEST_TOKEN },
      headers: {
        'x-forwarded-proto': 'https',
        host: 'pool.example',
        origin: 'https://pool.example',
      },
    });
    expect(answer.headers.get('set-cookie')).toContain('Secure');
  });

  it('leads to the page that was asked for, and to no other site', async () => {
    const asked = await browser.get('/operator/audit?actor=cli');
    const location = asked.headers.get('location') ?? '';
    expect(location).toBe('/operator/sign-in?then=%2Foperator%2Faudit%3Factor%3Dcli');
    const page = await browser.get(location);
    const fields = fieldsOf(page, '/operator/sign-in');
    expect(fields.then).toBe('/operator/audit?actor=cli');
    for (const then of [
      '//evil.example',
      'https://evil.example',
      '/operator//evil.example/..',
      '/\\evil',
    ]) {
      const sent = { fields: { token: TEST_TOKEN, then } };
      const { headers } = await new FormBrowser(app).post('/operator/sign-in', sent);
      expect(headers.get('location')).toMatch(/^\/operator/);
      expect(headers.get('location')).not.toMatch(/^\/operator\/\/|evil\.example$/);
    }
  });

  it('is refused with a wrong token, which is slowed as on the API', async () => {
    const first = await browser.signIn('wrong');
    expect(first.status).toBe(401);
    expect(first.text).toContain('This token is not accepted');
    expect(first.text).not.toContain('value="wrong"');
    let last = first;
    for (let i = 0; i < 40 && last.status === 401; i += 1)
      last = await browser.signIn(`wrong ${i}`);
    expect(last.status).toBe(429);
    expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(browser.cookie).toBeUndefined();
  });
});

describe('a session', () => {
  it('ends within a second of its token, on its pages and for its forms', async () => {
    const { name, one } = await signedIn('operate');
    const page = await one.get('/operator');
    await revokeToken(database.db, { ...decision, name });
    expect((await one.get('/operator')).status).toBe(303);
    const sent = await one.submit(page, HALT);
    expect([sent.status, sent.text.includes('SESSION_ENDED')]).toEqual([401, true]);
  });

  it('ends when it is signed out: its forms are worth nothing afterwards', async () => {
    const { one } = await signedIn('operate');
    const page = await one.get('/operator');
    const { cookie } = one;
    const out = await one.submit(page, '/operator/sign-out');
    expect([out.status, out.headers.get('location')]).toEqual([303, '/operator/sign-in']);
    one.cookie = cookie;
    expect((await one.submit(page, HALT)).status).toBe(401);
    expect((await one.get('/operator')).status).toBe(303);
  });

  it('counts on no route of the API: its cookie is no token', async () => {
    const { one } = await signedIn('admin');
    for (const path of ['/v1/audit-log', '/v1/operator/needs']) {
      expect([path, (await one.get(path)).status]).toEqual([path, 401]);
    }
    const halted = await one.post('/v1/wallet/halt', { fields: { reason: 'x' } });
    expect(halted.status).toBe(401);
    // The other way round, a token in a header opens no page: a page is for a browser.
    const bearer = { authorization: `Bearer ${TEST_TOKEN}` };
    expect((await browser.get('/operator', bearer)).status).toBe(303);
  });

  it('is listed, and an admin ends another one’s', async () => {
    const { name, one } = await signedIn('read');
    const admin = await signedIn('admin');
    const page = await admin.one.get('/operator/sessions');
    expect(page.text).toContain(name);
    const forms = page.text.match(/<tr>(?:(?!<\/tr>)[\s\S])*<\/tr>/g) ?? [];
    const row = forms.find((text) => text.includes(`>${name}<`)) ?? '';
    const path = '/operator/act/session.end';
    const look = await admin.one.submit({ ...page, text: row }, path);
    expect(look.text).toContain('ended: its browser has to sign in again');
    expect((await one.get('/operator')).status).toBe(200);
    const done = await admin.one.submit(look, path, { reason: 'left the company' });
    expect(done.status).toBe(200);
    expect((await one.get('/operator')).status).toBe(303);
  });
});

describe('a form', () => {
  it('does what its page says, with the name of the token, after its dry run', async () => {
    const { name, one } = await signedIn('operate');
    const look = await one.submit(await one.get('/operator'), HALT);
    expect(look.text).toContain('halted: nothing is signed or sent until it is resumed');
    expect(await lines()).not.toContain(`api:${name} wallet.halt`);
    const done = await one.submit(look, HALT, { reason: 'a look' });
    expect(done.status).toBe(200);
    expect(await lines()).toContain(`api:${name} wallet.halt`);
    const resume = '/operator/act/wallet.resume';
    const page = await one.get('/operator');
    expect(page.text).toContain('Nothing is paid: the wallet is halted (HALTED_BY_OPERATOR)');
    const back = await one.submit(page, resume);
    expect((await one.submit(back, resume, { reason: 'it is well' })).status).toBe(200);
  });

  const refused = { status: 403, code: 'SESSION_FORM_REFUSED' };
  const outcome = async (sent: Promise<{ status: number; text: string }>) => {
    const { status, text } = await sent;
    const words = text.replaceAll(/<[^>]*>/g, ' ');
    return { status, code: /\b[A-Z]+(?:_[A-Z]+)+\b/.exec(words)?.[0] };
  };

  it('is refused without its token, with another session’s, and with another form’s', async () => {
    const [ann, eve] = [await signedIn('operate'), await signedIn('operate')];
    const [page, stolen] = [await ann.one.get('/operator'), await eve.one.get('/operator')];
    const own = fieldsOf(page, HALT);
    const before = await lines();
    const tries = [
      { subject: own.subject ?? '' },
      { ...own, form: '' },
      { ...own, form: `${own.form}x` },
      { ...fieldsOf(stolen, HALT) },
      { ...own, subject: 'another' },
      { ...own, form: fieldsOf(page, '/operator/act/sync.pause').form ?? '' },
    ];
    for (const fields of tries) {
      expect(await outcome(ann.one.post(HALT, { fields }))).toEqual(refused);
    }
    expect(await lines()).toEqual(before);
    expect((await ann.one.post(HALT, { fields: own })).status).toBe(200);
  });

  it.each([
    ['a page of another site', { 'sec-fetch-site': 'cross-site', origin: 'http://evil.example' }],
    ['a page of a sister site', { 'sec-fetch-site': 'same-site', origin: 'http://a.pool.example' }],
    ['an older browser on another site', { 'sec-fetch-site': '', origin: 'http://evil.example' }],
    ['a page without an origin', { 'sec-fetch-site': 'cross-site', origin: 'null' }],
    ['an older browser that hides where it is', { 'sec-fetch-site': '', origin: 'null' }],
    ['somebody who says nothing of it', { 'sec-fetch-site': '', origin: '' }],
  ])('is refused from %s', async (_, headers) => {
    const { one } = await signedIn('operate');
    const fields = fieldsOf(await one.get('/operator'), HALT);
    expect(await outcome(one.post(HALT, { fields, headers }))).toEqual(refused);
    const signIn = { fields: { token: TEST_TOKEN }, headers };
    expect((await browser.post('/operator/sign-in', signIn)).status).toBe(403);
  });

  it.each([
    ['an older browser, or one without TLS', { 'sec-fetch-site': '' }],
    [
      'a proxy that asks by another host',
      { 'sec-fetch-site': '', 'x-forwarded-host': 'pool.example', host: '10.0.0.1' },
    ],
    ['a proxy that passes no host on', { host: '10.0.0.1' }],
  ])('is taken from its own page by way of %s', async (_, headers) => {
    const { one } = await signedIn('operate');
    const fields = fieldsOf(await one.get('/operator'), HALT);
    expect((await one.post(HALT, { fields, headers })).status).toBe(200);
  });

  it('is confirmed as it was looked at: when that has changed, it is shown again', async () => {
    const { one } = await signedIn('operate');
    const path = '/operator/act/sync.pause';
    const look = await one.submit(await one.get('/operator'), path);
    const other = await signedIn('operate');
    const theirs = await other.one.submit(await other.one.get('/operator'), path);
    expect((await other.one.submit(theirs, path, { reason: 'first' })).status).toBe(200);
    const late = await one.submit(look, path, { reason: 'second' });
    expect(late.status).toBe(409);
    expect(late.text).toContain('This is not what you looked at any more');
    expect(late.text).toContain('it was paused before, and still is');
  });

  it('is refused without a reason', async () => {
    const { one } = await signedIn('operate');
    const look = await one.submit(await one.get('/operator'), HALT);
    const blank = one.submit(look, HALT, { reason: '  ' });
    expect(await outcome(blank)).toEqual({ status: 400, code: 'REASON_MISSING' });
  });
});

describe('the role of a session', () => {
  it.each(ROLES)('is that of its token: %s', async (role) => {
    const { one } = await signedIn(role);
    const { text } = await one.get('/operator');
    expect([role, text.includes(HALT)]).toEqual([role, role !== 'read']);
  });
});

describe('whoever may decide', () => {
  it('is not kept out by cookies that nobody was given, from the first page on', async () => {
    const { one } = await signedIn('operate');
    const forged = Array.from({ length: 600 }, () => {
      const cookie = `openpool_operator=${randomBytes(32).toString('base64url')}`;
      return app.request('http://pool.example/operator', { headers: { cookie } });
    });
    expect((await one.get('/operator')).status).toBe(200);
    expect((await one.get('/operator')).status).toBe(200);
    const statuses = (await Promise.all(forged)).map(({ status }) => status);
    expect(statuses).toContain(503);
  });

  it('halts while somebody who may only read asks for many slow pages', async () => {
    const { url, db } = database;
    const reads = openDatabase({ url, maxConnections: 12 });
    const own = createApp({ ...poolOf(db), reads, answersKeptMs: 1_000 });
    const [reader, decider] = [new FormBrowser(own), new FormBrowser(own)];
    await reader.signIn((await tokenOf('read')).token);
    await decider.signIn((await tokenOf('operate')).token);
    const look = await decider.submit(await decider.get('/operator'), HALT);
    const slow = openDatabase({ url, maxConnections: 1 });
    let pages: Promise<unknown>[] = [];
    let halted: Promise<number | string> = Promise.resolve('not asked');
    await slow.transaction(async (tx) => {
      await tx.execute(sql`LOCK TABLE finding IN ACCESS EXCLUSIVE MODE`);
      pages = Array.from({ length: 20 }, () => reader.get('/operator'));
      await sleep(100);
      const asked = decider.submit(look, HALT, { reason: 'it burns' });
      halted = Promise.race([asked.then(({ status }) => status), sleep(3_000, 'too late')]);
      await halted;
    });
    expect(await halted).toBe(200);
    await Promise.all(pages);
    await Promise.all([closeDatabase(reads), closeDatabase(slow)]);
  });
});
