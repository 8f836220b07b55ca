import { ApplicationFailure } from '@temporalio/activity';
import { TemporalFailure } from '@temporalio/common';
import { PoolError } from '../core/base/errors/pool-error.js';
import { foreignText, visible } from '../core/base/foreign-text.js';
import { ChainError } from '../core/chain/endpoint-error.js';
import { statementError } from '../core/db/statement-error.js';

/** What a history keeps of the reasons behind an error. */
const MOST_CAUSES = 5;

/**
 * The one place where an error of ours becomes a Temporal failure. Histories are read by whoever reaches
 * Temporal: of errors that are not ours, they keep the name, cleaned words and where it happened.
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
    return ApplicationFailure.create({
      ...{ type: 'CHAIN_UNREACHABLE', message },
      ...causeOf(error, 0),
    });
  }
  // What Temporal itself throws, and how a cancelled activity ends.
  if (error instanceof TemporalFailure || isOfTemporal(error)) return error;
  return told(error, 0);
}

const OF_TEMPORAL = new Set(['AbortError', 'CompleteAsyncError']);

function isOfTemporal(error: unknown): boolean {
  return error instanceof Error && OF_TEMPORAL.has(error.name);
}

/** An ordinary error with the same name, as Temporal makes one of whatever is thrown. */
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

/** An activity whose errors reach the workflow by their codes. */
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
