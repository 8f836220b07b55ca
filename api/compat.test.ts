import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../test/harness/database.js';
import { poolOf } from '../test/kit/silent-temporal.js';
import {
  addConnection,
  addressOf,
  addTerms,
  addWorker,
  TEST_TOKEN,
  testConfig,
} from '../test/kit/test-pool.js';
import { createApp } from './app.js';

const HUGE = 123456789012345678901234567n;
const at = (text: string) => new Date(`2026-03-01T${text}Z`);

describe("the first manager's answers", () => {
  let database: TestDatabase;
  const appWith = (api = {}) =>
    createApp(poolOf(database.db, { config: testConfig(api), version: '1.2.3' }));
  const get = async (path: string, headers = {}, api = {}) =>
    (await appWith(api).request(path, { headers })).text();

  beforeAll(async () => {
    database = await createTestDatabase();
    const { db } = database;
    await addTerms(db, 5n);
    await db.execute(
      sql`INSERT INTO source (id, kind, reads_from) VALUES ('s', 'orchestrator-http', 'http://s')`,
    );
    const busy = await addWorker(db, {
      payee: addressOf(1),
      pendingWei: HUGE,
      reservedWei: 1n,
      paidWei: 9007199254740993n,
      lastEventAt: at('10:00:00'),
    });
    const ai = await addWorker(db, { payee: addressOf(2), nodeType: 'ai', region: 'eu' });
    await addConnection(db, {
      sourceId: 's',
      workerId: busy,
      connection: '10.0.0.1:80',
      at: at('10:00:00'),
      seq: 5,
    });
    await addConnection(db, {
      sourceId: 's',
      workerId: ai,
      connection: '10.0.0.2:80',
      at: at('09:00:00'),
      seq: 1,
    });
    await db.execute(sql`
      INSERT INTO source_reset VALUES ('s', 'us-west', 'transcode', ${at('10:00:00').toISOString()}, 4),
        ('s', 'eu', 'ai', ${at('09:00:00').toISOString()}, 2)`);
  });
  afterAll(() => database.close());

  it('keeps every digit of fees that no float can hold', async () => {
    const text = await get('/workers');
    expect(text).toContain(`"pending_fees":${HUGE + 1n},"paid_fees":9007199254740993,`);
  });

  it('answers the rows of workers with exactly the keys its dashboards read', async () => {
    const rows = JSON.parse(await get('/workers')) as Record<string, unknown>[];
    expect(rows).toHaveLength(2);
    expect(Object.keys(rows[0] ?? {})).toEqual(
      'ethAddress nodeType region is_connected pending_fees paid_fees last_updated connection'.split(
        ' ',
      ),
    );
    expect(rows[0]).toMatchObject({ nodeType: 'transcode', is_connected: true, connection: '' });
    expect(rows[0]?.['ethAddress']).toMatch(/^0x[0-9a-fA-F]{40}$/);
    expect(rows[0]?.['last_updated']).toBe('2026-03-01T10:00:00.000Z');
  });

  it('leaves out workers whose connection is older than the reset, by time and then by sequence', async () => {
    const rows = JSON.parse(await get('/workers?filtered=true')) as { nodeType: string }[];
    expect(rows.map((row) => row.nodeType)).toEqual(['transcode']);
  });

  it('answers /transcoders with all workers, and /transcoder with those of that node type', async () => {
    expect(await get('/transcoders')).toBe(await get('/workers'));
    expect(await get('/transcoders?filtered=true')).toBe(await get('/workers?filtered=true'));
    // The first manager ignored unknown query fields, and its dashboards may send any.
    expect(await get('/workers?filtred=true')).toBe(await get('/workers'));
    const one = await get('/transcoder');
    expect((JSON.parse(one) as { nodeType: string }[]).map((row) => row.nodeType)).toEqual([
      'transcode',
    ]);
  });

  it('shows where a worker connects from only with the token, or when configured so', async () => {
    const open = '"connection":"10.0.0.1:80"';
    expect(await get('/workers')).not.toContain('10.0.0.1');
    expect(await get('/workers', { authorization: 'Bearer wrong' })).not.toContain('10.0.0.1');
    expect(await get('/workers', { authorization: `Bearer ${TEST_TOKEN}` })).toContain(open);
    expect(await get('/workers', {}, { showConnections: true })).toContain(open);
  });

  it('writes odd regions and connections as JSON does, and times to the millisecond', async () => {
    const { db } = database;
    const odd = 'a "quoted"\nback\\slash \u0001\u001f\t é 漢 \ud83d\ude00';
    const workerId = await addWorker(db, {
      payee: addressOf(77),
      region: odd,
      lastEventAt: new Date('2026-02-03T04:05:06.007Z'),
    });
    const changed = { at: at('11:00:00'), seq: 9 };
    await addConnection(db, { sourceId: 's', workerId, connection: odd, ...changed });
    const token = { authorization: `Bearer ${TEST_TOKEN}` };
    const all = JSON.parse(await get('/workers', token)) as Record<string, unknown>[];
    const last = { region: odd, connection: odd, last_updated: '2026-02-03T04:05:06.007Z' };
    expect(all.at(-1)).toMatchObject(last);
    const shown = JSON.parse(await get('/workers')) as Record<string, unknown>[];
    expect(shown.at(-1)).toMatchObject({ region: 'elsewhere', connection: '' });
    await db.execute(sql`DELETE FROM connection WHERE remote_worker_id = ${workerId}`);
    await db.execute(sql`UPDATE remote_worker SET region = 'eu' WHERE id = ${workerId}`);
  });

  it('answers /status with amounts in ETH to the last digit', async () => {
    expect(await get('/status')).toBe(
      '[{"Commission":0.25,"TotalPayouts":0.009007199254740993,"TotalPending":123456789.012345678901234568,' +
        '"Version":"1.2.3","Region":"us-west","NodeTypes":["AI","Transcoding"]}]',
    );
  });

  it('lets dashboards on other hosts read, and nothing more', async () => {
    const read = await appWith().request('/workers', {
      headers: { origin: 'https://dash.example' },
    });
    expect(read.headers.get('access-control-allow-origin')).toBe('*');
    expect(read.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(read.headers.get('cache-control')).toBe('no-store');
    const ask = (method: string) =>
      appWith().request('/v1/payouts', {
        method: 'OPTIONS',
        headers: { origin: 'https://dash.example', 'access-control-request-method': method },
      });
    const allowed = await ask('GET');
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get('access-control-allow-methods')).toBe('GET, HEAD');
    const refused = await ask('POST');
    expect(refused.status).toBe(405);
    expect(await refused.json()).toMatchObject({ code: 'METHOD_NOT_ALLOWED' });
    expect(refused.headers.get('access-control-allow-origin')).toBeNull();
    expect(refused.headers.get('access-control-allow-methods')).toBeNull();
  });
});
