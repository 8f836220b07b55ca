import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CATALOGUE } from '../core/base/errors/catalogue.js';
import { closeDatabase, openDatabase } from '../core/db/database.js';
import { query } from '../core/db/query.js';
import { REFUSALS } from '../core/events/rules/reading/refusals.js';
import { recordBalance } from '../core/payouts/store/wallet/wallets.js';
import { createTestDatabase, type TestDatabase } from '../test/harness/database.js';
import { poolOf } from '../test/kit/silent-temporal.js';
import {
  addConnection,
  addPayout,
  addressOf,
  addTerms,
  addWallet,
  addWorker,
  CHAIN_ID,
  hashOf,
  post,
  TEST_TOKEN,
  TEST_WALLET,
  testConfig,
} from '../test/kit/test-pool.js';
import { createApp } from './app.js';

const NOW = new Date('2026-03-01T12:00:00Z');
const ago = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000);
const TOKEN = { authorization: `Bearer ${TEST_TOKEN}` };

type Json = Record<string, unknown>;
interface List {
  readonly nextCursor: string | null;
}

describe('the reads of /v1', () => {
  let database: TestDatabase;
  const deps = (api = {}) =>
    poolOf(database.db, { config: testConfig(api), version: '1.2.3', now: () => NOW });
  async function get<T = Json>(path: string, headers = {}, status = 200): Promise<T> {
    const response = await createApp(deps()).request(path, { headers });
    expect(response.status).toBe(status);
    return (await response.json()) as T;
  }
  /** Reads a whole list, three items a page. */
  async function walk(path: string, key: string, between = async () => {}): Promise<Json[]> {
    const items: Json[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const from: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const page: List & Record<string, Json[]> = await get(`${path}limit=3${from}`);
      items.push(...(page[key] ?? []));
      cursor = page.nextCursor;
      await between();
    }
    return items;
  }

  beforeAll(async () => {
    database = await createTestDatabase();
    const { db } = database;
    await addTerms(db, 5_000n);
    await addWallet(db);
    await db.execute(sql`
      INSERT INTO source (id, kind, reads_from, region, node_type, cursor_dt, last_success_at, last_error_code, last_error)
      VALUES ('north', 'orchestrator-http', 'https://orch.example:7935/pool/events', 'us-west', 'transcode',
              ${ago(5).toISOString()}, ${ago(2).toISOString()}, 'EVENT_SOURCE_TIMEOUT',
              'orch.example (10.1.2.3:7935) did not answer https://orch.example:7935/pool/events in time'),
             ('gone', 'orchestrator-http', 'https://old.example', NULL, NULL, NULL, NULL, NULL, NULL)`);
    await db.execute(sql`UPDATE source SET removed_at = now() WHERE id = 'gone'`);
    await db.execute(sql`
      INSERT INTO event_count (source_id, hour, event_type, version, events, zero_fee_events) VALUES
        ('north', ${ago(60).toISOString()}, 'job-processed', 1, 40, 3),
        ('north', ${ago(60 * 48).toISOString()}, 'job-received', 1, 9007199254740993, 0)`);
    for (let n = 1; n <= 8; n += 1) {
      const id = await addWorker(db, { payee: addressOf(n), pendingWei: BigInt(n), paidWei: 10n });
      const sourceId = n === 8 ? 'gone' : 'north';
      const connection = `10.0.0.${n}:80`;
      if (n > 4)
        await addConnection(db, { sourceId, workerId: id, connection, at: ago(9), seq: n });
    }
    await addWorker(db, { payee: addressOf(1), nodeType: 'ai', region: 'eu', pendingWei: 100n });
    for (let n = 1; n <= 7; n += 1) {
      // All payouts have the same time, so only their ids set their order.
      await addPayout(db, {
        payee: addressOf(n),
        amountWei: 10n,
        state: 'paid',
        createdAt: ago(3),
        nonce: n,
      });
    }
    await addPayout(db, {
      payee: addressOf(1),
      amountWei: 5n,
      state: 'signed',
      createdAt: ago(1),
      nonce: 50,
      wait: ['RPC_UNREACHABLE', 'http://10.9.9.9:8545 has not seen it'],
    });
    await db.execute(sql`
      INSERT INTO payout_allocation SELECT p.id, w.id, 5 FROM payout p JOIN remote_worker w
        ON w.payee = p.payee AND w.node_type = 'ai' WHERE p.state = 'signed'`);
    await db.execute(sql`
      INSERT INTO set_aside (source_id, place, code, reason, raw, raw_hash, tried_version)
      SELECT 'north', 'element ' || n, 'PAYLOAD_NOT_JSON', 'no JSON at 10.0.0.1', '{"connection":"10.0.0.1"', n::text, '1'
        FROM generate_series(1, 5) n`);
    await db.execute(sql`
      INSERT INTO unmatched_job (source_id, dt, event_id, role, gross_wei, reason, pipeline)
      SELECT 'north', ${ago(90).toISOString()}, n::text, 'processed', 123456789012345678901234567890, 'no-other-half', 'text-to-image'
        FROM generate_series(1, 5) n`);
    await post(db, 'unattributed', [
      ['revenue', 0, -9n],
      ['unattributed', 0, 9n],
    ]);
  });
  afterAll(() => database.close());

  it('gives every row of every list exactly once, page by page', async () => {
    const lists = [
      ['/v1/workers?', 'workers', 9, 'id'],
      ['/v1/payees?', 'payees', 8, 'address'],
      ['/v1/payouts?', 'payouts', 8, 'id'],
      ['/v1/payouts?state=paid,refused&', 'payouts', 7, 'id'],
      ['/v1/set-aside?', 'events', 5, 'id'],
      ['/v1/unattributed?', 'jobs', 5, 'eventId'],
    ] as const;
    for (const [path, key, count, id] of lists) {
      const items = await walk(path, key);
      expect(items, path).toHaveLength(count);
      expect(new Set(items.map((item) => item[id])).size, path).toBe(count);
    }
  });

  it('neither repeats nor skips a payout when new ones come between two pages', async () => {
    const before = (await walk('/v1/payouts?', 'payouts')).map(({ id }) => id);
    const seen = await walk('/v1/payouts?', 'payouts', async () => {
      const row = {
        payee: addressOf(2),
        amountWei: 1n,
        state: 'cancelled',
        createdAt: NOW,
      } as const;
      await addPayout(database.db, row);
    });
    expect(seen.map(({ id }) => id)).toEqual(before);
    await database.db.execute(sql`DELETE FROM payout WHERE state = 'cancelled'`);
  });

  it('refuses malformed cursors, limits and filters', async () => {
    const far = Buffer.from('["1","2","3"]').toString('base64url');
    for (const path of ['/v1/payouts', '/v1/workers', '/v1/payees', '/v1/set-aside']) {
      for (const cursor of ['x', far, Buffer.from('["1\' OR 1=1"]').toString('base64url')]) {
        expect(await get(`${path}?cursor=${cursor}`, {}, 400)).toMatchObject({
          code: 'CURSOR_MALFORMED',
        });
      }
      for (const limit of ['0', '201', 'ten']) {
        expect(await get(`${path}?limit=${limit}`, {}, 400)).toMatchObject({
          code: 'REQUEST_INVALID',
        });
      }
    }
    expect(await get('/v1/payouts?state=lost', {}, 400)).toMatchObject({ code: 'REQUEST_INVALID' });
    expect(await get('/v1/workers?payee=0x1', {}, 400)).toMatchObject({
      code: 'ADDRESS_MALFORMED',
    });
  });

  it('adds up a payee over its rows, and shows rows and payouts', async () => {
    const payee = await get(`/v1/payees/${addressOf(1)}`);
    expect(payee).toMatchObject({
      workers: 2,
      pendingWei: '101',
      pendingEth: '0.000000000000000101',
      paidWei: '10',
      earnedWei: '111',
    });
    expect(payee['rows']).toHaveLength(2);
    expect(payee['payouts']).toMatchObject([{ state: 'signed' }, { state: 'paid' }]);
    expect(payee['openPayoutId']).toBe((payee['payouts'] as Json[])[0]?.['id']);
  });

  it('shows nickname, tier and badge as the policy gave them last', async () => {
    await database.db.$client.query(`
      INSERT INTO payee_look (payee, nickname, tier, badge, policy, policy_version)
      VALUES ('${addressOf(1)}', 'Theia', 'titan', NULL, 'terms', '1')`);
    const { payees } = await get<{ payees: Json[] }>('/v1/payees?limit=200');
    const shown = payees.map(({ nickname, tier, badge }) => [nickname, tier, badge]);
    expect(shown).toContainEqual(['Theia', 'titan', null]);
    expect(shown).toContainEqual([null, null, null]);
    const { workers } = await get<{ workers: Json[] }>('/v1/workers?limit=200');
    const one = await get<{ rows: Json[] }>(`/v1/payees/${addressOf(1)}`);
    for (const rows of [workers, one.rows]) {
      const named = rows.filter(({ nickname }) => nickname === 'Theia');
      expect(named.map(({ payee }) => String(payee).toLowerCase())).toEqual(
        named.map(() => addressOf(1)),
      );
      expect(named.length).toBeGreaterThan(0);
      expect(named[0]).toMatchObject({ tier: 'titan', badge: null });
    }
    expect(workers.map(({ nickname }) => nickname)).toContain(null);
  });

  it('takes an address in one case or with its right checksum, and answers with the checksum', async () => {
    const { address } = await get<{ address: string }>(`/v1/payees/${addressOf(3)}`);
    expect(address).toMatch(/[A-F]/);
    expect(await get(`/v1/payees/${address}`)).toMatchObject({ address });
    const flipped = address.replace(/[a-f]/, (letter) => letter.toUpperCase());
    expect(await get(`/v1/payees/${flipped}`, {}, 400)).toMatchObject({
      code: 'ADDRESS_MALFORMED',
    });
    expect(await get(`/v1/payees/${addressOf(99)}`, {}, 404)).toMatchObject({
      code: 'PAYEE_UNKNOWN',
    });
  });

  it('filters workers by who is online, and forgets connections of removed sources', async () => {
    const { workers } = await get<{ workers: Json[] }>('/v1/workers?online=true');
    expect(workers.map(({ payee }) => String(payee).toLowerCase())).toEqual(
      [5, 6, 7].map(addressOf),
    );
    expect(workers.map(({ connection }) => connection)).toEqual([null, null, null]);
    const shown = await get<{ workers: Json[] }>('/v1/workers?online=true&limit=1', TOKEN);
    expect(shown.workers).toMatchObject([{ connection: '10.0.0.5:80', connections: 1 }]);
    const ai = await get<{ workers: Json[] }>('/v1/workers?nodeType=ai&region=eu');
    expect(ai.workers).toHaveLength(1);
  });

  it('tells the whole story of one payout, without bytes and without the keys of RPC endpoints', async () => {
    const { payouts } = await get<{ payouts: Json[] }>('/v1/payouts?state=signed');
    const payout = await get(`/v1/payouts/${payouts[0]?.['id']}`);
    expect(payout).toMatchObject({
      amountWei: '5',
      nonce: '50',
      txHash: hashOf(50),
      transactionUrl: `https://explorer.example/tx/${hashOf(50)}`,
      wait: {
        code: 'RPC_UNREACHABLE',
        reason: expect.stringContaining('the chain cannot be asked'),
      },
      allocations: [{ nodeType: 'ai', region: 'eu', amountWei: '5' }],
      nonces: [
        {
          nonce: 50,
          state: 'open',
          attempts: [{ n: 1, sends: 2, lastAnswer: expect.stringContaining('another answer') }],
        },
      ],
    });
    expect(JSON.stringify(payout)).not.toContain('raw');
    expect(await get('/v1/payouts/7', {}, 404)).toMatchObject({ code: 'PAYOUT_NOT_FOUND' });
  });

  it('shows sources with lag and counts, and where they read only to those with the token', async () => {
    const { sources } = await get<{ sources: Json[] }>('/v1/sources');
    expect(sources.map(({ id }) => id)).toEqual(['north', 'gone']);
    expect(sources[0]).toMatchObject({
      lagMs: 120_000,
      cursor: ago(5).toISOString(),
      events: '9007199254741033',
      eventsLastDay: '40',
      zeroFeeEvents: '3',
      setAside: 5,
      unattributedJobs: 5,
      readsFrom: null,
      lastError: {
        code: 'EVENT_SOURCE_TIMEOUT',
        message: CATALOGUE.EVENT_SOURCE_TIMEOUT.help,
      },
    });
    const full = await get<{ sources: Json[] }>('/v1/sources', TOKEN);
    expect(JSON.stringify(full)).toContain('10.1.2.3:7935');
  });

  it('counts the odd files of a bucket, and names them only to those with the token', async () => {
    const at = ago(1).toISOString();
    await database.db.$client.query(
      `INSERT INTO source_object (source_id, key, version, size_bytes, failure_code, failure,
         failed_since, due_at, read_at)
       VALUES ('north', 'a.json', 'v1', 7, 'EVENT_SOURCE_TRUNCATED', 'cut', $1, $1, $1)`,
      [at],
    );
    await database.db.$client.query(
      `INSERT INTO source_object_change (source_id, key, old_version, new_version, old_size_bytes,
         new_size_bytes, was_whole, seen_at) VALUES ('north', 'b.json', 'v1', 'v2', 1, 2, true, $1)`,
      [at],
    );
    const { sources } = await get<{ sources: Json[] }>('/v1/sources');
    const counts = { incomplete: 1, overwritten: 1, listedAt: null };
    expect(sources[0]?.['objects']).toEqual(counts);
    const full = await get<{ sources: Json[] }>('/v1/sources', TOKEN);
    expect(full.sources[0]?.['objects']).toMatchObject({
      ...counts,
      findings: {
        incomplete: [{ key: 'a.json', code: 'EVENT_SOURCE_TRUNCATED', message: 'cut', since: at }],
        changed: [{ key: 'b.json', oldVersion: 'v1', newVersion: 'v2', seenAt: at }],
      },
    });
  });

  const TRIED = expect.stringContaining('tried again by each new version');

  it('shows what was set aside, and its text only to those with the token', async () => {
    const { events } = await get<{ events: Json[] }>('/v1/set-aside?source=north&limit=1');
    expect(events).toMatchObject([{ id: '5', raw: null, place: null, reason: TRIED }]);
    const full = await get<{ events: Json[] }>('/v1/set-aside?limit=1', TOKEN);
    expect(full.events).toMatchObject([{ raw: '{"connection":"10.0.0.1"' }]);
    expect(await get('/v1/set-aside?resolved=true')).toMatchObject({ events: [] });
    expect(await get('/v1/set-aside/5')).toMatchObject({
      raw: null,
      reason: TRIED,
      help: TRIED,
    });
    await database.db.execute(sql`UPDATE set_aside SET code = 'EVENT_FEE_MALFORMED' WHERE id = 5`);
    expect(await get('/v1/set-aside/5')).toMatchObject({ help: REFUSALS.EVENT_FEE_MALFORMED.help });
    expect(await get('/v1/set-aside/5', TOKEN)).toMatchObject({ raw: '{"connection":"10.0.0.1"' });
    for (const id of ['6', 'x']) {
      const code = 'SET_ASIDE_NOT_FOUND';
      expect(await get(`/v1/set-aside/${id}`, {}, 404)).toMatchObject({ code });
    }
  });

  it('refuses a source or a code that never was, and names those that were', async () => {
    for (const path of ['set-aside', 'unattributed', 'findings']) {
      const refused = await get(`/v1/${path}?source=nroth`, {}, 404);
      expect(refused, path).toMatchObject({
        ...{ code: 'SOURCE_UNKNOWN', message: expect.stringContaining('known are gone, north') },
      });
      await get(`/v1/${path}?source=gone`);
    }
    expect(await get('/v1/set-aside?code=EVENT_NOT_JSN', {}, 400)).toMatchObject({
      ...{ code: 'REQUEST_INVALID', message: expect.stringContaining('EVENT_NOT_JSON,') },
    });
    for (const code of ['EVENT_NOT_OBJECT', 'PAYLOAD_NOT_JSON']) {
      await get(`/v1/set-aside?code=${code}`);
    }
  });

  it('ages unattributed jobs', async () => {
    const { jobs } = await get<{ jobs: Json[] }>('/v1/unattributed?limit=1');
    expect(jobs).toMatchObject([
      { ageMs: 90 * 60_000, grossWei: '123456789012345678901234567890', reason: 'no-other-half' },
    ]);
    expect(jobs[0]?.['job']).toBe(`north/${ago(90).toISOString().replace('.000Z', 'Z')}/1`);
    for (const filter of ['role=received', 'requestId=none', 'before=2026-01-01', 'source=gone']) {
      expect(await get(`/v1/unattributed?${filter}`), filter).toMatchObject({ jobs: [] });
    }
  });

  it('adds up the pool and shows its wallet', async () => {
    const pool = await get('/v1/pool');
    const earned = BigInt(String(pool['grossWei']));
    const parts = ['commission', 'pending', 'reserved', 'paid', 'unattributed'];
    expect(parts.reduce((sum, part) => sum + BigInt(String(pool[`${part}Wei`])), 0n)).toBe(earned);
    expect(pool).toMatchObject({
      workers: 9,
      workersOnline: 3,
      payees: 8,
      openPayouts: 1,
      setAsideEvents: 5,
    });
    expect(await get('/v1/wallet')).toMatchObject({ balance: null });
    const wallet = { chainId: CHAIN_ID, address: TEST_WALLET };
    await recordBalance(database.db, wallet, {
      wei: 25n * 10n ** 17n,
      block: 77,
      baseFeeWei: null,
    });
    expect(await get('/v1/wallet')).toMatchObject({
      balance: { balanceWei: '2500000000000000000', balanceEth: '2.5', block: 77 },
      nextNonce: '100',
      openTransfers: 1,
      openWei: '5',
    });
  });

  it('keeps the audit log for those with the token', async () => {
    expect(await get('/v1/audit-log', {}, 401)).toMatchObject({ code: 'API_TOKEN_WRONG' });
    expect(await get('/v1/audit-log', TOKEN)).toEqual({ entries: [], nextCursor: null });
  });

  it('answers unknown paths and faults in one shape, and tells nothing of what went wrong inside', async () => {
    expect(await get('/v2', {}, 404)).toMatchObject({
      code: 'ROUTE_NOT_FOUND',
      help: expect.any(String),
    });
    const faults: unknown[] = [];
    const { config } = deps();
    const broken = { ...config, pool: { ...config.pool, name: 1n as unknown as string } };
    const onFault = (_error: unknown, request: string, id?: string) => faults.push([request, id]);
    const app = createApp({ ...deps(), config: broken, onFault });
    const response = await app.request('/v1/pool', { headers: { 'x-request-id': 'mine-1' } });
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({
      code: 'INTERNAL',
      message: 'Something went wrong inside.',
      help: expect.any(String),
      requestId: 'mine-1',
    });
    expect(faults).toEqual([['GET /v1/pool', 'mine-1']]);
  });

  it('names a Postgres that is out of reach, and stays alive', async () => {
    const db = openDatabase({ url: 'postgres://nobody@127.0.0.1:1/none' });
    const app = createApp({ ...deps(), db });
    const response = await app.request('/v1/pool');
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: 'DATABASE_UNREACHABLE' });
    expect((await app.request('/v1/health')).status).toBe(200);
    expect((await app.request('/v1/ready')).status).toBe(503);
  });

  it('names a Postgres that takes no writes, at a halt and when it is asked whether it is ready', async () => {
    const [own] = await query<{ name: string }>(
      database.db,
      sql`SELECT current_database() AS name`,
    );
    const setting = `ALTER DATABASE "${own?.name}" SET default_transaction_read_only`;
    await database.db.execute(sql.raw(`${setting} = on`));
    const db = openDatabase({ url: database.url });
    const app = createApp({ ...deps(), db });
    const halted = await app.request('/v1/wallet/halt', {
      method: 'POST',
      headers: { ...TOKEN, 'content-type': 'application/json' },
      body: JSON.stringify({ reason: 'a test' }),
    });
    expect(halted.status).toBe(503);
    expect(await halted.json()).toMatchObject({ code: 'DATABASE_READ_ONLY' });
    const ready = await app.request('/v1/ready');
    expect(await ready.json()).toMatchObject({
      ...{ database: 'DATABASE_READ_ONLY', worker: 'WORKER_SILENT' },
    });
    await closeDatabase(db);
    await database.db.execute(sql.raw(`${setting} = off`));
  });
});
