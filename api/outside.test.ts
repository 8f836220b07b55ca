/** Writes marked text wherever an outsider can get text into the ledger, and searches every public answer for it. */
import { sql } from 'drizzle-orm';
import type { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { haltWallet } from '../core/payouts/store/wallet/wallets.js';
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
  TEST_TOKEN,
  TEST_WALLET,
} from '../test/kit/test-pool.js';
import { createApp } from './app.js';
import {
  publicEventId,
  publicFinding,
  publicModel,
  publicName,
  publicRegion,
  publicWait,
} from './outside.js';

/** The marked text: a host name that a worker made up, and an address that no pattern for addresses matches. */
const CANARY = 'canary gpu-7.lan:8935 fe80::1%eth0';
const NOW = new Date();
const at = NOW.toISOString();

let database: TestDatabase;
let app: Hono;
let payoutId = '';

beforeAll(async () => {
  database = await createTestDatabase();
  const { db } = database;
  app = createApp(poolOf(db, { now: () => NOW }));
  await addTerms(db, 1n);
  await addWallet(db);
  await plantInSources();
  const wallet = { chainId: CHAIN_ID, address: TEST_WALLET };
  const broken = { code: 'INVARIANT_BROKEN', reason: `DECIDED_TWICE: the job ${CANARY}` };
  await haltWallet(db, wallet, broken);
  const workerId = await addWorker(db, { payee: addressOf(1), region: CANARY, pendingWei: 9n });
  await db.execute(sql`
    INSERT INTO earning_day (remote_worker_id, day, pipeline, model_id, jobs, compute_units, gross_wei, commission_wei)
    VALUES (${workerId}, (now() AT TIME ZONE 'UTC')::date, ${CANARY}, ${CANARY}, 1, 1, 1, 0)`);
  await addConnection(db, {
    ...{ sourceId: 'north', workerId, connection: CANARY, at: NOW, seq: 1 },
  });
  payoutId = await addPayout(db, {
    ...{ payee: addressOf(1), amountWei: 5n, state: 'signed', createdAt: NOW, nonce: 1 },
    wait: ['RPC_UNREACHABLE', `the chain cannot be asked (${CANARY})`],
  });
  await db.execute(sql`UPDATE attempt SET last_answer = ${CANARY}`);
  await db.execute(sql`
    INSERT INTO payout_allocation VALUES (${payoutId}, ${workerId}, 5)`);
});
afterAll(() => database.close());

async function plantInSources(): Promise<void> {
  const { db } = database;
  await db.execute(sql`
    INSERT INTO source (id, kind, reads_from, last_error_code, last_error)
    VALUES ('north', 's3', ${CANARY}, 'EVENT_SOURCE_HTTP_STATUS', ${CANARY})`);
  await db.execute(sql`
    INSERT INTO event_count (source_id, hour, event_type, version, events, zero_fee_events)
    VALUES ('north', date_trunc('hour', now()), ${CANARY}, 1, 3, 0)`);
  await db.execute(sql`
    INSERT INTO finding (code, source_id, subject, severity, words, figures, opened_at, seen_at) VALUES
      ('EVENTS_UNKNOWN', 'north', ${CANARY}, 'warning', ${CANARY}, ${JSON.stringify({ events: 3, type: CANARY })}, now(), now()),
      ('WORK_TOO_FAST', '', ${CANARY}, 'warning', ${CANARY}, ${JSON.stringify({ jobs: CANARY })}, now(), now()),
      ('PRICE_JUMP', 'north', ${`ai / ${CANARY}`}, 'grave', ${CANARY}, '{}', now(), now())`);
  await db.execute(sql`
    INSERT INTO set_aside (source_id, event_id, dt_text, place, code, reason, raw, raw_hash, tried_version)
    VALUES ('north', ${CANARY}, ${CANARY}, ${CANARY}, 'EVENT_ID_MALFORMED', ${CANARY}, ${CANARY}, 'h', '1')`);
  await db.execute(sql`
    INSERT INTO unmatched_job (source_id, dt, event_id, role, gross_wei, reason, request_id, pipeline, model_id, region)
    VALUES ('north', ${at}, ${CANARY}, 'processed', 1, 'no-other-half', ${CANARY}, ${CANARY}, ${CANARY}, NULL),
           ('north', ${at}, ${`${CANARY}2`}, 'received', NULL, 'no-other-half', ${CANARY}, NULL, NULL, ${CANARY})`);
  await db.execute(sql`
    INSERT INTO source_object (source_id, key, version, size_bytes, failure_code, failure, failed_since, due_at, read_at)
    VALUES ('north', ${CANARY}, 'v', 1, 'EVENT_SOURCE_TRUNCATED', ${CANARY}, ${at}, ${at}, ${at})`);
  await db.execute(sql`
    INSERT INTO job_price (source_id, node_type, pipeline, model_id, hour, jobs, gross_wei, compute_units)
    SELECT 'north', 'ai', ${CANARY}, ${CANARY}, date_trunc('hour', now()) - n * interval '1 hour', 20, 20000000, 20000
      FROM generate_series(0, 8) n`);
  await db.execute(sql`
    INSERT INTO rebuild (events, archived_events, took_ms, ok, findings, findings_total, applied, actor)
    VALUES (1, 0, 1, false, ${JSON.stringify([{ code: 'COUNT_DIFFERS', message: CANARY }])}, 1, false, 'cli')`);
}

