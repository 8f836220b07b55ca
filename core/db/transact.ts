import { setTimeout as sleep } from 'node:timers/promises';
import { sql, TransactionRollbackError } from 'drizzle-orm';
import { causesOf, codeOf } from '../base/causes.js';
import type { Database, Reader, Transaction } from './database.js';

const MAX_TRIES = 5;
/** SQLSTATEs of a deadlock and of a serialization failure: the transaction did nothing and may run again. */
const TRY_AGAIN = new Set(['40P01', '40001']);

/** Runs one transaction, and runs it again when Postgres ended it because of a deadlock or a serialization failure. */
export async function transact<T>(db: Reader, work: (tx: Transaction) => Promise<T>): Promise<T> {
  return retried(() => db.transaction(work), TRY_AGAIN, MAX_TRIES);
}

/** Does the work, and does it again after a moment while it ends with one of these SQLSTATEs. */
export async function retried<T>(
  work: () => Promise<T>,
  states: ReadonlySet<string>,
  maxTries: number,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (tries >= maxTries || !states.has(sqlState(error))) throw error;
      await sleep(tries * 20 * Math.random());
    }
  }
}

/** Whether the data is at fault (data exceptions, constraints, triggers): the same statement would fail again. */
export function isOfData(error: unknown): boolean {
  return /^(22|23|P0)/.test(sqlState(error));
}

/** Runs the work in a transaction that is rolled back, and returns its result or throws its error. */
export async function rehearse<T>(db: Reader, work: (tx: Transaction) => Promise<T>): Promise<T> {
  let result: T | undefined;
  const rehearsal = db.transaction(async (tx) => {
    result = await work(tx);
    tx.rollback();
  });
  await rehearsal.catch((error: unknown) => {
    if (!(error instanceof TransactionRollbackError)) throw error;
  });
  if (result === undefined) throw new RangeError('a rehearsal came to nothing');
  return result;
}

/** Does the work; in a dry run, it is undone again. */
export function changeOrRehearse<T>(
  db: Reader,
  dryRun: boolean,
  work: (reader: Reader) => Promise<T>,
): Promise<T> {
  return dryRun ? rehearse(db, work) : work(db);
}

/** Returns the SQLSTATE of an error, also when the query builder has wrapped it; empty when there is none. */
export function sqlState(error: unknown): string {
  return [...causesOf(error)].map(codeOf).find((code) => code !== '') ?? '';
}

/** Runs reads that see one moment of the database, in a transaction that cannot write. */
export function inSnapshot<T>(db: Database, work: (tx: Transaction) => Promise<T>): Promise<T> {
  const settings = { isolationLevel: 'repeatable read', accessMode: 'read only' } as const;
  return db.transaction(async (tx) => {
    // A month of raw events takes its time, and nobody waits for this.
    await tx.execute(sql`SET LOCAL statement_timeout = 0`);
    return work(tx);
  }, settings);
}
