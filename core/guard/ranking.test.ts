/** Tests that a policy which ranks workers counts instead of the guard's own rule, on a real Postgres. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ingestSaid, payeeOf } from '../../test/harness/event-world.js';
import { useHistory } from '../../test/harness/history-world.js';
import { transact } from '../db/transact.js';
import type { PolicyChoice } from '../policies/asking.js';
import { PLAIN_TERMS, toJson } from '../policies/rules/pool-terms.js';
import { readFailures, recordFailures } from '../policies/store/failures.js';
import { judgeWorkers } from './judging.js';
import { GUARD_DEFAULTS, type GuardSettings } from './rules/settings.js';
import { lockStates, readStandings } from './store/states.js';

const { world } = useHistory();
const START_MS = Date.parse('2026-03-10T00:00:00Z');
const SETTINGS: GuardSettings = { ...GUARD_DEFAULTS, mode: 'exclude' };
const WORKER = payeeOf(1);
const EXCLUDES = `rank(stats) {
  const { jobs, realTimeRatioPermille: ratio, responseMedianMs, successBps } = stats.hour;
  const reason = [stats.state, stats.since, jobs, ratio, responseMedianMs > 1000, successBps].join(' ');
  return { state: 'excluded', reason, lifts: 'a word with us' };
}`;
let dir: string;
let atMs = START_MS;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'openpool-rank-'));
  atMs = START_MS + 1_800_000;
  await world.db.$client.query(
    "UPDATE setting SET value = '2026-03-01T00:00:00Z' WHERE key = 'worker_hours_from'",
  );
  const fields = { ethAddress: WORKER, fees: 10n, computeUnits: 9, duration: 2_000 };
  const said = Array.from({ length: 30 }, (_, id) => ({
    id: id + 1,
    atMs: START_MS + id * 1_000,
    type: 'job-processed',
    fields: { ...fields, responseTime: 1_250 },
  }));
  await ingestSaid(world.db, 'a', said);
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** Judges by a policy with this code, a minute after the last time. */
async function judge(code: string, settings = SETTINGS) {
  atMs += 60_000;
  const module = join(dir, `mine-${atMs}.mjs`);
  await writeFile(module, `export default { name: 'mine', version: '2', ${code} };`);
  await judgeBy({ module, options: {}, baseDir: dir, timeLimitMs: 2_000 }, settings);
  return theStanding();
}

async function judgeBy(choice: PolicyChoice, settings = SETTINGS) {
  const deps = { db: world.db, settings, answerMs: 3_600_000, now: () => new Date(atMs) };
  await judgeWorkers({ ...deps, choiceOf: () => choice });
}

async function theStanding() {
  const [one] = await readStandings(world.db);
  return { ...one?.standing, decidedBy: one?.decidedBy };
}

it('decides at once by the facts that it is told, and the worker hears why and what lifts it', async () => {
  expect(await judge(EXCLUDES)).toMatchObject({
    state: 'excluded',
    decidedBy: 'policy mine 2',
    reason: 'good  30 1600 true ',
    lifts: 'a word with us',
    exclusions: 1,
  });
  const { sinceMs } = await theStanding();
  const again = await judge(EXCLUDES);
  expect(again).toMatchObject({ state: 'excluded', sinceMs, exclusions: 1 });
  expect(again.reason).toContain(`excluded ${new Date(sinceMs ?? 0).toISOString()}`);
  const { rows } = await world.db.$client.query(
    "SELECT facts ->> 'state' AS state FROM notice WHERE kind = 'worker-state'",
  );
  expect(rows).toEqual([{ state: 'excluded' }]);
});

it.each([
  ['that may hold whoever is excluded', `${EXCLUDES}, due: () => ({ hold: 'excluded' })`, false],
  ['that says nothing of when it pays', EXCLUDES, true],
])('says of a policy %s whether payouts go on', async (_, code, paidAsBefore) => {
  await judge(code);
  const { rows } = await world.db.$client.query(
    "SELECT facts -> 'paidAsBefore' AS told FROM notice WHERE kind = 'worker-state'",
  );
  expect(rows).toEqual([{ told: paidAsBefore }]);
});

it('excludes nobody in a pool that only warns', async () => {
  expect(await judge(EXCLUDES, { ...SETTINGS, mode: 'warn' })).toMatchObject({ state: 'warned' });
});

it.each([
  ['throws', "rank() { throw new Error('no idea'); }", 'no idea'],
  ['invents a state', "rank: () => ({ state: 'banned', reason: 'x', lifts: null })", 'banned'],
  ['gives no reason', "rank: () => ({ state: 'good', lifts: null })", 'reason'],
])(
  'leaves the last state when it %s, and that is a finding until it answers well',
  async (_, code, wrong) => {
    const before = await judge(EXCLUDES);
    expect(await judge(code)).toEqual(before);
    // The pass over the policy asks about all else, and does not end what it did not ask about.
    await transact(world.db, (tx) => recordFailures(tx, []));
    expect(await readFailures(world.db)).toMatchObject([
      { about: 'rank', policy: 'mine', payee: WORKER, wrong: expect.stringContaining(wrong) },
    ]);
    await judge("rank: () => ({ state: 'good', reason: 'we spoke', lifts: null })");
    expect(await readFailures(world.db)).toEqual([]);
    expect(await theStanding()).toMatchObject({ state: 'good', reason: 'we spoke', exclusions: 0 });
  },
);

it('leaves all states when it does not load, and the guard decides where the policy says nothing of states', async () => {
  const before = await judge(EXCLUDES);
  await judgeBy({ module: './absent.mjs', options: {}, baseDir: dir });
  expect(await theStanding()).toEqual(before);
  atMs += SETTINGS.excludeForMs;
  await judgeBy({
    module: null,
    options: toJson({ ...PLAIN_TERMS, defaults: { commissionBps: 0 } }),
    baseDir: dir,
  });
  expect(await theStanding()).toMatchObject({ decidedBy: 'guard', state: 'probation' });
});

describe('while the policy thinks', () => {
  const SLOW = `rank() {
    let sum = 0;
    for (let i = 0; i < 1e9; i++) sum += i;
    return { state: 'excluded', reason: 'at last ' + sum, lifts: null };
  }`;
  /** Judges by a slow policy, and calls this once it is being asked. */
  const judgeSlowly = async (meanwhile: () => Promise<unknown>) => {
    const module = join(dir, 'slow.mjs');
    await writeFile(module, `export default { name: 'slow', version: '1', ${SLOW} };`);
    const choice = { module, options: {}, baseDir: dir, timeLimitMs: 20_000 };
    let beside: Promise<unknown> = Promise.resolve();
    const choiceOf = () => {
      beside = meanwhile();
      return choice;
    };
    const now = () => new Date(atMs);
    await judgeWorkers({ db: world.db, settings: SETTINGS, answerMs: 3_600_000, now, choiceOf });
    await beside;
  };

  it('no transaction waits for it', async () => {
    let judged: number | undefined;
    await judgeSlowly(() =>
      transact(world.db, async (tx) => {
        await lockStates(tx);
        judged = (await readStandings(tx)).length;
      }),
    );
    expect(judged).toBe(0);
    expect(await theStanding()).toMatchObject({ state: 'excluded', decidedBy: 'policy slow 1' });
  });

  it('somebody else may judge, and that stays', async () => {
    await judgeSlowly(() =>
      judgeBy({
        module: null,
        options: toJson({ ...PLAIN_TERMS, defaults: { commissionBps: 0 } }),
        baseDir: dir,
      }),
    );
    expect(await theStanding()).toMatchObject({ decidedBy: 'guard' });
  });
});
