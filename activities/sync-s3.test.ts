import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SourceConfig } from '../config.js';
import { MAX_FEE_WEI } from '../domain/pool-event-content.js';
import { createEventSource } from '../plugins/event-source/registry.js';
import { startTestStorage, type TestStorage } from '../plugins/event-source/test-storage.js';
import { listObjectFindings } from '../store/source-object-reads.js';
import { registerSources } from '../store/sources.js';
import { recordTerms } from '../store/terms.js';
import { createTestDatabase, type TestDatabase } from '../test/harness/database.js';
import { createSyncActivities, type SyncReport } from './sync.js';

const ALICE = '0x00000000000000000000000000000000000a11ce';
const BOB = '0x0000000000000000000000000000000000000b0b';
const T0 = Date.parse('2026-03-01T12:00:00Z');
const FOLDER = 'us-west/ai';

let database: TestDatabase;
let storage: TestStorage;
let config: SourceConfig;

const at = (seconds: number): string =>
  `${new Date(T0 + seconds * 1000).toISOString().slice(0, 19)}Z`;

interface EventParts {
  readonly id?: string;
  readonly seconds?: number;
  readonly type?: string;
  readonly region?: string;
  readonly nodeType?: string;
}

/** An event of a file, as Go writes it. */
function eventText(
  payload: Readonly<Record<string, string | bigint>>,
  parts: EventParts = {},
): string {
  const { id = randomUUID(), seconds = 0, type = 'job-processed' } = parts;
  const { region = 'us-west', nodeType = 'ai' } = parts;
  const fields = Object.entries(payload).map(
    ([key, value]) => `"${key}": ${typeof value === 'bigint' ? value : JSON.stringify(value)}`,
  );
  return `{
    "ID": "${id}",
    "EventType": "${type}",
    "Version": 1,
    "Payload": {${fields.map((one) => `\n      ${one}`).join(',')}
    },
    "NodeType": "${nodeType}",
    "Region": "${region}",
    "DT": "${at(seconds)}"
  }`;
}

const job = (ethAddress: string, fees: bigint, parts?: EventParts): string =>
  eventText({ ethAddress, computeUnits: 7n, fees }, parts);
const fileOf = (events: readonly string[]): string => `[\n  ${events.join(',\n  ')}\n]`;
const put = (name: string, events: readonly string[]): Promise<void> =>
  storage.put(`${FOLDER}/us-west-ai-${name}.json`, fileOf(events));

/** A pass with the clock at T0 + seconds. */
async function pass(
  seconds: number,
  environment = new MockActivityEnvironment(),
): Promise<SyncReport> {
  const used = config;
  const source = await createEventSource(used);
  const sources = new Map([[used.id, { config: used, source }]]);
  const { syncSource } = createSyncActivities({
    ...{ db: database.db, sources, version: '1.0.0', jobMatchWindowMs: 3_600_000 },
    ...{ maxJobFeeWei: MAX_FEE_WEI, now: () => new Date(T0 + seconds * 1000) },
  });
  return environment.run(syncSource, { sourceId: used.id });
}

async function rowsOf<T extends object>(statement: string): Promise<readonly T[]> {
  return (await database.db.$client.query<T>(statement)).rows;
}

/** What the ledger owes to each payee; nobody takes a commission here. */
async function owed(): Promise<Record<string, bigint>> {
  const rows = await rowsOf<{ who: string; wei: string }>(
    `SELECT w.payee AS who, sum(b.amount_wei)::text AS wei FROM balance b
       JOIN remote_worker w ON w.id = b.remote_worker_id GROUP BY 1`,
  );
  return Object.fromEntries(rows.map((row) => [row.who, BigInt(row.wei)]));
}

