/** A pool with one source, and the sentinel that looks at it at a moment of the test's choice. */
import { afterEach, beforeEach } from 'vitest';
import { lookAtSources } from '../../core/sentinel/looking.js';
import type { SentinelReport } from '../../core/sentinel/rules/finding.js';
import { listFindings, type ShownFinding } from '../../core/sentinel/store/finding-reads.js';
import { addConnection, addressOf, addWorker, TEST_SENTINEL } from '../kit/test-pool.js';
import { createTestDatabase, type TestDatabase } from './database.js';

export const NOW = new Date('2026-03-15T12:10:00Z');
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const ago = (ms: number) => new Date(NOW.getTime() - ms);
export const hourBefore = (hours: number) =>
  new Date(Math.floor(NOW.getTime() / HOUR) * HOUR - hours * HOUR);

export function useSentinelWorld() {
  let database: TestDatabase;
  const world = {
    get db() {
      return database.db;
    },
    now: NOW,
    /** Codes that the operator was told of. */
    told: [] as string[],
  };

  async function run(statement: string, values: readonly unknown[] = []) {
    return world.db.$client.query(statement, [...values]);
  }

  async function look(afterMs = 0): Promise<SentinelReport> {
    world.now = new Date(NOW.getTime() + afterMs);
    return lookAtSources({
      db: world.db,
      settings: TEST_SENTINEL,
      sources: [{ id: 'one', syncIntervalMs: MINUTE }],
      roundIntervalMs: HOUR,
      now: () => world.now,
      onLook: ({ opened, worse }) =>
        world.told.push(...[...opened, ...worse].map(({ code }) => code)),
    });
  }

  const open = async (all = false): Promise<readonly ShownFinding[]> =>
    (await listFindings(world.db, { all }, { limit: 100, cursor: null })).items;
  const openCodes = async () => (await open()).map(({ code }) => code).sort();

  async function setSource(columns: Record<string, Date | string | null>): Promise<void> {
    const sets = Object.keys(columns).map((column, i) => `${column} = $${i + 1}`);
    await run(`UPDATE source SET ${sets.join(', ')} WHERE id = 'one'`, Object.values(columns));
  }

  async function count(
    hour: Date,
    type: string,
    events: number,
    { zeroFee = 0, version = 1 } = {},
  ): Promise<void> {
    await run(
      `INSERT INTO event_count (source_id, hour, event_type, version, events, zero_fee_events)
       VALUES ('one', $1, $2, $3, $4, $5)
       ON CONFLICT (source_id, hour, event_type, version) DO UPDATE
         SET events = excluded.events, zero_fee_events = excluded.zero_fee_events`,
      [hour, type, version, events, zeroFee],
    );
  }

  async function price(hour: Date, perUnitWei: number, jobs = 20) {
    await run(
      `INSERT INTO job_price VALUES ('one', $1, 'ai', 'text-to-image', 'sdxl', $2::int, $3::numeric, 1000)`,
      [hour, jobs, perUnitWei * 1000],
    );
  }

  /** A day and night of a week: busy from six to twenty-two, nothing at night. */
  async function aWeekOfDays(): Promise<void> {
    await setSource({ created_at: ago(30 * DAY) });
    await run(
      `INSERT INTO event_count (source_id, hour, event_type, version, events)
       SELECT 'one', h, 'job-processed', 1, 100 FROM generate_series($1::timestamptz, $2, '1 hour') h
        WHERE extract(hour FROM h AT TIME ZONE 'UTC') BETWEEN 6 AND 21`,
      [hourBefore(24 * 8), hourBefore(1)],
    );
  }

  async function connectWorker(): Promise<void> {
    const workerId = await addWorker(world.db, { payee: addressOf(1) });
    const connection = '10.0.0.1:1';
    await addConnection(world.db, {
      sourceId: 'one',
      workerId,
      connection,
      at: ago(DAY),
      seq: 1,
    });
  }

  beforeEach(async () => {
    database = await createTestDatabase();
    world.told = [];
    await run(
      `INSERT INTO source (id, kind, reads_from, region, node_type, created_at, last_success_at,
                           last_fresh_at, newest_dt)
       VALUES ('one', 'orchestrator-http', 'x', 'us-west', 'transcode', $1, $2, $2, $2)`,
      [ago(30 * DAY), ago(20_000)],
    );
  });
  afterEach(() => database.close());

  return { world, run, look, open, openCodes, setSource, count, price, aWeekOfDays, connectWorker };
}
