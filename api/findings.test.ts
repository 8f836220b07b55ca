/** What the API shows of the sentinel's findings, and of the figures that the sentinel watches. */
import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keepReconciliation } from '../core/checks/store/reconciliation-records.js';
import { noteWorker } from '../core/ledger/store/worker-processes.js';
import { haltWallet, recordBalance } from '../core/payouts/store/wallet/wallets.js';
import type { Condition } from '../core/sentinel/rules/finding.js';
import { UNMATCHED_AGES } from '../core/sentinel/rules/source-figures.js';
import { recordLook } from '../core/sentinel/store/findings.js';
import { createTestDatabase, TEST_POOL_ID, type TestDatabase } from '../test/harness/database.js';
import { poolOf } from '../test/kit/silent-temporal.js';
import {
  addConnection,
  addPayout,
  addressOf,
  addWallet,
  addWorker,
  CHAIN_ID,
  post,
  TEST_TOKEN,
  TEST_WALLET,
} from '../test/kit/test-pool.js';
import { createApp } from './app.js';

const NOW = new Date('2026-03-01T12:00:00Z');
const ago = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000);
const iso = (minutes: number) => ago(minutes).toISOString();
const TOKEN = { authorization: `Bearer ${TEST_TOKEN}` };

type Json = Record<string, unknown>;
interface FindingsAnswer {
  readonly lookedAt: string | null;
  readonly open: number;
  readonly findings: readonly Json[];
  readonly nextCursor: string | null;
}

const aside: Condition = {
  ...{ code: 'EVENTS_SET_ASIDE', sourceId: 'north', subject: 'EVENT_CHANGED' },
  ...{ severity: 'warning', measure: 3, words: '3 events are set aside' },
  figures: { events: 3 },
};
const unknown: Condition = {
  ...{ code: 'EVENTS_UNKNOWN', sourceId: 'north', subject: 'from http://10.1.2.3:80/ v1' },
  ...{ severity: 'warning', measure: null, words: 'came from http://10.1.2.3:80/' },
  figures: { type: 'http://10.1.2.3:80/' },
};
const silent: Condition = {
  ...{ code: 'SOURCE_SILENT', sourceId: 'south', subject: '' },
  ...{ severity: 'grave', measure: null, words: 'nothing new for 3 h', figures: {} },
};

let database: TestDatabase;
async function request(path: string, init: RequestInit = {}, status = 200): Promise<Response> {
  // Temporal is down in these tests: none of this needs it.
  const deps = poolOf(database.db, { version: '1.2.3', now: () => NOW });
  const response = await createApp(deps).request(path, init);
  expect(response.status).toBe(status);
  return response;
}

async function get<T = Json>(path: string, headers = {}, status = 200): Promise<T> {
  return (await (await request(path, { headers }, status)).json()) as T;
}

const acknowledge = async (id: string, reason: string, status = 200, headers: Json = TOKEN) =>
  (await (
    await request(
      `/v1/findings/${id}/acknowledge`,
      {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ reason }),
      },
      status,
    )
  ).json()) as Json;

/** Reads Prometheus' text format as a scraper would: every sample by its name and sorted labels. */
async function scrape(): Promise<ReadonlyMap<string, number>> {
  const response = await request('/metrics');
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const samples = new Map<string, number>();
  let described = '';
  for (const line of (await response.text()).split('\n')) {
    if (line === '') continue;
    const comment = /^# (HELP|TYPE) (openpool_[a-z_]+) (.+)$/.exec(line);
    if (comment !== null) {
      described = comment[2] ?? '';
      continue;
    }
    const [, name, , labels = '', value] =
      /^(openpool_[a-z_]+)(\{(.*)\})? (-?[\d.e+-]+)$/.exec(line) ?? [];
    expect(name, line).toBe(described);
    const pairs = [...labels.matchAll(/([a-z]+)="([^"]*)"/g)].map(([pair]) => pair);
    const ours = `pool="${TEST_POOL_ID}"`;
    // Every sample carries the pool's id, because one Prometheus may scrape two pools.
    expect(pairs, line).toContain(ours);
    const sorted = pairs.filter((pair) => pair !== ours).sort();
    samples.set(`${name?.slice('openpool_'.length)}{${sorted.join(',')}}`, Number(value));
  }
  return samples;
}

