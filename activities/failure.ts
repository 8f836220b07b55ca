import { ApplicationFailure } from '@temporalio/activity';
import { TemporalFailure } from '@temporalio/common';
import { PoolError } from '../core/base/errors/pool-error.js';
import { foreignText, visible } from '../core/base/foreign-text.js';
import { ChainError } from '../core/chain/endpoint-error.js';
import { statementError } from '../core/db/statement-error.js';

/** The names of errors of Temporal's that are no TemporalFailure. */
const OF_TEMPORAL: ReadonlySet<string> = new Set(['AbortError', 'CompleteAsyncError']);
/** A history keeps at most this many causes of an error; deeper ones are left out. */
const MOST_CAUSES = 5;

/**
 * Turns any error into the one that Temporal writes into the history. Everybody who can reach Temporal can read
 * histories, so an error that is not ours is reduced to its name, its cleaned message and its stack.
 */
function asFailure(error: unknown): unknown {
  if (error instanceof PoolError) {
    return ApplicationFailure.create({
      type: error.code,
      message: visible(error.message, 'lines'),
      nonRetryable: error.final,
      details: [error.detail],
      ...causeOf(error, 0),
    });
  }
  if (error instanceof ChainError) {
    const { message } = error;
    return ApplicationFailure.create({ type: 'CHAIN_UNREACHABLE', message, ...causeOf(error, 0) });
  }
  // Temporal's own errors pass unchanged, and so does the abort of a cancelled activity.
  const isOfTemporal = error instanceof Error && OF_TEMPORAL.has(error.name);
  return isOfTemporal || error instanceof TemporalFailure ? error : told(error, 0);
}

/** Copies the error with its name, cleaned message, stack frames and causes, for Temporal to make the failure from. */
function told(error: unknown, depth: number): Error {
  const known = statementError(error);
  const made = new Error(foreignText(known), causeOf(known, depth));
  if (!(known instanceof Error)) return made;
  made.name = known.name;
  const frames = (known.stack ?? '').split('\n').filter((line) => /^ {4}at /.test(line));
  made.stack = [`${known.name}: ${made.message}`, ...frames].join('\n');
  return made;
}

function causeOf(error: unknown, depth: number): { readonly cause?: Error } {
  if (!(error instanceof Error) || depth >= MOST_CAUSES) return {};
  const { cause } = error;
  return cause === undefined || cause === null ? {} : { cause: told(cause, depth + 1) };
}

/** Wraps an activity so that its errors reach the workflow with their codes. */
export function guarded<Args extends readonly unknown[], Result>(
  activity: (...args: Args) => Promise<Result>,
): (...args: Args) => Promise<Result> {
  return async (...args) => {
    try {
      return await activity(...args);
    } catch (error) {
      throw asFailure(error);
    }
  };
}
