/** The API with its own role in Postgres, which reads everything but cannot change money. */
import { sql } from 'drizzle-orm';
import type { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeDatabase, type Database } from '../core/db/database.js';
import { releasePayee } from '../core/payouts/store/payout-messages.js';
import { replaceWallet } from '../core/payouts/store/wallet/wallet-replacement.js';
import { typedDataOf } from '../core/self-service/rules/typed-data.js';
import { createLog } from '../start/log.js';
import { openAsApi } from '../test/harness/api-role.js';
import { createTestDatabase, TEST_POOL_ID, type TestDatabase } from '../test/harness/database.js';
import { createTestNamespace, type TestNamespace } from '../test/harness/namespace.js';
import { createPayee, messageOf, signMessage } from '../test/harness/wishes.js';
import { FormBrowser } from '../test/kit/form-browser.js';
import {
  addPayout,
  addressOf,
  addTerms,
  addWallet,
  addWorker,
  TEST_TOKEN,
  TEST_WALLET,
  testConfig,
} from '../test/kit/test-pool.js';
import { registerSearchAttributes } from '../worker/temporal/register-search-attributes.js';
import { createApp } from './app.js';

const PAYEE = addressOf(1);
const JOB = 'orchestrator-ai/2025-01-01T00:00:00Z/1';

