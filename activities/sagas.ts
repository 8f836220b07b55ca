/** Starts the sagas of payouts and sends them messages. Postgres prevents a double payment, not the workflow's id. */
import { type Client, isGrpcServiceError, WorkflowNotFoundError } from '@temporalio/client';
import { foreignText } from '../core/base/foreign-text.js';
import { formatEth } from '../core/base/money.js';
import { SagasRefused } from '../core/payouts/settling/settler.js';
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
  /** A client on the worker's own connection: only then can this worker begin at once what it starts (eager start). */
  readonly client: Client;
  readonly poolId: string;
}

/** At most this many calls to Temporal run at the same time. */
const AT_ONCE = 20;
/** An error message names at most this many of the sagas that failed. */
const MOST_NAMED = 10;
/** DEADLINE_EXCEEDED and UNAVAILABLE: Temporal itself is out of reach, so further calls would fail as well. */
const AWAY_CODES: readonly number[] = [4, 14];

/** Starts a saga for each payout that has none running. Tries all; throws SagasRefused with those that failed. */
export async function startSagas(
  deps: SagaDeps,
  payouts: readonly OpenPayoutRow[],
  onProgress?: (words: string) => void,
): Promise<void> {
  await inPortions('started', payouts, (payout) => startSaga(deps, payout), onProgress);
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

/** Signals sagas that their payouts changed. A saga that is not running is skipped. */
export async function tellSagas(
  { client, poolId }: SagaDeps,
  payoutIds: readonly string[],
): Promise<void> {
  const sagas = payoutIds.map((payoutId) => ({ payoutId }));
  await inPortions('told', sagas, async ({ payoutId }) => {
    try {
      await client.workflow.getHandle(payoutWorkflowId(poolId, payoutId)).signal(pokeSignal);
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  });
}

/** Makes a call for each item, AT_ONCE at a time. A failed call stops the others only once Temporal is out of reach. */
async function inPortions<Item extends { readonly payoutId: string }>(
  verb: 'started' | 'told',
  items: readonly Item[],
  call: (item: Item) => Promise<void>,
  onProgress: (words: string) => void = () => undefined,
): Promise<void> {
  const left = items.values();
  const failures: { readonly payoutId: string; readonly error: unknown }[] = [];
  let done = 0;
  let awayInARow = 0;
  const work = async () => {
    for (const item of left) {
      if (awayInARow >= AT_ONCE) return;
      try {
        await call(item);
        awayInARow = 0;
      } catch (error) {
        failures.push({ payoutId: item.payoutId, error });
        awayInARow = isAway(error) ? awayInARow + 1 : 0;
      }
      done += 1;
      if (done % AT_ONCE === 0) onProgress(`${done} of ${items.length}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  if (failures.length === 0) return;
  const named = failures.slice(0, MOST_NAMED);
  const words = named.map(({ payoutId, error }) => `${payoutId}: ${reasonOf(error)}`);
  const more = failures.length > named.length ? '; …' : '';
  throw new SagasRefused(
    `${failures.length} of ${items.length} sagas could not be ${verb}: ${words.join('; ')}${more}`,
    [...failures, ...left].map(({ payoutId }) => payoutId),
    failures[0]?.error,
  );
}

function isAway(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (isGrpcServiceError(cause)) return AWAY_CODES.includes(cause.code);
  }
  return false;
}

/** The client's error only says that a call failed; its cause says why. */
function reasonOf(error: unknown): string {
  return foreignText(error instanceof Error ? (error.cause ?? error) : error);
}
