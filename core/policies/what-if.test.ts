/** History under the pool's own terms comes to the wei that was credited, and under others to what they say. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { ingest, processedJob, receivedJob } from '../../test/harness/jobs.js';
import { recordTerms } from '../../test/harness/terms.js';
import type { Address } from '../base/address.js';
import { inSnapshot, transact } from '../db/transact.js';
import { applyDecision } from '../decisions/store/job-decisions.js';
import { listUnmatchedJobs } from '../decisions/store/unmatched-job-reads.js';
import { registerSources } from '../events/store/sources/source-register.js';
import type { TermsValues } from '../terms/rules/terms.js';
import { recordRates } from '../terms/store/worker-rates.js';
import { PoliciesInUse } from './policies-in-use.js';
import { resolvePolicies, resolveUnknown } from './resolving.js';
import { PLAIN_TERMS, type PoolTerms, toJson } from './rules/pool-terms.js';
import { addSplits, sharesOf } from './rules/what-if.js';
import { type OtherTerms, simulateHistory } from './what-if.js';
import { simulateRound } from './what-if-round.js';

const ANN: Address = '0x00000000000000000000000000000000000000aa';
const BOB: Address = '0x00000000000000000000000000000000000000bb';
const CARL: Address = '0x00000000000000000000000000000000000000cc';
const DAY_MS = 86_400_000;
const FEE_WEI = 9_007_199_254_740_993n;
const TODAY_MS = Math.floor(Date.now() / DAY_MS) * DAY_MS;
/** The days of the history; the last one is yesterday. */
const day = (n: number, clock = '00:00:00.000') =>
  TODAY_MS + (n - 5) * DAY_MS + Date.parse(`1970-01-01T${clock}Z`);

const VALUES: TermsValues = {
  commissionBps: 2_500,
  thresholdWei: 5n * 10n ** 15n,
  minIntervalMs: 0,
  rounding: 'commission-floor',
};
const SPRING = {
  name: 'spring',
  from: new Date(day(1, '06:00:00.000')),
  until: new Date(day(1, '18:00:00.000')),
  commissionBps: 1_000,
  for: 'all',
};
const GOLD = { name: 'gold', fromJobs: 5, withinMs: 2 * DAY_MS, commissionBps: 1_533 };
const OWN: Partial<PoolTerms> = { promotions: [SPRING], tiers: [GOLD] };

const choiceOf =
  (terms: Partial<PoolTerms>) =>
  ({ commissionBps }: { readonly commissionBps: number }) => ({
    module: null,
    baseDir: '/',
    options: toJson({ ...PLAIN_TERMS, ...terms, defaults: { commissionBps } }),
  });
const otherTerms = (
  terms: Partial<PoolTerms> = OWN,
  values: Partial<TermsValues> = {},
): OtherTerms => ({
  values: { ...VALUES, ...values },
  thresholdBounds: PLAIN_TERMS.thresholdBounds,
  choiceOf: choiceOf(terms),
});

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  const { db } = database;
  await recordTerms(db, VALUES);
  const place = { kind: 'k', region: 'eu', nodeType: 'ai', from: null } as const;
  await registerSources(db, [{ id: 'a', readsFrom: 'a', ...place }]);
  await recordOldRates();
  await ingestOldJobs();
  await letCarlComeAndGetATier();
});
afterAll(() => database.close());

/** Ann and Bob are known since long ago. Ann got the tier and lost it, each time some minutes after midnight. */
async function recordOldRates() {
  const { db } = database;
  await db.$client.query(`INSERT INTO payee (address) VALUES ('${ANN}'), ('${BOB}');
    INSERT INTO remote_worker (payee, node_type, region, created_at)
    SELECT address, 'ai', 'eu', now() - interval '30 days' FROM payee`);
  const plan = (payee: Address, steps: readonly (readonly [fromMs: number, bps: number])[]) => {
    const rates = steps.map(([fromMs, commissionBps]) => ({
      payee,
      nodeType: 'ai' as const,
      region: 'eu',
      from: new Date(fromMs),
      commissionBps,
      bonusBps: 0,
      policy: 'terms',
      policyVersion: '1',
      optionsHash: '',
      reason: `${commissionBps}`,
    }));
    return transact(db, (tx) => recordRates(tx, rates));
  };
  const announced = [
    [day(-9), 2_500],
    [SPRING.from.getTime(), 1_000],
    [SPRING.until.getTime(), 2_500],
  ] as const;
  await plan(ANN, announced);
  await plan(BOB, announced);
  await plan(ANN, [[day(2, '00:03:27.123'), 1_533]]);
  await plan(ANN, [[day(4, '00:02:11.000'), 2_500]]);
}

