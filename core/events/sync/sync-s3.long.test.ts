import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSyncActivities } from '../../../activities/sync.js';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.js';
import { recordTerms } from '../../../test/harness/terms.js';
import type { SyncReport } from '../rules/sync-reports.js';
import { createEventSource } from '../sources/registry.js';
import type { SourceConfig } from '../sources/source-config.js';
import { startTestStorage, type TestStorage } from '../sources/testing/test-storage.js';
import { registerSources } from '../store/sources/source-register.js';

const OBJECTS = 100_000;
const PAGE = 1_000;
const FOLDERS = ['us-east/ai/', 'us-east/transcode/', 'us-west/ai/', 'us-west/transcode/'];
const START = Date.parse('2026-01-01T00:00:00Z');

let database: TestDatabase;
let storage: TestStorage;
let config: SourceConfig;
let keys: string[];

/** Returns the key of the n-th file of each folder, with the name that an orchestrator gives it. */
function keyOf(n: number): string {
  const folder = FOLDERS[n % FOLDERS.length] ?? '';
  const minute = START + Math.floor(n / FOLDERS.length) * 60_000;
  const time = (ms: number): string => new Date(ms).toISOString().replace(/[-:]|\.\d+/g, '');
  return `${folder}${folder.slice(0, -1).replace('/', '-')}-${time(minute)}_${time(minute + 59_000)}.json`;
}

/** Answers listings from memory: the test server would read every file for each page. */
function answerListing(request: IncomingMessage, response: ServerResponse, go: () => void): void {
  const { searchParams } = new URL(request.url ?? '/', storage.url);
  if (searchParams.get('list-type') !== '2') {
    go();
    return;
  }
  const after = searchParams.get('continuation-token') ?? searchParams.get('start-after') ?? '';
  const first = keys.findIndex((key) => key > after);
  const page = first === -1 ? [] : keys.slice(first, first + PAGE);
  const isCut = first !== -1 && first + PAGE < keys.length;
  const items = page.map(
    (key) =>
      `<Contents><Key>${key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><Size>10</Size><StorageClass>STANDARD</StorageClass></Contents>`,
  );
  const next = isCut ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : '';
  response
    .writeHead(200, { 'content-type': 'application/xml' })
    .end(
      `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Prefix></Prefix><KeyCount>${page.length}</KeyCount><MaxKeys>${PAGE}</MaxKeys><IsTruncated>${isCut}</IsTruncated>${next}${items.join('')}</ListBucketResult>`,
    );
}

async function pass(
  hours: number,
): Promise<{ readonly report: SyncReport; readonly told: string }> {
  const sources = new Map([[config.id, { config, source: await createEventSource(config) }]]);
  const { syncSource } = createSyncActivities({
    ...{ db: database.db, sources, version: '1.0.0', jobMatchWindowMs: 3_600_000 },
    ...{ maxJobFeeWei: 10n ** 18n, now: () => new Date(START + hours * 3_600_000) },
  });
  storage.asked.length = 0;
  let peakBytes = 0;
  const look = (): void => {
    peakBytes = Math.max(peakBytes, process.memoryUsage().rss);
  };
  const before = process.memoryUsage().rss;
  const timer = setInterval(look, 20);
  const startedMs = performance.now();
  const report: SyncReport = await new MockActivityEnvironment().run(syncSource, {
    sourceId: config.id,
  });
  const seconds = (performance.now() - startedMs) / 1_000;
  clearInterval(timer);
  look();
  const growthMb = Math.round((peakBytes - before) / 1_048_576);
  const told = `${seconds.toFixed(2)} s, ${storage.asked.length} requests, RSS + ${growthMb} MB`;
  expect(growthMb).toBeLessThan(120);
  return { report, told };
}

