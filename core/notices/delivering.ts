/** Delivers what a target is to be told, one notice after the other. */
import { setTimeout as sleep } from 'node:timers/promises';
import { PoolError } from '../base/errors/pool-error.js';
import type { Database } from '../db/database.js';
import { composeNotice, type PoolFace } from './composing.js';
import type { DeliveryOutcome, NoticeTarget, Notifier } from './notifiers/notifier.js';
import type { BackOff } from './rules/back-off.js';
import type { DeliveryReport } from './rules/delivery-report.js';
import { settleDelivery, takeDelivery } from './store/deliveries.js';

export interface ReadyTarget {
  readonly target: NoticeTarget;
  readonly notifier: Notifier;
}

export interface DeliveryDeps {
  readonly db: Database;
  readonly targets: ReadonlyMap<string, ReadyTarget>;
  readonly pool: PoolFace;
  readonly backOff: BackOff;
}

export interface DeliveryRun {
  readonly targetId: string;
  readonly signal: AbortSignal;
  /** After this many ms the run ends, and the next one goes on. */
  readonly mostMs: number;
  readonly onProgress: (words: string) => void;
}

/** A target that rests for at most this many ms, as one that limits how often it is asked, is waited for. */
const SHORT_REST_MS = 10_000;

/**
 * Delivers until nothing is due, the target rests, or the time is up. Every notice arrives at least once: a try is counted
 * before it is made, and repeated when nobody stored what became of it. Throws NOTICE_TARGET_UNKNOWN.
 */
export async function deliverNotices(
  deps: DeliveryDeps,
  run: DeliveryRun,
): Promise<DeliveryReport> {
  const { db, targets, pool, backOff } = deps;
  const { targetId, signal, onProgress } = run;
  const ready = targets.get(targetId);
  if (ready === undefined) {
    throw new PoolError('NOTICE_TARGET_UNKNOWN', `this worker has no notice target "${targetId}"`);
  }
  let report: DeliveryReport = { delivered: 0, failed: 0, refused: 0, lastError: null };
  const endMs = performance.now() + run.mostMs;
  while (performance.now() < endMs) {
    signal.throwIfAborted();
    const taken = await takeDelivery(db, targetId, backOff);
    if (taken === undefined) break;
    const notice = composeNotice(taken, ready.target.payee, pool);
    const outcome = await ready.notifier.deliver(notice, signal);
    const delivery = { id: taken.id, targetId, tries: taken.tries };
    const judging = { backOff, random: Math.random() };
    const restsMs = await settleDelivery(db, delivery, outcome, judging);
    report = withOutcome(report, outcome);
    onProgress(`${report.delivered} delivered`);
    if (restsMs > SHORT_REST_MS) break;
    if (restsMs > 0) await sleep(restsMs, undefined, { signal });
  }
  return report;
}

function withOutcome(report: DeliveryReport, outcome: DeliveryOutcome): DeliveryReport {
  const { delivered, failed, refused } = report;
  if (outcome.kind === 'delivered') return { ...report, delivered: delivered + 1 };
  const lastError = outcome.why;
  return outcome.kind === 'refused'
    ? { ...report, refused: refused + 1, lastError }
    : { ...report, failed: failed + 1, lastError };
}
