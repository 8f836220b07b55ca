import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSyncActivities } from '../../../activities/sync.js';
import { payloadText } from '../../../dev/kit/event-element.js';
import { createRandom } from '../../../dev/kit/random.js';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.js';
import { recordTerms } from '../../../test/harness/terms.js';
import { checkInvariants } from '../../checks/audit/invariants.js';
import { rebuildBalances } from '../../history/rebuild/rebuild.js';
import { MAX_FEE_WEI } from '../rules/reading/event-content.js';
import type { SyncReport } from '../rules/sync-reports.js';
import { createEventSource } from '../sources/registry.js';
import type { SourceConfig } from '../sources/source-config.js';
import {
  rowText,
  startTestOrchestrator,
  type TestOrchestrator,
  type TestRow,
} from '../sources/testing/test-orchestrator.js';
import { registerSources, resumeSource } from '../store/sources/source-register.js';

const ALICE = '0x00000000000000000000000000000000000a11ce';
const T0 = Date.parse('2026-03-01T12:00:00Z');
const READ_TWICE = { type: 'SOURCE_READ_TWICE' };

let database: TestDatabase;
let orchestrators: TestOrchestrator[] = [];
let dir: string;
let configs: SourceConfig[];

const at = (seconds: number): string =>
  `${new Date(T0 + seconds * 1000).toISOString().slice(0, 19)}Z`;

/** Makes jobs like those of a running orchestrator: few different fees and units, but response times that differ. */
function jobs(seed: number, from: number, count: number, startS = from): TestRow[] {
  const { int } = createRandom(seed);
  return Array.from({ length: count }, (_, n) => ({
    id: from + n + 1,
    dt: at(startS + n),
    payload: payloadText('job-processed', {
      ethAddress: ALICE,
      computeUnits: 1_000 * (1 + int(0, 1)),
      pricePerComputeUnit: 10,
      fees: 10_000 * (1 + int(0, 1)),
      responseTime: 200 + int(0, 399),
      duration: 2_000,
    }),
  }));
}

async function orchestrator(rows: readonly TestRow[] = []): Promise<TestOrchestrator> {
  const one = await startTestOrchestrator();
  one.rows = [...rows];
  orchestrators.push(one);
  return one;
}

const http = (id: string, endpoint: string, overrides: Partial<SourceConfig> = {}) =>
  use({ id, kind: 'orchestrator-http', options: { endpoint }, ...overrides });
const dump = (id: string, name: string, overrides: Partial<SourceConfig> = {}) =>
  use({ id, kind: 'file', options: { path: name }, ...overrides });

function use(given: Pick<SourceConfig, 'id' | 'kind' | 'options'> & Partial<SourceConfig>) {
  const config: SourceConfig = {
    ...{ module: null, baseDir: dir, region: 'eu', nodeType: 'transcode', from: null },
    ...{ syncIntervalMs: 1_000, ...given },
  };
  configs = [...configs.filter(({ id }) => id !== config.id), config];
  return register();
}

async function register(): Promise<void> {
  const registered = configs.map(async (config) => ({
    ...config,
    readsFrom: (await createEventSource(config)).readsFrom,
  }));
  await registerSources(database.db, await Promise.all(registered));
}

async function activitiesAt(seconds: number, batchSize = 18_000) {
  const sources = new Map(
    await Promise.all(
      configs.map(
        async (config) => [config.id, { config, source: await createEventSource(config) }] as const,
      ),
    ),
  );
  return createSyncActivities({
    ...{ db: database.db, sources, version: '1.0.0', jobMatchWindowMs: 3_600_000, batchSize },
    ...{ maxJobFeeWei: MAX_FEE_WEI, now: () => new Date(T0 + seconds * 1000) },
  });
}

async function pass(sourceId: string, seconds = 10_000, batchSize?: number): Promise<SyncReport> {
  const { syncSource } = await activitiesAt(seconds, batchSize);
  return new MockActivityEnvironment().run(syncSource, { sourceId });
}

const rowsOf = async (statement: string) => (await database.db.$client.query(statement)).rows;
const gross = async (): Promise<bigint> =>
  -BigInt(
    (
      await rowsOf(
        `SELECT coalesce(sum(amount_wei), 0) AS wei FROM balance WHERE account = 'revenue'`,
      )
    )[0].wei,
  );
const worth = (rows: readonly TestRow[]): bigint =>
  rows.reduce((sum, { payload = '' }) => sum + BigInt(/"fees": (\d+)/.exec(payload)?.[1] ?? 0), 0n);
const stopped = async () =>
  (await rowsOf('SELECT id FROM source WHERE stopped_at IS NOT NULL ORDER BY id')).map(
    ({ id }) => id,
  );