describe('an API with the role openpool_api', () => {
  let database: TestDatabase;
  let db: Database;
  let space: TestNamespace;
  let app: Hono;
  let payoutId: string;
  const faults: unknown[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    db = await openAsApi(database);
    const owner = database.db;
    await addWallet(owner);
    await addTerms(owner, 1n);
    await addWorker(owner, { payee: PAYEE, nodeType: 'ai', pendingWei: 3n, reservedWei: 6n });
    const state = 'reserved';
    payoutId = await addPayout(owner, {
      payee: PAYEE,
      state,
      amountWei: 6n,
      createdAt: new Date(),
    });
    await database.db.execute(sql`
      INSERT INTO source (id, kind, reads_from, region, node_type, stopped_at, stopped_why)
      VALUES ('orchestrator-ai', 'orchestrator-http', 'http://127.0.0.1:7998/pool/events', 'eu', 'ai',
              now(), 'it reads what another one has')`);
    await owner.execute(sql`
      INSERT INTO finding (code, source_id, subject, severity, words, figures, opened_at, seen_at)
      VALUES ('SOURCE_FAILING', 'orchestrator-ai', '', 'warning', 'it fails', '{}', now(), now())`);
    // This namespace has no worker: workflows are started, and none answers.
    space = await createTestNamespace();
    const { client } = space;
    const log = createLog({ level: 'silent' });
    await registerSearchAttributes({ ...space, address: 'the test server', log });
    app = createApp({
      ...{
        db,
        poolId: TEST_POOL_ID,
        client,
        config: testConfig(),
        version: '1',
        answerTimeoutMs: 300,
      },
      onFault: (error) => faults.push(error),
    });
  });
  afterAll(async () => {
    await space.close();
    await closeDatabase(db);
    await database.close();
  });

  const fill = (path: string) =>
    path
      .replace(':address', PAYEE)
      .replace('/payouts/:id', `/payouts/${payoutId}`)
      .replace('/sources/:id', '/sources/orchestrator-ai')
      .replace(':id', '1');

  /** Whether a route is one of the API, and not of the operator's pages. */
  const isApi = (method: string) => (route: { method: string; path: string }) =>
    route.method === method && !route.path.startsWith('/operator');

  it('signs operators in, shows them their pages, and does what they confirm', async () => {
    const browser = new FormBrowser(app);
    expect((await browser.signIn(TEST_TOKEN)).status).toBe(303);
    for (const path of ['', '/round', '/pay', '/audit', '/checks', '/sessions']) {
      expect([path, (await browser.get(`/operator${path}`)).status]).toEqual([path, 200]);
    }
    expect((await browser.get(`/operator/payouts/${payoutId}`)).status).toBe(200);
    const pause = '/operator/act/sync.pause';
    const look = await browser.submit(await browser.get('/operator'), pause);
    expect((await browser.submit(look, pause, { reason: 'a trial' })).status).toBe(200);
    const page = await browser.get('/operator');
    expect(page.text).toContain('No source is read: the sync is paused');
    expect((await browser.submit(page, '/operator/sign-out')).status).toBe(303);
    expect(faults).toEqual([]);
  });

  it('answers every GET', async () => {
    const paths = new Set(app.routes.filter(isApi('GET')).map(({ path }) => fill(path)));
    expect(paths.size).toBeGreaterThan(25);
    const failed: string[] = [];
    for (const path of paths) {
      const headers = { authorization: `Bearer ${TEST_TOKEN}` };
      const response = await app.request(path, { headers });
      if (response.status >= 500) failed.push(`${path}: ${await response.text()}`);
    }
    expect({ failed, faults }).toEqual({ failed: [], faults: [] });
  });

  const post = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
    const response = await app.request(path, {
      method: 'POST',
      headers: { authorization: `Bearer ${TEST_TOKEN}`, ...headers },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  it('halts, resumes and acknowledges', async () => {
    const halted = await post('/v1/wallet/halt', { reason: 'a trial' });
    expect(halted).toMatchObject({ status: 200, body: { changed: true } });
    const resumed = await post('/v1/wallet/resume', { reason: 'it is over' });
    expect(resumed).toMatchObject({ status: 200, body: { changed: true } });
    const known = await post('/v1/findings/1/acknowledge', { reason: 'known' });
    expect(known.status).toBe(200);
  });

  it('is stopped by Postgres at no other POST', async () => {
    const reason = 'a trial';
    const bodies: Record<string, unknown> = {
      '/v1/payouts': { payee: PAYEE, reason },
      '/v1/adjustments': { payee: PAYEE, amountWei: '1', reference: 'one', reason },
      '/v1/unattributed/assign': { jobs: [JOB], to: PAYEE, reason },
      '/v1/unattributed/absorb': { jobs: [JOB], reason },
      '/v1/set-aside/retry': { ids: ['1'], reason },
      '/v1/sources/orchestrator-ai/backfill': { from: 'beginning', reason },
      '/v1/wallet/replace': { to: addressOf(9), reason },
      '/v1/guard/overrides': {
        ethAddress: addressOf(99),
        state: 'good',
        until: '2100-01-01T00:00:00Z',
        reason,
      },
      '/v1/terms': { commissionBps: 100, from: '2030-01-01T00:00:00Z', reason },
      '/v1/rounds': { previewHash: `1-6-1-0-${'0'.repeat(64)}`, reason },
      '/v1/sources/orchestrator-ai/move': { to: 'http://127.0.0.1:7999/pool/events', reason },
    };
    const routes = app.routes.filter(isApi('POST'));
    const paths = new Set(routes.map(({ path }) => fill(path)));
    // What payees sign has a test of its own below.
    for (const from of ['', '/v1']) {
      expect(paths.delete(`${from}/payees/${PAYEE}/wishes`)).toBe(true);
    }
    expect(paths.size).toBeGreaterThan(12);
    const wrong: unknown[] = [];
    for (const path of paths) {
      const headers = { 'idempotency-key': path.replaceAll('/', '-') };
      const { code, message } = (await post(path, bodies[path] ?? { reason }, headers)).body;
      if (path.endsWith('/move')) {
        expect(code).toBe('DATABASE_FORBIDDEN');
        expect(message).toContain('run: openpool source move orchestrator-ai --to');
      } else if (/^(DATABASE|INTERNAL|REQUEST)/.test(String(code))) wrong.push([path, code]);
    }
    expect({ wrong, faults }).toEqual({ wrong: [], faults: [] });
  });

  it('releases a payee that could not be paid', async () => {
    const payee = addressOf(77);
    await database.db.execute(sql`
      INSERT INTO payee (address, unpayable_code, unpayable_reason, unpayable_at)
      VALUES (${payee}, 'REFUSED_ON_CHAIN', 'x', now())`);
    const decision = { actor: 'ann', reason: 'it takes ETH again' };
    expect(await releasePayee(db, payee, decision)).toBe(true);
    expect(await releasePayee(db, payee, decision)).toBe(false);
  });

  it('invites a payee once it was shown, lists it, and withdraws it', async () => {
    const path = `/v1/payees/${addressOf(78)}`;
    const headers = { authorization: `Bearer ${TEST_TOKEN}` };
    const listed = async () => {
      const answer = await app.request('/v1/invitations?open=true', { headers });
      return (await answer.json()) as { readonly invitations: readonly { actor: string }[] };
    };
    const before = (await listed()).invitations.length;
    const dry = await post(`${path}/invite`, { reason: 'a friend', dryRun: true });
    expect(dry.body).toMatchObject({ changed: true, dryRun: true });
    expect((await listed()).invitations).toHaveLength(before);
    for (const changed of [true, false]) {
      const made = await post(`${path}/invite`, { reason: 'a friend' });
      expect(made).toMatchObject({ status: 200, body: { changed, dryRun: false } });
    }
    expect((await listed()).invitations).toHaveLength(before + 1);
    const ended = await post(`${path}/uninvite`, { reason: 'gone' });
    expect(ended.body).toMatchObject({ changed: true });
    expect((await listed()).invitations).toHaveLength(before);
  });

  it('decides instead of the guard once it was shown, lists it, and withdraws it once', async () => {
    const payee = await createPayee(database.db);
    const headers = { authorization: `Bearer ${TEST_TOKEN}` };
    const listed = async () => {
      const answer = await app.request('/v1/guard/overrides', { headers });
      return ((await answer.json()) as { readonly overrides: readonly unknown[] }).overrides;
    };
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const order = { ethAddress: payee.address, state: 'good', until, reason: 'a new machine' };
    const dry = await post('/v1/guard/overrides', { ...order, dryRun: true });
    expect(dry).toMatchObject({ status: 200, body: { dryRun: true, override: { state: 'good' } } });
    expect(await listed()).toEqual([]);
    const made = await post('/v1/guard/overrides', order);
    expect(made).toMatchObject({ status: 200, body: { override: { until, nodeType: null } } });
    const [one] = await listed();
    expect(one).toMatchObject({ id: expect.any(String), by: 'api', withdrawnAt: null });
    const { id } = (made.body as { readonly override: { readonly id: string } }).override;
    const path = `/v1/guard/overrides/${id}/withdraw`;
    expect(await post(path, { reason: 'it works' })).toMatchObject({ status: 200 });
    expect(await post(path, { reason: 'it works' })).toMatchObject({
      body: { code: 'OVERRIDE_NOT_FOUND' },
    });
    expect(await post('/v1/guard/overrides', { ...order, modelId: 'sdxl' })).toMatchObject({
      body: { code: 'REQUEST_INVALID' },
    });
  });

  it('takes what a payee signed', async () => {
    const payee = await createPayee(database.db);
    const path = `/v1/payees/${payee.address}/wishes`;
    const message = await messageOf(database.db, payee.address, { kind: 'pause' });
    const typedData = typedDataOf(message);
    const sent = { typedData, signature: await signMessage(payee.key, message) };
    expect(await post(path, sent)).toMatchObject({ status: 201, body: { nextNonce: 1 } });
    expect(await post(path, sent)).toMatchObject({ body: { code: 'WISH_REPLAYED' } });
  });

  it.each([
    `INSERT INTO payee_redirect SELECT * FROM payee_redirect`,
    `UPDATE payee_wish SET nonce = 7`,
    `UPDATE invitation SET payee = '${addressOf(9)}'`,
    `DELETE FROM payee_admission`,
    `UPDATE payee_rule SET hold_reason = NULL`,
    `UPDATE balance SET amount_wei = amount_wei + 1`,
    `INSERT INTO posting (kind, reference, reason) VALUES ('adjust', 'x', 'x')`,
    `INSERT INTO ledger_entry (posting_id, account, amount_wei) VALUES (1, 'commission', 1)`,
    `UPDATE ledger_entry SET amount_wei = 1`,
    `UPDATE payout SET amount_wei = 1`,
    `UPDATE payout SET destination = '${addressOf(9)}'`,
    `INSERT INTO payout SELECT * FROM payout`,
    `UPDATE operator_order SET args = '{}'`,
    `DELETE FROM operator_order`,
    `UPDATE payout SET state = 'cancelled'`,
    `DELETE FROM payout`,
    `INSERT INTO payee (address) VALUES ('${addressOf(9)}')`,
    `UPDATE payee SET unpayable_at = NULL`,
    `UPDATE remote_worker SET payee = '${addressOf(9)}'`,
    `INSERT INTO nonce_slot SELECT * FROM nonce_slot`,
    `UPDATE attempt SET raw = NULL`,
    `UPDATE wallet SET next_nonce = 7`,
    `DELETE FROM wallet`,
    `UPDATE wallet_halt SET code = 'PAYOUTS_SWITCHED_OFF'`,
    `DELETE FROM terms`,
    `INSERT INTO terms (from_dt, commission_bps, threshold_wei, min_interval_ms, rounding)
     VALUES ('2000-01-01Z', 10000, 1, 0, 'commission-floor')`,
    `UPDATE ledger SET chain_id = 1`,
    `INSERT INTO pool_event SELECT * FROM pool_event`,
    `UPDATE source SET reads_from = 'elsewhere'`,
    `UPDATE setting SET value = 'x'`,
    `UPDATE finding SET resolved_at = now()`,
    `DELETE FROM finding`,
    `UPDATE audit_log SET reason = 'another'`,
    `DELETE FROM audit_log`,
    `TRUNCATE audit_log`,
    `DELETE FROM drizzle.__drizzle_migrations`,
    `CREATE TABLE more (n int)`,
    `ALTER TABLE payout DISABLE TRIGGER ALL`,
    `SELECT pg_read_file('/etc/hostname')`,
    'SET ROLE openpool',
  ])('is refused: %s', async (statement) => {
    const answer = await db.$client.query(statement).then(
      () => 'done',
      (error: { readonly code?: string }) => error.code,
    );
    expect(answer).toBe('42501');
  });

  it.each([
    ['2147483647', 31_337],
    ['max(no) + 1', 1],
  ])(
    'names no wallet as number %s on chain %s, after which nobody could name another',
    async (no, chainId) => {
      const named = db.$client.query(
        `INSERT INTO paying_wallet (no, chain_id, address, actor, reason)
       SELECT ${no}, ${chainId}, '${addressOf(66)}', 'x', 'x' FROM paying_wallet HAVING true`,
      );
      await expect(named).rejects.toMatchObject({ code: '23514' });
      const order = { to: addressOf(10), actor: 'ann', reason: 'the next one' };
      expect(await replaceWallet(database.db, order)).toMatchObject({ to: order.to });
    },
  );

  it('reads every table', async () => {
    const { rows } = await db.$client.query<{ name: string }>(
      `SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) AS name FROM pg_tables
        WHERE schemaname IN ('public', 'drizzle')`,
    );
    expect(rows.length).toBeGreaterThan(30);
    for (const { name } of rows) await db.$client.query(`SELECT FROM ${name} LIMIT 1`);
    // The role must also be able to read tables that later migrations add.
    await database.db.execute(sql`CREATE TABLE added_later (n int)`);
    await db.$client.query('SELECT * FROM added_later');
  });

  it('halts the paying wallet, and no other row of it', async () => {
    const { rows } = await db.$client.query('SELECT address, next_nonce FROM wallet');
    expect(rows).toMatchObject([{ address: TEST_WALLET }]);
  });
});
