/**
 * The lock for work on the whole history: rebuild, archive run and restore exclude each other. It is an advisory lock of a
 * database session, so it ends with the process that holds it.
 */
import { setTimeout } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import { PoolError } from '../../base/errors/pool-error.js';
import type { Database } from '../../db/database.js';
import { LOCKS } from '../../db/locks.js';

/** This is how long the release of the lock may take before the connection is simply closed. */
const GIVE_BACK_MS = 5_000;

/**
 * Runs the work with the connection that holds the lock, and rolls back its open transaction when it fails. Throws
 * HISTORY_BUSY when somebody else holds the lock. The connection has no time-outs, because reading years of events takes
 * longer than a request may; it is closed afterwards.
 */
export async function withHistoryLock<T>(
  db: Database,
  work: (client: PoolClient) => Promise<T>,
): Promise<T> {
  const client = await db.$client.connect();
  // Nobody knows whether a statement that failed has locked, so such a connection is closed as well.
  let mayHold = true;
  try {
    const { rows } = await client.query('SELECT pg_try_advisory_lock($1) AS got', [LOCKS.history]);
    mayHold = rows[0]?.got === true;
    if (!mayHold) {
      const message = 'a rebuild or an archive run has the raw events in its hands';
      throw new PoolError('HISTORY_BUSY', message);
    }
    await client.query('SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0');
    return await work(client);
  } finally {
    // Closing the connection releases the lock, too, but only once Postgres has noticed.
    if (mayHold)
      await Promise.race([giveBack(client), setTimeout(GIVE_BACK_MS, undefined, { ref: false })]);
    client.release(mayHold);
  }
}

async function giveBack(client: PoolClient): Promise<void> {
  try {
    await client.query('ROLLBACK');
    await client.query('SELECT pg_advisory_unlock($1)', [LOCKS.history]);
  } catch {
    // The connection is gone, and the lock with it.
  }
}
