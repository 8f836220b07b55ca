/**
 * Reduces the error of a failed statement to SQLSTATE and cause. The query builder's own error holds the whole statement and
 * its parameters, signed bytes among them, and Postgres' details quote rows: neither may reach a log, an answer or Temporal's
 * histories.
 */
import { DrizzleQueryError } from 'drizzle-orm';
import { NodePgPreparedQuery } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { causesOf, codeOf, fieldOf } from '../base/causes.js';
import { PoolError } from '../base/errors/pool-error.js';
import { foreignText } from '../base/foreign-text.js';

/** A statement that Postgres refused, or that never reached it. */
export class StatementError extends Error {
  override readonly name = 'StatementError';
  /** Postgres' SQLSTATE, or what the socket says (`ECONNREFUSED`); empty when neither has a code. */
  readonly code: string;
  readonly table: string | undefined;
  readonly column: string | undefined;
  readonly constraint: string | undefined;

  /** @param statement its text; the message only tells what it does and to which table */
  constructor(cause: unknown, statement: string) {
    const code = textOf(cause, 'code') ?? '';
    const state = code === '' ? '' : ` (${code})`;
    super(`${foreignText(cause)}${state}, in ${outline(statement)}`);
    this.code = code;
    this.table = textOf(cause, 'table');
    this.column = textOf(cause, 'column');
    this.constraint = textOf(cause, 'constraint');
  }
}

/** Returns the reduced error for one of the query builder or of Postgres; all others stay as they are. */
export function statementError(error: unknown): unknown {
  if (error instanceof pg.DatabaseError) return new StatementError(error, '');
  if (!(error instanceof DrizzleQueryError)) return error;
  const { cause, query } = error;
  // An error from inside a transaction is reduced already.
  return cause instanceof StatementError ? cause : new StatementError(cause ?? error.name, query);
}

/** Returns the beginning of a statement, such as `INSERT INTO attempt`, and nothing that could be a value. */
function outline(statement: string): string {
  const words = statement
    .replace(/--[^\n]*|\/\*[\s\S]*?\*\//g, ' ')
    .trim()
    .split(/[\s(;]+/, 4)
    .map((word) => word.replaceAll('"', ''));
  const plain = words.findIndex((word) => !/^[a-z_][\w.]*$/i.test(word));
  const shown = words.slice(0, plain === -1 ? words.length : plain);
  const last = /^(INSERT|DELETE)$/i.test(shown[0] ?? '') ? 3 : 2;
  return shown.slice(0, last).join(' ') || 'a statement';
}

function textOf(error: unknown, key: string): string | undefined {
  const value = fieldOf(error, key);
  return typeof value === 'string' && /^[\w.-]{1,128}$/.test(value) ? value : undefined;
}

type Query = (...args: unknown[]) => unknown;

/** Makes every statement that fails on this connection throw a StatementError, also one sent past the query builder. */
export function tellFailures(client: { readonly query: unknown }): void {
  const query = (client.query as Query).bind(client);
  const told: Query = (...args) => {
    const [asked] = args;
    const statement = typeof asked === 'string' ? asked : fieldOf(asked, 'text');
    // A query object such as COPY is a stream and reports its own errors.
    const isStream = fieldOf(asked, 'submit') !== undefined;
    if (typeof statement !== 'string' || isStream) return query(...args);
    const done = args.at(-1);
    if (typeof done !== 'function') {
      return Promise.resolve(query(...args)).catch((error: unknown) => {
        throw new StatementError(error, statement);
      });
    }
    const callback = (error: unknown, ...rest: unknown[]) =>
      done(error ? new StatementError(error, statement) : error, ...rest);
    return query(...args.slice(0, -1), callback);
  };
  Reflect.set(client, 'query', told);
}

/** The query builder wraps errors with the statement and its parameters; only here can that be undone everywhere. */
const { execute } = NodePgPreparedQuery.prototype;
NodePgPreparedQuery.prototype.execute = async function told(
  this: NodePgPreparedQuery<never>,
  ...args
) {
  try {
    return await execute.apply(this, args);
  } catch (error) {
    throw statementError(error);
  }
};

/** Whether Postgres is out of reach or takes no more work: SQLSTATE 08, 53 (but a full disk), 57P, or the socket. */
export function isDatabaseAway(error: unknown): boolean {
  return [...causesOf(error)].some((cause) => {
    if (!(cause instanceof Error)) return false;
    const code = codeOf(cause);
    return (
      /^(08|53(?!100)|57P)/.test(code) ||
      SOCKET.test(code) ||
      // The socket of the embedded server is not there.
      (code === 'ENOENT' && 'syscall' in cause && cause.syscall === 'connect') ||
      AWAY.test(cause.message)
    );
  });
}

const SOCKET =
  /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EPIPE|ETIMEDOUT)$/;
const AWAY =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|connect ENOENT)/;

/** Returns our error code for a missing right, a full disk or a read-only session; undefined for all other errors. */
export function databaseRefusal(
  error: unknown,
): 'DATABASE_FORBIDDEN' | 'DATABASE_READ_ONLY' | 'DATABASE_FULL' | undefined {
  for (const cause of causesOf(error)) {
    const code = codeOf(cause);
    if (code === '42501') return 'DATABASE_FORBIDDEN';
    if (code === '53100') return 'DATABASE_FULL';
    if (code === '25006') return 'DATABASE_READ_ONLY';
  }
  return undefined;
}

/** Builds the error for a database that could not be opened, with the statement that helps if there is one. */
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

const DENIED =
  /(?:permission denied for (database|schema)|(?:must be owner of|permission denied for) (?:table|relation|sequence|view)) "?([^"\s]+)/;

function missingRight(words: string, role: string): string | undefined {
  const quoted = (name: string) => `"${name.replaceAll('"', '')}"`;
  const [, kind, name] = DENIED.exec(words) ?? [];
  if (name === undefined) return undefined;
  const [what, to] = [quoted(name), quoted(role)];
  if (kind === 'database') return `GRANT CREATE ON DATABASE ${what} TO ${to}`;
  if (kind === 'schema') return `GRANT USAGE, CREATE ON SCHEMA ${what} TO ${to}`;
  return `ALTER TABLE ${what} OWNER TO ${to}`;
}
