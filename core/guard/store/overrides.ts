/** Keeps what operators decide instead of the guard: dated, with a reason, in the audit log. */
import { and, desc, eq, gt, isNull, lte, sql } from 'drizzle-orm';
import { PoolError } from '../../base/errors/pool-error.js';
import type { Reader } from '../../db/database.js';
import { Keyset, type Page, type PageRequest, rowsToAskFor } from '../../db/paging.js';
import { type Decision, recordDecision } from '../../ledger/store/audit-log.js';
import { remoteWorker } from '../../ledger/store/tables.js';
import type { Override } from '../rules/override.js';
import { guardOverride } from './tables.js';

export type KeptOverride = typeof guardOverride.$inferSelect;

export interface NewOverride extends Omit<Override, 'id'> {
  /** From when on it holds; the present moment when absent. */
  readonly from: Date | null;
  readonly until: Date;
}

/** Records a decision. Throws PAYEE_UNKNOWN for a stranger, and REQUEST_INVALID for an end that does not come after the beginning. */
export async function addOverride(
  tx: Reader,
  order: NewOverride & Decision,
): Promise<KeptOverride> {
  const { from, until, actor, reason, ...place } = order;
  const fromDt = from ?? new Date();
  if (until.getTime() <= Math.max(fromDt.getTime(), Date.now())) {
    const message = `until ${until.toISOString()} has gone by, or is before it begins`;
    throw new PoolError('REQUEST_INVALID', message);
  }
  if (place.modelId !== null && place.pipeline === null) {
    throw new PoolError('REQUEST_INVALID', 'name the pipeline together with the model');
  }
  const [known] = await tx
    .select({ id: remoteWorker.id })
    .from(remoteWorker)
    .where(eq(remoteWorker.payee, place.payee))
    .limit(1);
  if (known === undefined) {
    throw new PoolError('PAYEE_UNKNOWN', `no remote worker of ${place.payee} was ever seen`);
  }
  const [made] = await tx
    .insert(guardOverride)
    .values({ ...place, fromDt, untilDt: until, actor, reason })
    .returning();
  if (made === undefined) throw new RangeError('the override was not written');
  await recordDecision(tx, {
    actor,
    reason,
    action: 'guard.override',
    subject: place.payee,
    detail: { ...detailOf(made), from: fromDt.toISOString(), until: until.toISOString() },
  });
  return made;
}

/** Ends an override now. Throws OVERRIDE_NOT_FOUND when there is none with this id that still holds or is to come. */
export async function withdrawOverride(
  tx: Reader,
  id: number,
  { actor, reason }: Decision,
): Promise<KeptOverride> {
  const [ended] = await tx
    .update(guardOverride)
    .set({ withdrawnAt: new Date(), withdrawnBy: actor })
    .where(
      and(
        eq(guardOverride.id, id),
        isNull(guardOverride.withdrawnAt),
        gt(guardOverride.untilDt, sql`now()`),
      ),
    )
    .returning();
  if (ended === undefined) {
    throw new PoolError('OVERRIDE_NOT_FOUND', `no override ${id} holds or is to come`);
  }
  await recordDecision(tx, {
    actor,
    reason,
    action: 'guard.withdraw',
    subject: ended.payee,
    detail: detailOf(ended),
  });
  return ended;
}

function detailOf(one: KeptOverride): Record<string, string> {
  const { id, state, nodeType, region, pipeline, modelId } = one;
  const named = { nodeType, region, pipeline, modelId };
  const said = Object.entries(named).flatMap(([key, value]) =>
    value === null ? [] : [[key, value]],
  );
  return { override: String(id), state, ...Object.fromEntries(said) };
}

/** Reads the overrides that hold now. */
export async function readOverrides(reader: Reader): Promise<readonly KeptOverride[]> {
  const { fromDt, untilDt, withdrawnAt } = guardOverride;
  return reader
    .select()
    .from(guardOverride)
    .where(and(isNull(withdrawnAt), lte(fromDt, sql`now()`), gt(untilDt, sql`now()`)))
    .orderBy(guardOverride.id);
}

const NEWEST = new Keyset('DESC', { id: { column: guardOverride.id, kind: 'integer' } });

/** Lists all overrides of the last 400 days, the newest first. */
export async function listOverrides(
  reader: Reader,
  page: PageRequest,
): Promise<Page<KeptOverride>> {
  const found = await reader
    .select()
    .from(guardOverride)
    .where(NEWEST.after(page))
    .orderBy(desc(guardOverride.id))
    .limit(rowsToAskFor(page));
  return NEWEST.page(found, page, (row) => row);
}