async function ingestOldJobs() {
  const { db } = database;
  let id = 0;
  const job = (payee: Address, dtMs: number) => {
    id += 1;
    const grossWei = FEE_WEI + BigInt(id * 7_919);
    return processedJob(`j${id}`, dtMs, { requestId: null, grossWei, payee });
  };
  const anns = [
    day(0, '12:00:00.000'),
    day(1, '05:59:59.999'),
    day(1, '06:00:00.000'),
    day(1, '17:59:59.999'),
    day(1, '18:00:00.000'),
    day(2),
    day(2, '00:03:27.122'),
    day(2, '00:03:27.123'),
    day(3, '12:00:00.000'),
    day(4, '00:02:10.999'),
    day(4, '00:02:11.000'),
  ];
  await ingest(db, 'a', [
    ...anns.map((ms) => job(ANN, ms)),
    job(BOB, day(1, '12:00:00.000')),
    job(BOB, day(2, '12:00:00.000')),
  ]);
  // Its other half comes in a later batch, and has the worker.
  const lateMs = day(2, '13:00:00.000');
  await ingest(db, 'a', [processedJob('p', lateMs + 1, { requestId: 'r', grossWei: FEE_WEI })]);
  await ingest(db, 'a', [receivedJob('r', lateMs, { requestId: 'r', payee: BOB })]);
  await assignToBob(lateMs + 2);
}

/** A job that names nobody, and that a person assigns. */
async function assignToBob(dtMs: number) {
  const { db } = database;
  await ingest(db, 'a', [processedJob('u', dtMs, { requestId: null, grossWei: FEE_WEI })]);
  const page = { limit: 2, cursor: null };
  const { items } = await listUnmatchedJobs(db, { role: 'processed' }, page);
  const keys = items.map((job) => ({ ...job, dtMs: job.dt.getTime() }));
  await applyDecision(db, keys, {
    assignee: { payee: BOB, nodeType: null, region: null },
    isNewPayee: false,
    actor: 'test',
    reason: 'his',
    commandId: 'c',
    dryRun: false,
    mayBeGone: false,
    maxPerDayWei: 10n ** 24n,
  });
}

/** The real passes: he is asked about before his first job, and about everybody once he did enough. */
async function letCarlComeAndGetATier() {
  const { db } = database;
  const deps = { db, choiceOf: choiceOf(OWN), thresholdBounds: PLAIN_TERMS.thresholdBounds };
  await resolveUnknown(deps, [{ payee: CARL, nodeType: 'ai', region: 'eu', firstMs: Date.now() }]);
  const job = (id: string, dtMs: number) =>
    processedJob(id, dtMs, { requestId: null, grossWei: FEE_WEI, payee: CARL });
  await ingest(db, 'a', [
    job('c0', day(1, '12:00:00.000')),
    ...[1, 2, 3, 4, 5].map((n) => job(`c${n}`, day(4) + n)),
    job('c6', Date.now() - 1),
  ]);
  expect(await resolvePolicies(deps)).toMatchObject({ failures: [] });
  await ingest(db, 'a', [job('c7', Date.now() + 60_000)]);
}

const PERIOD = { fromMs: day(0), toMs: TODAY_MS + 2 * DAY_MS };
async function simulate(other: OtherTerms, period = PERIOD) {
  const policies = new PoliciesInUse(other.choiceOf);
  const found = await inSnapshot(database.db, (tx) =>
    simulateHistory(tx, { other, period }, policies),
  );
  expect(policies.failed()).toEqual([]);
  await policies.close();
  return { ...found, total: addSplits(found.payees) };
}
const changes = async (other: OtherTerms, period = PERIOD) =>
  (await simulate(other, period)).payees.map((one) => sharesOf(one).changeWei);

