/** A pool whose events come from files in a bucket, as tests of its passes need it. */
import { randomUUID } from 'node:crypto';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createSyncActivities } from '../../activities/sync.js';
import { MAX_FEE_WEI } from '../../core/events/rules/reading/event-content.js';
import type { SyncReport } from '../../core/events/rules/sync-reports.js';
import { createEventSource } from '../../core/events/sources/registry.js';
import type { SourceConfig } from '../../core/events/sources/source-config.js';
import {
  startTestStorage,
  type TestStorage,
} from '../../core/events/sources/testing/test-storage.js';
import { listObjectFindings } from '../../core/events/store/sources/source-objects.js';
import { registerSources } from '../../core/events/store/sources/source-register.js';
import { createTestDatabase, type TestDatabase } from './database.js';
import { at, T0 } from './sync-world.js';
import { recordTerms } from './terms.js';

interface EventParts {
  readonly id?: string;
  readonly seconds?: number;
  readonly type?: string;
  readonly region?: string;
  readonly nodeType?: string;
}

/** An event of a file, as Go writes it. */
export function eventText(
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

export function job(ethAddress: string, fees: bigint, parts?: EventParts): string {
  return eventText({ ethAddress, computeUnits: 7n, fees }, parts);
}

export function fileOf(events: readonly string[]): string {
  return `[\n  ${events.join(',\n  ')}\n]`;
}

export function keyOf(name: string): string {
  return `us-west/ai/us-west-ai-${name}.json`;
}

/** The pool, with the source that its next pass reads. */
export class BucketWorld {
  private constructor(
    readonly database: TestDatabase,
    readonly storage: TestStorage,
    public config: SourceConfig,
  ) {}

  static async start(): Promise<BucketWorld> {
    const database = await createTestDatabase();
    const terms = { commissionBps: 0, thresholdWei: 1n, minIntervalMs: 0 };
    await recordTerms(database.db, terms, new Date(T0));
    const storage = await startTestStorage();
    const world = new BucketWorld(database, storage, {
      id: 'bucket',
      kind: 's3',
      module: null,
      baseDir: '/',
      region: null,
      nodeType: null,
      from: null,
      syncIntervalMs: 1_000,
      options: { ...storage.options, prefix: 'us-west' },
    });
    await world.useSource({});
    return world;
  }

  async stop(): Promise<void> {
    await this.storage.stop();
    await this.database.close();
  }

  /** Another source from now on, or the same one configured otherwise. */
  async useSource(overrides: Partial<SourceConfig>): Promise<void> {
    this.config = { ...this.config, ...overrides };
    const { readsFrom } = await createEventSource(this.config);
    await registerSources(this.database.db, [{ ...this.config, readsFrom }]);
  }

  put(name: string, events: readonly string[]): Promise<void> {
    return this.storage.put(keyOf(name), fileOf(events));
  }

  /** A pass with the clock at T0 + seconds. */
  async pass(seconds: number, environment = new MockActivityEnvironment()): Promise<SyncReport> {
    const { config } = this;
    const source = await createEventSource(config);
    const { syncSource } = createSyncActivities({
      db: this.database.db,
      version: '1.0.0',
      jobMatchWindowMs: 3_600_000,
      sources: new Map([[config.id, { config, source }]]),
      maxJobFeeWei: MAX_FEE_WEI,
      now: () => new Date(T0 + seconds * 1000),
    });
    return environment.run(syncSource, { sourceId: config.id });
  }

  async rows<T extends object>(statement: string): Promise<readonly T[]> {
    return (await this.database.db.$client.query<T>(statement)).rows;
  }

  /** What the ledger owes to each payee; nobody takes a commission here. */
  async owed(): Promise<Record<string, bigint>> {
    const rows = await this.rows<{ who: string; wei: string }>(
      `SELECT w.payee AS who, sum(b.amount_wei)::text AS wei FROM balance b
         JOIN remote_worker w ON w.id = b.remote_worker_id GROUP BY 1`,
    );
    return Object.fromEntries(rows.map((row) => [row.who, BigInt(row.wei)]));
  }

  findings() {
    return listObjectFindings(this.database.db, { sourceId: this.config.id, limit: 10 });
  }

  setAside() {
    return this.rows('SELECT code, event_id, place FROM set_aside ORDER BY id');
  }

  /** What was asked since the last call: names of objects, and `LIST`. */
  asked(): string[] {
    return this.storage.asked.splice(0).map((line) => {
      const name = /us-west-ai-(.+)\.json/.exec(line)?.[1];
      return name ?? (line.includes('list-type=2') ? 'LIST' : line);
    });
  }
}
