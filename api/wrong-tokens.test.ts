import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createToken } from '../core/access/store/tokens.js';
import { createTestDatabase, type TestDatabase } from '../test/harness/database.js';
import { poolOf } from '../test/kit/silent-temporal.js';
import { TEST_TOKEN } from '../test/kit/test-pool.js';
import { createApp } from './app.js';
import { countWrongTokens, mayBeProxy } from './wrong-tokens.js';

describe('wrong tokens', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('make their address wait after five in a minute, and no other', async () => {
    const told: string[] = [];
    const wrong = countWrongTokens({ onBlocked: (address) => told.push(address) });
    for (let n = 1; n <= 4; n += 1) await wrong.count('198.51.100.7');
    expect(await wrong.waitSeconds('198.51.100.7')).toBe(0);
    vi.advanceTimersByTime(20_000);
    await wrong.count('198.51.100.7');
    await wrong.count('198.51.100.7');
    expect(await wrong.waitSeconds('198.51.100.7')).toBe(40);
    expect(await wrong.waitSeconds('198.51.100.8')).toBe(0);
    expect(told).toEqual(['198.51.100.7']);
    vi.advanceTimersByTime(40_001);
    expect(await wrong.waitSeconds('198.51.100.7')).toBe(0);
    expect(wrong.total()).toBe(6);
  });

  it('of a network of IPv6 are counted together', async () => {
    const wrong = countWrongTokens();
    for (let n = 1; n <= 5; n += 1) await wrong.count(`2001:db8::${n}`);
    expect(await wrong.waitSeconds('2001:db8:0:0:ffff::9')).toBeGreaterThan(0);
    expect(await wrong.waitSeconds('2001:db8:0:1::1')).toBe(0);
  });

  it('take bounded memory, however many addresses bring them', async () => {
    const wrong = countWrongTokens();
    for (let n = 0; n < 5; n += 1) await wrong.count('first');
    for (let n = 0; n < 20_000; n += 1) await wrong.count(`other ${n}`);
    expect(await wrong.waitSeconds('first')).toBe(0);
    expect(wrong.total()).toBe(20_005);
    // Each address that is kept has a timer, which ends its minute.
    expect(vi.getTimerCount()).toBe(10_000);
  });

  it('that turn out to be right are taken back', async () => {
    const wrong = countWrongTokens();
    for (let n = 0; n < 9; n += 1) {
      await wrong.count('198.51.100.7');
      await wrong.takeBack('198.51.100.7');
    }
    expect(await wrong.waitSeconds('198.51.100.7')).toBe(0);
    expect(wrong.total()).toBe(0);
  });

  it.each(['127.0.0.1', '::1', '::ffff:172.18.0.1', '10.0.0.1', 'fd00::1', ''])(
    'may come through a proxy at %s',
    (address) => expect(mayBeProxy(address)).toBe(true),
  );
  it.each(['172.32.0.1', '198.51.100.1', '2001:db8::1'])('come from %s itself', (address) =>
    expect(mayBeProxy(address)).toBe(false),
  );
});