const whyOf = async (id: string): Promise<string> =>
  (await rowsOf(`SELECT stopped_why FROM source WHERE id = '${id}'`))[0].stopped_why;
const write = (name: string, rows: readonly TestRow[]) =>
  writeFile(join(dir, name), rows.map((row) => `${rowText(row)}\n`).join(''));

async function consistent(): Promise<void> {
  expect(await checkInvariants(database.db, { withEvents: true })).toEqual([]);
  const rebuilt = await rebuildBalances(database.db, {
    ...{ archiveDir: '/', actor: 'test', apply: null, keep: false, onProgress: () => undefined },
  });
  expect(rebuilt.findings).toEqual([]);
}

/** Registers two addresses of one orchestrator, as a proxy makes them: nothing about the addresses is alike. */
async function twoAddresses(rows: readonly TestRow[]) {
  const one = await orchestrator(rows);
  const other = await orchestrator(rows);
  const push = (...more: readonly TestRow[]): void => {
    one.rows.push(...more);
    other.rows.push(...more);
  };
  return { one, other, push };
}

beforeEach(async () => {
  database = await createTestDatabase();
  orchestrators = [];
  configs = [];
  dir = await mkdtemp(join(tmpdir(), 'openpool-twice-'));
  await recordTerms(
    database.db,
    { commissionBps: 0, thresholdWei: 1n, minIntervalMs: 0 },
    new Date(T0),
  );
});
afterEach(async () => {
  for (const one of orchestrators) await one.stop();
  await database.close();
  await rm(dir, { recursive: true, force: true });
});

describe('one orchestrator under two names', () => {
  it('is found in the first batch of the second, which credits nothing and is no longer read', async () => {
    const rows = jobs(1, 0, 600);
    const { one, other, push } = await twoAddresses(rows);
    await http('by-ip', one.url);
    await pass('by-ip');
    await http('by-name', other.url);
    await expect(pass('by-name')).rejects.toMatchObject({
      ...READ_TWICE,
      message: expect.stringMatching(
        /source "by-name" gives the events of source "by-ip": at least 600 events .* such as job-processed 1 of 2026-03-01T12:00:00Z/,
      ),
    });
    expect(await gross()).toBe(worth(rows));
    expect(await stopped()).toEqual(['by-name']);
    expect(await whyOf('by-name')).toContain('Nothing was credited twice.');
    push(...jobs(2, 600, 5));
    const asked = other.asked.length;
    await expect(pass('by-name')).rejects.toMatchObject(READ_TWICE);
    expect(other.asked).toHaveLength(asked);
    expect(await pass('by-ip')).toMatchObject({ fresh: 5, setAside: 0 });
    await consistent();
  });

  it('is found also when the second has a past of its own that the first was not asked for', async () => {
    const rows = jobs(3, 0, 3_000);
    const { one, other } = await twoAddresses(rows);
    await http('by-ip', one.url, { from: new Date(T0 + 2_000_000) });
    await pass('by-ip');
    const counted = rows.slice(2_000);
    expect(await gross()).toBe(worth(counted));
    await http('by-name', other.url);
    await expect(pass('by-name', 10_000, 500)).rejects.toMatchObject(READ_TWICE);
    expect(await gross()).toBe(worth(rows));
    await consistent();
  });

  it.each([
    [1, 1],
    [2, 1],
    [40, 18_000],
  ])(
    'counts nothing twice when both follow the present, %i new events a pass, batches of %i',
    async (each, batchSize) => {
      const { one, other, push } = await twoAddresses([]);
      await http('by-ip', one.url);
      await http('by-name', other.url);
      let id = 0;
      for (let turn = 0; turn < 6; turn += 1) {
        push(...jobs(turn, id, each, id * 3));
        id += each;
        const order = turn % 2 === 0 ? ['by-name', 'by-ip'] : ['by-ip', 'by-name'];
        for (const name of order) await pass(name, id * 3 + 10, batchSize).catch(() => undefined);
        expect(await gross()).toBe(worth(one.rows));
      }
      expect(await stopped()).toEqual(['by-name']);
      await consistent();
    },
  );

  it('counts nothing twice when both are read at the same time, again and again', async () => {
    const { one, other, push } = await twoAddresses([]);
    await http('by-ip', one.url);
    await http('by-name', other.url);
    for (let turn = 0; turn < 8; turn += 1) {
      push(...jobs(turn, turn * 50, 50));
      await Promise.allSettled([pass('by-ip', 10_000, 7), pass('by-name', 10_000, 7)]);
    }
    await pass('by-ip');
    expect(await gross()).toBe(worth(one.rows));
    expect(await stopped()).toEqual(['by-name']);
    await consistent();
  });

  it('says what was credited twice before anybody could notice', async () => {
    const rows = jobs(4, 0, 50);
    const { one, other, push } = await twoAddresses(rows);
    await http('by-ip', one.url);
    await http('by-name', other.url);
    // As if a version that did not compare had read them.
    await rowsOf('UPDATE source SET watch_left = 0');
    await pass('by-ip');
    await pass('by-name');
    expect(await gross()).toBe(2n * worth(rows));
    await rowsOf('UPDATE source SET watch_left = 10000');
    push(...jobs(5, 50, 10));
    await pass('by-ip');
    await expect(pass('by-name')).rejects.toMatchObject(READ_TWICE);
    expect(await whyOf('by-name')).toMatch(/50 jobs worth \S+ ETH were credited under both before/);
  });

  it('is found also when an old source is asked for its events again', async () => {
    const rows = jobs(6, 0, 100);
    const { one, other } = await twoAddresses(rows);
    await http('by-ip', one.url);
    await pass('by-ip');
    await http('late', other.url, { from: new Date(T0 + 5_000_000) });
    await pass('late', 6_000);
    await rowsOf('UPDATE source SET watch_left = 0');
    await http('late', other.url, { from: null });
    await expect(pass('late', 6_000)).rejects.toMatchObject(READ_TWICE);
    expect(await gross()).toBe(worth(rows));
  });
});

