/**
 * Runs the history under other terms: each remote worker is asked about at the moments at which the pool's own policy was asked,
 * with the figures of the days before, and each job is split anew by what holds at its time. Nothing is written.
 */
import type { Address } from '../base/address.js';
import { listOf } from '../base/lists.js';
import { remoteWorkerKey } from '../base/remote-worker.js';
import type { Transaction } from '../db/database.js';
import { DAY_MS, dayOf } from '../payees/rules/earned-days.js';
import { type TermsValues, type TermsVersion, termsAt } from '../terms/rules/terms.js';
import { addStep } from '../terms/rules/worker-rates.js';
import { readTermsHistory, type TermsHistory } from '../terms/store/recorded-terms.js';
import type { PolicyChoice } from './asking.js';
import { planRates } from './planning.js';
import type { PoliciesInUse } from './policies-in-use.js';
import type { Bounds } from './rules/answer-checks.js';
import { askMoments } from './rules/ask-moments.js';
import type { PolicyWorker } from './rules/questions.js';
import {
  beginPlan,
  isPlain,
  type PlannedStep,
  type RatePlan,
  remoteWorkerOf,
} from './rules/rate-plans.js';
import { addSplits, type PayeeSplit, withOtherTerms } from './rules/what-if.js';
import { type RateSpan, readCredited, readNets } from './store/history-nets.js';
import { type RecordedAskings, readAskings } from './store/recorded-askings.js';
import { addDays, listPayees, readSubjects } from './store/subjects.js';

/** Whole UTC days, in milliseconds since 1970; `toMs` is the first moment after them. */
export interface Period {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Terms that are tried. What in `values` is as in the terms in force stays as it was dated. */
export interface OtherTerms {
  readonly values: TermsValues;
  readonly thresholdBounds: Bounds;
  readonly choiceOf: (version: TermsVersion) => PolicyChoice;
}

export interface SimulatedHistory {
  readonly payees: readonly PayeeSplit[];
  /** What the ledger credited in the period. Where raw events are archived, it is more than what is in `payees`. */
  readonly credited: Awaited<ReturnType<typeof readCredited>>;
}

export const PAYEES_AT_ONCE = 500;
const BEGINNING_MS = 0;

export async function simulateHistory(
  tx: Transaction,
  { other, period }: { readonly other: OtherTerms; readonly period: Period },
  policies: PoliciesInUse,
): Promise<SimulatedHistory> {
  const recorded = await readTermsHistory(tx);
  const versions = withOtherTerms(recorded.versions, recorded.inForce, other.values);
  const asked = await readAsked(tx, { recorded, versions, period }, policies);
  const spans: RateSpan[] = [];
  let after: Address | null = null;
  for (;;) {
    const addresses: readonly Address[] = await listPayees(tx, after, PAYEES_AT_ONCE);
    if (addresses.length === 0) break;
    spans.push(...spansOf(await walk(tx, { addresses, ...asked }, policies), period));
    after = addresses.at(-1) ?? null;
  }
  const found = new Map<Address, PayeeSplit[]>();
  for (const month of monthsOf(period)) {
    const held = spans.filter(({ fromMs, toMs }) => fromMs < month.toMs && toMs > month.fromMs);
    const nets = await readNets(tx, { ...month, spans: held, terms: versions });
    for (const one of nets) listOf(found, one.payee).push(one);
  }
  const payees = [...found].map(([payee, months]) => ({ payee, ...addSplits(months) }));
  payees.sort((a, b) => (a.payee < b.payee ? -1 : 1));
  return { payees, credited: await readCredited(tx, period) };
}

/** Cuts a period where months begin, as raw events are stored. */
function monthsOf({ fromMs, toMs }: Period): readonly Period[] {
  const months: Period[] = [];
  for (let startMs = fromMs; startMs < toMs; ) {
    const start = new Date(startMs);
    const nextMs = Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1, 1);
    months.push({ fromMs: startMs, toMs: Math.min(nextMs, toMs) });
    startMs = nextMs;
  }
  return months;
}

/** What the walk through the days goes by. */
interface Asked {
  /** The terms that would have held. */
  readonly versions: readonly TermsVersion[];
  readonly askings: RecordedAskings;
  readonly fromMs: number;
  readonly toMs: number;
  readonly looks: { readonly withFigures: boolean; readonly withPresence: boolean };
}

interface AskedPeriod extends Pick<Asked, 'versions'> {
  readonly recorded: TermsHistory;
  readonly period: Period;
}

async function readAsked(
  tx: Transaction,
  { recorded, versions, period }: AskedPeriod,
  policies: PoliciesInUse,
): Promise<Asked> {
  // What holds when the period begins was answered on the day before.
  const fromMs = period.fromMs - DAY_MS;
  const toMs = Math.min(period.toMs, recorded.now.getTime());
  const askers = await Promise.all(versions.map((one) => policies.of(one)));
  const looks = {
    withFigures: askers.some((asker) => asker !== null && asker.looksAt !== 'nothing'),
    withPresence: askers.some((asker) => asker?.looksAt === 'presence'),
  };
  return { versions, askings: await readAskings(tx, { fromMs, toMs }), fromMs, toMs, looks };
}

