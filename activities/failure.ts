import { ApplicationFailure } from '@temporalio/activity';
import { ChainError } from '../chain/chain-error.js';
import { PoolError } from '../domain/pool-error.js';

/** The one place where an error of ours becomes a Temporal failure; others pass as they are. */
function asFailure(error: unknown): unknown {
  if (error instanceof PoolError) {
    return ApplicationFailure.create({
      type: error.code,
      message: error.message,
      nonRetryable: error.final,
      details: [error.detail],
      cause: error,
    });
  }
  if (error instanceof ChainError) {
    const { message } = error;
    return ApplicationFailure.create({ type: 'CHAIN_UNREACHABLE', message, cause: error });
  }
  return error;
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
