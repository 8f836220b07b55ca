/**
 * The lock for work on the whole history: rebuild, archive run and restore exclude each other. It is an advisory lock of a
 * database session, so it ends with the process that holds it.
 */
import { setTimeout } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import { PoolError } from '../../base/errors/pool-error.js';
import type { Database } from '../../db/database.js';
import { LOCKS } from '../../db/locks.js';

/**
 * These time-outs are switched off while the lock is held, because reading years of events takes longer than a request may.
 */
const TIMEOUTS = ['statement_timeout', 'idle_in_transaction_session_timeout'] as const;
/** After a failure, this is how long the release of the lock may take before the connection is simply closed. */
const GIVE_BACK_MS = 1_000;

/**
 * Runs the work with the connection that holds the lock, and rolls back its open transaction when it fails. Throws
 * HISTORY_BUSY when somebody else holds the lock.
 */
export async function withHistoryLock<T>(
  db: Database,
  work: (client: PoolClient) => Promise<T>,
): Promise<T> {
  const client = await db.$client.connect();
  let isBroken = true;
  try {
    const { rows } = await client.query('SELECT pg_try_advisory_lock($1) AS got', [LOCKS.history]);
    if (rows[0]?.got !== true) {
      isBroken = false;
      const message = 'a rebuild or an archive run has the raw events in its hands';
      throw new PoolError('HISTORY_BUSY', message);
    }
    const timeouts = await liftTimeouts(client);
    const result = await work(client);
    await client.query(timeouts);
    await client.query('SELECT pg_advisory_unlock($1)', [LOCKS.history]);
    isBroken = false;
    return result;
  } catch (error) {
    // Closing the connection releases the lock, too, but only once Postgres has noticed.
    if (isBroken)
      await Promise.race([giveBack(client), setTimeout(GIVE_BACK_MS, undefined, { ref: false })]);
    throw error;
  } finally {
    client.release(isBroken);
  }
}

/** Switches the time-outs off, and returns the statement that restores the session's own values, which RESET would not. */
async function liftTimeouts(client: PoolClient): Promise<string> {
  const shown = TIMEOUTS.map((name) => `current_setting('${name}') AS ${name}`);
  const { rows } = await client.query<Record<string, string>>(`SELECT ${shown.join(', ')}`);
  await client.query(TIMEOUTS.map((name) => `SET ${name} = 0`).join('; '));
  return TIMEOUTS.map((name) => `SET ${name} = '${rows[0]?.[name] ?? '60s'}'`).join('; ');
}

async function giveBack(client: PoolClient): Promise<void> {
  try {
    await client.query('ROLLBACK');
    await client.query('SELECT pg_advisory_unlock($1)', [LOCKS.history]);
  } catch {
    // The connection is gone, and the lock with it.
  }
}
