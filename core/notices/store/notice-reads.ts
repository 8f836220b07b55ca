/** Reads notices and what became of them, for people and metrics. */
import { eq, exists, inArray, sql } from 'drizzle-orm';
import type { Reader } from '../../db/database.js';
import { allOf, Keyset, type Page, type PageRequest, rowsToAskFor } from '../../db/paging.js';
import type { NoticeKind } from '../rules/notice-kinds.js';
import { notice, noticeDelivery } from './tables.js';

export interface NoticeFilter {
  readonly kind?: NoticeKind | undefined;
  /** Only notices that some target did not get and does not get any more. */
  readonly dead?: boolean | undefined;
}

export type ShownDelivery = Omit<typeof noticeDelivery.$inferSelect, 'noticeId'>;
export type ShownNotice = typeof notice.$inferSelect & {
  readonly deliveries: readonly ShownDelivery[];
};

const keyset = new Keyset('DESC', { id: { column: notice.id, kind: 'integer' } });

/** Lists notices with their deliveries, the newest first. */
export async function listNotices(
  reader: Reader,
  { kind, dead = false }: NoticeFilter,
  page: PageRequest,
): Promise<Page<ShownNotice>> {
  const isDead = reader
    .select({ one: sql`1` })
    .from(noticeDelivery)
    .where(allOf([eq(noticeDelivery.noticeId, notice.id), sql`${noticeDelivery.state} = 'dead'`]));
  const found = await reader
    .select()
    .from(notice)
    .where(
      allOf([
        keyset.after(page),
        kind === undefined ? undefined : eq(notice.kind, kind),
        dead ? exists(isDead) : undefined,
      ]),
    )
    .orderBy(keyset.order)
    .limit(rowsToAskFor(page));
  const ids = found.map(({ id }) => id);
  const deliveries = await reader
    .select()
    .from(noticeDelivery)
    .where(inArray(noticeDelivery.noticeId, ids))
    .orderBy(noticeDelivery.targetId);
  return keyset.page(found, page, (one) => ({
    ...one,
    deliveries: deliveries
      .filter(({ noticeId }) => noticeId === one.id)
      .map(({ noticeId: _noticeId, ...delivery }) => delivery),
  }));
}

/** Counts the deliveries of each target that wait or are dead, with the age of the one that has waited longest. */
export async function countUndelivered(reader: Reader) {
  const { targetId, state, since } = noticeDelivery;
  return reader
    .select({
      targetId,
      state,
      deliveries: sql`count(*)`.mapWith(Number),
      oldestAgeMs: sql`extract(epoch FROM now() - min(${since})) * 1000`.mapWith(Number),
    })
    .from(noticeDelivery)
    .where(sql`${state} IN ('waiting', 'dead')`)
    .groupBy(targetId, state)
    .orderBy(targetId, state);
}
