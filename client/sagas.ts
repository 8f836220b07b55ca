/** Talking to workflows: every call is bounded, and a silent Temporal or worker has its own name. */
import {
  Connection,
  defaultGrpcRetryOptions,
  isGrpcServiceError,
  makeGrpcRetryInterceptor,
} from '@temporalio/client';
import type { Config } from '../config/config.js';
import { causesOf } from '../core/base/causes.js';
import { PoolError } from '../core/base/errors/pool-error.js';
import { payoutWorkflowId, pokeSignal, poolIdKey, taskQueueOf } from '../workflows/contract.js';
import type { ApiDeps } from './deps.js';

export const START_TIMEOUT_MS = 5_000;
const PING_TIMEOUT_MS = 2_000;
/** https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
const GRPC_DEADLINE_EXCEEDED = 4;
const GRPC_UNAVAILABLE = 14;

/**
 * Connects when it is first needed. Somebody waits for the answer, so an absent server is told within
 * a second instead of the SDK's ten; and its retries end before a process that stops closes this.
 */
export function openTemporal(temporal: Config['temporal']): Connection {
  const retry = defaultGrpcRetryOptions({
    maxAttempts: 3,
    initialIntervalMs: () => 50,
  });
  return Connection.lazy({
    ...temporal.connection,
    interceptors: [makeGrpcRetryInterceptor(retry)],
  });
}

/** What every workflow of the pool is started with: its queue, whose it is, and one line for the UI. */
export function startOptions({ poolId, taskQueue }: ApiDeps, summary: string) {
  return {
    taskQueue: taskQueue ?? taskQueueOf(poolId),
    memo: { pool: poolId },
    typedSearchAttributes: [{ key: poolIdKey, value: poolId }],
    staticSummary: summary,
  };
}

/**
 * Lets a payout's saga look again now instead of at its next turn. What was decided stands in Postgres:
 * a saga that cannot be told, or that is gone, changes nothing.
 */
export async function pokeSaga({ client, poolId }: ApiDeps, payoutId: string): Promise<void> {
  const handle = client.workflow.getHandle(payoutWorkflowId(poolId, payoutId));
  const poke = () => handle.signal(pokeSignal);
  await client.withDeadline(Date.now() + PING_TIMEOUT_MS, poke).catch(() => undefined);
}

/** Throws when Temporal does not answer. */
export async function pingTemporal(deps: ApiDeps): Promise<void> {
  const { client } = deps;
  await reachTemporal(() =>
    client.withDeadline(Date.now() + PING_TIMEOUT_MS, () =>
      client.workflowService.getSystemInfo({}),
    ),
  );
}

/** Names a Temporal that does not answer; other errors pass as they are. */
export async function reachTemporal<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    if (!isUnreachable(error)) throw error;
    throw new PoolError('TEMPORAL_UNREACHABLE', 'Temporal does not answer.', {}, { cause: error });
  }
}

/** Whether this is Temporal's silence, and no word about what was asked. */
export const isUnreachable = (error: unknown): boolean =>
  [...causesOf(error)].some(
    (cause) =>
      isGrpcServiceError(cause) &&
      (cause.code === GRPC_UNAVAILABLE || cause.code === GRPC_DEADLINE_EXCEEDED),
  );
