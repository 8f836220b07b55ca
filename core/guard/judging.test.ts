/** Tests that the guard judges by what ingest kept, and keeps and tells each change once, on a real Postgres. */
import { describe, expect, it } from 'vitest';
import { ingestSaid, payeeOf, type Said } from '../../test/harness/event-world.js';
import { useHistory } from '../../test/harness/history-world.js';
import { PLAIN_TERMS, toJson } from '../policies/rules/pool-terms.js';
import { judgeWorkers } from './judging.js';
import { GUARD_DEFAULTS, type GuardSettings } from './rules/settings.js';
import { countStates, lastJudging } from './store/guard-metrics.js';
import { addOverride } from './store/overrides.js';

const { world, rowsOf } = useHistory();
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const START_MS = Date.parse('2026-03-10T00:00:00Z');
const SETTINGS: GuardSettings = { ...GUARD_DEFAULTS, mode: 'exclude' };
const SLOW = payeeOf(1);
const FAST = payeeOf(2);
/** The built-in policy, which leaves the states to the guard. */
const choiceOf = () => ({
  module: null,
  baseDir: '/',
  options: toJson({ ...PLAIN_TERMS, defaults: { commissionBps: 0 } }),
});
let ids = 0;

const run = (statement: string) => world.db.$client.query(statement);

/** Lets both workers transcode `jobs` videos of two seconds in the hour that begins at `hourMs`. */
async function work(hourMs: number, slowMs: number, jobs = 30): Promise<void> {
  const said: Said[] = [];
  for (let n = 0; n < jobs; n += 1) {
    for (const [ethAddress, responseTime] of [
      [SLOW, slowMs],
      [FAST, 500],
    ] as const) {
      ids += 1;
      const fields = { ethAddress, fees: 10n, computeUnits: 9, responseTime, duration: 2_000 };
      said.push({ id: ids, atMs: hourMs + n * 1_000, type: 'job-processed', fields });
    }
  }
  await ingestSaid(world.db, 'a', said);
}

async function judgeAt(atMs: number, settings = SETTINGS) {
  const deps = { db: world.db, settings, answerMs: HOUR_MS, choiceOf, now: () => new Date(atMs) };
  return judgeWorkers(deps);
}

/** Judges every ten minutes from one time up to another, and returns the changes. */
async function judgeFrom(fromMs: number, toMs: number, settings = SETTINGS) {
  const changes: string[] = [];
  for (let atMs = fromMs; atMs <= toMs; atMs += 10 * MINUTE_MS) {
    const report = await judgeAt(atMs, settings);
    changes.push(
      ...report.changes.map(({ payee, state }) => `${payee === SLOW ? 'slow' : payee} ${state}`),
    );
  }
  return changes;
}

const told = () =>
  rowsOf("SELECT payee, facts FROM notice WHERE kind = 'worker-state' ORDER BY id");