interface HeldStep extends PlannedStep {
  readonly id: number;
}
interface Held {
  readonly worker: PolicyWorker;
  readonly steps: HeldStep[];
}
type WalkedPayees = Asked & { readonly addresses: readonly Address[] };

/** Goes through the days, and returns what would have held for each remote worker of the payees. */
async function walk(
  tx: Transaction,
  asked: WalkedPayees,
  policies: PoliciesInUse,
): Promise<readonly Held[]> {
  const { addresses, versions, looks, askings, fromMs, toMs } = asked;
  const held = new Map<string, Held>();
  const ask = async (workers: readonly PolicyWorker[], atMs: number) => {
    const begun = workers.map((worker) => beginPlan(worker, atMs));
    for (const plan of await planRates(begun, versions, policies)) {
      hold(held, plan, versions);
    }
  };
  const readAt = async (dayMs: number) =>
    (await readSubjects(tx, addresses, { now: new Date(dayMs), ...looks })).workers;
  for (const [day, keys] of await newWorkersByDay(readAt, asked)) {
    const workers = await readAt(Date.parse(day));
    const fresh = workers.filter((one) => keys.has(keyOf(one)));
    await ask(asUnknown(fresh, workers), BEGINNING_MS);
  }
  for (let dayMs = fromMs; dayMs < toMs; dayMs += DAY_MS) {
    const atMoments = new Map<number, PolicyWorker[]>();
    for (const worker of await readAt(dayMs)) {
      const ownMs = askings.ofWorker.get(keyOf(worker)) ?? [];
      const knownMs = seenMs(worker);
      for (const ms of askMoments({ ownMs, poolMs: askings.all, knownMs }, dayMs)) {
        if (ms < toMs) listOf(atMoments, ms).push(worker);
      }
    }
    for (const [ms, workers] of [...atMoments].sort(([a], [b]) => a - b)) await ask(workers, ms);
  }
  return [...held.values()];
}

/** Returns the workers that the pool came to know in the walk or after it, by the UTC day of that. */
async function newWorkersByDay(
  readAt: (dayMs: number) => Promise<readonly PolicyWorker[]>,
  { fromMs }: WalkedPayees,
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const days = new Map<string, Set<string>>();
  for (const worker of await readAt(fromMs)) {
    const knownMs = seenMs(worker);
    if (knownMs < fromMs) continue;
    const keys = days.get(dayOf(knownMs)) ?? new Set<string>();
    days.set(dayOf(knownMs), keys.add(keyOf(worker)));
  }
  return days;
}

/** Makes workers what they were before their first job was counted: only those of the payee that came before had figures. */
function asUnknown(
  fresh: readonly PolicyWorker[],
  all: readonly PolicyWorker[],
): readonly PolicyWorker[] {
  const ofPayee = new Map<Address, PolicyWorker[]>();
  for (const one of all) listOf(ofPayee, one.address).push(one);
  return fresh.map((worker) => {
    const known = (ofPayee.get(worker.address) ?? []).filter((one) => seenMs(one) < seenMs(worker));
    const payeeDays = addDays(known.flatMap(({ lastDays }) => lastDays));
    return { ...worker, firstSeenAt: null, lastDays: [], payeeDays };
  });
}

/** Takes the place of what held from the plan's beginning on. As when rates are recorded, plain terms need no first rate. */
function hold(
  held: Map<string, Held>,
  { worker, steps }: RatePlan,
  versions: readonly TermsVersion[],
): void {
  const key = keyOf(worker);
  const known = held.get(key);
  if (known === undefined && isPlain(steps, (atMs) => termsAt(versions, atMs))) return;
  const of = known ?? { worker, steps: [] };
  held.set(key, of);
  for (const step of steps) addStep(of.steps, { ...step, id: of.steps.length });
}

/** Makes spans of the steps, and leaves out borders at which nothing changes. */
function spansOf(held: readonly Held[], { fromMs, toMs }: Period): readonly RateSpan[] {
  return held.flatMap(({ worker, steps }): readonly RateSpan[] => {
    const borders = steps.filter((step, i) => {
      const before = steps[i - 1];
      const isSame = before?.commissionBps === step.commissionBps;
      return !isSame || before?.bonusBps !== step.bonusBps;
    });
    return borders.flatMap((step, i): readonly RateSpan[] => {
      const { commissionBps, bonusBps } = step;
      const span = {
        fromMs: Math.max(step.fromMs, fromMs),
        toMs: Math.min(borders[i + 1]?.fromMs ?? toMs, toMs),
      };
      const isEmpty = span.fromMs >= span.toMs;
      return isEmpty ? [] : [{ ...remoteWorkerOf(worker), ...span, commissionBps, bonusBps }];
    });
  });
}

const seenMs = ({ firstSeenAt }: PolicyWorker): number => Date.parse(firstSeenAt ?? '');
const keyOf = (worker: PolicyWorker): string => remoteWorkerKey(remoteWorkerOf(worker));
