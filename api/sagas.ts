/** Talking to workflows: every call is bounded, and a silent Temporal or worker has its own name. */
import {
  Connection,
  defaultGrpcRetryOptions,
  isGrpcServiceError,
  makeGrpcRetryInterceptor,
  WorkflowNotFoundError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import type { Config } from '../config.js';
import { PoolError } from '../domain/pool-error.js';
import {
  type bumpUpdate,
  type ManualPayoutInput,
  type ManualPayoutResult,
  manualPayoutWorkflowId,
  type OperatorAnswer,
  type OperatorMessage,
  payoutWorkflowId,
  TASK_QUEUE,
} from '../workflows/contract.js';
import type { ApiDeps } from './deps.js';
import { causesOf } from './errors.js';

const START_TIMEOUT_MS = 5_000;
const ANSWER_TIMEOUT_MS = 15_000;
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

/**
 * Starts the manual payout of this payee, or joins the one that runs. Undefined when it has not
 * ended in time: it goes on by itself.
 */
export async function runManualPayout(
  deps: ApiDeps,
  input: ManualPayoutInput,
): Promise<ManualPayoutResult | undefined> {
  const { client, taskQueue = TASK_QUEUE } = deps;
  const handle = await reachTemporal(() =>
    client.withDeadline(Date.now() + START_TIMEOUT_MS, () =>
      client.workflow.start<(input: ManualPayoutInput) => Promise<ManualPayoutResult>>(
        'manualPayout',
        {
          taskQueue,
          workflowId: manualPayoutWorkflowId(input.payee),
          args: [input],
          workflowIdConflictPolicy: 'USE_EXISTING',
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
          workflowExecutionTimeout: '1 day',
          staticSummary: `manual payout to ${input.payee}`,
        },
      ),
    ),
  );
  const patience = AbortSignal.timeout(deps.answerTimeoutMs ?? ANSWER_TIMEOUT_MS);
  try {
    return await client.withAbortSignal(patience, () => handle.result());
  } catch (error) {
    // It has been started: whatever cuts the waiting short does not stop it.
    if (patience.aborted || isUnreachable(error)) return undefined;
    throw error;
  }
}

/** Sends an operator's message to the saga of a payout and waits for its answer. */
export async function messagePayout(
  deps: ApiDeps,
  payoutId: string,
  message: OperatorMessage & { readonly update: typeof bumpUpdate },
): Promise<OperatorAnswer> {
  const { client } = deps;
  const { update, actor, reason } = message;
  const patience = AbortSignal.timeout(deps.answerTimeoutMs ?? ANSWER_TIMEOUT_MS);
  const handle = client.workflow.getHandle(payoutWorkflowId(payoutId));
  try {
    return await reachTemporal(() =>
      client.withAbortSignal(patience, () =>
        handle.executeUpdate(update, { args: [{ actor, reason }] }),
      ),
    );
  } catch (cause) {
    if (cause instanceof WorkflowNotFoundError) {
      throw new PoolError('PAYOUT_SAGA_MISSING', 'No saga of this payout runs.', {}, { cause });
    }
    if (patience.aborted || cause instanceof WorkflowUpdateRPCTimeoutOrCancelledError) {
      throw new PoolError('WORKER_SILENT', 'The saga has not answered in time.', {}, { cause });
    }
    throw cause;
  }
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

async function reachTemporal<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    if (!isUnreachable(error)) throw error;
    throw new PoolError('TEMPORAL_UNREACHABLE', 'Temporal does not answer.', {}, { cause: error });
  }
}

const isUnreachable = (error: unknown): boolean =>
  [...causesOf(error)].some(
    (cause) =>
      isGrpcServiceError(cause) &&
      (cause.code === GRPC_UNAVAILABLE || cause.code === GRPC_DEADLINE_EXCEEDED),
  );
