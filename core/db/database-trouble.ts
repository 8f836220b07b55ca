/** Tells what a failed statement means for the operator. */
import { causesOf } from '../base/causes.js';
import { PoolError } from '../base/errors/pool-error.js';
import { foreignText } from '../base/foreign-text.js';

/**
 * Whether Postgres cannot be reached or takes no more work: SQLSTATE classes 08, 53 (except a full disk) and 57P, or an
 * error of the socket.
 */
export function isDatabaseAway(error: unknown): boolean {
  return [...causesOf(error)].some((cause) => {
    if (!(cause instanceof Error)) return false;
    const code = codeOf(cause);
    return (
      /^(08|53(?!100)|57P)/.test(code) ||
      /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EPIPE|ETIMEDOUT)$/.test(
        code,
      ) ||
      // The socket of the embedded server is not there.
      (code === 'ENOENT' && 'syscall' in cause && cause.syscall === 'connect') ||
      AWAY.test(cause.message)
    );
  });
}

const AWAY =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|connect ENOENT)/;

/** Returns our error code for a missing right, a full disk or a read-only session; undefined for all other errors. */
export function databaseRefusal(
  error: unknown,
): 'DATABASE_FORBIDDEN' | 'DATABASE_READ_ONLY' | 'DATABASE_FULL' | undefined {
  for (const cause of causesOf(error)) {
    const code = cause instanceof Error ? codeOf(cause) : '';
    if (code === '42501') return 'DATABASE_FORBIDDEN';
    if (code === '53100') return 'DATABASE_FULL';
    if (code === '25006') return 'DATABASE_READ_ONLY';
  }
  return undefined;
}

/**
 * Builds the error for a database that could not be opened: Postgres' message, and the statement that helps if there is
 * one.
 */
export function openingFailure(error: unknown, role: string): PoolError {
  const words = foreignText(error);
  const code = databaseRefusal(error);
  if (isDatabaseAway(error)) {
    const message = `the database cannot be reached: ${words}`;
    return new PoolError('DATABASE_UNREACHABLE', message, {}, { cause: error });
  }
  const missing = code === 'DATABASE_FORBIDDEN' ? missingRight(words, role) : undefined;
  const help = missing === undefined ? '' : `; as a role that may, run in psql: ${missing}`;
  const message = `the database cannot be opened or brought to this version: ${words}${help}`;
  return new PoolError(code ?? 'DATABASE_REFUSED', message, {}, { cause: error });
}

function missingRight(words: string, role: string): string | undefined {
  const named = (pattern: RegExp) => pattern.exec(words)?.[1];
  const quoted = (name: string) => `"${name.replaceAll('"', '')}"`;
  const to = quoted(role);
  const database = named(/permission denied for database "?([^"\s]+)/);
  if (database !== undefined) return `GRANT CREATE ON DATABASE ${quoted(database)} TO ${to}`;
  const schema = named(/permission denied for schema "?([^"\s]+)/);
  if (schema !== undefined) return `GRANT USAGE, CREATE ON SCHEMA ${quoted(schema)} TO ${to}`;
  const owned = named(
    /(?:must be owner of|permission denied for) (?:table|relation|sequence|view) "?([^"\s]+)/,
  );
  return owned === undefined ? undefined : `ALTER TABLE ${quoted(owned)} OWNER TO ${to}`;
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}