describe('history under other terms', () => {
  it("comes to the wei that was credited with the pool's own, over borders, tiers and workers that came", async () => {
    const { payees, total, credited } = await simulate(otherTerms());
    expect(payees.map(({ payee, jobs }) => [payee, jobs])).toEqual([
      [ANN, 11],
      [BOB, 4],
      [CARL, 8],
    ]);
    expect(credited).toEqual({
      jobs: 23,
      grossWei: total.grossWei,
      commissionWei: total.commissionBeforeWei,
    });
    expect(payees.find(({ payee }) => payee === CARL)?.commissionBeforeWei).toBe(
      [1_000n, 2_500n, 2_500n, 2_500n, 2_500n, 2_500n, 2_500n, 1_533n]
        .map((bps) => (FEE_WEI * bps) / 10_000n)
        .reduce((sum, wei) => sum + wei),
    );
    for (const one of payees) expect(one.commissionAfterWei).toBe(one.commissionBeforeWei);
    // Several rates were credited: otherwise this would show nothing.
    const { rows } = await database.db.$client.query(
      `SELECT DISTINCT round(commission_wei * 10000 / gross_wei) AS bps FROM pool_event
        WHERE gross_wei > 0 AND commission_wei IS NOT NULL ORDER BY 1`,
    );
    expect(rows.map(({ bps }) => Number(bps))).toEqual([1_000, 1_533, 2_500]);
  });

  it('comes to it in each single day as well', async () => {
    for (let n = 0; n < 6; n += 1) {
      const period = { fromMs: day(n), toMs: day(n + 1) };
      expect((await changes(otherTerms(), period)).filter((wei) => wei !== 0n)).toEqual([]);
    }
  });

  it.each([
    ['a rate', otherTerms({ ...OWN, tiers: [{ ...GOLD, commissionBps: 1_534 }] })],
    ['the default', otherTerms(OWN, { commissionBps: 2_501 })],
    ['the rounding', otherTerms(OWN, { rounding: 'net-floor' })],
    ['the jobs of a tier', otherTerms({ ...OWN, tiers: [{ ...GOLD, fromJobs: 6 }] })],
    [
      'a border by a millisecond',
      otherTerms({
        ...OWN,
        promotions: [{ ...SPRING, until: new Date(SPRING.until.getTime() - 1) }],
      }),
    ],
  ])('differs when %s is another', async (_what, other) => {
    expect((await changes(other)).some((wei) => wei !== 0n)).toBe(true);
  });

  it('says what each gains, and that the pool loses as much', async () => {
    const own = { [BOB]: { commissionBps: 0 } };
    const { payees, total } = await simulate(otherTerms({ ...OWN, workers: own }));
    const [ann, bob] = payees;
    expect(ann && sharesOf(ann).changeWei).toBe(0n);
    expect(bob?.commissionAfterWei).toBe(0n);
    const { marginBeforeWei, marginAfterWei, changeWei } = sharesOf(total);
    expect(changeWei).toBe(bob?.commissionBeforeWei);
    expect(marginBeforeWei - marginAfterWei).toBe(changeWei);
  });

  it('takes a promised bonus from the margin, rounded down once for each worker and day', async () => {
    const bonus = { shareBps: 333, minOnlineBps: 0, budgetWei: 10n ** 18n };
    const period = { fromMs: day(1), toMs: day(2) };
    const { payees } = await simulate(otherTerms({ ...OWN, bonus }), period);
    const bob = payees.find(({ payee }) => payee === BOB);
    expect(bob?.bonusBeforeWei).toBe(0n);
    expect(bob?.bonusAfterWei).toBe(((bob?.grossWei ?? 0n) * 333n) / 10_000n);
    expect(bob && sharesOf(bob).changeWei).toBe(bob?.bonusAfterWei);
  });
});

describe('the next round under other terms', () => {
  const limits = {
    terms: PLAIN_TERMS,
    maxPayoutWei: 10n ** 20n,
    maxPaidPerDayWei: 10n ** 20n,
    maxGasShareBps: 10_000,
  };
  const round = async (other: OtherTerms) => {
    const policies = new PoliciesInUse(other.choiceOf);
    const config = {
      chain: { maxFeePerGasWei: 10n ** 9n, maxPriorityFeePerGasWei: 0n },
      limits,
    };
    const asked = { other, before: config, after: config, freeWei: null };
    const found = await inSnapshot(database.db, (tx) => simulateRound(tx, asked, policies));
    await policies.close();
    return found;
  };

  it('is the same with the same terms', async () => {
    const { before, after } = await round(otherTerms());
    expect(before.totals.pays).toBe(3);
    expect(after).toEqual(before);
  });

  it('leaves as dust what is below a higher threshold, and lets a payee have its own', async () => {
    const most = { leastWei: 1n, mostWei: 10n ** 18n };
    const own = { [BOB]: { payoutThresholdWei: 10n } };
    const terms = { ...OWN, thresholdBounds: most, workers: own };
    const other = otherTerms(terms, { thresholdWei: 10n ** 18n });
    const { before, after } = await round({ ...other, thresholdBounds: most });
    expect(before.dust).toEqual({ payees: 0, pendingWei: 0n });
    const left = after.payees.filter(({ payee }) => payee !== BOB);
    expect(after.dust).toEqual({
      payees: 2,
      pendingWei: left.reduce((sum, { pendingWei }) => sum + pendingWei, 0n),
    });
    expect(after.totals).toMatchObject({ pays: 1 });
  });

  it('keeps out who is not invited', async () => {
    const { after } = await round(otherTerms({ ...OWN, admission: 'invited' }));
    expect(after.payees.map(({ code }) => code)).toEqual(Array(3).fill('NOT_INVITED'));
  });
});