describe('an API that is asked with wrong tokens', () => {
  const blocked: string[] = [];
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.close());
  const app = () =>
    createApp({ ...poolOf(database.db), onWrongTokens: (address) => blocked.push(address) });
  const tokenOf = async (name: string) => {
    const request = { actor: 'test', reason: 'because', name, expiresAt: null };
    return (await createToken(database.db, { ...request, role: 'operate' })).token;
  };
  const ask = (api: ReturnType<typeof app>, address: string, token: string, path = '/v1/audit') =>
    api.request(
      path === '/v1/audit' ? '/v1/wallet/halt' : path,
      {
        method: path === '/v1/audit' ? 'POST' : 'GET',
        headers: { authorization: `Bearer ${token}` },
        body: path === '/v1/audit' ? '{}' : null,
      },
      { incoming: { socket: { remoteAddress: address } } },
    );

  it('answers 429 without checking the token, and says when to come again', async () => {
    const api = app();
    for (let n = 0; n < 5; n += 1) expect((await ask(api, '198.51.100.7', 'no')).status).toBe(401);
    const refused = await ask(api, '198.51.100.7', TEST_TOKEN);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({ code: 'API_TOKEN_TRIED_TOO_OFTEN' });
    // The right token passes, and the request fails at its body.
    expect((await ask(api, '198.51.100.8', TEST_TOKEN)).status).toBe(400);
    expect(blocked).toEqual(['198.51.100.7']);
    // Public paths are answered with or without a token.
    expect((await ask(api, '198.51.100.7', 'no', '/v1/health')).status).toBe(200);
  });

  it('are counted before anybody has looked them up, so that a burst of guesses does not pass together', async () => {
    const api = app();
    const guesses = Array.from({ length: 30 }, (_, n) => ask(api, '198.51.100.9', `guess-${n}`));
    const statuses = (await Promise.all(guesses)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 401).length).toBeLessThanOrEqual(5);
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThanOrEqual(25);
  });

  it('are not what a right one counts as, however many requests with it come just after a start', async () => {
    const token = await tokenOf('dashboard');
    const api = app();
    const asked = () => ask(api, '198.51.100.30', token);
    const statuses = (await Promise.all(Array.from({ length: 20 }, asked))).map(
      ({ status }) => status,
    );
    expect(new Set(statuses)).toEqual(new Set([400]));
  });

  it('are not what a right one counts as that was made a moment ago', async () => {
    const api = app();
    await ask(api, '198.51.100.31', await tokenOf('first'));
    const token = await tokenOf('second');
    await sleep(60);
    const asked = () => ask(api, '198.51.100.31', token);
    await Promise.all(Array.from({ length: 20 }, asked));
    expect((await asked()).status).toBe(400);
  });

  it('do not pass because the right one is among them', async () => {
    const api = app();
    await ask(api, '198.51.100.32', await tokenOf('known'));
    const token = await tokenOf('fresh');
    await sleep(60);
    const guesses = [...Array.from({ length: 9 }, (_, n) => `guess-${n}`), token];
    const answers = await Promise.all(guesses.map((guess) => ask(api, '198.51.100.33', guess)));
    expect(answers.map(({ status }) => status)).not.toContain(400);
  });

  it('are not counted while nobody can say that they are wrong', async () => {
    const token = await tokenOf('early');
    let isUp = false;
    const db = new Proxy(database.db, {
      get(real, key) {
        if (key === 'select' && !isUp) throw new Error('Postgres is away');
        return Reflect.get(real, key);
      },
    });
    const api = createApp(poolOf(db));
    const asked = () => ask(api, '198.51.100.34', token);
    for (let n = 0; n < 9; n += 1) expect((await asked()).status).toBeGreaterThanOrEqual(500);
    isUp = true;
    expect((await asked()).status).toBe(400);
  });

  it('keep nobody from what is public while Postgres is away, and are refused for that reason elsewhere', async () => {
    const away = await createTestDatabase();
    const api = createApp(poolOf(away.db));
    await away.close();
    expect((await ask(api, '198.51.100.10', 'no', '/v1/health')).status).toBe(200);
    expect((await ask(api, '198.51.100.10', 'no')).status).toBeGreaterThanOrEqual(500);
    expect((await ask(api, '198.51.100.10', TEST_TOKEN)).status).toBe(400);
  });

  it('lets the right one through behind a proxy, whatever strangers try there', async () => {
    const api = app();
    for (let n = 0; n < 9; n += 1) await ask(api, '127.0.0.1', 'no');
    expect((await ask(api, '127.0.0.1', 'no')).status).toBe(429);
    expect((await ask(api, '127.0.0.1', TEST_TOKEN)).status).toBe(400);
  });

  it('slow down nobody who reads, and no right token from elsewhere, while they come in floods', async () => {
    const api = createApp({ ...poolOf(database.db), answersKeptMs: 1_000 });
    const flood = { isOver: false, statuses: [] as number[] };
    const guess = async (n: number) => {
      for (let at = 0; !flood.isOver; at += 1) {
        flood.statuses.push((await ask(api, '198.51.100.20', `guess-${n}-${at}`)).status);
        await sleep(1);
      }
    };
    /** The time that all but five of a hundred reads took at most. */
    const read = async (wrongToken: string): Promise<number> => {
      const tookMs: number[] = [];
      for (let n = 0; n < 60; n += 1) {
        for (const address of ['198.51.100.20', '198.51.100.21']) {
          const startedMs = performance.now();
          expect((await ask(api, address, '', '/v1/workers')).status).toBe(200);
          expect((await ask(api, address, wrongToken, '/v1/workers')).status).toBe(200);
          tookMs.push(performance.now() - startedMs);
        }
        expect((await ask(api, '198.51.100.22', TEST_TOKEN)).status).toBe(400);
        // Answers from memory would otherwise leave the guessers no turn.
        await sleep(1);
      }
      tookMs.sort((a, b) => a - b);
      return tookMs[Math.floor(tookMs.length * 0.95)] ?? Number.NaN;
    };
    const calmMs = await read('');
    const guessers = Promise.all(Array.from({ length: 40 }, (_, n) => guess(n)));
    while (flood.statuses.length < 40) await sleep(1);
    // An address that guesses reads on, also with the token that it guesses.
    const floodedMs = await read('no');
    flood.isOver = true;
    await guessers;
    expect(flood.statuses.filter((status) => status === 401)).toHaveLength(5);
    expect(flood.statuses.filter((status) => status === 429).length).toBeGreaterThan(30);
    // What is left are 40 requests at once on one event loop: the machine sets how long these take.
    expect(floodedMs).toBeLessThan(250 + 20 * calmMs);
  });
});
