import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_FEE_WEI } from '../../core/events/rules/reading/event-content.js';
import { createEventSource } from '../../core/events/sources/registry.js';
import type { SourceConfig } from '../../core/events/sources/source-config.js';
import { registerSources } from '../../core/events/store/sources/source-register.js';
import { runSyncPass } from '../../core/events/sync/sync-pass.js';
import type { LocalProcess } from '../../dev/kit/process.js';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { recordTerms } from '../../test/harness/terms.js';
import { startUntil } from '../children.js';
import { type WrittenAnswer, writeAnswer } from './ingest-events.js';
import { type IngestVerdict, judge } from './ingest-verdict.js';

const FROM_MS = Date.UTC(2025, 0, 25);
/** Enough for a pass that looks at all of them to be seen. */
const EVENTS = 40_000;
const EMPTY_PASSES = 20;
const EXACT = { lost: 0, duplicated: 0, driftWei: '0' };

let dir: string;
let database: TestDatabase;
let orchestrator: { readonly said: string; readonly process: LocalProcess };
let answer: WrittenAnswer;
let pass: () => ReturnType<typeof runSyncPass>;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'openpool-verdict-'));
  const [whole, tail] = [join(dir, 'answer.json'), join(dir, 'tail.json')];
  const plan = { events: EVENTS, payees: 50, commissionBps: 2_500, seed: 3, fromMs: FROM_MS };
  answer = await writeAnswer(whole, plan);
  await writeFile(tail, JSON.stringify(answer.tail));
  database = await createTestDatabase();
  const script = 'bench/ingest/ingest-server.ts';
  orchestrator = await startUntil({ script, args: [whole, tail], mark: 'listening on ' });
  const config: SourceConfig = {
    id: 'bench',
    kind: 'orchestrator-http',
    module: null,
    baseDir: '/',
    from: null,
    region: 'bench',
    nodeType: 'ai',
    syncIntervalMs: 60_000,
    options: { endpoint: `${orchestrator.said}/live` },
  };
  const source = await createEventSource(config);
  await registerSources(database.db, [{ ...config, readsFrom: source.readsFrom }]);
  const terms = { commissionBps: 2_500, thresholdWei: 1n, minIntervalMs: 0 };
  await recordTerms(database.db, terms, new Date(FROM_MS));
  const deps = {
    db: database.db,
    sources: new Map([[config.id, { config, source }]]),
    version: 'bench',
    jobMatchWindowMs: 3_600_000,
    maxJobFeeWei: MAX_FEE_WEI,
  };
  const { signal } = new AbortController();
  pass = () => runSyncPass(deps, { sourceId: config.id, signal, onProgress: () => undefined });
  await pass();
});
afterAll(async () => {
  await orchestrator?.process.stop();
  await database?.close();
  await rm(dir, { recursive: true, force: true });
});

/** The verdict over the ledger with something wrong in it; it is right again afterwards. */
async function judgeWith(damage: string): Promise<IngestVerdict> {
  const { db } = database;
  let verdict: IngestVerdict | undefined;
  await expect(
    db.transaction(async (tx) => {
      for (const statement of damage.split(';')) await tx.execute(statement);
      verdict = await judge(tx, answer.expected);
      tx.rollback();
    }),
  ).rejects.toThrow('Rollback');
  if (verdict === undefined) throw new Error('there is no verdict');
  return verdict;
}

const ONE_BALANCE = (order: string) =>
  `(SELECT remote_worker_id FROM balance WHERE account = 'pending' ORDER BY 1 ${order} LIMIT 1)`;

describe('the judge of the ingest bench', () => {
  it('finds nothing in a ledger that is right', async () => {
    expect(await judge(database.db, answer.expected)).toEqual(EXACT);
  });

  it('finds one wei too much, one too little, and one that went to somebody else', async () => {
    const give = (wei: number, order: string) =>
      `UPDATE balance SET amount_wei = amount_wei + ${wei}
        WHERE account = 'pending' AND remote_worker_id = ${ONE_BALANCE(order)}`;
    expect(await judgeWith(give(1, 'ASC'))).toEqual({ ...EXACT, driftWei: '1' });
    expect(await judgeWith(give(-1, 'ASC'))).toEqual({ ...EXACT, driftWei: '1' });
    const moved = `${give(1, 'ASC')};${give(-1, 'DESC')}`;
    expect(await judgeWith(moved)).toEqual({ ...EXACT, driftWei: '2' });
    const unattributed = `UPDATE balance SET amount_wei = amount_wei + 1 WHERE account = 'unattributed'`;
    expect(await judgeWith(unattributed)).toEqual({ ...EXACT, driftWei: '1' });
  });

  it('finds one event that is not stored, and one job that earned nobody anything', async () => {
    const lost = `DELETE FROM pool_event WHERE event_id = '77'`;
    expect(await judgeWith(lost)).toEqual({ ...EXACT, lost: 1 });
    const uncredited = 'UPDATE remote_worker SET jobs = jobs - 1 WHERE id = 1';
    expect(await judgeWith(uncredited)).toEqual({ ...EXACT, lost: 1 });
  });

  it('finds one event that is stored twice, and one job that was credited twice', async () => {
    const twice = `CREATE TEMPORARY TABLE again ON COMMIT DROP AS SELECT * FROM pool_event WHERE event_id = '77';
      UPDATE again SET dt = dt + interval '1 second';
      INSERT INTO pool_event SELECT * FROM again`;
    expect(await judgeWith(twice)).toEqual({ ...EXACT, duplicated: 1 });
    const creditedTwice = 'UPDATE remote_worker SET jobs = jobs + 1 WHERE id = 1';
    expect(await judgeWith(creditedTwice)).toEqual({ ...EXACT, duplicated: 1 });
  });
});

describe('a pass that finds nothing new', () => {
  it('keeps Postgres busy for less than 10 ms', async () => {
    const busyMs: number[] = [];
    for (let n = 0; n < EMPTY_PASSES; n += 1) {
      const beforeMs = await postgresMs();
      expect(await pass()).toMatchObject({ fresh: 0 });
      busyMs.push((await postgresMs()) - beforeMs);
    }
    // The least: what others on the machine take is no cost of a pass.
    expect(Math.min(...busyMs)).toBeGreaterThan(0);
    expect(Math.min(...busyMs)).toBeLessThan(10);
  });
});

/** Passes go one after the other, so that one connection of the pool does everything. */
async function postgresMs(): Promise<number> {
  const { $client } = database.db;
  await $client.query('SELECT pg_stat_force_next_flush()');
  const { rows } = await $client.query<{ active_time: number }>(
    'SELECT active_time FROM pg_stat_database WHERE datname = current_database()',
  );
  return rows[0]?.active_time ?? Number.NaN;
}
