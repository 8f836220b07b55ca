/**
 * Asks the pool's policy about everybody, and keeps what differs from what is kept already, as dated rows. The rows hold from
 * now on, or from exactly the moments that the policy and announced terms name, and never for the past. Where the policy
 * fails, its last rows stay in force.
 */

import type { Address } from '../base/address.js';
import { PoolError } from '../base/errors/pool-error.js';
import { type RemoteWorker, remoteWorkerKey } from '../base/remote-worker.js';
import type { Database } from '../db/database.js';
import { transact } from '../db/transact.js';
import { recordAdmissions, recordPayeeRules } from '../payouts/store/payee-rules.js';
import { type TermsVersion, termsAt } from '../terms/rules/terms.js';
import { rowsOfPlan } from '../terms/rules/worker-rates.js';
import { findTermsHistory, type TermsHistory } from '../terms/store/recorded-terms.js';
import { ratesOf, recordRates, type WorkerRate } from '../terms/store/worker-rates.js';
import type { PolicyChoice } from './asking.js';
import { askAdmit, askDue, askShow, looksAtDue, nobody } from './payee-answers.js';
import { planRates } from './planning.js';
import { PoliciesInUse } from './policies-in-use.js';
import type { Bounds } from './rules/answer-checks.js';
import type { PolicyWorker } from './rules/questions.js';
import { beginPlan, isPlain, type RatePlan, remoteWorkerOf } from './rules/rate-plans.js';
import type { ResolvingReport } from './rules/resolving-report.js';
import { hasAnswers, recordFailures } from './store/failures.js';
import { recordLooks } from './store/looks.js';
import { lastVersionsOf } from './store/recorded-versions.js';
import {
  listPayees,
  readSubjects,
  type StatesOf,
  type Subjects,
  withoutKnown,
  workerOf,
} from './store/subjects.js';
import { ratesInsteadOfWithdrawn } from './store/withdrawn-rates.js';

export interface ResolvingDeps {
  readonly db: Database;
  /** Which policy a version of the terms has. */
  readonly choiceOf: (version: TermsVersion) => PolicyChoice;
  readonly thresholdBounds: Bounds;
  /** How the guard, or an operator in its place, says that payees' workers stand. Absent: no guard judges. */
  readonly statesOf?: StatesOf;
}

/** So many payees are read and asked about at once. */
const PAYEES_AT_ONCE = 500;
/** How long ahead it is recorded when the payees of announced terms are paid. Rates are recorded for all times. */
const SOON_MS = 15 * 60_000;
const BEGINNING_MS = 0;
/** A policy may change its mind about a new worker so many times between the worker's first job and now. */
const MOST_PAST_STEPS = 5_000;

/** A remote worker whose jobs are about to be counted for the first time. */
export interface UnknownWorker extends RemoteWorker {
  /** The time of the earliest of them. */
  readonly firstMs: number;
}

/** Asks about every payee and every remote worker once. Before the first terms there is nobody to ask about. */
export async function resolvePolicies(
  deps: ResolvingDeps,
  onProgress: () => void = () => undefined,
): Promise<ResolvingReport> {
  const pass = await beginPass(deps);
  const sum = { payees: 0, workers: 0, rates: 0, rules: 0, admissions: 0, looks: 0 };
  if (pass === null) return { ...sum, failures: [] };
  const { policies, options } = pass;
  try {
    const add = (some: Partial<typeof sum>) => {
      for (const key of Object.keys(some) as (keyof typeof sum)[]) sum[key] += some[key] ?? 0;
    };
    const everybody = nobody(options.now.toISOString().slice(0, 10));
    add(await resolvePayees(pass, [everybody]));
    // Whose plan is made anew in this pass has no step of withdrawn terms any more.
    const answered = new Set<string>();
    let after: Address | null = null;
    for (;;) {
      const addresses: readonly Address[] = await listPayees(deps.db, after, PAYEES_AT_ONCE);
      if (addresses.length === 0) break;
      const subjects = await readSubjects(deps.db, addresses, options);
      add({ payees: subjects.payees.length, workers: subjects.workers.length });
      const resolved = await resolveRates(pass, subjects);
      add({ rates: resolved.rates });
      for (const key of resolved.answered) answered.add(key);
      add(await resolvePayees(pass, subjects.payees));
      after = addresses.at(-1) ?? null;
      onProgress();
    }
    add({ rates: await dropWithdrawn(deps.db, answered) });
    const failed = policies.failed();
    await transact(deps.db, (tx) => recordFailures(tx, failed));
    return { ...sum, failures: failed };
  } finally {
    await policies.close();
  }
}

