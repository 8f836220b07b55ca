/** Tests what a reader gets of an answer that is kept: how old it is, its tag, its form, and the id of the request. */
import { get as httpGet } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { poolOf } from '../../test/kit/silent-temporal.js';
import {
  addressOf,
  addTerms,
  addWallet,
  addWorker,
  TEST_TOKEN,
  testConfig,
} from '../../test/kit/test-pool.js';
import { type RunningApi, startApi } from '../serve.js';

const TOKEN = { authorization: `Bearer ${TEST_TOKEN}` };
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const KEPT_MS = 150;

describe('a kept answer', () => {
  let database: TestDatabase;
  let api: RunningApi;
  const faults: (readonly unknown[])[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    const { db } = database;
    await addTerms(db, 1n);
    await addWallet(db);
    for (let n = 0; n < 40; n += 1) await addWorker(db, { payee: addressOf(n), pendingWei: 5n });
    const onFault = (_: unknown, request: string, id?: string) => faults.push([request, id]);
    api = await startApi({ ...poolOf(db), answersKeptMs: KEPT_MS, onFault });
  });
  afterAll(async () => {
    await api.stop();
    await database.close();
  });

  const get = (path: string, headers: Record<string, string> = {}, url = api.url) =>
    fetch(`${url}${path}`, { headers: { 'accept-encoding': 'identity', ...headers } });
  /** Asks twice, so that the second answer is one that was there. */
  async function getKept(path: string, headers: Record<string, string> = {}): Promise<Response> {
    await (await get(path)).text();
    return get(path, headers);
  }

  it.each(['/workers', '/v1/workers', '/terms', `/v1/payees/${addressOf(1)}`])(
    'has a strong tag of its bytes, by which a reader who has them is told so: %s',
    async (path) => {
      // Not every answer stays the same from one making to the next, so it may be made anew in between.
      await vi.waitFor(async () => {
        const { headers } = await getKept(path);
        const tag = headers.get('etag') ?? '';
        expect(tag).toMatch(/^"[\w-]{27}"$/);
        expect(headers.get('cache-control')).toBe('no-cache');
        for (const known of [tag, `"other", ${tag}`, `W/${tag}`, '*']) {
          const again = await get(path, { 'if-none-match': known });
          expect(again.status).toBe(304);
          expect(await again.text()).toBe('');
          expect(again.headers.get('etag')).toBe(tag);
          expect(again.headers.get('access-control-allow-origin')).toBe('*');
        }
        expect((await get(path, { 'if-none-match': '"other"' })).status).toBe(200);
      });
    },
  );

  it('has the tag that belongs to other bytes when something changed', async () => {
    const before = (await get('/workers')).headers.get('etag') ?? '';
    await addWorker(database.db, { payee: addressOf(1_000), pendingWei: 7n });
    await sleep(2 * KEPT_MS);
    const after = await get('/workers', { 'if-none-match': before });
    expect(after.status).toBe(200);
    expect(after.headers.get('etag')).not.toBe(before);
  });

  it('is compressed for those who take that, with a tag of its own', async () => {
    const plain = await get('/workers');
    const text = await plain.text();
    const zipped = await rawGet('/workers', { 'accept-encoding': 'br, gzip;q=0.5' });
    expect(zipped.headers.get('content-encoding')).toBe('gzip');
    expect(zipped.headers.get('vary')).toBe('Accept-Encoding');
    expect(zipped.bytes.length).toBeLessThan(text.length / 3);
    expect(gunzipSync(zipped.bytes).toString()).toBe(text);
    const tag = zipped.headers.get('etag') ?? '';
    expect(tag).not.toBe(plain.headers.get('etag'));
    const headers = { 'accept-encoding': 'gzip', 'if-none-match': tag };
    expect((await get('/workers', headers)).status).toBe(304);
    const refusing = await get('/workers', { 'accept-encoding': 'gzip;q=0, identity' });
    expect(refusing.headers.get('content-encoding')).toBeNull();
  });

  it('is never older than twice the time for which it is kept, and nobody waits for a new one', async () => {
    const payee = addressOf(2_000);
    await addWorker(database.db, { payee, pendingWei: 1n });
    const written: { readonly wei: number; readonly atMs: number }[] = [];
    const end = performance.now() + 1_500;
    const write = async () => {
      for (let wei = 2; performance.now() < end; wei += 1) {
        await database.db.execute(sql`
          UPDATE remote_worker SET jobs = ${wei} WHERE payee = ${payee}`);
        written.push({ wei, atMs: performance.now() });
        await sleep(5);
      }
    };
    let oldestMs = 0;
    const read = async () => {
      await sleep(50);
      while (performance.now() < end) {
        const askedMs = performance.now();
        const { jobs } = (await (await get(`/v1/payees/${payee}`)).json()) as { jobs: string };
        // What replaced the value that was read made the answer old.
        const next = written.find(({ wei }) => wei > Number(jobs));
        if (next !== undefined) oldestMs = Math.max(oldestMs, askedMs - next.atMs);
      }
    };
    await Promise.all([write(), read()]);
    expect(written.length).toBeGreaterThan(15);
    // It really was kept, and not made anew each time.
    expect(oldestMs).toBeGreaterThan(KEPT_MS / 2);
    expect(oldestMs).toBeLessThan(2 * KEPT_MS + 50);
  });

  it('is not what a request with a token or a cookie gets', async () => {
    await getKept('/v1/workers');
    const trusted = await get('/v1/workers', TOKEN);
    expect(trusted.headers.get('cache-control')).toBe('no-store');
    expect(trusted.headers.get('etag')).toBeNull();
    expect(trusted.headers.get('access-control-allow-origin')).toBeNull();
    expect((await get('/v1/workers', { cookie: 'a=b' })).status).toBe(200);
  });

  it('has the id of each request that it answers, the one that this brings if it is well formed', async () => {
    const ids = await Promise.all(
      Array.from({ length: 5 }, async () => (await get('/workers')).headers.get('x-request-id')),
    );
    for (const id of ids) expect(id).toMatch(UUID);
    expect(new Set(ids).size).toBe(5);
    const brought = { 'x-request-id': 'trace-17_a=' };
    expect((await get('/workers', brought)).headers.get('x-request-id')).toBe('trace-17_a=');
    for (const odd of ['a b', '<script>', 'x'.repeat(101)]) {
      const answer = await get('/workers', { 'x-request-id': odd });
      expect(answer.headers.get('x-request-id')).toMatch(UUID);
    }
  });

  it('that refuses has the id in its body, for each of those who share it', async () => {
    const path = `/v1/payees/${addressOf(9_999)}`;
    const answers = await Promise.all(
      ['one', 'two', 'three'].map((id) => get(path, { 'x-request-id': id })),
    );
    const bodies = await Promise.all(answers.map((answer) => answer.json()));
    expect(bodies).toMatchObject(
      ['one', 'two', 'three'].map((requestId) => ({ code: 'PAYEE_UNKNOWN', requestId })),
    );
    for (const answer of answers) {
      expect(answer.headers.get('etag')).toBeNull();
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    }
    const trusted = await get(path, { ...TOKEN, 'x-request-id': 'four' });
    expect(await trusted.json()).toMatchObject({ requestId: 'four' });
    const order = await fetch(`${api.url}/v1/wallet/halt`, { method: 'POST' });
    const { requestId } = (await order.json()) as { requestId: string };
    expect(requestId).toBe(order.headers.get('x-request-id'));
  });

  it('that fails is in the log with the id of each reader', async () => {
    const config = { ...testConfig(), pool: { ...testConfig().pool, name: 1n as never } };
    const onFault = (_: unknown, request: string, id?: string) => faults.push([request, id]);
    const broken = await startApi({
      ...poolOf(database.db, { config }),
      answersKeptMs: KEPT_MS,
      onFault,
    });
    const ask = (id: string) => get('/v1/pool', { 'x-request-id': id }, broken.url);
    const answers = await Promise.all(['a-1', 'b-2'].map(ask));
    expect(answers.map(({ status }) => status)).toEqual([500, 500]);
    expect(faults.sort()).toEqual([
      ['GET /v1/pool', 'a-1'],
      ['GET /v1/pool', 'b-2'],
    ]);
    await broken.stop();
  });

  /** `fetch` decompresses by itself. */
  async function rawGet(path: string, headers: Record<string, string>) {
    return new Promise<{ headers: Headers; bytes: Buffer }>((resolve, reject) => {
      httpGet(`${api.url}${path}`, { headers }, (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        const given = answer.headers as Record<string, string>;
        answer.on('end', () =>
          resolve({ headers: new Headers(given), bytes: Buffer.concat(parts) }),
        );
      }).on('error', reject);
    });
  }
});

describe('a page of another host', () => {
  it('may ask whether it may read, and that costs nothing: no database, no token is looked at', async () => {
    const database = await createTestDatabase();
    const pool = poolOf(database.db);
    await database.close();
    const api = await startApi({ ...pool, answersKeptMs: KEPT_MS });
    const ask = (method: string) =>
      fetch(`${api.url}/v1/payouts`, {
        method: 'OPTIONS',
        headers: { ...TOKEN, origin: 'https://x', 'access-control-request-method': method },
      });
    const read = await ask('GET');
    expect(read.status).toBe(204);
    expect(read.headers.get('access-control-allow-origin')).toBe('*');
    expect(read.headers.get('access-control-allow-headers')).not.toContain('authorization');
    const write = await ask('POST');
    expect(write.status).toBe(405);
    expect(write.headers.get('access-control-allow-origin')).toBeNull();
    await api.stop();
  });
});