describe('judging the workers of a pool', () => {
  it('warns a slow worker, excludes it, and takes it back once it has improved; each change is told once', async () => {
    await run("UPDATE setting SET value = '2026-03-01T00:00:00Z' WHERE key = 'worker_hours_from'");
    await work(START_MS, 2_500);
    await work(START_MS + HOUR_MS, 2_500);
    expect(await judgeFrom(START_MS + 10 * MINUTE_MS, START_MS + 2 * HOUR_MS)).toEqual([
      'slow warned',
      'slow excluded',
    ]);
    // It gets no jobs for six hours, and then fast ones count: those of before the probation do not.
    expect(await judgeFrom(START_MS + 2 * HOUR_MS, START_MS + 7 * HOUR_MS)).toEqual([]);
    expect(await judgeFrom(START_MS + 7 * HOUR_MS, START_MS + 8 * HOUR_MS)).toEqual([
      'slow probation',
    ]);
    await work(START_MS + 8 * HOUR_MS, 900);
    expect(await judgeFrom(START_MS + 8 * HOUR_MS, START_MS + 9 * HOUR_MS)).toEqual(['slow good']);
    const notices = await told();
    expect(notices.map(({ payee, facts }) => [payee, facts.state])).toEqual([
      [SLOW, 'warned'],
      [SLOW, 'excluded'],
      [SLOW, 'probation'],
      [SLOW, 'good'],
    ]);
    expect(notices[1]?.facts.reason).toBe(
      'real-time ratio 0.8 by 60 jobs of the last hour, below 1',
    );
    // Judging twice at the same time changes nothing.
    expect((await judgeAt(START_MS + 9 * HOUR_MS)).changes).toEqual([]);
    expect(await told()).toHaveLength(4);
    expect(await lastJudging(world.db)).toEqual(new Date(START_MS + 9 * HOUR_MS));
    expect([...(await countStates(world.db))]).toEqual([
      ['good', 2],
      ['warned', 0],
      ['probation', 0],
      ['excluded', 0],
    ]);
    await addOverride(world.db, {
      payee: SLOW,
      nodeType: null,
      region: null,
      pipeline: null,
      modelId: null,
      state: 'excluded',
      from: null,
      until: new Date(Date.now() + HOUR_MS),
      actor: 'ann',
      reason: 'a look at it',
    });
    expect((await countStates(world.db)).get('excluded')).toBe(1);
  });

  it('judges nobody below the floor of jobs, and nobody at all while it is off', async () => {
    await run("UPDATE setting SET value = '2026-03-01T00:00:00Z' WHERE key = 'worker_hours_from'");
    await work(START_MS, 9_000, 19);
    expect(await judgeFrom(START_MS + 10 * MINUTE_MS, START_MS + HOUR_MS)).toEqual([]);
    await work(START_MS + HOUR_MS, 9_000);
    const off: GuardSettings = { ...SETTINGS, mode: 'off' };
    expect(await judgeAt(START_MS + 2 * HOUR_MS, off)).toEqual({
      mode: 'off',
      judged: 0,
      changes: [],
    });
    expect(await lastJudging(world.db)).toEqual(new Date(START_MS + HOUR_MS));
  });

  it('excludes nobody in a pool that only warns, and judges AI jobs by those that were never answered', async () => {
    await run("UPDATE setting SET value = '2026-03-01T00:00:00Z' WHERE key = 'worker_hours_from'");
    const model = { pipeline: 'llm', modelID: 'm' };
    const said: Said[] = [];
    for (let n = 0; n < 40; n += 1) {
      const request = { ...model, requestID: `r${n}` };
      const atMs = START_MS + n * 1_000;
      said.push({
        id: 5_000 + n,
        atMs,
        type: 'job-received',
        fields: { ...request, ethAddress: SLOW },
      });
      if (n % 2 === 0) continue;
      said.push({
        id: 6_000 + n,
        atMs: atMs + 1,
        type: 'job-processed',
        fields: { ...request, fees: 5n },
      });
    }
    await ingestSaid(world.db, 'a', said);
    const warn: GuardSettings = { ...SETTINGS, mode: 'warn' };
    // Within the hour in which answers may still come nobody is blamed for them.
    expect(await judgeFrom(START_MS, START_MS + 110 * MINUTE_MS, warn)).toEqual([]);
    expect(await judgeFrom(START_MS + 2 * HOUR_MS, START_MS + 9 * HOUR_MS, warn)).toEqual([
      'slow warned',
    ]);
    const [state] = await rowsOf('SELECT pipeline, model_id, state, reason FROM worker_state');
    expect(state).toEqual({
      pipeline: 'llm',
      model_id: 'm',
      state: 'warned',
      reason: 'success 50 % by 40 jobs of the last day, below 70 %',
    });
  });

  it('judges presence by the day, when the pool has borders for it', async () => {
    await run("UPDATE setting SET value = '2026-03-01T00:00:00Z' WHERE key = 'worker_hours_from'");
    const settings: GuardSettings = {
      ...SETTINGS,
      bands: { online: { warn: 0.9, exclude: 0.5, good: 0.95 } },
    };
    const connection = { ethAddress: SLOW, connection: 'h:1' };
    await ingestSaid(world.db, 'a', [
      { id: 7_001, atMs: START_MS, type: 'worker-connected', fields: connection },
      { id: 7_002, atMs: START_MS + 6 * HOUR_MS, type: 'worker-disconnected', fields: connection },
    ]);
    await work(START_MS, 900);
    await run(`UPDATE remote_worker SET created_at = '2026-03-09T00:00:00Z'`);
    expect(await judgeFrom(START_MS + 24 * HOUR_MS, START_MS + 25 * HOUR_MS, settings)).toContain(
      'slow warned',
    );
    const [state] = await rowsOf("SELECT reason FROM worker_state WHERE state = 'warned'");
    expect(state?.reason).toBe('time online 23.6 % by 24 hours of the last day, below 50 %');
  });
});
