import { TransactionRollbackError } from 'drizzle-orm';
import type { Reader, Transaction } from './database.js';

const MAX_TRIES = 5;
/** Deadlock detected, serialization failure: the transaction did nothing and may run again. */
const TRY_AGAIN = new Set(['40P01', '40001']);

/** Runs one transaction, again when Postgres chose it as a deadlock's victim. */
export async function transact<T>(db: Reader, work: (tx: Transaction) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await db.transaction(work);
    } catch (error) {
      if (tries >= MAX_TRIES || !TRY_AGAIN.has(sqlState(error))) throw error;
      await new Promise((resolve) => setTimeout(resolve, tries * 20 * Math.random()));
    }
  }
}

/** Whether the data is at fault (data exceptions, constraints, triggers): the same statement would fail again. */
export function isOfData(error: unknown): boolean {
  return /^(22|23|P0)/.test(sqlState(error));
}

/** Runs the work in a transaction that is rolled back, and gives its result or throws its error. */
export async function rehearse<T>(db: Reader, work: (tx: Transaction) => Promise<T>): Promise<T> {
  const results: T[] = [];
  try {
    await db.transaction(async (tx) => {
      results.push(await work(tx));
      tx.rollback();
    });
  } catch (error) {
    if (!(error instanceof TransactionRollbackError)) throw error;
  }
  const [result] = results;
  if (result === undefined) throw new RangeError('a rehearsal came to nothing');
  return result;
}

/** Postgres' five-character code of an error, through the wrapping of the query builder. */
export function sqlState(error: unknown): string {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'string') return cause.code;
  }
  return '';
}
