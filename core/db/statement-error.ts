/**
 * Reduces the error of a failed statement to SQLSTATE and cause. The query builder's own error holds the whole statement and
 * its parameters, signed bytes among them, and Postgres' details quote rows: neither may reach a log, an answer or Temporal's
 * histories.
 */
import { DrizzleQueryError } from 'drizzle-orm';
import { NodePgPreparedQuery } from 'drizzle-orm/node-postgres';
import pg from 'pg';
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

/**
 * Returns the beginning of a statement, such as `INSERT INTO attempt`: keywords and the first name, and nothing that could
 * be a value.
 */
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
  if (typeof error !== 'object' || error === null) return undefined;
  const value: unknown = Reflect.get(error, key);
  return typeof value === 'string' && /^[\w.-]{1,128}$/.test(value) ? value : undefined;
}

type Query = (...args: unknown[]) => unknown;

/**
 * Makes every statement that fails on this connection throw a StatementError, whether it was sent directly or through the
 * pool.
 */
export function tellFailures(client: { readonly query: unknown }): void {
  const query = (client.query as Query).bind(client);
  const told: Query = (...args) => {
    const [asked] = args;
    const given: object = Object(asked);
    const statement = typeof asked === 'string' ? asked : Reflect.get(given, 'text');
    // A query object such as COPY is a stream and reports its own errors.
    if (typeof statement !== 'string' || 'submit' in given) return query(...args);
    const done = args.at(-1);
    if (typeof done !== 'function') return rejecting(query(...args), statement);
    const callback = (error: unknown, ...rest: unknown[]) =>
      done(error ? new StatementError(error, statement) : error, ...rest);
    return query(...args.slice(0, -1), callback);
  };
  Reflect.set(client, 'query', told);
}

async function rejecting(answer: unknown, statement: string): Promise<unknown> {
  try {
    return await answer;
  } catch (error) {
    throw new StatementError(error, statement);
  }
}

/**
 * The query builder wraps each error together with the statement and its parameters. This is the only place where that can be
 * undone, inside and outside of transactions.
 */
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
