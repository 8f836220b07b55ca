/** What a failed statement means for whoever runs the pool. */
import { causesOf } from '../base/causes.js';
import { PoolError } from '../base/errors/pool-error.js';
import { foreignText } from '../base/foreign-text.js';

/** SQLSTATE classes 08, 53 (without a full disk) and 57P, or what a socket says when nobody listens. */
export function isDatabaseAway(error: unknown): boolean {
  return [...causesOf(error)].some((cause) => {
    if (!(cause instanceof Error)) return false;
    const code = codeOf(cause);
    return (
      /^(08|53(?!100)|57P)/.test(code) ||
      /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EPIPE|ETIMEDOUT)$/.test(
        code,
      ) ||
      // The socket of the embedded one is not there.
      (code === 'ENOENT' && 'syscall' in cause && cause.syscall === 'connect') ||
      AWAY.test(cause.message)
    );
  });
}

const AWAY =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|connect ENOENT)/;

/** The code of ours that says what Postgres refused; undefined when it refused nothing of the kind. */
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

/** Why the database could not be opened, in Postgres' own words, and the statement that helps where one does. */
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
