/** Many readers without a token at once: they must not keep the operator or health probes waiting. */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeDatabase, type Database, openDatabase } from '../core/db/database.js';
import { createTestDatabase, type TestDatabase } from '../test/harness/database.js';
import { poolOf } from '../test/kit/silent-temporal.js';
import { addTerms, addWallet, TEST_TOKEN } from '../test/kit/test-pool.js';
import { mustPace } from './answers/large-answers.js';
import { type RunningApi, startApi } from './serve.js';

const WORKERS = 3_000;
const TOKEN = { authorization: `Bearer ${TEST_TOKEN}` };
const MOST_CONNECTIONS = 60;
/** How many reads of one kind run at the same time. */
const PLACES = 3;

describe('an API that strangers read in crowds', () => {
  let database: TestDatabase;
  let reads: Database;
  let api: RunningApi;
  let taken = 0;

  beforeAll(async () => {
    database = await createTestDatabase();
    const { db, url } = database;
    await addTerms(db, 1n);
    await addWallet(db);
    await db.execute(
      sql`INSERT INTO source (id, kind, reads_from) VALUES ('s', 'http', 'http://s')`,
    );
    await db.execute(sql`INSERT INTO payee (address)
      SELECT '0x' || lpad(to_hex(n), 40, '0') FROM generate_series(1, ${WORKERS}::int) n`);
    await db.execute(sql`INSERT INTO remote_worker (payee, node_type, region)
      SELECT address, 'ai', 'eu' FROM payee`);
    await db.execute(sql`
      INSERT INTO connection (source_id, remote_worker_id, connection, up, changed_dt, changed_seq)
      SELECT 's', min(id), '10.9.8.7', true, now(), 1 FROM remote_worker`);
    // Reads of a locked table stay stuck until it is unlocked, so no clock is needed to tell who waits for them.
    reads = openDatabase({ url, maxConnections: 6, statementTimeoutMs: 120_000 });
    reads.$client.on('acquire', () => {
      taken += 1;
    });
    api = await startApi({
      ...poolOf(db),
      reads,
      answersKeptMs: 1_000,
      bounds: { mostConnections: MOST_CONNECTIONS, answerMs: 120_000 },
    });
  });
  afterAll(async () => {
    await api.stop();
    await closeDatabase(reads);
    await database.close();
  });

  const get = (path: string, headers = {}) => fetch(`${api.url}${path}`, { headers });
  const order = (what: 'halt' | 'resume', reason: string, url = api.url) =>
    fetch(`${url}/v1/wallet/${what}`, {
      method: 'POST',
      headers: TOKEN,
      body: JSON.stringify({ reason }),
    });
  const halt = () => order('halt', 'an emergency');
  /** Locks a table that reads need, until `work` is done. */
  async function whileLocked(table: string, work: () => Promise<void>): Promise<void> {
    const lock = await database.db.$client.connect();
    await lock.query(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
    try {
      await work();
    } finally {
      await lock.query('ROLLBACK');
      lock.release();
    }
  }

  const readsOfWorkers = (count: number, headers = {}) =>
    Array.from({ length: count }, (_, n) => get(`/v1/workers?limit=${n + 1}`, headers));
  /** How many statements wait for the lock of a table. */
  async function waiting(table: string): Promise<number> {
    const { rows } = await database.db.$client.query<{ count: number }>(
      'SELECT count(*)::int FROM pg_locks WHERE relation = $1::regclass AND NOT granted',
      [table],
    );
    return rows[0]?.count ?? 0;
  }
  /** Resolves with the answers that came first, when there are so many. */
  async function firstAnswers(
    asked: readonly Promise<Response>[],
    count: number,
  ): Promise<readonly Response[]> {
    const answers: Response[] = [];
    for (const one of asked) void one.then((answer) => answers.push(answer));
    await expect.poll(() => answers.length).toBe(count);
    return answers;
  }

  it('makes an answer once for all requests within a second', async () => {
    const before = taken;
    const crowd = Array.from({ length: 40 }, async () => (await get('/workers')).text());
    const texts = await Promise.all(crowd);
    expect(new Set(texts).size).toBe(1);
    expect(JSON.parse(texts[0] ?? '')).toHaveLength(WORKERS);
    // One answer reads the list in thirteen parts, so forty would take 520 reads. Allows up to three answers, because a
    // second may have passed meanwhile.
    expect(taken - before).toBeGreaterThan(0);
    expect(taken - before).toBeLessThan(4 * 13);
  });

  // What stands behind `#` is not sent.
  it.each(['/workers?format=csv&x=', '/v1/live#'])(
    'makes no answer for each reader of %s, whatever the query',
    async (path) => {
      const before = taken;
      const crowd = Array.from({ length: 40 }, async (_, n) => (await get(`${path}${n}`)).text());
      expect(new Set(await Promise.all(crowd)).size).toBe(1);
      expect(taken - before).toBeLessThan(4 * 13);
    },
  );

  it('never gives a stranger what the token has shown, whoever asks first', async () => {
    expect(await (await get('/workers', TOKEN)).text()).toContain('10.9.8.7');
    expect(await (await get('/workers')).text()).not.toContain('10.9.8.7');
    const wrong = await get('/v1/audit-log', { authorization: 'Bearer wrong' });
    expect(await wrong.json()).toMatchObject({ code: 'API_TOKEN_WRONG' });
  });

  it('answers health and takes a halt while reads are stuck, and refuses more reads meanwhile', async () => {
    expect(await (await get('/v1/wallet')).json()).toMatchObject({ halted: null });
    let stuck: Promise<Response>[] = [];
    await whileLocked('remote_worker', async () => {
      const crowd = readsOfWorkers(30);
      await expect.poll(() => waiting('remote_worker')).toBeGreaterThanOrEqual(PLACES);
      expect((await get('/v1/health')).status).toBe(200);
      expect(await (await get('/v1/ready')).json()).toMatchObject({ database: 'ok' });
      expect((await halt()).status).toBe(200);
      const refused = await firstAnswers(crowd, 30 - PLACES);
      expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([503]));
      expect(refused[0]?.headers.get('retry-after')).toBe('1');
      expect(refused[0]?.headers.get('access-control-allow-origin')).toBe('*');
      expect(await refused[0]?.json()).toMatchObject({ code: 'API_BUSY' });
      expect(await waiting('remote_worker')).toBeGreaterThanOrEqual(PLACES);
      stuck = crowd;
    });
    await Promise.all(stuck);
    await expect.poll(async () => (await get('/v1/workers?limit=7')).status).toBe(200);
  });

  it('shows strangers at once what a person has decided', async () => {
    expect((await order('resume', 'it is over')).status).toBe(200);
    expect(await (await get('/v1/wallet')).json()).toMatchObject({ halted: null });
    await halt();
    expect(await (await get('/v1/wallet')).json()).toMatchObject({
      halted: { code: 'HALTED_BY_OPERATOR' },
    });
  });

  it('takes orders while many read with the token, and lets these reads wait in their own queue', async () => {
    let stuck: Promise<Response>[] = [];
    await whileLocked('remote_worker', async () => {
      const crowd = readsOfWorkers(30, TOKEN);
      await expect.poll(() => waiting('remote_worker')).toBeGreaterThanOrEqual(PLACES);
      expect((await halt()).status).toBe(200);
      const refused = await firstAnswers(crowd, 30 - PLACES);
      expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([503]));
      expect(await waiting('remote_worker')).toBeGreaterThanOrEqual(PLACES);
      stuck = crowd;
    });
    await Promise.all(stuck);
  });

  it('lets a person halt the pool although more connections are open than the limit', async () => {
    const idle = await Promise.all(Array.from({ length: 2 * MOST_CONNECTIONS }, () => open()));
    expect((await halt()).status).toBe(200);
    await expect.poll(() => idle.filter(({ destroyed }) => destroyed).length).toBeGreaterThan(59);
    for (const socket of idle) socket.destroy();
  });

  it('closes the connection of a reader who does not read, and gives others the whole answer meanwhile', async () => {
    const answerMs = 1_000;
    const brisk = await startApi({
      ...poolOf(database.db),
      answersKeptMs: 1_000,
      bounds: { answerMs },
    });
    try {
      const slow = await open(brisk.url);
      slow.pause();
      const begunMs = performance.now();
      // Forty answers are more than the socket buffers of both sides hold.
      slow.write('GET /workers HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(40));
      const text = await (await fetch(`${brisk.url}/workers`)).text();
      expect(JSON.parse(text)).toHaveLength(WORKERS);
      // Whoever does not read learns by writing that the other side has closed. Between requests an empty line says nothing.
      const isClosed = () => {
        slow.write('\r\n');
        return slow.destroyed;
      };
      await expect.poll(isClosed).toBe(true);
      expect(performance.now() - begunMs).toBeGreaterThan(answerMs);
    } finally {
      await brisk.stop();
    }
  });

  it('answers what a client sends without waiting one after the other, and forgets what was not answered when it leaves', async () => {
    const socket = await open();
    let text = '';
    socket.on('data', (data) => {
      text += data.toString();
    });
    const paths = ['/status', '/v1/health', '/v1/pool', '/nothing', '/v1/health?'];
    socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''));
    const statuses = () => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
    await expect.poll(statuses).toEqual(['200', '200', '200', '404', '200']);
    expect(text.indexOf('"Commission"')).toBeLessThan(text.indexOf('ROUTE_NOT_FOUND'));
    socket.destroy();

    const large = Buffer.alloc(1024 * 1024);
    const [one, two] = [await open(), await open()];
    for (const leaving of [one, two]) {
      await (await get('/workers', { 'accept-encoding': 'identity' })).text();
      leaving.pause();
      leaving.write('GET /workers HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(40));
      await sleep(100);
      leaving.destroy();
    }
    await expect.poll(() => mustPace(large)).toBe(false);
    const pushing = await open();
    pushing.write('GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2_000));
    pushing.resume();
    await expect.poll(() => pushing.destroyed).toBe(true);
  });

  describe('with answers that are made while something else happens', () => {
    const faults: unknown[] = [];
    let slowReads: Database;
    let other: RunningApi;
    beforeAll(async () => {
      slowReads = openDatabase({ url: database.url, maxConnections: 6 });
      slowReads.$client.on('acquire', () => {
        taken += 1;
      });
      other = await startApi({
        ...poolOf(database.db),
        reads: slowReads,
        answersKeptMs: 60_000,
        mostKeptBytes: 60_000,
        onFault: (error) => faults.push(error),
      });
    });
    afterAll(async () => {
      await other.stop();
      await closeDatabase(slowReads);
      expect(faults).toEqual([]);
    });
    const read = (path: string) => fetch(`${other.url}${path}`);

    it('keeps its answers when strangers send requests that decide nothing', async () => {
      await (await read('/v1/pool')).text();
      let waiting: Promise<Response> | undefined;
      await whileLocked('source', async () => {
        waiting = read('/v1/sources');
        await sleep(200);
        const before = taken;
        for (let n = 0; n < 10; n += 1) {
          const asked = await fetch(`${other.url}/`, {
            method: 'OPTIONS',
            headers: { 'access-control-request-method': 'GET' },
          });
          expect(asked.status).toBe(204);
          await (await read('/v1/pool')).text();
        }
        expect(taken).toBe(before);
      });
      expect((await waiting)?.status).toBe(200);
    });

    it('sends a reader who waits while the pool is halted an answer that shows the halt', async () => {
      expect((await order('resume', 'it is over', other.url)).status).toBe(200);
      let waiting: Promise<Response> | undefined;
      await whileLocked('remote_worker', async () => {
        waiting = read('/');
        await sleep(200);
        expect((await order('halt', 'an emergency', other.url)).status).toBe(200);
      });
      const answer = await waiting;
      expect(answer?.status).toBe(200);
      expect(await answer?.text()).toContain('stopped its wallet');
    });

    it('sends a reader the answer although it has been evicted meanwhile', async () => {
      let waiting: Promise<Response> | undefined;
      await whileLocked('source', async () => {
        waiting = read('/v1/sources?');
        await sleep(100);
        const sizes: number[] = [];
        for (let n = 0; n < 8; n += 1) {
          sizes.push((await (await read(`/v1/payees?limit=${100 - n}`)).text()).length);
        }
        expect(Math.max(...sizes)).toBeLessThan(60_000);
        expect(sizes.reduce((sum, size) => sum + size, 0)).toBeGreaterThan(60_000);
      });
      expect((await waiting)?.status).toBe(200);
    });
  });

  async function open(url = api.url): Promise<Socket> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.on('close', () => socket.destroy());
    await new Promise((resolve) => socket.once('connect', resolve));
    return socket;
  }
});
