/** Keeps a worker's activities from working for another pool, whatever queue the task came from. */
import { ApplicationFailure } from '@temporalio/activity';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';

/** Compares the pool id in an activity's input with the worker's before the activity runs. */
export function guardPool(poolId: string): ActivityInboundCallsInterceptor {
  return {
    execute(input, next) {
      const [first] = input.args;
      const claimed =
        typeof first === 'object' && first !== null && 'poolId' in first ? first.poolId : undefined;
      if (claimed === poolId) return next(input);
      const whose = claimed === undefined ? 'no pool' : `pool ${JSON.stringify(claimed)}`;
      throw ApplicationFailure.create({
        type: 'POOL_WRONG',
        message: `this worker is of pool "${poolId}", the task of ${whose}`,
        nonRetryable: true,
      });
    },
  };
}
