/** How a starting process reaches Postgres: it waits while Postgres is away, and throws what Postgres refuses. */
import { PoolError } from '../core/base/errors/pool-error.js';
import { foreignText } from '../core/base/foreign-text.js';
import type { Database } from '../core/db/database.js';
import { isDatabaseAway, openingFailure } from '../core/db/statement-error.js';
import { again } from './again.js';
import type { Log } from './log.js';

interface Waiting {
  readonly db: Database;
  readonly log: Log;
  /** Ends the wait when it is aborted. */
  readonly signal: AbortSignal;
}

/**
 * Runs a step that needs Postgres, and repeats it while Postgres is away: Postgres may start later than we do, or stop
 * in the middle of the step. When Postgres refuses something, throws an error with a code and Postgres' own message.
 */
export function untilDatabaseAnswers<T>(
  { db, log, signal }: Waiting,
  work: () => Promise<T>,
): Promise<T> {
  const { user, place } = whereabouts(db);
  return again(signal, work, (error, nextTry) => {
    if (signal.aborted || error instanceof PoolError) throw error;
    if (!isDatabaseAway(error)) throw openingFailure(error, user);
    log.warn(
      { code: 'DATABASE_UNREACHABLE', address: place },
      `Postgres at ${place} does not answer (${foreignText(error)}): start it, or correct ` +
        `\`database\`; ${nextTry}`,
    );
  });
}

/** The server's host and port, or its socket's directory, and the user; for messages, so without the password. */
function whereabouts(db: Database): { readonly user: string; readonly place: string } {
  const url = new URL(db.$client.options.connectionString ?? 'postgres://localhost');
  const place = url.searchParams.get('host') ?? url.host;
  return { user: decodeURIComponent(url.username) || 'openpool', place };
}