describe('two orchestrators', () => {
  it('that start in one second, with ids in lockstep and the same worker, are not taken for one', async () => {
    for (let seed = 1; seed <= 5; seed += 1) {
      const start = (own: number): TestRow[] => [
        { id: 1, dt: at(0), payload: payloadText('orchestrator-reset', {}) },
        ...Array.from({ length: 20 }, (_, n) => ({
          id: n + 2,
          dt: at(1),
          payload: payloadText('worker-connected', {
            ethAddress: ALICE,
            connection: `10.0.0.${n}:1`,
          }),
        })),
        ...jobs(own, 21, 600, 30),
      ];
      const pair = [await orchestrator(start(seed * 2)), await orchestrator(start(seed * 2 + 1))];
      for (const [i, { url }] of pair.entries()) await http(`seed-${seed}-${i}`, url);
      for (const i of [0, 1])
        expect(await pass(`seed-${seed}-${i}`)).toMatchObject({ events: 621 });
    }
    expect(await stopped()).toEqual([]);
  });

  it('that run in lockstep for hours are not stopped, however many of their jobs are alike', async () => {
    await http('one', (await orchestrator(jobs(50, 0, 9_000))).url);
    await http('two', (await orchestrator(jobs(51, 0, 9_000))).url);
    for (const id of ['one', 'two']) await pass(id, 10_000, 250);
    expect(await stopped()).toEqual([]);
    const [{ alike }] = await rowsOf('SELECT count(*)::int AS alike FROM set_aside');
    expect(alike).toBeGreaterThan(3);
    await consistent();
  });

  it('are both still read when two of their jobs are identical by chance, which are set aside', async () => {
    const [mine, theirs] = [jobs(7, 0, 300), jobs(8, 0, 300)];
    const [first, second] = [mine[10], mine[200]];
    if (first === undefined || second === undefined) throw new Error('there are 300');
    theirs[10] = first;
    theirs[200] = second;
    await http('one', (await orchestrator(mine)).url);
    const two = await orchestrator(theirs);
    await http('two', two.url);
    await pass('one');
    expect(await pass('two')).toMatchObject({ fresh: 298, setAside: 2 });
    expect(await pass('two')).toMatchObject({ fresh: 0 });
    expect(await stopped()).toEqual([]);
    expect(await rowsOf('SELECT DISTINCT code FROM set_aside')).toEqual([
      { code: 'EVENT_COUNTED_ELSEWHERE' },
    ]);
    expect(await gross()).toBe(worth(mine) + worth(theirs) - worth([first, second]));
    await consistent();
  });
});