/**
 * Asks what holds for everybody of whom the policy was not asked yet, before a worker takes up work: a pool for invited
 * workers must not pay strangers until the first asking. Throws POLICY_UNUSABLE when the policy fails and never answered before;
 * otherwise its last answers stay in force.
 */
export async function askForEverybody(deps: ResolvingDeps): Promise<void> {
  const pass = await beginPass(deps);
  if (pass === null) return;
  const { policies, options } = pass;
  try {
    await resolvePayees(pass, [nobody(options.now.toISOString().slice(0, 10))]);
    const failed = policies.failed();
    if (failed.length > 0) await transact(deps.db, (tx) => recordFailures(tx, failed));
    const [first] = failed;
    if (first === undefined || (await hasAnswers(deps.db))) return;
    throw new PoolError('POLICY_UNUSABLE', `the policy ${first.policy} fails: ${first.wrong}`);
  } finally {
    await policies.close();
  }
}

/**
 * Asks about remote workers that the ledger does not know yet, before their first jobs are counted: for their rates in the whole
 * past too, because a job may be older than its worker is known. Others are left alone, and those for whom the policy fails have
 * the terms' commission until it answers well.
 */
export async function resolveUnknown(
  deps: ResolvingDeps,
  workers: readonly UnknownWorker[],
): Promise<void> {
  const unknown = await withoutKnown(deps.db, workers);
  const pass = unknown.length === 0 ? null : await beginPass(deps);
  if (pass === null) return;
  try {
    const payees = [...new Set(unknown.map(({ payee }) => payee))];
    const found = await readSubjects(deps.db, payees, pass.options);
    const ofPayee = new Map(found.payees.map((standing) => [standing.address, standing]));
    const asked = unknown.flatMap((worker) => {
      const standing = ofPayee.get(worker.payee);
      if (standing === undefined) return [];
      const { firstMs } = worker;
      return [{ asked: workerOf(standing, worker, { firstSeenAt: null, lastDays: [] }), firstMs }];
    });
    const { versions } = pass.history;
    const plans = await planPast(pass, asked);
    const due = plans.filter(({ steps }) => !isPlain(steps, (atMs) => termsAt(versions, atMs)));
    if (due.length > 0) await transact(deps.db, (tx) => recordRates(tx, due.flatMap(ratesOfPlan)));
    // Otherwise a payee with terms of its own would have those of strangers until the next asking.
    await resolvePayees(pass, found.payees);
  } finally {
    await pass.policies.close();
  }
}

/**
 * Plans the rates of new workers from the beginning on. A policy that names a moment every day would get no further than some
 * weeks of 1970: it is asked from the worker's first job on, and what it says of that holds before. A worker whose rates
 * changed too often since then is left out.
 */
async function planPast(
  { history: { versions, now }, policies }: Pass,
  workers: readonly { readonly asked: PolicyWorker; readonly firstMs: number }[],
): Promise<readonly RatePlan[]> {
  const firstMs = new Map(workers.map((one) => [one.asked, one.firstMs]));
  const reachesNow = ({ cutMs }: RatePlan) => cutMs === null || cutMs > now.getTime();
  const begun = workers.map(({ asked }) => beginPlan(asked, BEGINNING_MS));
  const plans = await planRates(begun, versions, policies);
  const again = plans.flatMap((plan) => {
    const fromMs = firstMs.get(plan.worker);
    if (reachesNow(plan) || fromMs === undefined) return [];
    return [beginPlan(plan.worker, fromMs, MOST_PAST_STEPS)];
  });
  const since = (await planRates(again, versions, policies)).map((plan): RatePlan => {
    const [first, ...later] = plan.steps;
    return first === undefined
      ? plan
      : { ...plan, steps: [{ ...first, fromMs: BEGINNING_MS }, ...later] };
  });
  return [...plans, ...since].filter(reachesNow);
}