const findings = () => listObjectFindings(database.db, { sourceId: config.id, limit: 10 });
const asides = () => rowsOf('SELECT code, event_id, place FROM set_aside ORDER BY id');
/** What was asked since the last call: names of objects, and `LIST`. */
const asked = (): string[] =>
  storage.asked.splice(0).map((line) => {
    const name = /us-west-ai-(.+)\.json/.exec(line)?.[1];
    return name ?? (line.includes('list-type=2') ? 'LIST' : line);
  });

async function useSource(overrides: Partial<SourceConfig> = {}): Promise<void> {
  config = {
    ...{ id: 'bucket', kind: 's3', module: null, baseDir: '/', region: null, nodeType: null },
    ...{ from: null, syncIntervalMs: 1_000, options: { ...storage.options, prefix: 'us-west' } },
    ...overrides,
  };
  const { readsFrom } = await createEventSource(config);
  await registerSources(database.db, [{ ...config, readsFrom }]);
}

describe('a sync pass over files in a bucket', () => {
  beforeEach(async () => {
    database = await createTestDatabase();
    const terms = { commissionBps: 0, thresholdWei: 1n, minIntervalMs: 0 };
    await recordTerms(database.db, terms, new Date(T0));
    storage = await startTestStorage();
    await useSource();
  });
  afterEach(async () => {
    await storage.stop();
    await database.close();
  });

  it('credits what they hold, to the wei, to workers of the region and node type they say', async () => {
    await put('a', [
      job(ALICE, 36_893_488_147_419_103_233n),
      job(ALICE, 9_007_199_254_740_993n, { region: 'us-east', nodeType: 'transcode' }),
      eventText({ ethAddress: BOB, requestID: 'r1', pipeline: 'llm' }, { type: 'job-received' }),
    ]);
    await put('b', [eventText({ requestID: 'r1', fees: 5n }, { seconds: 9 })]);
    expect(await pass(10)).toMatchObject({ events: 4, fresh: 4, setAside: 0 });
    expect(await owed()).toEqual({
      [ALICE]: 36_893_488_147_419_103_233n + 9_007_199_254_740_993n,
      [BOB]: 5n,
    });
    expect(await rowsOf('SELECT DISTINCT region, node_type FROM remote_worker ORDER BY 1')).toEqual(
      [
        { region: 'us-east', node_type: 'transcode' },
        { region: 'us-west', node_type: 'ai' },
      ],
    );
    expect(
      await rowsOf('SELECT payload FROM pool_event WHERE gross_wei > 10::numeric ^ 19'),
    ).toEqual([
      {
        payload: `{"event_type":"job-processed","payload":{"ethAddress":"${ALICE}","computeUnits":7,"fees":36893488147419103233}}`,
      },
    ]);
  });

  it('asks for the listing alone when there is nothing new', async () => {
    await put('a', [job(ALICE, 1n)]);
    await put('b', []);
    asked();
    await pass(10);
    expect(asked()).toEqual(['LIST', 'a', 'b']);
    expect(await pass(20)).toMatchObject({ events: 0, fresh: 0, batches: 0 });
    expect(asked()).toEqual(['LIST']);
    expect(await findings()).toEqual({ incomplete: [], changed: [] });
  });

  it('counts files that come late, whatever they sort before', async () => {
    await put('20260302', [job(ALICE, 1n, { seconds: 86_400 })]);
    await pass(90_000);
    await put('20260301', [job(BOB, 2n)]);
    await put('20250101', [job(ALICE, 4n, { seconds: -30_000_000 })]);
    expect(await pass(90_060)).toMatchObject({ events: 2, fresh: 2 });
    expect(await owed()).toEqual({ [ALICE]: 5n, [BOB]: 2n });
  });

  it('counts an event once that stands in several files, however they are indented', async () => {
    const event = job(ALICE, 9_007_199_254_740_993n, {
      id: '0a0b0c0d-0000-4000-8000-00000000000a',
    });
    const copy = event.replaceAll(/\n\s+/g, '').replace('0a0b0c0d', '0A0B0C0D');
    await put('a', [event]);
    await put('b', [copy, job(BOB, 1n)]);
    expect(await pass(10)).toMatchObject({ events: 3, fresh: 2, duplicates: 1, setAside: 0 });
    await put('c', [event, copy]);
    expect(await pass(20)).toMatchObject({ fresh: 0, duplicates: 2, setAside: 0 });
    expect(await owed()).toEqual({ [ALICE]: 9_007_199_254_740_993n, [BOB]: 1n });
  });

  it('sets a UUID aside that comes again with another time or another payload', async () => {
    const id = randomUUID();
    await put('a', [job(ALICE, 100n, { id }), job(ALICE, 100n, { id, seconds: 1 })]);
    expect(await pass(10)).toMatchObject({ fresh: 1, setAside: 1 });
    await put('b', [job(ALICE, 100n, { id, seconds: 7_000_000 }), job(ALICE, 999n, { id })]);
    expect(await pass(20)).toMatchObject({ fresh: 0, setAside: 2 });
    expect(await owed()).toEqual({ [ALICE]: 100n });
    expect(await asides()).toMatchObject(
      ['a', 'b', 'b'].map((name) => ({
        ...{ code: 'EVENT_CHANGED', event_id: id },
        place: expect.stringMatching(`^element [12] of ${FOLDER}/us-west-ai-${name}.json$`),
      })),
    );
  });

  it('counts an event once that a dump of the same bucket holds too', async () => {
    const events = [job(ALICE, 100n), job(BOB, 10n)];
    await put('a', events);
    await pass(10);
    const baseDir = await mkdtemp(join(tmpdir(), 'openpool-dump-'));
    await writeFile(
      join(baseDir, 'dump.json'),
      fileOf([...events, job(BOB, 1n, { region: 'eu' })]),
    );
    const options = { path: 'dump.json' };
    await useSource({ id: 'dump', kind: 'file', baseDir, region: 'x', nodeType: 'ai', options });
    expect(await pass(20)).toMatchObject({ fresh: 1, duplicates: 2, setAside: 0 });
    expect(await owed()).toEqual({ [ALICE]: 100n, [BOB]: 11n });
    await rm(baseDir, { recursive: true });
  });

  it('counts each event once when two sources take in the same ones at the same time', async () => {
    const events = Array.from({ length: 1_000 }, (_, i) => job(ALICE, 1n, { seconds: i }));
    await put('a', events);
    const bucket = config;
    const baseDir = await mkdtemp(join(tmpdir(), 'openpool-dump-'));
    await writeFile(join(baseDir, 'dump.json'), fileOf([...events].reverse()));
    const options = { path: 'dump.json' };
    await useSource({ id: 'dump', kind: 'file', baseDir, region: 'x', nodeType: 'ai', options });
    const second = pass(9_000);
    config = bucket;
    const reports = await Promise.all([pass(9_000), second]);
    expect(reports.map(({ setAside }) => setAside)).toEqual([0, 0]);
    expect(reports.reduce((sum, { fresh }) => sum + fresh, 0)).toBe(1_000);
    expect(await owed()).toEqual({ [ALICE]: 1_000n });
    await rm(baseDir, { recursive: true });
  });

  it('reads an object again that another has overwritten, and says so with both ETags', async () => {
    const first = [job(ALICE, 1n), job(ALICE, 2n)];
    await put('a', first);
    await pass(10);
    await put('a', [...first.slice(1), job(BOB, 8n)]);
    expect(await pass(20)).toMatchObject({ fresh: 1, duplicates: 1 });
    expect(await owed()).toEqual({ [ALICE]: 3n, [BOB]: 8n });
    const { incomplete, changed } = await findings();
    expect(incomplete).toEqual([]);
    expect(changed).toMatchObject([
      {
        ...{ key: `${FOLDER}/us-west-ai-a.json`, wasWhole: true, seenAt: new Date(T0 + 20_000) },
        oldVersion: expect.stringMatching(/^[0-9a-f]{32}$/),
        newVersion: expect.stringMatching(/^[0-9a-f]{32}$/),
      },
    ]);
    expect(changed[0]?.oldVersion).not.toBe(changed[0]?.newVersion);
    await pass(30);
    expect((await findings()).changed).toHaveLength(1);
  });

  it('counts a half-written file as far as it goes, says so, and all of it once when it is whole', async () => {
    const events = [job(ALICE, 1n), job(ALICE, 2n), job(ALICE, 4n)];
    const key = `${FOLDER}/us-west-ai-b.json`;
    await put('a', [job(BOB, 1n)]);
    await storage.put(key, fileOf(events).slice(0, -90));
    await storage.put(`${FOLDER}/us-west-ai-c.json`, '');
    await put('d', [job(BOB, 2n)]);
    asked();
    expect(await pass(10)).toMatchObject({ fresh: 4, setAside: 0 });
    expect(await owed()).toEqual({ [ALICE]: 3n, [BOB]: 3n });
    expect((await findings()).incomplete).toMatchObject([
      { key: expect.stringContaining('-c.'), message: expect.stringContaining('is empty') },
      {
        key,
        code: 'EVENT_SOURCE_TRUNCATED',
        message: expect.stringContaining(`${key} ends after 2`),
      },
    ]);
    asked();
    await pass(20);
    expect(asked()).toEqual(['LIST', 'b', 'c']);
    await storage.put(key, fileOf(events));
    await put('c', []);
    expect(await pass(30)).toMatchObject({ fresh: 1, duplicates: 2 });
    expect(await owed()).toEqual({ [ALICE]: 7n, [BOB]: 3n });
    const { incomplete, changed } = await findings();
    expect(incomplete).toEqual([]);
    expect(changed.map(({ wasWhole }) => wasWhole)).toEqual([false, false]);
  });

  it('asks less and less often for a file that stays half', async () => {
    await storage.put(`${FOLDER}/us-west-ai-a.json`, '[');
    const tries: number[] = [];
    for (let minute = 0; minute < 10; minute += 1) {
      asked();
      await pass(minute * 60);
      if (asked().includes('a')) tries.push(minute);
    }
    expect(tries).toEqual([0, 1, 2, 4, 8]);
  });

  it('sets malformed events aside with file, place and id, and counts their neighbours', async () => {
    const [bad, odd] = [randomUUID(), randomUUID()];
    await put('a', [
      job(ALICE, 1n),
      job(ALICE, -5n, { id: bad }),
      job(ALICE, 3n, { id: odd, nodeType: 'toaster' }),
      job(ALICE, 3n, { region: '' }),
      '{"ID": "x", "EventType": "moon", "Payload": [], "DT": "2026-03-01T12:00:00Z"}',
      job(BOB, 2n),
    ]);
    expect(await pass(10)).toMatchObject({ fresh: 2, setAside: 4 });
    expect(await owed()).toEqual({ [ALICE]: 1n, [BOB]: 2n });
    const place = (n: number): string => `element ${n} of ${FOLDER}/us-west-ai-a.json`;
    expect(await asides()).toMatchObject([
      { code: 'EVENT_FEE_MALFORMED', event_id: bad, place: place(2) },
      { code: 'EVENT_ORIGIN_MALFORMED', event_id: odd, place: place(3) },
      { code: 'EVENT_ORIGIN_MALFORMED', place: place(4) },
      { code: 'EVENT_PAYLOAD_MALFORMED', event_id: 'x', place: place(5) },
    ]);
    asked();
    await pass(20);
    expect(asked()).toEqual(['LIST']);
  });

  it('passes over an object that vanishes after it was listed', async () => {
    for (const name of ['a', 'b', 'c']) await put(name, [job(ALICE, 1n)]);
    storage.answer = (request, _, answer) => {
      const isGone = request.method === 'GET' && request.url?.includes('us-west-ai-b') === true;
      storage.answer = isGone ? undefined : storage.answer;
      if (isGone) storage.remove(`${FOLDER}/us-west-ai-b.json`).then(answer, answer);
      else answer();
    };
    expect(await pass(10)).toMatchObject({ fresh: 2 });
    expect(await findings()).toEqual({ incomplete: [], changed: [] });
  });

  it('reads an object again, and counts it once, when it died before it could remember it', async () => {
    await put('a', [job(ALICE, 1n)]);
    await database.db.$client.query('ALTER TABLE source_object RENAME TO hidden');
    await expect(pass(10)).rejects.toThrow();
    expect(await owed()).toEqual({});
    await database.db.$client.query('ALTER TABLE hidden RENAME TO source_object');
    await database.db.$client.query(
      'ALTER TABLE source_object ADD CONSTRAINT dies CHECK (false) NOT VALID',
    );
    await expect(pass(20)).rejects.toThrow();
    expect(await owed()).toEqual({ [ALICE]: 1n });
    await database.db.$client.query('ALTER TABLE source_object DROP CONSTRAINT dies');
    expect(await pass(30)).toMatchObject({ fresh: 0, duplicates: 1 });
    asked();
    await pass(40);
    expect(asked()).toEqual(['LIST']);
  });

  it('goes on after a cancelled pass with what was not stored yet', async () => {
    const events = Array.from({ length: 12_000 }, (_, i) => job(ALICE, 1n, { seconds: i }));
    await put('a', events);
    await put(
      'b',
      events.map((event) => event.replace(/"ID": "[^"]+"/, `"ID": "${randomUUID()}"`)),
    );
    await put('c', [job(ALICE, 1n)]);
    const environment = new MockActivityEnvironment();
    const isFirstKnown = async (): Promise<boolean> =>
      (await rowsOf('SELECT FROM source_object')).length > 0;
    storage.answer = (request, _, answer) => {
      if (request.url?.includes('us-west-ai-c') !== true) return answer();
      // It never answers: the pass is cancelled while it waits, with one file remembered.
      void vi.waitUntil(isFirstKnown, 30_000).then(() => environment.cancel('CANCELLED'));
    };
    await expect(pass(13_000, environment)).rejects.toMatchObject({ name: 'CancelledFailure' });
    storage.answer = undefined;
    expect((await owed())[ALICE]).toBeGreaterThanOrEqual(20_000n);
    asked();
    await pass(13_060);
    const read = asked();
    expect(read).not.toContain('a');
    expect(read).toContain('c');
    expect(await owed()).toEqual({ [ALICE]: 24_001n });
  });

  it('tells what stands between it and the bucket, keeps what it has, and goes on', async () => {
    for (const name of ['a', 'b', 'c']) await put(name, [job(ALICE, 1n)]);
    storage.answer = (request, response, answer) => {
      if (request.url?.includes('us-west-ai-b') !== true) return answer();
      response.writeHead(200, { 'content-length': 1_000 });
      response.write('[', () => response.socket?.destroy());
    };
    await expect(pass(10)).rejects.toMatchObject({
      ...{ type: 'EVENT_SOURCE_UNREACHABLE', message: expect.stringContaining('us-west-ai-b') },
    });
    expect(await owed()).toEqual({ [ALICE]: 2n });
    storage.answer = undefined;
    asked();
    await pass(20);
    expect(asked()).toEqual(['LIST', 'b']);
    expect(await owed()).toEqual({ [ALICE]: 3n });
  });

  it('reads everything again when its beginning is moved', async () => {
    await useSource({ id: 'bucket', from: new Date(T0) });
    await put('a', [job(ALICE, 1n), job(BOB, 2n, { seconds: -60 })]);
    expect(await pass(10)).toMatchObject({ fresh: 1, setAside: 1 });
    await useSource({ from: new Date(T0 - 3_600_000) });
    expect(await pass(20)).toMatchObject({ fresh: 1, duplicates: 1, setAside: 0 });
    expect(await owed()).toEqual({ [ALICE]: 1n, [BOB]: 2n });
  });
});
