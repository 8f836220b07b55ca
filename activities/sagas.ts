/** Starts the sagas of payouts and sends them messages. Postgres, and not a workflow's id, keeps a payout from being paid twice. */
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
  /** Uses the worker's own connection, so that this worker takes up at once what it starts. */
  readonly client: Client;
  readonly poolId: string;
}

/** The most calls to Temporal that run at once. */
const AT_ONCE = 20;
/** The most failed sagas that an error names. */
const MOST_NAMED = 10;
/** gRPC's DEADLINE_EXCEEDED and UNAVAILABLE. With these Temporal itself is away, and the next call fails as well. */
const AWAY_CODES: readonly number[] = [4, 14];

/** Starts a saga for each payout that has none running. Throws SagasRefused at the end, with those that Temporal refused. */
export async function startSagas(
  deps: SagaDeps,
  payouts: readonly OpenPayoutRow[],
  onProgress: (words: string) => void = () => undefined,
): Promise<void> {
  const call = { verb: 'started', nameOf: (payout: OpenPayoutRow) => payout.payoutId, onProgress };
  await inPortions(payouts, (payout) => startSaga(deps, payout), call);
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

/** Tells sagas that their payouts changed. A saga that does not run has nothing to be told. */
export async function tellSagas(
  { client, poolId }: SagaDeps,
  payoutIds: readonly string[],
): Promise<void> {
  const tell = async (payoutId: string) => {
    try {
      await client.workflow.getHandle(payoutWorkflowId(poolId, payoutId)).signal(pokeSignal);
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  };
  await inPortions(payoutIds, tell, { verb: 'told', nameOf: (payoutId) => payoutId });
}

interface Portions<Item> {
  /** The verb for the error message: what was to be done with each. */
  readonly verb: string;
  readonly nameOf: (item: Item) => string;
  readonly onProgress?: (words: string) => void;
}

/** Makes the calls, some at a time. A call that fails holds up none of the others, unless Temporal itself is away. */
async function inPortions<Item>(
  items: readonly Item[],
  call: (item: Item) => Promise<void>,
  { verb, nameOf, onProgress }: Portions<Item>,
): Promise<void> {
  const left = items.values();
  const failures: { readonly name: string; readonly error: unknown }[] = [];
  let done = 0;
  let awayInARow = 0;
  const work = async () => {
    for (const item of left) {
      if (awayInARow >= AT_ONCE) return;
      try {
        await call(item);
        awayInARow = 0;
      } catch (error) {
        failures.push({ name: nameOf(item), error });
        awayInARow = isAway(error) ? awayInARow + 1 : 0;
      }
      done += 1;
      if (done % AT_ONCE === 0) onProgress?.(`${done} of ${items.length}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  if (failures.length === 0) return;
  const named = failures.slice(0, MOST_NAMED);
  const words = named.map(({ name, error }) => `${name}: ${reasonOf(error)}`);
  const more = failures.length > named.length ? '; …' : '';
  throw new SagasRefused(
    `${failures.length} of ${items.length} sagas could not be ${verb}: ${words.join('; ')}${more}`,
    [...failures.map(({ name }) => name), ...[...left].map(nameOf)],
    failures[0]?.error,
  );
}

const isAway = (error: unknown): boolean => AWAY_CODES.includes(grpcCodeOf(error) ?? -1);

function grpcCodeOf(error: unknown): number | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (isGrpcServiceError(cause)) return cause.code;
  }
  return undefined;
}

/** The client's error only says that a call failed; its cause says why. */
function reasonOf(error: unknown): string {
  return foreignText(error instanceof Error ? (error.cause ?? error) : error);
}
