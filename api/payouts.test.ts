/** Payouts that are requested through the API, with a real worker, Temporal, Postgres and chain behind it. */
import { randomUUID } from 'node:crypto';
import { Client } from '@temporalio/client';
import { sql } from 'drizzle-orm';
import type { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPayoutActivities, createRoundActivities } from '../activities/payouts.js';
import { tellSagas } from '../activities/sagas.js';
import { openTemporal } from '../client/workflow-calls.js';
import { closeDatabase, type Database } from '../core/db/database.js';
import { operatorOrder } from '../core/orders/store/tables.js';
import { createSender } from '../core/payouts/sending/sending.js';
import { Settler } from '../core/payouts/settling/settler.js';
import { listPayouts } from '../core/payouts/store/reads/payout-reads.js';
import { waitUntil } from '../dev/kit/process.js';
import { type LocalChain, startChain } from '../dev/stack/chain-node.js';
import { createLog } from '../start/log.js';
import { openAsApi } from '../test/harness/api-role.js';
import { createTestDatabase, TEST_POOL_ID, type TestDatabase } from '../test/harness/database.js';
import {
  createTestWallet,
  credit,
  randomAddress,
  recordTestTerms,
  type TestWallet,
  transfersOf,
} from '../test/harness/money.js';
import { createTestNamespace, type TestNamespace } from '../test/harness/namespace.js';
import { connectTestTemporal, type TestTemporal } from '../test/harness/temporal.js';
import { FormBrowser } from '../test/kit/form-browser.js';
import { TEST_TOKEN, testConfig } from '../test/kit/test-pool.js';
import { registerSearchAttributes } from '../worker/temporal/register-search-attributes.js';
import { taskQueueOf } from '../workflows/contract.js';
import { createApp } from './app.js';

const MILLI_ETH = 10n ** 15n;
const ETH = 10n ** 18n;
const TOKEN = { authorization: `Bearer ${TEST_TOKEN}` };

interface Answer {
  readonly status: number;
  readonly body: {
    readonly code?: string;
    readonly help?: string;
    readonly words?: string;
    readonly created?: boolean;
    readonly workflowId: string;
    readonly workflowUrl: string;
    readonly payout: {
      readonly id: string;
      readonly amountWei: string;
      readonly state: string;
      readonly wait: { readonly code: string } | null;
    };
  };
}

