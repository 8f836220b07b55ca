/** Starting and telling the sagas of payouts. Postgres, not a workflow's id, keeps a payout from being paid twice. */
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { formatEth } from '../core/base/money.js';
import type { OpenPayoutRow } from '../core/payouts/store/payout-progress.js';
import {
  amountWeiKey,
  laneQueue,
  payeeKey,
  payoutStateKey,
  payoutWorkflowId,
  pokeSignal,
  poolIdKey,
  taskQueueOf,
} from '../workflows/contract.js';

export interface SagaDeps {
  /** On the connection of the worker itself, which takes up at once what it starts. */
  readonly client: Client;
  readonly poolId: string;
}

/** How many calls to Temporal are under way at once. */
const AT_ONCE = 20;

/** Finds the saga that runs, or starts one. */
export async function startSagas(
  deps: SagaDeps,
  payouts: readonly OpenPayoutRow[],
  onProgress: (words: string) => void = () => undefined,
): Promise<void> {
  await inPortions(payouts, (payout) => startSaga(deps, payout), onProgress);
}

async function startSaga({ client, poolId }: SagaDeps, payout: OpenPayoutRow): Promise<void> {
  const { payoutId, payee, amountWei, state } = payout;
  await client.workflow.start('payout', {
    workflowId: payoutWorkflowId(poolId, payoutId),
    taskQueue: laneQueue(taskQueueOf(poolId), 'payouts'),
    args: [{ poolId, payoutId }],
    memo: { pool: poolId },
    requestEagerStart: true,
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    typedSearchAttributes: [
      { key: poolIdKey, value: poolId },
      { key: payoutStateKey, value: state },
      { key: payeeKey, value: payee },
      { key: amountWeiKey, value: amountWei.toString() },
    ],
    staticSummary: `${formatEth(amountWei)} ETH to ${payee}`,
  });
}

/** Tells sagas that their payouts stand differently. One that does not run needs to know nothing. */
export async function tellSagas(
  { client, poolId }: SagaDeps,
  payoutIds: readonly string[],
): Promise<void> {
  await inPortions(payoutIds, async (payoutId) => {
    try {
      await client.workflow.getHandle(payoutWorkflowId(poolId, payoutId)).signal(pokeSignal);
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  });
}

async function inPortions<Item>(
  items: readonly Item[],
  call: (item: Item) => Promise<void>,
  onProgress: (words: string) => void = () => undefined,
): Promise<void> {
  const left = items.values();
  let done = 0;
  const work = async () => {
    for (const item of left) {
      await call(item);
      done += 1;
      if (done % AT_ONCE === 0) onProgress(`${done} of ${items.length}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}
