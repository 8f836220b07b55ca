/** Server-sent events about changed pages, on a real Postgres. */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningPool } from '../../client/running-pool.js';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { poolOf } from '../../test/kit/silent-temporal.js';
import { addressOf, addTerms, addWallet, addWorker, post } from '../../test/kit/test-pool.js';
import { startApi } from '../serve.js';
import { LiveHub } from './live-hub.js';

const STREAM = { headers: { accept: 'text/event-stream' } };
const [ann, bob] = [addressOf(1), addressOf(2)];

describe('those who watch', () => {
  let database: TestDatabase;
  let pool: RunningPool;
  let annsWorker = 0;

  beforeAll(async () => {
    database = await createTestDatabase();
    const { db } = database;
    await addTerms(db, 5_000n);
    await addWallet(db);
    annsWorker = await addWorker(db, { payee: ann, pendingWei: 9_000n });
    await addWorker(db, { payee: bob, pendingWei: 9_000n });
    pool = poolOf(db);
  });
  afterAll(() => database.close());

  const credit = () =>
    post(database.db, 'jobs', [
      ['revenue', 0, -5n],
      ['pending', annsWorker, 5n],
    ]);

  it('hear of what concerns them, and of nothing else', async () => {
    const hub = new LiveHub(pool, { everyMs: 20 });
    const heard: Record<string, (string | null)[]> = { ann: [], bob: [], pool: [] };
    hub.watch(ann, (pulse) => heard.ann?.push(pulse));
    hub.watch(bob, (pulse) => heard.bob?.push(pulse));
    hub.watch('pool', (pulse) => heard.pool?.push(pulse));
    const counts = () => [heard.ann?.length, heard.bob?.length, heard.pool?.length];
    await expect.poll(counts).toEqual([1, 1, 1]);
    await credit();
    await expect.poll(counts).toEqual([2, 1, 2]);
    expect(heard.ann?.[0]).not.toBe(heard.ann?.[1]);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(counts()).toEqual([2, 1, 2]);
    hub.close();
    expect(counts()).toEqual([3, 2, 3]);
    expect(heard.bob?.at(-1)).toBeNull();
  });

  it('cost as many questions to Postgres when they are two hundred, and are refused beyond that', async () => {
    let looks = 0;
    const { db } = database;
    const counting = new Proxy(db, {
      get(target, name) {
        if (name === 'execute') looks += 1;
        const found = Reflect.get(target, name);
        return typeof found === 'function' ? found.bind(target) : found;
      },
    });
    const looksOf = async (watchers: number) => {
      const hub = new LiveHub({ ...pool, db: counting }, { everyMs: 60_000 });
      let told = 0;
      for (let n = 0; n < watchers; n += 1)
        hub.watch(n % 2 === 0 ? ann : 'pool', () => (told += 1));
      looks = 0;
      await expect.poll(() => told).toBe(watchers);
      if (watchers === 200) expect(() => hub.watch(bob, () => {})).toThrow('Too many');
      hub.close();
      return looks;
    };
    expect(await looksOf(200)).toBe(await looksOf(2));
  });

  it('are told by a stream that no proxy keeps back, and that ends when the API stops', async () => {
    const api = await startApi({ ...pool, answersKeptMs: 1_000 });
    const response = await fetch(`${api.url}/v1/live?payee=${ann}`, STREAM);
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    expect(response.headers.get('x-accel-buffering')).toBe('no');
    expect(response.headers.get('cache-control')).toContain('no-store');
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    const states = async (wanted: number) => {
      while ((text.match(/event: state\ndata: [\w-]{16}\n\n/g)?.length ?? 0) < wanted) {
        const part = await reader?.read();
        if (part?.value === undefined) break;
        text += part.value;
      }
    };
    await states(1);
    const began = performance.now();
    await credit();
    await states(2);
    expect(performance.now() - began).toBeLessThan(2_000);
    const id = text.trim().slice(-16);
    const asked = await fetch(`${api.url}/v1/live?payee=${ann}`);
    expect(await asked.json()).toMatchObject({ id });
    // The kept answer is not for those who take the stream.
    const other = await fetch(`${api.url}/v1/live?payee=${ann}`, STREAM);
    expect(other.headers.get('content-type')).toBe('text/event-stream');
    await other.body?.cancel();
    const [last] = await Promise.all([reader?.read(), api.stop()]);
    expect(last?.done).toBe(true);
  });

  it('from one address leave room for others', () => {
    const hub = new LiveHub(pool, { everyMs: 60_000 });
    const watch = (address: string) => hub.watch('pool', () => {}, address);
    const [leave] = Array.from({ length: 20 }, () => watch('203.0.113.1'));
    expect(() => watch('203.0.113.1')).toThrow('Too many');
    watch('203.0.113.2');
    for (let n = 0; n < 100; n += 1) watch('127.0.0.1');
    leave?.();
    leave?.();
    watch('203.0.113.1');
    expect(() => watch('203.0.113.1')).toThrow('Too many');
    hub.close();
  });

  it('are not kept out by requests that hold no connection', async () => {
    const api = await startApi({ ...pool, answersKeptMs: 1_000 });
    const path = '/v1/live';
    const heads = await Promise.all(
      Array.from({ length: 200 }, () => fetch(`${api.url}${path}`, { method: 'HEAD', ...STREAM })),
    );
    expect(new Set(heads.map(({ status }) => status))).toEqual(new Set([200]));
    expect(heads[0]?.headers.get('content-type')).toBe('text/event-stream');
    // Two hundred requests on one connection, which are sent before the first is answered.
    const { hostname, port } = new URL(api.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n`.repeat(200),
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
    const stream = await fetch(`${api.url}${path}`, STREAM);
    expect(stream.status).toBe(200);
    await stream.body?.cancel();
    socket.destroy();
    await api.stop();
  });
});