describe('what the sentinel watches', () => {
  beforeAll(async () => {
    database = await createTestDatabase();
    const { db } = database;
    await addWallet(db);
    await db.execute(sql`
      INSERT INTO source (id, kind, reads_from, region, node_type, newest_dt, last_success_at,
                          last_fresh_at, last_error_code) VALUES
        ('north', 'orchestrator-http', 'https://orch.example:7935/', 'us-west', 'transcode',
         ${iso(-3)}, ${iso(2)}, ${iso(42)}, NULL),
        ('south', 's3', 'https://s3.example/', NULL, NULL, NULL, NULL, NULL, 'SYNC_FAILED')`);
    await db.execute(sql`
      INSERT INTO event_count (source_id, hour, event_type, version, events, zero_fee_events) VALUES
        ('north', ${iso(60)}, 'job-processed', 1, 40, 3),
        ('north', ${iso(0)}, 'job-processed', 1, 2, 0),
        ('north', ${iso(60)}, 'made up by 10.1.2.3', 1, 5, 0),
        ('north', ${iso(60)}, 'job-processed', 9, 6, 0),
        ('north', ${iso(60 * 48)}, 'job-received', 1, 70, 0)`);
    await db.execute(sql`UPDATE event_count SET events = 45 WHERE events = 40`);
    await db.execute(sql`
      INSERT INTO arrival_hour VALUES ('north', ${iso(60)}, 3, 7000, 0),
        ('north', ${iso(0)}, 1, 9000, 180000), ('north', ${iso(240)}, 1, 0, 99999999)`);
    const workerId = await addWorker(db, { payee: addressOf(1), pendingWei: 2n * 10n ** 18n });
    const row = { sourceId: 'north', workerId, connection: '10.0.0.1:1', seq: 1 };
    await addConnection(db, { ...row, at: ago(100) });
    await addConnection(db, { ...row, connection: '10.0.0.1:2', at: ago(100) });
    await db.execute(sql`
      INSERT INTO unmatched_job (source_id, dt, event_id, role, gross_wei, reason)
      SELECT 'north', ${NOW.toISOString()}::timestamptz - age, age::text, 'processed', 10^17, 'no-other-half'
        FROM unnest(ARRAY['59 minutes', '1 hour', '5 hours', '23 hours', '6 days', '8 days', '80 days']::interval[]) age`);
    await db.execute(sql`
      INSERT INTO set_aside (source_id, place, code, reason, raw, raw_hash, tried_version)
      SELECT 'north', 'x', code, 'r', 'r', n || code, '1' FROM generate_series(1, 3) n,
             unnest(ARRAY['EVENT_CHANGED', 'CODE_OF_YORE']) code`);
    await post(db, 'unattributed', [
      ['revenue', 0, -(10n ** 17n)],
      ['unattributed', 0, 10n ** 17n],
    ]);
    const payout = { payee: addressOf(1), amountWei: 5n };
    await addPayout(db, { ...payout, state: 'signed', createdAt: ago(60 * 60), nonce: 1 });
    await addPayout(db, { ...payout, state: 'paid', createdAt: ago(60), nonce: 2 });
    await addPayout(db, { ...payout, state: 'paid', createdAt: ago(60 * 25), nonce: 3 });
    await recordLook(db, [aside, unknown, silent], ago(5));
    await recordLook(db, [aside, unknown], ago(1));
  });
  afterAll(() => database.close());

  it('is listed with its age, and without addresses unless the token is given', async () => {
    const open = await get<FindingsAnswer>('/v1/findings');
    expect(open).toMatchObject({ lookedAt: iso(1), open: 2, nextCursor: null });
    expect(open.findings).toMatchObject([
      {
        ...{ code: 'EVENTS_UNKNOWN', source: 'north', subject: '', figures: {} },
        words: 'events within a day of a type or version that is not known',
      },
      {
        ...{ code: 'EVENTS_SET_ASIDE', severity: 'warning', figures: { events: 3 } },
        ...{ openedAt: iso(5), seenAt: iso(1), timesSeen: 2 },
        ...{ resolvedAt: null, acknowledged: null },
      },
    ]);
    expect(JSON.stringify(await get('/v1/findings', TOKEN))).toContain('10.1.2.3');
    const all = await get<FindingsAnswer>('/v1/findings?all=true&source=south');
    expect(all.findings).toMatchObject([{ code: 'SOURCE_SILENT', resolvedAt: iso(1) }]);
    // The source's only finding has ended.
    expect(all).toMatchObject({ open: 0 });
    const first = await get<FindingsAnswer>('/v1/findings?all=true&limit=2');
    const rest = await get<FindingsAnswer>(
      `/v1/findings?all=true&limit=2&cursor=${first.nextCursor}`,
    );
    const codes = [...first.findings, ...rest.findings].map(({ code }) => code);
    expect(codes).toEqual(['SOURCE_SILENT', 'EVENTS_UNKNOWN', 'EVENTS_SET_ASIDE']);
  });

  it('is acknowledged with the token and a reason, and kept in the audit log', async () => {
    const { findings } = await get<FindingsAnswer>('/v1/findings?all=true');
    const idOf = (code: string) => String(findings.find((one) => one['code'] === code)?.['id']);
    const id = idOf('EVENTS_SET_ASIDE');
    expect(await acknowledge(id, 'known', 401, {})).toMatchObject({ code: 'API_TOKEN_WRONG' });
    expect(await acknowledge(id, ' ', 400)).toMatchObject({ code: 'REQUEST_INVALID' });
    expect(await acknowledge('x1', 'known', 404)).toMatchObject({ code: 'FINDING_NOT_FOUND' });
    expect(await acknowledge('999', 'known', 404)).toMatchObject({ code: 'FINDING_NOT_FOUND' });
    expect(await acknowledge(idOf('SOURCE_SILENT'), 'known', 409)).toMatchObject({
      code: 'FINDING_RESOLVED',
    });
    const { finding } = await acknowledge(id, 'a dump of 10.1.2.3');
    expect(finding).toMatchObject({
      id,
      acknowledged: { by: 'api', reason: 'a dump of 10.1.2.3' },
    });
    const shown = await get<FindingsAnswer>('/v1/findings');
    expect(shown).toMatchObject({ open: 2, openAcknowledged: 1 });
    expect(shown.findings[1]).toMatchObject({
      acknowledged: { by: 'api', reason: null },
    });
    const { entries } = await get<{ entries: Json[] }>('/v1/audit-log', TOKEN);
    expect(entries).toMatchObject([
      {
        ...{ actor: 'api', action: 'finding.acknowledge', subject: id },
        ...{ reason: 'a dump of 10.1.2.3', detail: { code: 'EVENTS_SET_ASIDE', source: 'north' } },
      },
    ]);
  });

  it('shows the lag, the silence and the clock of each source', async () => {
    const { sources } = await get<{ sources: Json[] }>('/v1/sources');
    expect(sources).toMatchObject([
      {
        ...{ id: 'north', lagMs: 120_000, newestEventAgeMs: -180_000, events: '128' },
        silence: { lastNewEventAt: iso(42), silentForMs: 40 * 60_000, connectedWorkers: 1 },
        clock: { aheadMs: 180_000, behindMs: 7_000 },
        unattributedJobs: 7,
        unmatched: [1, 2, 1, 1, 2].map((jobs, i) => ({
          ...{ age: UNMATCHED_AGES[i]?.age, jobs, grossEth: `0.${jobs}` },
          grossWei: String(BigInt(jobs) * 10n ** 17n),
        })),
      },
      {
        ...{ id: 'south', lagMs: null, newestEventAgeMs: null },
        silence: { lastNewEventAt: null, silentForMs: 0, connectedWorkers: 0 },
        clock: { aheadMs: 0, behindMs: null },
      },
    ]);
  });

  it('counts a source’s events by type and hour', async () => {
    const answer = await get<{ hours: Json[] }>('/v1/sources/north/hours?hours=2');
    expect(answer).toMatchObject({ source: 'north', from: iso(60), to: iso(0) });
    expect(answer.hours).toEqual([
      ...[
        ['job-processed', 1, '45', '3'],
        ['job-processed', 9, '6', '0'],
        ['unknown', 0, '5', '0'],
      ].map(([eventType, version, events, zeroFeeEvents]) => ({
        ...{ hour: iso(60), eventType, version, events, zeroFeeEvents },
      })),
      { hour: iso(0), eventType: 'job-processed', version: 1, events: '2', zeroFeeEvents: '0' },
    ]);
    expect((await get<{ hours: Json[] }>('/v1/sources/south/hours')).hours).toEqual([]);
    expect(await get('/v1/sources/west/hours', {}, 404)).toMatchObject({ code: 'SOURCE_UNKNOWN' });
    expect(await get('/v1/sources/north/hours?hours=9999', {}, 400)).toMatchObject({
      code: 'REQUEST_INVALID',
    });
  });

  describe('as metrics', () => {
    it('tells a scraper about every source, without foreign names', async () => {
      const samples = await scrape();
      const north = Object.entries({
        source_lag_seconds: 120,
        source_newest_event_age_seconds: -180,
        source_silence_seconds: 2_400,
        source_connected_workers: 1,
        source_failing: 0,
        source_clock_ahead_seconds: 180,
        source_clock_behind_seconds: 7,
        zero_fee_jobs: 3,
      });
      for (const [name, value] of north) {
        expect(samples.get(`${name}{source="north"}`), name).toBe(value);
      }
      expect(samples.get('source_failing{source="south"}')).toBe(1);
      expect(samples.has('source_lag_seconds{source="south"}')).toBe(false);
      const of = (type: string, version: string) =>
        samples.get(`events{source="north",type="${type}",version="${version}"}`);
      expect([of('job-processed', '1'), of('job-received', '1'), of('unknown', '')]).toEqual([
        47, 70, 11,
      ]);
      expect([...samples.keys()].join()).not.toContain('10.1.2.3');
      expect([...samples.keys()].join()).not.toMatch(/example|0x[0-9a-f]{6}/i);
    });

    it('tells unmatched jobs by age, what is set aside, and findings by code', async () => {
      const samples = await scrape();
      const buckets = (name: string) =>
        ['under-1h', '1h-6h', '6h-1d', '1d-7d', 'over-7d'].map((age) =>
          samples.get(`${name}{age="${age}",source="north"}`),
        );
      expect(buckets('unmatched_jobs')).toEqual([1, 2, 1, 1, 2]);
      expect(buckets('unmatched_eth')).toEqual([0.1, 0.2, 0.1, 0.1, 0.2]);
      expect(samples.get('unmatched_jobs{age="over-7d",source="south"}')).toBe(0);
      for (const code of ['EVENT_CHANGED', 'CODE_OF_YORE']) {
        expect(samples.get(`set_aside_events{code="${code}",source="north"}`)).toBe(3);
      }
      const open = (code: string, acknowledged: boolean) =>
        samples.get(`findings_open{acknowledged="${acknowledged}",code="${code}"}`);
      expect(open('EVENTS_UNKNOWN', false)).toBe(1);
      expect(open('EVENTS_SET_ASIDE', true)).toBe(1);
      expect(open('EVENTS_SET_ASIDE', false)).toBe(0);
      expect(open('SOURCE_SILENT', false)).toBe(0);
      expect(samples.get('sentinel_look_age_seconds{}')).toBe(60);
    });

    it('shows the ages of the last audit, of the last full audit and of the last report of a worker', async () => {
      const names = ['audit_age_seconds', 'audit_history_age_seconds', 'worker_turn_age_seconds'];
      const before = await scrape();
      expect(names.filter((name) => before.has(`${name}{}`))).toEqual([]);
      const { db } = database;
      await db.execute(
        sql`UPDATE ledger_audit SET checked_at = ${iso(3)}, ok = true, whole_at = ${iso(90)}`,
      );
      await noteWorker(db, { id: randomUUID(), version: '1', sources: [], host: 'here' });
      await db.execute(sql`UPDATE worker_process SET turned_at = now() - interval '40 seconds'`);
      const samples = await scrape();
      expect(samples.get('audit_age_seconds{}')).toBe(180);
      expect(samples.get('audit_history_age_seconds{}')).toBe(5_400);
      // This age is measured by the database's clock, so its exact value is unknown here.
      expect(samples.get('worker_turn_age_seconds{}')).toBeGreaterThanOrEqual(40);
      expect(samples.get('worker_turn_age_seconds{}')).toBeLessThan(100);
    });

    it('tells payouts, balances, the wallet’s halt and the last reconciliation', async () => {
      const wallet = { chainId: CHAIN_ID, address: TEST_WALLET };
      const before = await scrape();
      expect(before.get('wallet_halted{}')).toBe(0);
      expect(before.has('reconciliation_ok{}')).toBe(false);
      expect(before.has('wallet_balance_eth{}')).toBe(false);
      await recordBalance(database.db, wallet, {
        wei: 25n * 10n ** 17n,
        block: 7,
        baseFeeWei: null,
      });
      await haltWallet(database.db, wallet, { code: 'HALTED_BY_OPERATOR', reason: 'x' });
      const none = { openingWei: 0n, balanceWei: 0n, inWei: 0n, outWei: 0n, gasWei: 0n };
      const span = { fromBlock: 0, toBlock: 1, fromNonce: 0, toNonce: 0 };
      const discrepancies = [{ code: 'BALANCE_DIFFERS', message: 'm' }];
      await keepReconciliation(database.db, wallet, { ...none, ...span, discrepancies });
      const samples = await scrape();
      expect(samples.get('wallet_halted{}')).toBe(1);
      expect(samples.get('wallet_balance_eth{}')).toBe(2.5);
      expect(samples.get('wallet_open_transfers{}')).toBe(1);
      expect(samples.get('reconciliation_ok{}')).toBe(0);
      expect(samples.get('payouts_open{state="signed"}')).toBe(1);
      expect(samples.get('payouts_open{state="reserved"}')).toBe(0);
      expect(samples.get('payouts_last_day{state="paid"}')).toBe(1);
      expect(samples.get('balance_eth{account="pending"}')).toBe(2);
      expect(samples.get('info{version="1.2.3"}')).toBe(1);
    });
  });
});
