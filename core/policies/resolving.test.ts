import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { credit } from '../../test/harness/money.js';
import { recordTerms } from '../../test/harness/terms.js';
import type { Address } from '../base/address.js';
import { transact } from '../db/transact.js';
import { rateAt } from '../terms/rules/worker-rates.js';
import { changeTerms } from '../terms/store/recorded-terms.js';
import { ratesOf } from '../terms/store/worker-rates.js';
import type { PolicyChoice } from './asking.js';
import { askForEverybody, resolvePolicies, resolveUnknown } from './resolving.js';
import { PLAIN_TERMS, type PoolTerms, toJson } from './rules/pool-terms.js';
import { readFailures } from './store/failures.js';

const ANN: Address = '0x00000000000000000000000000000000000000aa';
const BOB: Address = '0x00000000000000000000000000000000000000bb';
const DAY_MS = 86_400_000;
const TERMS = { commissionBps: 2_500, thresholdWei: 5n * 10n ** 15n, minIntervalMs: 0 };

let database: TestDatabase;
let dir: string;
beforeEach(async () => {
  database = await createTestDatabase();
  dir = await mkdtemp(join(tmpdir(), 'openpool-resolving-'));
  await recordTerms(database.db, TERMS);
  for (const address of [ANN, BOB]) await addWorker(address);
});
afterEach(async () => {
  await database.close();
  await rm(dir, { recursive: true, force: true });
});

const run = (statement: string) => database.db.$client.query(statement);
const addWorker = async (address: Address, nodeType = 'ai') => {
  await run(`INSERT INTO payee (address) VALUES ('${address}') ON CONFLICT DO NOTHING;
    INSERT INTO remote_worker (payee, node_type, region, jobs) VALUES ('${address}', '${nodeType}', 'eu', 1)`);
};
/** Lets the payee's workers have done so many jobs on the day so many days ago. */
const addDay = (address: Address, daysAgo: number, jobs: number) =>
  run(`INSERT INTO earning_day (remote_worker_id, day, pipeline, model_id, jobs, compute_units, gross_wei, commission_wei)
    SELECT id, (now() AT TIME ZONE 'UTC')::date - ${daysAgo}, '', '', ${jobs}, 0, 0, 0
      FROM remote_worker WHERE payee = '${address}'`);

const deps = (choice: Partial<PolicyChoice> & Pick<PolicyChoice, 'options'>) => ({
  db: database.db,
  choiceOf: () => ({ module: null, baseDir: dir, timeLimitMs: 2_000, ...choice }),
  thresholdBounds: PLAIN_TERMS.thresholdBounds,
});
const withTerms = (terms: Partial<PoolTerms>) => ({
  db: database.db,
  choiceOf: ({ commissionBps }: { readonly commissionBps: number }) => ({
    module: null,
    baseDir: dir,
    options: toJson({ ...PLAIN_TERMS, ...terms, defaults: { commissionBps } }),
  }),
  thresholdBounds: PLAIN_TERMS.thresholdBounds,
});
/** A module policy with these functions, in place of the one before. */
async function withCode(code: string) {
  const module = join(dir, 'mine.mjs');
  await writeFile(module, `export default { name: 'mine', version: '2', ${code} };`);
  return deps({ module, options: {} });
}

const stepsOf = async (payee: Address, nodeType: 'ai' | 'transcode' = 'ai') =>
  (await ratesOf(database.db, [{ payee, nodeType, region: 'eu' }])).get(
    `${payee}/${nodeType}/eu`,
  ) ?? [];
const rateNow = async (payee: Address, atMs = Date.now() + 1_000) =>
  rateAt(await stepsOf(payee), atMs);
const rowsOf = async (table: string) =>
  (await run(`SELECT * FROM ${table} ORDER BY 1`)).rows as Record<string, unknown>[];

describe('a worker that starts', () => {
  it('knows that strangers are not admitted before anybody is asked about', async () => {
    await askForEverybody(withTerms({ admission: 'invited' }));
    expect(await rowsOf('payee_admission')).toMatchObject([
      { payee: null, admitted: false, code: 'NOT_INVITED' },
    ]);
  });

  it('is refused while the policy has never answered, and starts on its last answers later', async () => {
    const failing = "admit() { throw new Error('no idea'); }";
    await expect(askForEverybody(await withCode(failing))).rejects.toMatchObject({
      code: 'POLICY_UNUSABLE',
      message: expect.stringContaining('no idea'),
    });
    expect(await readFailures(database.db)).toMatchObject([{ about: 'admit' }]);
    await askForEverybody(withTerms({ admission: 'invited' }));
    await askForEverybody(await withCode(failing));
  });
});