type Pass = NonNullable<Awaited<ReturnType<typeof beginPass>>>;

async function beginPass({ db, choiceOf, thresholdBounds, statesOf }: ResolvingDeps) {
  const history = await findTermsHistory(db);
  if (history === undefined) return null;
  const policies = new PoliciesInUse(choiceOf, (policy) => lastVersionsOf(db, policy));
  const askers = await Promise.all(inForceOrAnnounced(history).map((one) => policies.of(one)));
  const options = {
    now: history.now,
    withFigures: askers.some((asker) => asker !== null && asker.looksAt !== 'nothing'),
    withPresence: askers.some((asker) => asker?.looksAt === 'presence'),
    dueBy: askers.some(looksAtDue) ? { terms: history.inForce, bounds: thresholdBounds } : null,
    statesOf,
  };
  return { db, history, policies, options, thresholdBounds };
}

/** Replaces what was planned for terms that were withdrawn, for workers for whom the policy has failed since. */
async function dropWithdrawn(db: Database, answered: ReadonlySet<string>): Promise<number> {
  const stale = await ratesInsteadOfWithdrawn(db);
  const instead = stale.filter((one) => !answered.has(remoteWorkerKey(one)));
  if (instead.length === 0) return 0;
  return (await transact(db, (tx) => recordRates(tx, instead))).length;
}

function inForceOrAnnounced({ versions, inForce, now }: TermsHistory): readonly TermsVersion[] {
  const announced = versions.filter((one) => one.fromMs > now.getTime() && !one.isWithdrawn);
  return [inForce, ...announced];
}

/** Returns how many rows of rates were written, and the workers about whom the policy answered. */
async function resolveRates({ db, history, policies }: Pass, { workers }: Subjects) {
  const { versions, now } = history;
  const fromMs = now.getTime();
  const begun = workers.map((worker) => beginPlan(worker, fromMs));
  const plans = await planRates(begun, versions, policies);
  const known = await ratesOf(
    db,
    plans.map(({ worker }) => remoteWorkerOf(worker)),
  );
  // Recording keeps everybody from counting jobs, so that only what differs gets there.
  const due = plans.filter(({ worker, steps }) => {
    const held = known.get(remoteWorkerKey(remoteWorkerOf(worker)));
    if (held === undefined) return !isPlain(steps, (atMs) => termsAt(versions, atMs));
    return rowsOfPlan(steps, held, fromMs).length > 0;
  });
  const answered = plans.map(({ worker }) => remoteWorkerKey(remoteWorkerOf(worker)));
  if (due.length === 0) return { rates: 0, answered };
  const written = await transact(db, (tx) => recordRates(tx, due.flatMap(ratesOfPlan)));
  return { rates: written.length, answered };
}

function ratesOfPlan({ worker, steps }: RatePlan): readonly WorkerRate[] {
  return steps.map(({ fromMs, ...rate }) => {
    const from = fromMs === BEGINNING_MS ? null : new Date(fromMs);
    return { ...remoteWorkerOf(worker), ...rate, from };
  });
}

async function resolvePayees(pass: Pass, payees: Subjects['payees']) {
  const { db, history, policies, thresholdBounds } = pass;
  const nowMs = history.now.getTime();
  const written = { rules: 0, admissions: 0, looks: 0 };
  for (const version of inForceOrAnnounced(history)) {
    if (version.fromMs > nowMs + SOON_MS) continue;
    const asker = await policies.of(version);
    if (asker === null) continue;
    const from = new Date(Math.max(version.fromMs, nowMs));
    const asked = { asker, version, payees, from, thresholdBounds };
    const rules = await askDue(asked, policies);
    const admissions = await askAdmit(asked, policies);
    const isNow = version === history.inForce && payees[0]?.firstSeenAt !== null;
    const looks = isNow ? await askShow(asked, policies) : [];
    await transact(db, async (tx) => {
      written.rules += await recordPayeeRules(tx, rules);
      written.admissions += await recordAdmissions(tx, admissions);
      written.looks += await recordLooks(tx, looks, asker);
    });
  }
  return written;
}
