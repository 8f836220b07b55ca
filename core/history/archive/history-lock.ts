/**
 * One at a time: whoever reads the whole history, or moves months of it between table and files. A
 * lock of the session, so that it ends with the process that holds it.
 */
import { setTimeout } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import { PoolError } from '../../base/errors/pool-error.js';
import type { Database } from '../../db/database.js';
import { LOCKS } from '../../db/locks.js';

/** Years of events take longer than any request may. */
const TIMEOUTS = ['statement_timeout', 'idle_in_transaction_session_timeout'] as const;
/** For a connection that still has something to say. */
const GIVE_BACK_MS = 1_000;

/** Gives the work the connection that holds the lock; what it opened there is rolled back when it fails. */
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
    // Closing the connection gives all back too, but only when Postgres has noticed.
    if (isBroken)
      await Promise.race([giveBack(client), setTimeout(GIVE_BACK_MS, undefined, { ref: false })]);
    throw error;
  } finally {
    client.release(isBroken);
  }
}

/** Answers the statement that sets them as they were: the session was given its own, which RESET would forget. */
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