describe('asking the policy', () => {
  it('writes nothing for a plain pool, however often it asks', async () => {
    for (let i = 0; i < 2; i += 1) {
      expect(await resolvePolicies(withTerms({}))).toEqual({
        payees: 2,
        workers: 2,
        rates: 0,
        rules: 0,
        admissions: 0,
        looks: 0,
        failures: [],
      });
    }
  });

  it('keeps a tier by the work of the last thirty days, and says so once', async () => {
    const gold = {
      name: 'gold',
      fromJobs: 100,
      withinMs: 30 * DAY_MS,
      commissionBps: 1_500,
      badge: 'top',
    };
    await addDay(ANN, 1, 60);
    await addDay(ANN, 30, 40);
    await addDay(BOB, 1, 99);
    await addDay(BOB, 31, 500);
    const first = await resolvePolicies(withTerms({ tiers: [gold] }));
    expect(first).toMatchObject({ rates: 1, looks: 1, failures: [] });
    expect(await rateNow(ANN)).toMatchObject({
      commissionBps: 1_500,
      reason: 'tier gold',
      policy: 'terms',
    });
    expect(await stepsOf(BOB)).toEqual([]);
    expect(await rowsOf('payee_look')).toMatchObject([{ payee: ANN, tier: 'gold', badge: 'top' }]);
    expect(await resolvePolicies(withTerms({ tiers: [gold] }))).toMatchObject({
      rates: 0,
      looks: 0,
    });
  });

  it('writes the end of a promotion beforehand, exactly, and takes it back when the promotion is prolonged', async () => {
    const now = Date.now();
    const until = new Date(now + 3 * DAY_MS);
    const spring = {
      name: 'spring',
      from: new Date(now - DAY_MS),
      until,
      commissionBps: 1_000,
      for: 'all',
    };
    await resolvePolicies(withTerms({ promotions: [spring] }));
    const steps = (await stepsOf(ANN)).map(({ fromMs, commissionBps }) => [fromMs, commissionBps]);
    expect(steps).toEqual([
      [expect.any(Number), 1_000],
      [until.getTime(), 2_500],
    ]);
    expect(steps[0]?.[0]).toBeGreaterThanOrEqual(now - 1);
    const later = new Date(now + 5 * DAY_MS);
    await resolvePolicies(withTerms({ promotions: [{ ...spring, until: later }] }));
    expect((await rateNow(ANN, later.getTime() - 1))?.commissionBps).toBe(1_000);
    expect((await rateNow(ANN, later.getTime()))?.commissionBps).toBe(2_500);
    await resolvePolicies(withTerms({}));
    expect((await rateNow(ANN))?.commissionBps).toBe(2_500);
    expect((await stepsOf(ANN)).filter(({ fromMs }) => fromMs > Date.now() + 60_000)).toEqual([]);
  });

  it('asks with announced terms for their beginning', async () => {
    const from = new Date(Date.now() + DAY_MS);
    await recordTerms(database.db, { ...TERMS, commissionBps: 3_000 }, from);
    await resolvePolicies(withTerms({ workers: { [ANN]: { commissionBps: 900 } } }));
    expect(await stepsOf(BOB)).toEqual([]);
    const code = await withCode(`terms: (worker, at) => ({ commissionBps: 100, reason: 'mine' })`);
    await resolvePolicies({
      ...code,
      choiceOf: (version) =>
        version.commissionBps === 3_000 ? code.choiceOf() : withTerms({}).choiceOf(version),
    });
    expect(await rateNow(BOB)).toMatchObject({ commissionBps: 2_500 });
    expect(await rateNow(BOB, from.getTime() - 1)).toMatchObject({ commissionBps: 2_500 });
    expect(await rateNow(BOB, from.getTime())).toMatchObject({
      commissionBps: 100,
      policy: 'mine',
    });
  });

  it('drops what was planned for terms that were withdrawn, also while the policy fails', async () => {
    const from = new Date(Date.now() + DAY_MS);
    await recordTerms(database.db, { ...TERMS, commissionBps: 3_000 }, from);
    const code = await withCode(`terms: () => ({ commissionBps: 100, reason: 'mine' })`);
    await resolvePolicies({
      ...code,
      choiceOf: (version) =>
        version.commissionBps === 3_000 ? code.choiceOf() : withTerms({}).choiceOf(version),
    });
    expect(await rateNow(BOB, from.getTime())).toMatchObject({ commissionBps: 100 });
    const order = { changes: { thresholdWei: 7n * 10n ** 15n }, from: null };
    const act = { ...order, actor: 'test', reason: 'no, not these' };
    const { withdrawn } = await transact(database.db, (tx) => changeTerms(tx, act));
    expect(withdrawn).toHaveLength(1);
    const failing = await withCode(`terms() { throw new Error('no idea'); }`);
    expect(await resolvePolicies(failing)).toMatchObject({ rates: 2 });
    for (const atMs of [Date.now(), from.getTime(), from.getTime() + DAY_MS]) {
      expect(await rateNow(BOB, atMs)).toMatchObject({ commissionBps: 2_500, policy: 'terms' });
    }
    expect(await resolvePolicies(failing)).toMatchObject({ rates: 0 });
  });

  it('lets the later version win where two workers have two of them', async () => {
    const worker = async (version: string, commissionBps: number) => {
      const module = join(dir, `${version}.mjs`);
      const terms = `terms: () => ({ commissionBps: ${commissionBps}, reason: 'mine' })`;
      await writeFile(
        module,
        `export default { name: 'mine', version: '${version}', ${terms},
          due: () => ({ minIntervalMs: ${commissionBps}, reason: 'mine' }) };`,
      );
      return deps({ module, options: {} });
    };
    const earlier = await worker('1.9.0', 700);
    const later = await worker('1.10.0', 500);
    const written: number[][] = [];
    for (const one of [earlier, later, earlier, later, earlier]) {
      const { rates, rules, failures } = await resolvePolicies(one);
      written.push([rates, rules, failures.length]);
    }
    expect(written).toEqual([
      [2, 1, 0],
      [2, 1, 0],
      [0, 0, 1],
      [0, 0, 0],
      [0, 0, 1],
    ]);
    expect(await rateNow(ANN)).toMatchObject({ commissionBps: 500, policyVersion: '1.10.0' });
    expect(await readFailures(database.db)).toMatchObject([
      { about: 'load', wrong: expect.stringContaining('1.9.0 of mine is earlier than 1.10.0') },
    ]);
    await askForEverybody(earlier);
  });

  it('tells since when enough is pending, of payees without a gas share of their own too', async () => {
    await credit(database.db, [TERMS.thresholdWei], ANN);
    await credit(database.db, [TERMS.thresholdWei - 1n], BOB);
    const code = `due: ({ dueSince }) => ({ hold: dueSince, reason: 'mine' })`;
    expect(await resolvePolicies(await withCode(code))).toMatchObject({ rules: 1, failures: [] });
    const [rule] = await rowsOf('payee_rule');
    const [ripe] = (
      await run(`SELECT max(p.created_at) AS at FROM posting p JOIN ledger_entry e ON e.posting_id = p.id
        JOIN remote_worker w ON w.id = e.remote_worker_id WHERE w.payee = '${ANN}'`)
    ).rows;
    expect(rule).toMatchObject({ payee: ANN, hold_reason: ripe.at.toISOString() });
  });

  it('keeps out who is not invited, and everybody who comes later', async () => {
    await run(`INSERT INTO invitation (payee, actor, reason) VALUES ('${ANN}', 'cli', 'a friend')`);
    await resolvePolicies(withTerms({ admission: 'invited' }));
    expect(await rowsOf('payee_admission')).toMatchObject([
      { payee: null, admitted: false, code: 'NOT_INVITED', lifted_by: 'pool' },
      { payee: ANN, admitted: true, invited: true },
    ]);
  });

  it('may hold a payee by the worst state of its workers, and holds nobody by itself', async () => {
    const statesOf = async () => new Map([[ANN, 'excluded'] as const]);
    expect(await resolvePolicies({ ...withTerms({}), statesOf })).toMatchObject({ rules: 0 });
    const code = `due: ({ state }) => ({ hold: state === 'excluded' ? 'too slow' : null, reason: state })`;
    const judged = { ...(await withCode(code)), statesOf };
    expect(await resolvePolicies(judged)).toMatchObject({ rules: 1, failures: [] });
    expect(await rowsOf('payee_rule')).toMatchObject([{ payee: ANN, hold_reason: 'too slow' }]);
  });

  it('keeps no rate of its own into a revenue share, though the policy before it fails', async () => {
    const agreed = await withCode(`terms: () => ({ commissionBps: 500, reason: 'agreed' })`);
    await resolvePolicies(agreed);
    const from = new Date(Math.ceil(Date.now() / DAY_MS) * DAY_MS + DAY_MS);
    const options = { revenueShare: { shareBps: 7_500, everyMs: DAY_MS } };
    const shared = {
      ...TERMS,
      commissionBps: 10_000,
      policy: { module: null, options, hash: 's' },
    };
    await recordTerms(database.db, shared, from);
    const failing = await withCode(`terms: () => { throw new Error('no table'); }`);
    await resolvePolicies(failing);
    const steps = (await stepsOf(ANN)).map((step) => [step.commissionBps, step.fromMs] as const);
    expect(steps.map(([commissionBps]) => commissionBps)).toEqual([500, 10_000]);
    expect(steps[1]?.[1]).toBe(from.getTime());
  });

  it('gives a worker that nobody knew the rates of its past too, before its first job is counted', async () => {
    const carl = '0x00000000000000000000000000000000000000cc';
    const spring = {
      name: 'spring',
      from: new Date('2026-03-01T00:00:00Z'),
      until: new Date('2026-03-15T00:00:00Z'),
      commissionBps: 1_000,
      for: 'all',
    };
    const worker = { payee: carl, nodeType: 'ai', region: 'eu', firstMs: Date.now() } as const;
    const known = { ...worker, payee: ANN };
    await resolveUnknown(withTerms({ promotions: [spring] }), [worker, known]);
    expect(
      (await stepsOf(carl)).map(({ fromMs, commissionBps }) => [fromMs, commissionBps]),
    ).toEqual([
      [0, 2_500],
      [spring.from.getTime(), 1_000],
      [spring.until.getTime(), 2_500],
    ]);
    expect(await stepsOf(ANN)).toEqual([]);
  });

  it('asks for a new worker from its first job on where the policy names a moment each day', async () => {
    const carl = '0x00000000000000000000000000000000000000cc';
    const code = await withCode(`terms: (worker, at) => {
      const day = Math.floor(Date.parse(at) / ${DAY_MS});
      return { commissionBps: day % 7, reason: 'day', until: new Date((day + 1) * ${DAY_MS}).toISOString() };
    }`);
    const now = Date.now();
    const firstMs = now - 60 * DAY_MS;
    await resolveUnknown(code, [{ payee: carl, nodeType: 'ai', region: 'eu', firstMs }]);
    for (const atMs of [firstMs, firstMs + DAY_MS, now - DAY_MS, now, now + DAY_MS]) {
      const due = Math.floor(atMs / DAY_MS) % 7;
      expect(await rateNow(carl, atMs), `${new Date(atMs)}`).toMatchObject({ commissionBps: due });
    }
    expect((await stepsOf(carl))[0]?.fromMs).toBe(0);
  });

  it('admits a payee whom the file names with its first job, in a pool of invited workers', async () => {
    const carl: Address = '0x00000000000000000000000000000000000000cc';
    const pool = withTerms({ admission: 'invited', workers: { [carl]: { nickname: 'Carl' } } });
    await askForEverybody(pool);
    await resolveUnknown(pool, [{ payee: carl, nodeType: 'ai', region: 'eu', firstMs: 0 }]);
    expect(await rowsOf('payee_admission')).toMatchObject([
      { payee: null, admitted: false },
      { payee: carl, admitted: true },
    ]);
  });

  it.each([
    ['60 MB of bytes', '() => new Uint8Array(60_000_000)'],
    [
      'an amount of a hundred million bits',
      '() => ({ commissionBps: 2n ** 100_000_000n, reason: "x" })',
    ],
    ['a text of 256 MB', '() => ({ commissionBps: 100, reason: "x".repeat(2 ** 28) })'],
    ['a list', '() => Array.from({ length: 1e6 }, () => 1)'],
    ['nothing in the end', 'async () => ({ commissionBps: 100, reason: "x" })'],
    ['a promise that fails', 'async () => { throw new Error("later"); }'],
    [
      'what it put into all objects',
      '() => { Object.prototype.commissionBps = 7; return { reason: "x" }; }',
    ],
  ])('counts no answer that is %s, and goes on', async (_, terms) => {
    const report = await resolvePolicies(await withCode(`terms: ${terms}`));
    expect(report.failures).toMatchObject([{ about: 'terms', payees: 2 }]);
    expect(await stepsOf(ANN)).toEqual([]);
  });

  it.each([
    ['name', "name: 'Mine \u0000', version: '2'"],
    ['version', "name: 'mine', version: '2\\u0000'"],
  ])('does not use a policy whose %s cannot be stored', async (what, said) => {
    const module = join(dir, 'named.mjs');
    const terms = "terms: () => ({ commissionBps: 100, reason: 'x' })";
    await writeFile(module, `export default { ${said}, ${terms} };`);
    const report = await resolvePolicies(deps({ module, options: {} }));
    expect(report.failures).toMatchObject([
      { about: 'load', wrong: expect.stringContaining(`its ${what} is not`) },
    ]);
  });

  it('keeps the last good rows when the policy throws, answers wrongly or hangs, and says what is wrong until it is not', async () => {
    const good = `terms: (worker) => ({ commissionBps: worker.address.endsWith('aa') ? 500 : 700, reason: 'mine' }),
      due: () => ({ thresholdWei: 10n ** 16n, reason: 'mine' })`;
    await resolvePolicies(await withCode(good));
    expect(await rateNow(ANN)).toMatchObject({
      commissionBps: 500,
      policy: 'mine',
      policyVersion: '2',
    });
    const rules = await rowsOf('payee_rule');
    expect(rules).toMatchObject([{ payee: null, threshold_wei: '10000000000000000' }]);
    const faults: readonly (readonly [
      code: string,
      about: string,
      wrong: RegExp,
      payees: number,
    ])[] = [
      [
        `terms: (worker) => { throw new Error('no table for ' + worker.region); }`,
        'terms',
        /no table for eu/,
        2,
      ],
      [
        `terms: () => ({ commissionBps: 20_000, reason: 'greed' })`,
        'terms',
        /commissionBps is 20000/,
        2,
      ],
      [
        `terms: ({ address }) => { while (address.endsWith('aa')); return { commissionBps: 700, reason: 'mine' }; }`,
        'terms',
        /no answer within/,
        1,
      ],
      [`terms: () => ({ commissionBps: 100, bonusBps: 200, reason: 'x' })`, 'terms', /bonusBps/, 2],
      [
        `terms: () => ({ commissionBps: 500, reason: 'mine' }), due: () => ({ thresholdWei: 10n ** 20n, reason: 'never' })`,
        'due',
        /outside the pool's bounds/,
        3,
      ],
      [`terms: 5`, 'load', /terms is no function/, 0],
    ];
    for (const [code, about, wrong, payees] of faults) {
      const { failures } = await resolvePolicies(await withCode(code));
      expect(failures, code).toMatchObject([
        { about, payees, wrong: expect.stringMatching(wrong) },
      ]);
      expect(await readFailures(database.db)).toMatchObject([{ about, payees }]);
      expect((await rateNow(ANN))?.commissionBps, code).toBe(500);
    }
    await resolvePolicies(await withCode(good));
    expect(await readFailures(database.db)).toEqual([]);
    expect(await rateNow(BOB)).toMatchObject({ commissionBps: 700 });
  }, 30_000);

  it('asks for each remote worker of a payee with its own figures and those of the payee', async () => {
    await addWorker(ANN, 'transcode');
    await addDay(ANN, 1, 10);
    const sum = (days: string) => `worker.${days}.reduce((sum, day) => sum + day.jobs, 0)`;
    const code = await withCode(
      `terms: (worker) => ({ commissionBps: ${sum('lastDays')} * 100 + ${sum('payeeDays')}, reason: worker.nodeType })`,
    );
    await resolvePolicies(code);
    expect(await rateNow(ANN)).toMatchObject({ commissionBps: 1_020, reason: 'ai' });
    expect((await stepsOf(ANN, 'transcode'))[0]).toMatchObject({
      commissionBps: 1_020,
      reason: 'transcode',
    });
    expect(await rateNow(BOB)).toMatchObject({ commissionBps: 0 });
  });
});