/** Returns the path of every GET route, with values for its parameters. */
function paths(): readonly string[] {
  const values: Readonly<Record<string, string>> = {
    '/v1/sources/:id': '/v1/sources/north',
    '/v1/payouts/:id': `/v1/payouts/${payoutId}`,
    '/v1/payees/:address': `/v1/payees/${addressOf(1)}`,
    '/v1/set-aside/:id': '/v1/set-aside/1',
    '/payees/:address/payouts/:id': `/payees/${addressOf(1)}/payouts/${payoutId}`,
    '/payees/:address': `/payees/${addressOf(1)}`,
    '/docs/:operation': '/docs/getV1Pool',
  };
  // The operator's pages say nothing to who is not signed in: `operator/session.test.ts`.
  const isOpen = (path: string) => !path.includes('*') && !path.startsWith('/operator');
  const routes = app.routes.filter(({ method, path }) => method === 'GET' && isOpen(path));
  const filled = routes.map(({ path }) => {
    const [pattern = ''] = Object.keys(values).filter((key) => path.startsWith(key));
    return pattern === '' ? path : path.replace(pattern, values[pattern] ?? '');
  });
  return [...new Set([...filled, '/v1/unattributed?role=received', '/v1/findings?all=true'])];
}

describe('foreign texts', () => {
  it('appear in no answer without the token, on any route', async () => {
    expect(paths().length).toBeGreaterThan(20);
    for (const path of paths()) {
      const response = await app.request(path);
      const text = await response.text();
      const isQuestion = path === '/payees' || path.endsWith('/wishes/message');
      if (
        ![
          '/v1/audit-log',
          '/v1/guard',
          '/v1/guard/effect',
          '/v1/guard/overrides',
          '/v1/invitations',
          '/v1/notices',
          '/v1/operator/needs',
          '/v1/shadow',
        ].includes(path)
      )
        expect(isQuestion ? [400] : [200, 503], path).toContain(response.status);
      for (const part of ['canary', 'gpu-7', 'fe80']) expect(text, path).not.toContain(part);
    }
  });

  it.each([
    '/v1/sources',
    '/v1/sources/north/prices',
    '/v1/sources/north/hours',
    '/v1/findings',
    '/v1/set-aside',
    '/v1/set-aside/1',
    '/v1/unattributed',
    '/v1/workers',
    '/v1/days',
    `/v1/payees/${addressOf(1)}/days`,
    '/v1/payouts',
    '/v1/rebuild',
    '/v1/round/preview',
    '/v1/wallet',
  ])('are read with the token: %s', async (path) => {
    const headers = { authorization: `Bearer ${TEST_TOKEN}` };
    expect(await (await app.request(path, { headers })).text()).toContain('canary');
  });

  it.each([
    '/v1/workers?region=gpu-7.lan',
    '/v1/workers?region=fe80::1',
    '/v1/unattributed?requestId=gpu-7.lan',
    'credits?pipeline=gpu-7.lan',
    'credits?model=http://a/b',
    'credits?by=day&format=csv&model=gpu-7.lan',
  ])(
    'are looked for with the token alone, so that nobody can try what is hidden: %s',
    async (asked) => {
      const path = asked.replace('credits', `/v1/payouts/${payoutId}/credits`);
      const headers = { authorization: `Bearer ${TEST_TOKEN}` };
      expect((await app.request(path)).status).toBe(400);
      expect((await app.request(path, { headers })).status).toBe(200);
    },
  );

  it('are public where they can only be names', () => {
    expect(['text-to-image', 'llm', 'a5Bd_7'].map(publicName)).not.toContain(null);
    expect(['gpu-7.lan', '::1', 'a b', '', 'a:1', '-x', 'x'.repeat(65)].map(publicName)).toEqual(
      Array(7).fill(null),
    );
    expect(publicModel('SG161222/RealVisXL_V4.0_Lightning')).not.toBeNull();
    expect(['gpu-7.lan', 'http://a/b', 'a.b/c', 'a/b/c'].map(publicModel)).toEqual(
      Array(4).fill(null),
    );
    expect(['17', '0f8fad5b-d9cb-469f-a165-70867728950e'].map(publicEventId)).not.toContain(null);
    expect(publicEventId('gpu7')).toBeNull();
    expect(publicWait('WALLET_HALTED', 'the wallet is halted: EVENT_TWICE: gpu-7.lan')).toBe(
      'the wallet is halted: EVENT_TWICE',
    );
    expect(['US West', 'eu-central', 'fe80::1'].map(publicRegion)).toEqual([
      ...['US West', 'eu-central', 'elsewhere'],
    ]);
  });

  it('claim no more of the pool than is known where only its wallet is known', () => {
    const finding = {
      code: 'POOL_NOT_COVERED',
      subject: '',
      words: '5 wei',
      figures: { owedWei: '5' },
    } as const;
    expect(publicFinding(finding)).toEqual({
      subject: '',
      words: 'what this program knows of the money of the pool is less than the pool owes',
      figures: {},
    });
  });
});