describe('a bucket of 100 000 files', () => {
  beforeEach(async () => {
    database = await createTestDatabase();
    await recordTerms(
      database.db,
      { commissionBps: 0, thresholdWei: 1n, minIntervalMs: 0 },
      new Date(START),
    );
    storage = await startTestStorage();
    storage.answer = answerListing;
    keys = Array.from({ length: OBJECTS }, (_, n) => keyOf(n)).sort();
    config = {
      ...{ id: 'bucket', kind: 's3', module: null, baseDir: '/', region: null, nodeType: null },
      ...{ from: null, syncIntervalMs: 1_000, options: storage.options },
    };
    const { readsFrom } = await createEventSource(config);
    await registerSources(database.db, [{ ...config, readsFrom }]);
    await database.db.$client.query(
      `INSERT INTO source_object (source_id, key, version, size_bytes, read_at)
       SELECT 'bucket', k, 'd41d8cd98f00b204e9800998ecf8427e', 10, now() FROM unnest($1::text[]) k`,
      [keys],
    );
    await database.db.$client.query('VACUUM ANALYZE source_object');
  });
  afterEach(async () => {
    await storage.stop();
    await database.close();
  });

  it('is listed whole once a day, and at the ends of its folders in between', async () => {
    const full = await pass(1_000);
    expect(full.report).toMatchObject({ events: 0, batches: 0 });
    expect(storage.asked).toHaveLength(OBJECTS / PAGE);
    const quick = await pass(1_001);
    expect(storage.asked.length).toBeLessThanOrEqual(3 * FOLDERS.length);

    // A late file near the end is found at once, one further back by the next listing of everything.
    const event = (n: number): string =>
      `[{"ID":"00000000-0000-4000-8000-00000000000${n}","EventType":"moon","Payload":{},"NodeType":"ai","Region":"x","DT":"2026-01-01T00:00:00Z"}]`;
    const lateKeys = [OBJECTS - 2_000, 8_000].map((n) => keyOf(n).replace('_', 'x_'));
    for (const [n, key] of lateKeys.entries()) await storage.fill([[key, event(n)]]);
    keys = [...keys, ...lateKeys].sort();
    const late = await pass(1_002);
    expect(late.report).toMatchObject({ fresh: 1 });
    const nextDay = await pass(1_025);
    expect(nextDay.report).toMatchObject({ fresh: 1 });
    process.stdout.write(
      `all ${full.told}; quick ${quick.told}; late ${late.told}; next day ${nextDay.told}\n`,
    );
  });
});

describe('a file of half a gigabyte', () => {
  it('is read in constant memory', async () => {
    const half = await startTestStorage();
    await half.put('large.json', '[]');
    const event = `{"ID":"00000000-0000-4000-8000-000000000000","note":"${'x'.repeat(400)}"}`;
    const chunk = Buffer.from(`${event},`.repeat(2_000));
    half.answer = (request, response, answer) => {
      if (request.url?.includes('large.json') !== true) return answer();
      response.writeHead(200);
      Readable.from(parts(chunk)).pipe(response);
    };
    const source = await createEventSource({
      ...{ id: 'b', kind: 's3', module: null, baseDir: '/', region: null, nodeType: null },
      options: half.options,
    });
    const before = process.memoryUsage().rss;
    let [events, peakBytes] = [0, 0];
    const { signal } = new AbortController();
    for await (const slice of source.read({ since: null, signal })) {
      events += slice.length;
      peakBytes = Math.max(peakBytes, process.memoryUsage().rss);
    }
    expect(events).toBe(PARTS * 2_000 + 1);
    const growthMb = Math.round((peakBytes - before) / 1_048_576);
    process.stdout.write(`${events} events of a large file: RSS + ${growthMb} MB\n`);
    expect(growthMb).toBeLessThan(150);
    await half.stop();
  });
});

const PARTS = 560;

function* parts(chunk: Buffer): Generator<Buffer> {
  yield Buffer.from('[');
  for (let i = 0; i < PARTS; i += 1) yield chunk;
  yield Buffer.from('{}]');
}
