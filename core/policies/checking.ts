/**
 * Tells what a policy would have changed in a part of the history: it is asked for each day with the figures of the days
 * before, and each job is split anew by what it answers. Nothing is written.
 */
import type { Address } from '../base/address.js';
import { remoteWorkerKey } from '../base/remote-worker.js';
import type { Database, Transaction } from '../db/database.js';
import { inSnapshot } from '../db/transact.js';
import { DAY_MS } from '../payees/rules/earned-days.js';
import { readTermsHistory, type TermsHistory } from '../terms/store/recorded-terms.js';
import type { PolicyChoice } from './asking.js';
import { planRates } from './planning.js';
import { PoliciesInUse } from './policies-in-use.js';
import { beginPlan, type RatePlan, remoteWorkerOf } from './rules/rate-plans.js';
import type { PolicyFailure } from './rules/resolving-report.js';
import type { PayeeSplit } from './rules/what-if.js';
import { type RateSpan, readNets } from './store/history-nets.js';
import { listPayees, readSubjects } from './store/subjects.js';
import { PAYEES_AT_ONCE, type Period } from './what-if.js';

export interface PolicyCheck {
  /** Payees with jobs in the period that are still there as raw events. */
  readonly payees: readonly PayeeSplit[];
  /** What was wrong with its answers; who it failed for keeps the rates as they were. */
  readonly failures: readonly PolicyFailure[];
}

export async function checkPolicy(
  db: Database,
  choice: PolicyChoice,
  period: Period,
): Promise<PolicyCheck> {
  const policies = new PoliciesInUse(() => choice);
  try {
    const payees = await inSnapshot(db, (tx) => checkAll(tx, policies, period));
    return { payees, failures: policies.failed() };
  } finally {
    await policies.close();
  }
}

async function checkAll(tx: Transaction, policies: PoliciesInUse, period: Period) {
  const history = await readTermsHistory(tx);
  const spans: RateSpan[] = [];
  let after: Address | null = null;
  for (;;) {
    const addresses: readonly Address[] = await listPayees(tx, after, PAYEES_AT_ONCE);
    if (addresses.length === 0) {
      return readNets(tx, { ...period, spans: joined(spans), terms: [] });
    }
    for (let dayMs = period.fromMs; dayMs < period.toMs; dayMs += DAY_MS) {
      spans.push(...(await spansOfDay(tx, { addresses, dayMs, history }, policies)));
    }
    after = addresses.at(-1) ?? null;
  }
}

interface AskedDay {
  readonly addresses: readonly Address[];
  readonly dayMs: number;
  readonly history: TermsHistory;
}

async function spansOfDay(
  tx: Transaction,
  { addresses, dayMs, history }: AskedDay,
  policies: PoliciesInUse,
): Promise<readonly RateSpan[]> {
  const now = new Date(dayMs);
  const options = { now, withFigures: true, withPresence: true };
  const { workers } = await readSubjects(tx, addresses, options);
  const { versions } = history;
  const begun = workers.map((worker) => beginPlan(worker, dayMs));
  const plans = await planRates(begun, versions, policies);
  return plans.flatMap((plan) => spansOfPlan(plan, dayMs + DAY_MS));
}

/** The steps of a plan before `endMs`. */
function spansOfPlan({ worker, steps }: RatePlan, endMs: number): readonly RateSpan[] {
  return steps.flatMap(({ fromMs, commissionBps, bonusBps }, i): readonly RateSpan[] => {
    const toMs = Math.min(steps[i + 1]?.fromMs ?? endMs, endMs);
    const span = { ...remoteWorkerOf(worker), fromMs, toMs, commissionBps, bonusBps };
    return fromMs < toMs ? [span] : [];
  });
}

/** Puts spans together that follow each other at one rate. */
function joined(spans: readonly RateSpan[]): readonly RateSpan[] {
  const last = new Map<string, RateSpan>();
  const whole: RateSpan[] = [];
  for (const span of spans) {
    const key = remoteWorkerKey(span);
    const before = last.get(key);
    const isSame =
      before?.commissionBps === span.commissionBps && before.bonusBps === span.bonusBps;
    if (isSame && before.toMs === span.fromMs) {
      last.set(key, { ...before, toMs: span.toMs });
      continue;
    }
    if (before !== undefined) whole.push(before);
    last.set(key, span);
  }
  return [...whole, ...last.values()];
}
