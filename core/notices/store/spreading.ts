/** Decides for new notices which targets are told, gives up old deliveries, and forgets old notices. */
import { inArray, isNull, sql } from 'drizzle-orm';
import type { Database, Transaction } from '../../db/database.js';
import { list } from '../../db/query.js';
import { transact } from '../../db/transact.js';
import type { NoticeTarget } from '../notifiers/notifier.js';
import { isFor } from '../rules/notice-kinds.js';
import { notice, noticeTarget } from './tables.js';

type Told = Pick<NoticeTarget, 'id' | 'payee' | 'only'>;

const PAGE = 1_000;
/** Notices are kept for so many days, with what became of them. */
const KEPT_DAYS = 90;

/** Makes a delivery for each new notice and each target that it is for. May run at any time, and several times at once. */
export async function spreadNotices(db: Database, targets: readonly Told[]): Promise<void> {
  for (;;) {
    const spread = await transact(db, (tx) => spreadPage(tx, targets));
    if (spread < PAGE) return;
  }
}

async function spreadPage(tx: Transaction, targets: readonly Told[]): Promise<number> {
  const since = await meetTargets(tx, targets);
  const page = await tx
    .select({
      id: notice.id,
      kind: notice.kind,
      payee: notice.payee,
      targetId: notice.targetId,
      createdAt: notice.createdAt,
    })
    .from(notice)
    .where(isNull(notice.spreadAt))
    .orderBy(notice.id)
    .limit(PAGE)
    .for('update', { skipLocked: true });
  if (page.length === 0) return 0;
  const deliveries = page.flatMap((one) =>
    targets
      .filter((target) => one.createdAt >= (since.get(target.id) ?? one.createdAt))
      .filter((target) => isFor(target, one))
      .map((target) => ({ noticeId: one.id, targetId: target.id })),
  );
  await tx.execute(sql`
    INSERT INTO notice_delivery (notice_id, target_id)
    SELECT * FROM unnest(${list(deliveries.map(({ noticeId }) => noticeId))}::bigint[],
                         ${list(deliveries.map(({ targetId }) => targetId))}::text[])
        ON CONFLICT DO NOTHING`);
  const ids = page.map(({ id }) => id);
  await tx.update(notice).set({ spreadAt: sql`now()` }).where(inArray(notice.id, ids));
  return page.length;
}

/** Stores targets that are met for the first time, and returns since when each of them is told what happens. */
async function meetTargets(
  tx: Transaction,
  targets: readonly Told[],
): Promise<ReadonlyMap<string, Date>> {
  if (targets.length === 0) return new Map();
  const ids = targets.map(({ id }) => id);
  await tx
    .insert(noticeTarget)
    .values(ids.map((id) => ({ id })))
    .onConflictDoNothing();
  const { id, since } = noticeTarget;
  const met = await tx.select({ id, since }).from(noticeTarget).where(inArray(id, ids));
  return new Map(met.map((one) => [one.id, one.since]));
}

/**
 * Gives up deliveries that have waited too long, also those to targets that are in no configuration any more, and forgets
 * notices that are older than ninety days.
 */
export async function tidyNotices(db: Database, giveUpAfterMs: number): Promise<void> {
  await db.execute(sql`
    UPDATE notice_delivery
       SET state = 'dead', ended_at = now(),
           last_error = coalesce(last_error, 'it was never tried: its target rests, or is in no configuration')
     WHERE state = 'waiting' AND since < now() - ${giveUpAfterMs} * interval '1 millisecond'`);
  await db.execute(sql`
    DELETE FROM notice WHERE id IN (
      SELECT id FROM notice WHERE created_at < now() - make_interval(days => ${KEPT_DAYS})
       ORDER BY created_at LIMIT ${10 * PAGE})`);
}
