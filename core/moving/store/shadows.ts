/** Whether this pool runs beside another manager, and what the comparisons with it came to. */
import { desc, eq, sql } from 'drizzle-orm';
import { PoolError } from '../../base/errors/pool-error.js';
import type { Database, Reader, Transaction } from '../../db/database.js';
import { query } from '../../db/query.js';
import { transact } from '../../db/transact.js';
import { type Decision, MANAGER, recordDecision } from '../../ledger/store/audit-log.js';
import type { BookDifference } from '../rules/books.js';
import { type ShadowFigures, shadowFault } from '../rules/shadow-report.js';
import { shadow, shadowComparison, shadowDifference } from './tables.js';

export type ShadowRow = typeof shadow.$inferSelect;

export async function findShadow(reader: Reader): Promise<ShadowRow | undefined> {
  const [row] = await reader.select().from(shadow);
  return row;
}

/**
 * Begins shadow mode when the configuration has it and the ledger is new, and returns whether the pool is in it. A file without
 * it ends nothing: only a promotion does. Throws SHADOW_TOO_LATE for a ledger that has opened a wallet or reserved payouts.
 */
export async function openShadow(db: Database, isConfigured: boolean): Promise<boolean> {
  return transact(db, async (tx) => {
    const known = await findShadow(tx);
    if (known !== undefined) return known.promotedAt === null;
    if (!isConfigured) return false;
    await tx.execute(sql`LOCK TABLE payout, wallet IN SHARE ROW EXCLUSIVE MODE`);
    const used = await query(tx, sql`SELECT FROM payout UNION ALL SELECT FROM wallet LIMIT 1`);
    if (used.length > 0) {
      throw new PoolError(
        'SHADOW_TOO_LATE',
        'this ledger has opened a wallet: it cannot run beside another manager',
      );
    }
    await tx.insert(shadow).values({}).onConflictDoNothing();
    const reason = 'the configuration has a section `shadow`';
    await recordDecision(tx, { actor: MANAGER, reason, action: 'shadow.begin', subject: 'pool' });
    return true;
  });
}

/** Ends shadow mode, in the transaction that takes over what the other manager has paid. */
export async function endShadow(tx: Transaction, { actor, reason }: Decision): Promise<void> {
  const ended = await tx
    .update(shadow)
    .set({ promotedAt: sql`now()`, promotedBy: actor, promoteReason: reason })
    .where(sql`promoted_at IS NULL`)
    .returning({ one: shadow.one });
  if (ended.length === 0)
    throw new PoolError('SHADOW_NOT_ON', 'this pool does not run beside another manager');
  await recordDecision(tx, { actor, reason, action: 'shadow.promote', subject: 'pool' });
}

export interface Compared {
  readonly basis: 'http' | 'file';
  readonly place: string;
  readonly failure: string | null;
  readonly books: readonly (BookDifference & { readonly offsets?: readonly bigint[] })[];
}

/** Stores a comparison with every payee of which the two do not say exactly the same, or that is unexplained. */
export async function keepComparison(db: Database, compared: Compared): Promise<void> {
  const { basis, place, failure, books } = compared;
  await transact(db, async (tx) => {
    const unexplained = books.filter(({ unexplainedWei }) => unexplainedWei !== 0n).length;
    const [made] = await tx
      .insert(shadowComparison)
      .values({ basis, place, failure, workers: books.length, unexplained })
      .returning({ id: shadowComparison.id });
    if (made === undefined || books.length === 0) return;
    const rows = books.map(({ payee, causes, offsets = [], ...sums }) => ({
      comparisonId: made.id,
      address: payee,
      ...sums,
      causes: Object.fromEntries([...causes].map(([name, wei]) => [name, wei.toString()])),
      offsets: offsets.map(String),
    }));
    for (let i = 0; i < rows.length; i += ROWS_AT_ONCE) {
      await tx.insert(shadowDifference).values(rows.slice(i, i + ROWS_AT_ONCE));
    }
  });
}

const ROWS_AT_ONCE = 5_000;

export type Comparison = typeof shadowComparison.$inferSelect;
export type PayeeDifference = typeof shadowDifference.$inferSelect;

/** The last comparisons, the newest first. */
export function listComparisons(reader: Reader, limit: number): Promise<readonly Comparison[]> {
  return reader.select().from(shadowComparison).orderBy(desc(shadowComparison.id)).limit(limit);
}

/** The figures of a pool in shadow mode; undefined when it is in none. */
export async function readShadowFigures(reader: Reader): Promise<ShadowFigures | undefined> {
  const row = await findShadow(reader);
  if (row === undefined || row.promotedAt !== null) return undefined;
  const [last] = await listComparisons(reader, 1);
  return { beganAt: row.beganAt, last };
}

export function differencesOfComparison(
  reader: Reader,
  id: number,
): Promise<readonly PayeeDifference[]> {
  return reader
    .select()
    .from(shadowDifference)
    .where(eq(shadowDifference.comparisonId, id))
    .orderBy(sql`${shadowDifference.unexplainedWei} = 0, ${shadowDifference.address}`);
}

/** What may be from before the ledger's first event, by address, as the last comparison over HTTP that worked has left it. */
export async function lastOffsets(reader: Reader): Promise<ReadonlyMap<string, readonly bigint[]>> {
  const found = await reader
    .select({ address: shadowDifference.address, offsets: shadowDifference.offsets })
    .from(shadowDifference)
    .where(
      sql`comparison_id = (SELECT max(id) FROM shadow_comparison WHERE basis = 'http' AND failure IS NULL)`,
    );
  return new Map(found.map(({ address, offsets }) => [address, offsets.map(BigInt)]));
}

/** Whether every source is read from its beginning, so that the ledger has all that the orchestrators still have. */
export async function readsFromBeginning(reader: Reader): Promise<boolean> {
  const late = await query(
    reader,
    sql`SELECT FROM source WHERE removed_at IS NULL AND from_dt IS NOT NULL LIMIT 1`,
  );
  return late.length === 0;
}

const COMPARISONS = 14;

/** What API and command line show: the row of shadow mode, what stands against a promotion, and the last comparisons. */
export async function readShadowReport(reader: Reader, nowMs: number) {
  const row = await findShadow(reader);
  const comparisons = await listComparisons(reader, COMPARISONS);
  const [last] = comparisons;
  const payees = last === undefined ? [] : await differencesOfComparison(reader, last.id);
  const isOn = row !== undefined && row.promotedAt === null;
  return { row, fault: isOn ? shadowFault(last, nowMs) : null, comparisons, payees };
}
