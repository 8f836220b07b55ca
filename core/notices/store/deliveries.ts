/** Takes deliveries one by one, and stores what became of each. */
import { and, eq, inArray, isNull, lte, or, sql } from 'drizzle-orm';
import { PoolError } from '../../base/errors/pool-error.js';
import type { Database, Reader } from '../../db/database.js';
import { rows } from '../../db/query.js';
import { transact } from '../../db/transact.js';
import { type Decision, recordDecision } from '../../ledger/store/audit-log.js';
import type { DeliveryOutcome } from '../notifiers/notifier.js';
import { type BackOff, pauseMs, restMs } from '../rules/back-off.js';
import { notice, noticeDelivery, noticeTarget } from './tables.js';

/** A receiver that asks for a shorter pause gets this one, in ms. */
const LEAST_REST_MS = 250;

const inMs = (ms: number) => sql`now() + ${ms} * interval '1 millisecond'`;
const isAwake = or(isNull(noticeTarget.restUntil), lte(noticeTarget.restUntil, sql`now()`));
const isDue = and(eq(noticeDelivery.state, 'waiting'), lte(noticeDelivery.nextAt, sql`now()`));

/** Returns which of these targets have something to deliver now and do not rest. */
export async function targetsWithWork(
  reader: Reader,
  targetIds: readonly string[],
): Promise<readonly string[]> {
  const found = await reader
    .selectDistinct({ id: noticeDelivery.targetId })
    .from(noticeDelivery)
    .innerJoin(noticeTarget, eq(noticeTarget.id, noticeDelivery.targetId))
    .where(and(inArray(noticeDelivery.targetId, [...targetIds]), isDue, isAwake))
    .orderBy(noticeDelivery.targetId);
  return found.map(({ id }) => id);
}

const TAKEN = {
  id: notice.id,
  ref: notice.ref,
  kind: notice.kind,
  facts: notice.facts,
  createdAt: notice.createdAt,
  tries: noticeDelivery.tries,
  since: noticeDelivery.since,
};

/** Takes the oldest delivery that is due; undefined when none is, or when the target rests. Its try is counted before it is made. */
export async function takeDelivery(db: Database, targetId: string, { leaseMs }: BackOff) {
  const [taken] = await rows(
    db,
    TAKEN,
    sql`UPDATE notice_delivery d SET tries = d.tries + 1, tried_at = now(), next_at = ${inMs(leaseMs)}
          FROM (SELECT d.notice_id FROM notice_delivery d JOIN notice_target t ON t.id = d.target_id
                 WHERE d.target_id = ${targetId} AND d.state = 'waiting' AND d.next_at <= now()
                   AND (t.rest_until IS NULL OR t.rest_until <= now())
                 ORDER BY d.notice_id LIMIT 1 FOR UPDATE OF d SKIP LOCKED) next
          JOIN notice ON notice.id = next.notice_id
         WHERE d.notice_id = next.notice_id AND d.target_id = ${targetId}
        RETURNING notice.id, notice.ref, notice.kind, notice.facts, notice.created_at AS "createdAt",
                  d.tries, d.since`,
  );
  return taken;
}

/** Stores what became of a try. Returns how long the target rests now, in ms; 0 when it goes on. */
export async function settleDelivery(
  db: Database,
  delivery: { readonly id: number; readonly targetId: string; readonly tries: number },
  outcome: DeliveryOutcome,
  { backOff, random }: { readonly backOff: BackOff; readonly random: number },
): Promise<number> {
  const { id, targetId, tries } = delivery;
  const isThis = and(eq(noticeDelivery.noticeId, id), eq(noticeDelivery.targetId, targetId));
  return transact(db, async (tx) => {
    if (outcome.kind !== 'try-again') {
      const state = outcome.kind === 'delivered' ? ('delivered' as const) : ('dead' as const);
      const lastError = outcome.kind === 'delivered' ? null : outcome.why;
      await tx.update(noticeDelivery).set({ state, lastError, endedAt: sql`now()` }).where(isThis);
      // A receiver that refuses one notice answers all the same.
      const awake = { failuresInARow: 0, restUntil: null };
      await tx.update(noticeTarget).set(awake).where(eq(noticeTarget.id, targetId));
      return 0;
    }
    const [target] = await tx
      .update(noticeTarget)
      .set({ failuresInARow: sql`${noticeTarget.failuresInARow} + 1` })
      .where(eq(noticeTarget.id, targetId))
      .returning({ failures: noticeTarget.failuresInARow });
    const { afterMs } = outcome;
    const restsMs =
      afterMs === undefined
        ? restMs(target?.failures ?? 0, backOff, random)
        : Math.max(afterMs, LEAST_REST_MS);
    if (restsMs > 0) {
      await tx
        .update(noticeTarget)
        .set({ restUntil: inMs(restsMs) })
        .where(eq(noticeTarget.id, targetId));
    }
    const isOver = sql`${noticeDelivery.since} < ${inMs(-backOff.giveUpAfterMs)}`;
    await tx
      .update(noticeDelivery)
      .set({
        state: sql`CASE WHEN ${isOver} THEN 'dead' ELSE 'waiting' END`,
        endedAt: sql`CASE WHEN ${isOver} THEN now() END`,
        lastError: outcome.why,
        // A receiver that says when it takes the next one has not failed at this one.
        nextAt: inMs(afterMs ?? pauseMs(tries, backOff, random)),
      })
      .where(and(isThis, eq(noticeDelivery.state, 'waiting')));
    return restsMs;
  });
}

/**
 * Sends again what was given up or refused, and what waits for its next try: one notice by the id that receivers see, or
 * all dead ones. Returns how many deliveries begin anew. Throws NOTICE_UNKNOWN.
 */
export async function resendNotices(
  db: Reader,
  which: { readonly ref: string } | { readonly all: true },
  decision: Decision,
): Promise<number> {
  return transact(db, async (tx) => {
    const [one] =
      'ref' in which
        ? await tx.select({ id: notice.id }).from(notice).where(eq(notice.ref, which.ref))
        : [];
    if ('ref' in which && one === undefined) {
      throw new PoolError('NOTICE_UNKNOWN', `there is no notice ${which.ref}`);
    }
    const those =
      one === undefined ? eq(noticeDelivery.state, 'dead') : eq(noticeDelivery.noticeId, one.id);
    const begun = await tx
      .update(noticeDelivery)
      .set({
        state: 'waiting',
        tries: 0,
        since: sql`now()`,
        nextAt: sql`now()`,
        endedAt: null,
        lastError: null,
      })
      .where(those)
      .returning({ targetId: noticeDelivery.targetId });
    const targetIds = [...new Set(begun.map(({ targetId }) => targetId))];
    await tx
      .update(noticeTarget)
      .set({ failuresInARow: 0, restUntil: null })
      .where(inArray(noticeTarget.id, targetIds));
    const subject = 'ref' in which ? which.ref : 'all';
    const detail = { deliveries: String(begun.length) };
    await recordDecision(tx, { ...decision, action: 'notice.resend', subject, detail });
    return begun.length;
  });
}
