import { desc, sql } from 'drizzle-orm';
import type { Database, Transaction } from './database.js';
import { query } from './query.js';
import { terms } from './schema.js';

export interface TermsValues {
  readonly commissionBps: number;
  readonly thresholdWei: bigint;
  readonly minIntervalMs: number;
}

// Before any event there can be. Not the year 1: JavaScript reads Postgres' text of it as 2001.
const BEGINNING = new Date('1970-01-01T00:00:00Z');
const TERMS_LOCK = 7_215_114;

/**
 * Keeps the configured terms: a new version, in force from now on, only when they differ from the
 * latest. The first version holds from the beginning of time. Now is what the database's clock says:
 * that of a worker, an hour off, would let terms reach back or come too late.
 */
export async function recordTerms(db: Database, values: TermsValues, at?: Date): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.execute(`SELECT pg_advisory_xact_lock(${TERMS_LOCK})`);
    const [latest] = await tx.select().from(terms).orderBy(desc(terms.fromDt)).limit(1);
    const isSame =
      latest !== undefined &&
      latest.commissionBps === values.commissionBps &&
      latest.thresholdWei === values.thresholdWei &&
      latest.minIntervalMs === values.minIntervalMs;
    if (isSame) return;
    const now = at ?? (await databaseNow(tx));
    // A clock that was set back must not make the new version reach behind the latest.
    const afterLatest = latest === undefined ? BEGINNING.getTime() : latest.fromDt.getTime() + 1;
    const fromDt =
      latest === undefined ? BEGINNING : new Date(Math.max(now.getTime(), afterLatest));
    await tx.insert(terms).values({ ...values, fromDt });
  });
}

async function databaseNow(tx: Transaction): Promise<Date> {
  const [row] = await query<{ now: string }>(tx, sql`SELECT clock_timestamp() AS now`);
  if (row === undefined) throw new Error('the database does not tell its time');
  return new Date(row.now);
}