describe('payouts through the API', () => {
  let database: TestDatabase;
  /** The same database, with the role of an API process. */
  let apiDb: Database;
  let chain: LocalChain;
  let wallet: TestWallet;
  let space: TestNamespace;
  let temporal: TestTemporal;
  let settler: Settler;
  let app: Hono;

  beforeAll(async () => {
    [database, chain, space, temporal] = await Promise.all([
      createTestDatabase(),
      startChain({ blockTimeSeconds: 0.25 }),
      createTestNamespace(),
      connectTestTemporal(taskQueueOf(TEST_POOL_ID)),
    ]);
    const { namespace, client, workerClient } = space;
    const log = createLog({ level: 'silent' });
    await registerSearchAttributes({ ...space, address: 'the test server', log });
    const limits = { maxPayoutWei: 1_000n * ETH };
    wallet = await createTestWallet(database.db, chain, { balanceWei: 10n * ETH, limits });
    await recordTestTerms(database.db, { thresholdWei: 5n * MILLI_ETH });
    const sagas = { client: workerClient, poolId: TEST_POOL_ID };
    const round = createRoundActivities({ ...wallet.deps, ...sagas });
    const sender = createSender(wallet.deps, () => settler.nudge());
    settler = new Settler(wallet.deps, { sender, tell: (ids) => tellSagas(sagas, ids) });
    settler.start();
    const payout = createPayoutActivities(sender);
    await temporal.startWorker({ ...round, ...payout }, { namespace });
    apiDb = await openAsApi(database);
    app = createApp({ ...appDeps(), client });
  });
  afterAll(async () => {
    await temporal.close();
    await settler.stop();
    await space.close();
    await closeDatabase(apiDb);
    await Promise.all([database.close(), chain.stop()]);
  });

  function appDeps() {
    const base = testConfig();
    const config = { ...base, temporal: { ...base.temporal, namespace: space.namespace } };
    return { db: apiDb, poolId: TEST_POOL_ID, client: space.client, config, version: '1' };
  }
  async function post(path: string, body: unknown, headers: Record<string, string> = TOKEN) {
    const init = { method: 'POST', headers, body: JSON.stringify(body) };
    const response = await app.request(path, init);
    return { status: response.status, body: (await response.json()) as Answer['body'] };
  }
  const stateOf = async (id: string) =>
    (await (await app.request(`/v1/payouts/${id}`)).json()) as Answer['body']['payout'];
  const untilPayout = (id: string, ready: (payout: Answer['body']['payout']) => boolean) =>
    waitUntil({
      what: `payout ${id}`,
      timeoutMs: 30_000,
      intervalMs: 100,
      ready: async () => ready(await stateOf(id)),
    });

  it('pays what is due and answers with the payout, its workflow and where to look at it', async () => {
    const payee = await credit(database.db, [4n * MILLI_ETH, 2n * MILLI_ETH]);
    const { status, body } = await post('/v1/payouts', { payee, reason: 'asked by mail' });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      created: true,
      workflowId: `${TEST_POOL_ID}/payout/${body.payout.id}`,
    });
    expect(body.payout.amountWei).toBe((6n * MILLI_ETH).toString());
    expect(body.workflowUrl).toBe(
      `http://127.0.0.1:8233/namespaces/${space.namespace}/workflows/${TEST_POOL_ID}%2Fpayout%2F${body.payout.id}`,
    );
    await untilPayout(body.payout.id, ({ state }) => state === 'paid');
    const sent = (await transfersOf(chain, wallet.address)).filter(({ to }) => to === payee);
    expect(sent.map(({ valueWei }) => valueWei)).toEqual([6n * MILLI_ETH]);
  });

  it('makes the round that was looked at and pays it, and no other one', async () => {
    const payee = await credit(database.db, [8n * MILLI_ETH]);
    const look = async () =>
      (await (await app.request('/v1/round/preview')).json()) as Record<string, unknown>;
    const { previewHash, gas } = await look();
    expect(gas).toMatchObject({ transfers: 1 });
    const order = { previewHash, reason: 'they asked' };
    const made = await post('/v1/rounds', order);
    expect(made).toMatchObject({
      status: 201,
      body: { round: { payouts: 1, reservedWei: (8n * MILLI_ETH).toString() } },
    });
    const { items } = await listPayouts(database.db, { payee }, { limit: 9, cursor: null });
    expect(items).toHaveLength(1);
    await untilPayout(items[0]?.id ?? '', ({ state }) => state === 'paid');
    const again = await post('/v1/rounds', order);
    expect(again).toMatchObject({
      status: 409,
      body: { code: 'ROUND_DIFFERS', detail: { previewHash: (await look()).previewHash } },
    });
    const wrong = await post('/v1/rounds', { ...order, previewHash: 'x' });
    expect(wrong).toMatchObject({ status: 400, body: { code: 'REQUEST_INVALID' } });
  });

  it('makes on the operator’s page the round that the page showed, or shows the one of now', async () => {
    const payee = await credit(database.db, [9n * MILLI_ETH]);
    const browser = new FormBrowser(app);
    await browser.signIn(TEST_TOKEN);
    const early = await browser.get('/operator/round');
    expect(early.text).toContain('0.009 ETH (9000000000000000 wei) to 1 payee');
    await credit(database.db, [MILLI_ETH], payee);
    const reason = 'they asked';
    const refused = await browser.submit(early, '/operator/round', { reason });
    expect(refused.status).toBe(409);
    expect(refused.text).toMatch(/it was 0\.009 ETH .* for 1 payee, and is 0\.01 ETH/);
    const made = await browser.submit(refused, '/operator/round', { reason });
    expect([made.status, made.text.includes('reserved 0.01 ETH')]).toEqual([200, true]);
    const { items } = await listPayouts(database.db, { payee }, { limit: 9, cursor: null });
    expect(items.map(({ amountWei }) => amountWei)).toEqual([10n * MILLI_ETH]);
    await untilPayout(items[0]?.id ?? '', ({ state }) => state === 'paid');
  });

  it('pays on the operator’s page once, however often its form is sent', async () => {
    const payee = await credit(database.db, [3n * MILLI_ETH]);
    const browser = new FormBrowser(app);
    await browser.signIn(TEST_TOKEN);
    const path = '/operator/act/payout.pay';
    const ask = await browser.get('/operator/pay');
    const below = await browser.submit(ask, path, { payee });
    expect([below.status, below.text.includes('below the threshold')]).toEqual([409, true]);
    const look = await browser.submit(ask, path, { payee, belowThreshold: 'on' });
    expect(look.text).toContain('would reserve 0.003 ETH');
    const done = await browser.submit(look, path, { reason: 'leaving' });
    expect(done.text).toContain('reserved 0.003 ETH');
    const page = { limit: 9, cursor: null };
    const [made] = (await listPayouts(database.db, { payee }, page)).items;
    await untilPayout(made?.id ?? '', ({ state }) => state === 'paid');
    await credit(database.db, [3n * MILLI_ETH], payee);
    const again = await browser.submit(look, path, { reason: 'leaving' });
    expect(again.text).toContain(made?.id ?? 'the first payout');
    expect((await listPayouts(database.db, { payee }, page)).items).toHaveLength(1);
  });

  it('says what a payout would come to, and reserves nothing', async () => {
    const payee = await credit(database.db, [6n * MILLI_ETH]);
    const asked = { payee, dryRun: true };
    const rehearsed = await post('/v1/payouts', asked);
    expect(rehearsed).toMatchObject({
      status: 200,
      body: { payout: null, created: true, amountWei: (6n * MILLI_ETH).toString() },
    });
    expect(rehearsed.body.words).toMatch(/^would reserve 0\.006 ETH .* for 0x/);
    const page = { limit: 9, cursor: null };
    expect((await listPayouts(database.db, { payee }, page)).items).toEqual([]);
    const made = await post('/v1/payouts', { payee });
    const amounts = [rehearsed, made.body.payout].map((one) => JSON.stringify(one));
    for (const text of amounts) expect(text).toContain((6n * MILLI_ETH).toString());
    expect(await post('/v1/payouts', { payee: randomAddress(), dryRun: true })).toMatchObject({
      body: { code: 'PAYEE_UNKNOWN' },
    });
  });

  it('makes one payout of the same payee asked for many times at once', async () => {
    const payee = await credit(database.db, [7n * MILLI_ETH]);
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => post('/v1/payouts', { payee })),
    );
    expect(new Set(answers.map(({ body }) => body.payout?.id)).size).toBe(1);
    const id = answers[0]?.body.payout.id ?? '';
    await untilPayout(id, ({ state }) => state === 'paid');
    const sent = (await transfersOf(chain, wallet.address)).filter(({ to }) => to === payee);
    expect(sent).toHaveLength(1);
  });

  it('repeats its answer for a repeated key, even after the payout has ended, and refuses the key for anything else', async () => {
    const payee = await credit(database.db, [8n * MILLI_ETH]);
    const headers = { ...TOKEN, 'idempotency-key': randomUUID() };
    const first = await post('/v1/payouts', { payee }, headers);
    await untilPayout(first.body.payout.id, ({ state }) => state === 'paid');
    const again = await post('/v1/payouts', { payee }, headers);
    expect(again.status).toBe(first.status);
    expect(again.body.payout.id).toBe(first.body.payout.id);
    const other = await post('/v1/payouts', { payee, belowThreshold: true }, headers);
    expect(other).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } });
  });

  it('answers requests with one key at once with one payout', async () => {
    const payee = await credit(database.db, [8n * MILLI_ETH]);
    const headers = { ...TOKEN, 'idempotency-key': randomUUID() };
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => post('/v1/payouts', { payee }, headers)),
    );
    expect(new Set(answers.map(({ body }) => body.payout?.id)).size).toBe(1);
  });

  it('finds the payout of a request whose answer was cut off', async () => {
    const payee = await credit(database.db, [8n * MILLI_ETH]);
    const key = randomUUID();
    const headers = { ...TOKEN, 'idempotency-key': key };
    const first = await post('/v1/payouts', { payee }, headers);
    await untilPayout(first.body.payout.id, ({ state }) => state === 'paid');
    await database.db.execute(
      sql`UPDATE idempotency_key SET payout_id = NULL, created = NULL WHERE key = ${key}`,
    );
    const again = await post('/v1/payouts', { payee }, headers);
    expect(again).toMatchObject({ status: 201, body: { payout: { id: first.body.payout.id } } });
  });

  it('leaves a key free when its request was refused', async () => {
    const payee = await credit(database.db, [MILLI_ETH]);
    const headers = { ...TOKEN, 'idempotency-key': randomUUID() };
    const refused = await post('/v1/payouts', { payee }, headers);
    expect(refused).toMatchObject({ status: 409, body: { code: 'PAYOUT_NOTHING_DUE' } });
    const paid = await post('/v1/payouts', { payee, belowThreshold: true }, headers);
    expect(paid.status).toBe(201);
  });

  it('names the obstacle without starting a workflow', async () => {
    const unknown = randomAddress();
    const small = await credit(database.db, [1n]);
    const nothing = await credit(database.db, [0n]);
    const cases = [
      [{ payee: unknown }, 404, 'PAYEE_UNKNOWN'],
      [{ payee: small }, 409, 'PAYOUT_NOTHING_DUE'],
      [{ payee: nothing, belowThreshold: true }, 409, 'PAYOUT_NOTHING_DUE'],
      [{ payee: '0x12' }, 400, 'ADDRESS_MALFORMED'],
      [{ payee: '0xD8dA6BF26964aF9D7eEd9e03E53415D37aA96046' }, 400, 'ADDRESS_MALFORMED'],
      [{ payee: small, belowTreshold: true }, 400, 'REQUEST_INVALID'],
      [{}, 400, 'REQUEST_INVALID'],
    ] as const;
    for (const [body, status, code] of cases) {
      expect(await post('/v1/payouts', body)).toMatchObject({ status, body: { code } });
    }
    const orders = await database.db.select().from(operatorOrder);
    expect(orders.filter(({ subject }) => subject === small)).toEqual([]);
  });

  it('refuses payouts from a halted wallet, and halts and resumes it with a reason that is kept', async () => {
    const payee = await credit(database.db, [9n * MILLI_ETH]);
    expect(await post('/v1/wallet/halt', {})).toMatchObject({ status: 400 });
    const halted = await post('/v1/wallet/halt', { reason: 'looking into a doubt' });
    expect(halted).toMatchObject({
      status: 200,
      body: { changed: true, wallet: { halted: { reason: 'looking into a doubt' } } },
    });
    const refused = await post('/v1/payouts', { payee });
    expect(refused).toMatchObject({ status: 409, body: { code: 'WALLET_HALTED' } });
    expect(refused.body.help).toContain('wallet resume');
    const resumed = await post('/v1/wallet/resume', { reason: 'nothing found' });
    expect(resumed).toMatchObject({
      status: 200,
      body: {
        ...{ changed: true, words: 'resumed: payouts go on within a minute' },
        wallet: { halted: null },
      },
    });
    const response = await app.request('/v1/audit-log', { headers: TOKEN });
    const { entries } = (await response.json()) as { readonly entries: readonly unknown[] };
    expect(entries.slice(0, 2)).toMatchObject([
      { actor: 'api', action: 'wallet.resume', reason: 'nothing found' },
      { actor: 'api', action: 'wallet.halt', reason: 'looking into a doubt' },
    ]);
  });

  it("passes an operator's messages to the saga and answers in its words", async () => {
    // The wallet holds less than this amount, so the saga waits before anything is signed.
    const payee = await credit(database.db, [50n * ETH]);
    const made = await post('/v1/payouts', { payee });
    expect(made).toMatchObject({
      status: 201,
      body: { words: expect.stringMatching(/^reserved/) },
    });
    const { id } = made.body.payout;
    await untilPayout(id, ({ wait }) => wait?.code === 'WALLET_EMPTY');
    expect(await post('/v1/payouts', { payee })).toMatchObject({
      status: 200,
      body: { ...{ created: false, payout: { id } }, words: expect.stringContaining('was joined') },
    });
    const send = (action: string) => post(`/v1/payouts/${id}/${action}`, { reason: 'a test' });
    expect(await send('resume')).toMatchObject({ status: 409, body: { code: 'PAYOUT_NOT_HELD' } });
    expect(await send('bump')).toMatchObject({ status: 409, body: { code: 'PAYOUT_NOT_SIGNED' } });
    const held = await send('hold');
    expect(held.body.words).toContain('held');
    expect(held).toMatchObject({ status: 200, body: { payout: { held: { reason: 'a test' } } } });
    expect(await send('resume')).toMatchObject({ status: 200, body: { payout: { held: null } } });
    const cancelled = await send('cancel');
    expect(cancelled).toMatchObject({ status: 200, body: { payout: { state: 'cancelled' } } });
    expect(await send('hold')).toMatchObject({
      status: 409,
      body: { code: 'PAYOUT_ALREADY_CLOSED' },
    });
    const unknown = await post(`/v1/payouts/${randomUUID()}/hold`, { reason: 'a test' });
    expect(unknown).toMatchObject({ status: 404, body: { code: 'PAYOUT_NOT_FOUND' } });
    const reasonless = await post(`/v1/payouts/${id}/hold`, { reason: ' ' });
    expect(reasonless).toMatchObject({ status: 400, body: { code: 'REQUEST_INVALID' } });
  });

  it('lets a payout above the cap go on only when it was approved, by name and with a reason', async () => {
    const payee = await credit(database.db, [2_000n * ETH]);
    const { id } = (await post('/v1/payouts', { payee })).body.payout;
    await untilPayout(id, ({ wait }) => wait?.code === 'PAYOUT_ABOVE_CAP');
    expect(await post(`/v1/payouts/${id}/approve`, {}, {})).toMatchObject({ status: 401 });
    expect(await post(`/v1/payouts/${id}/approve`, {})).toMatchObject({ status: 400 });
    const approved = await post(`/v1/payouts/${id}/approve`, { reason: 'a whole year' });
    expect(approved).toMatchObject({
      status: 200,
      body: { payout: { approved: { reason: 'a whole year' } } },
    });
    expect(approved.body.words).toContain('approved');
    // The saga was told of the approval; now it waits for the wallet's balance.
    await untilPayout(id, ({ wait }) => wait?.code === 'WALLET_EMPTY');
    await post(`/v1/payouts/${id}/cancel`, { reason: 'a test' });
  });

  it('maps a refusal that only the worker could see', async () => {
    const payee = await credit(database.db, [6n * MILLI_ETH]);
    const first = await post('/v1/payouts', { payee });
    await untilPayout(first.body.payout.id, ({ state }) => state === 'paid');
    await recordTestTerms(database.db, { thresholdWei: 5n * MILLI_ETH, minIntervalMs: 3_600_000 });
    await credit(database.db, [6n * MILLI_ETH], payee);
    const second = await post('/v1/payouts', { payee });
    await recordTestTerms(database.db, { thresholdWei: 5n * MILLI_ETH });
    expect(second).toMatchObject({ status: 409, body: { code: 'PAYOUT_TOO_SOON' } });
  });

  it('answers 202 with the workflow when no worker takes it in time', async () => {
    const payee = await credit(database.db, [6n * MILLI_ETH]);
    const impatient = createApp({ ...appDeps(), taskQueue: 'nobody', answerTimeoutMs: 300 });
    const body = JSON.stringify({ payee });
    const response = await impatient.request('/v1/payouts', {
      method: 'POST',
      headers: TOKEN,
      body,
    });
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({
      payout: null,
      workflowId: expect.stringMatching(new RegExp(`^${TEST_POOL_ID}/order/[0-9a-f-]{36}$`)),
    });
  });

  it('names a Temporal that is out of reach, halts the wallet without it, and says so in /v1/ready', async () => {
    const nowhere = { connection: { address: '127.0.0.1:1' } };
    const connection = openTemporal({ ...testConfig().temporal, ...nowhere });
    const lost = createApp({ ...appDeps(), client: new Client({ connection }) });
    const payee = await credit(database.db, [6n * MILLI_ETH]);
    const init = { method: 'POST', headers: TOKEN, body: JSON.stringify({ payee }) };
    const refused = await lost.request('/v1/payouts', init);
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ code: 'TEMPORAL_UNREACHABLE' });
    const halt = {
      method: 'POST',
      headers: TOKEN,
      body: JSON.stringify({ reason: 'no Temporal' }),
    };
    expect((await lost.request('/v1/wallet/halt', halt)).status).toBe(200);
    expect((await lost.request('/v1/wallet/resume', halt)).status).toBe(200);
    const ready = await lost.request('/v1/ready');
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ database: 'ok', temporal: 'TEMPORAL_UNREACHABLE' });
    await connection.close();
    expect((await app.request('/v1/ready')).status).toBe(200);
  });

  it('takes writes only with the configured token', async () => {
    const payee = await credit(database.db, [6n * MILLI_ETH]);
    for (const headers of [{}, { authorization: 'Bearer wrong' }, { authorization: TEST_TOKEN }]) {
      const answer = await post('/v1/payouts', { payee }, headers as Record<string, string>);
      expect(answer).toMatchObject({ status: 401, body: { code: 'API_TOKEN_WRONG' } });
    }
    const closed = createApp({ ...appDeps(), config: testConfig({ token: null }) });
    const init = { method: 'POST', headers: TOKEN, body: JSON.stringify({ payee }) };
    const refused = await closed.request('/v1/payouts', init);
    expect(refused.status).toBe(401);
    expect(await refused.json()).toMatchObject({ code: 'API_TOKEN_WRONG' });
  });

  it('refuses a body that is too large or is not JSON', async () => {
    const large = await post('/v1/payouts', { payee: 'x'.repeat(20_000) });
    expect(large).toMatchObject({ status: 413, body: { code: 'BODY_TOO_LARGE' } });
    const init = { method: 'POST', headers: TOKEN, body: '{' };
    const broken = await app.request('/v1/payouts', init);
    expect(broken.status).toBe(400);
    expect(await broken.json()).toMatchObject({ code: 'REQUEST_INVALID' });
  });
});
