import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSyncActivities } from '../../../activities/sync.js';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.js';
import { recordTerms } from '../../../test/harness/terms.js';
import { archiveMonths } from '../../history/archive/archiving.js';
import { MAX_FEE_WEI } from '../rules/reading/event-content.js';
import type { SyncReport } from '../rules/sync-reports.js';
import { createEventSource } from '../sources/registry.js';
import type { SourceConfig } from '../sources/source-config.js';
import { listObjectFindings } from '../store/sources/source-objects.js';
import { registerSources } from '../store/sources/source-register.js';

const ALICE = '0x00000000000000000000000000000000000a11ce';
const T0 = Date.parse('2026-01-10T12:00:00Z');
const NOW = new Date('2026-04-10T12:00:00Z');

let database: TestDatabase;
let dir: string;
let config: SourceConfig;

/** A line of a dump: a job that earned one wei. */
function line(id: number): string {
  const body = { event_type: 'job-processed', payload: { ethAddress: ALICE, fees: 1 } };
  const DT = `${new Date(T0 + id * 1_000).toISOString().slice(0, 19)}Z`;
  return `${JSON.stringify({ ID: id, Payload: JSON.stringify(body), Version: 1, DT })}\n`;
}
const lines = (...ids: readonly number[]): string => ids.map(line).join('');
const path = (name: string): string => join(dir, name);

async function pass(): Promise<SyncReport> {
  const source = await createEventSource(config);
  const { syncSource } = createSyncActivities({
    ...{ db: database.db, sources: new Map([[config.id, { config, source }]]), version: '1.0.0' },
    ...{ jobMatchWindowMs: 3_600_000, maxJobFeeWei: MAX_FEE_WEI, now: () => NOW },
  });
  return new MockActivityEnvironment().run(syncSource, { sourceId: config.id });
}

describe('a sync pass over files', () => {
  beforeEach(async () => {
    database = await createTestDatabase();
    const terms = { commissionBps: 0, thresholdWei: 1n, minIntervalMs: 0 };
    await recordTerms(database.db, terms, new Date(T0));
    dir = await mkdtemp(join(tmpdir(), 'openpool-dumps-'));
    config = {
      ...{ id: 'dumps', kind: 'file', module: null, baseDir: dir, region: 'eu', nodeType: 'ai' },
      ...{ from: null, syncIntervalMs: 1_000, options: { path: '*.ndjson' } },
    };
    const { readsFrom } = await createEventSource(config);
    await registerSources(database.db, [{ ...config, readsFrom }]);
  });
  afterEach(async () => {
    await database.close();
    await rm(dir, { recursive: true, force: true });
  });

  it('reads a file once, and again when it has grown or was replaced, which it does not report', async () => {
    await writeFile(path('a.ndjson'), lines(1, 2));
    await writeFile(path('b.ndjson'), lines(3));
    expect(await pass()).toMatchObject({ events: 3, fresh: 3 });
    expect(await pass()).toMatchObject({ events: 0, batches: 0 });
    await appendFile(path('a.ndjson'), lines(4));
    expect(await pass()).toMatchObject({ events: 3, fresh: 1, duplicates: 2 });
    // The new content is as long as the old one.
    await writeFile(path('b.ndjson'), lines(5));
    expect(await pass()).toMatchObject({ events: 1, fresh: 1 });
    expect(await pass()).toMatchObject({ events: 0 });
    const findings = await listObjectFindings(database.db, { sourceId: 'dumps', limit: 10 });
    expect(findings).toEqual({ incomplete: [], changed: [] });
  });

  it('reads an incomplete file in each pass, and reports it in each, until it is complete', async () => {
    await writeFile(path('whole.ndjson'), lines(9));
    await writeFile(path('torn.ndjson'), lines(1, 2).slice(0, -20));
    const truncated = { type: 'EVENT_SOURCE_TRUNCATED' };
    await expect(pass()).rejects.toMatchObject(truncated);
    await expect(pass()).rejects.toMatchObject(truncated);
    await writeFile(path('torn.ndjson'), lines(1, 2));
    expect(await pass()).toMatchObject({ events: 2, fresh: 1, duplicates: 1 });
    expect(await pass()).toMatchObject({ events: 0 });
  });

  it('does not ask again for a dump whose months were archived', async () => {
    await writeFile(path('old.ndjson'), lines(1, 2, 3));
    await pass();
    await database.db.$client.query(
      'UPDATE pool_event SET received_at = dt; UPDATE source SET deep_from_dt = NULL',
    );
    const run = { dir: path('archive'), keepMonths: 1, now: NOW, onProgress: () => undefined };
    expect((await archiveMonths(database.db, run)).archived).toHaveLength(1);
    expect(await pass()).toMatchObject({ events: 0, setAside: 0 });
    // The control: when the file is read again, its events are set aside.
    await appendFile(path('old.ndjson'), '\n');
    expect(await pass()).toMatchObject({ events: 3, setAside: 3 });
  });
});