describe('a dump', () => {
  it('of an orchestrator that is read, as a source of its own, is stopped in its first batch', async () => {
    const rows = jobs(1, 0, 500);
    await http('orch', (await orchestrator(rows)).url);
    await pass('orch');
    await write('orch.json', rows.slice(0, 400));
    await dump('dumps', 'orch*.json');
    await expect(pass('dumps')).rejects.toMatchObject(READ_TWICE);
    expect(await gross()).toBe(worth(rows));
    expect(await stopped()).toEqual(['dumps']);
    // The operator says whose it is and resumes it.
    await dump('dumps', 'orch*.json', { of: 'orch' });
    await resumeSource(database.db, 'dumps', { actor: 'test', reason: 'it is of orch' });
    expect(await pass('dumps')).toMatchObject({ fresh: 0, duplicates: 400, setAside: 0 });
    expect(await gross()).toBe(worth(rows));
    await consistent();
  });

  it('of several files is compared each time a file is added, whatever the files before had', async () => {
    const [rows, past] = [jobs(2, 0, 300), jobs(3, 0, 12_000, -20_000)];
    await write('old.json', past);
    await dump('dumps', '*.json');
    await http('orch', (await orchestrator(rows)).url);
    expect(await pass('dumps')).toMatchObject({ fresh: 12_000 });
    await pass('orch');
    await write('orch.json', rows);
    await expect(pass('dumps')).rejects.toMatchObject(READ_TWICE);
    expect(await gross()).toBe(worth(rows) + worth(past));
    expect(await stopped()).toEqual(['dumps']);
  });

  it.each(['the dump', 'the orchestrator'])(
    'that says whose it is counts each event once, whichever comes first: %s',
    async (first) => {
      const rows = jobs(4, 0, 500);
      const live = await orchestrator(rows.slice(200));
      await http('orch', live.url);
      await write('orch.json', rows.slice(0, 400));
      await dump('dumps', 'orch.json', { of: 'orch' });
      const order = first === 'the dump' ? ['dumps', 'orch'] : ['orch', 'dumps'];
      for (const id of order) await pass(id);
      expect(await gross()).toBe(worth(rows));
      expect(await stopped()).toEqual([]);
      expect(await rowsOf('SELECT DISTINCT source_id FROM pool_event')).toEqual([
        { source_id: 'orch' },
      ]);
      // The orchestrator's next events are found, however far the dump went.
      live.rows.push(...jobs(5, 500, 3));
      expect(await pass('orch')).toMatchObject({ fresh: 3 });
      for (const id of ['orch', 'dumps'])
        expect(await pass(id)).toMatchObject({ fresh: 0, setAside: 0 });
      await consistent();
    },
  );

  it('is read at the same time as its orchestrator', async () => {
    const rows = jobs(6, 0, 800);
    await http('orch', (await orchestrator(rows)).url);
    await write('orch.json', rows);
    await dump('dumps', 'orch.json', { of: 'orch' });
    await Promise.all([pass('orch', 10_000, 40), pass('dumps', 10_000, 30)]);
    expect(await gross()).toBe(worth(rows));
    expect(await stopped()).toEqual([]);
    await consistent();
  });

  it('changes neither the cursor nor the time of the last new event of its orchestrator', async () => {
    const rows = jobs(7, 0, 500);
    const live = await orchestrator(rows.slice(0, 100));
    await http('orch', live.url);
    await pass('orch', 150);
    const row = async () =>
      (
        await rowsOf(
          "SELECT cursor_dt, last_fresh_at, last_success_at FROM source WHERE id = 'orch'",
        )
      )[0];
    const before = await row();
    await write('orch.json', rows);
    await dump('dumps', 'orch.json', { of: 'orch' });
    expect(await pass('dumps')).toMatchObject({ fresh: 400 });
    expect(await row()).toEqual(before);
    live.rows = [...rows];
    expect(await pass('orch')).toMatchObject({ fresh: 0 });
    expect(await gross()).toBe(worth(rows));
  });

  it('of a source that is gone from the configuration counts under its id', async () => {
    const rows = jobs(8, 0, 300);
    await http('orch', (await orchestrator(rows.slice(0, 200))).url);
    await pass('orch');
    configs = [];
    await write('orch.json', rows);
    await dump('dumps', 'orch.json', { of: 'orch' });
    expect(await pass('dumps')).toMatchObject({ fresh: 100, duplicates: 200 });
    expect(await gross()).toBe(worth(rows));
    await consistent();
  });

  it('that was counted as a source of its own counts nothing again when it says whose it is', async () => {
    const rows = jobs(9, 0, 300);
    await write('orch.json', rows);
    await dump('dumps', 'orch.json');
    await pass('dumps');
    const live = await orchestrator();
    await http('orch', live.url);
    await dump('dumps', 'orch.json', { of: 'orch' });
    expect(await pass('dumps')).toMatchObject({ fresh: 0, setAside: 0 });
    expect(await gross()).toBe(worth(rows));
    expect(await stopped()).toEqual([]);
  });

  it.each([
    ['nobody', { of: 'nobody' }],
    ['another region', { of: 'orch', region: 'us' }],
    ['another node type', { of: 'orch', nodeType: 'ai' as const }],
    ['another dump', { of: 'dumps' }],
  ])('of %s is refused', async (_, overrides) => {
    await http('orch', (await orchestrator()).url);
    await dump('dumps', 'a.json', { of: 'orch' });
    await expect(dump('more', 'b.json', overrides)).rejects.toMatchObject({
      code: 'SOURCE_OF_UNFITTING',
    });
  });
});
