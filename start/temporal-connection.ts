import {
  isGrpcCancelledError,
  isGrpcDeadlineError,
  isGrpcServiceError,
  isRetryableError,
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
} from '@temporalio/client';
import { NativeConnection, type NativeConnectionOptions } from '@temporalio/worker';
import type { TemporalConfig } from '../config/sections/connections.js';
import { foreignText } from '../core/base/foreign-text.js';
import { again } from './again.js';
import type { Log } from './log.js';

interface ConnectOptions {
  readonly config: { readonly temporal: TemporalConfig };
  readonly log: Log;
  /** Ends the wait when it is aborted. */
  readonly signal: AbortSignal;
}

/** Connects to Temporal, and keeps trying while it is away, because the server may start later than we do. */
export function connectTemporal(options: ConnectOptions): Promise<NativeConnection> {
  const { temporal } = options.config;
  return again(options.signal, () => connectOnce(temporal), tellOf(options));
}

/**
 * Calls `ask` until Temporal answers: a server that has just started, or is busy, accepts connections long before it
 * answers in time. `ask` must be harmless when it runs twice. Throws what Temporal refuses.
 */
export function untilTemporalAnswers<T>(
  options: ConnectOptions,
  ask: () => Promise<T>,
): Promise<T> {
  const tell = tellOf(options);
  return again(options.signal, ask, (error, nextTry) => {
    if (!mayBeAskedAgain(error)) throw error;
    tell(error, nextTry);
  });
}

const tellOf =
  ({ config: { temporal }, log }: ConnectOptions) =>
  (error: unknown, nextTry: string): void => {
    if (isAttributeUnknown(error)) {
      const about = { code: 'SEARCH_ATTRIBUTE_MISSING', address: temporal.address };
      log.warn(about, `${UNKNOWN_YET} (${foreignText(rootOf(error))}); ${nextTry}`);
      return;
    }
    const about = { code: 'TEMPORAL_UNREACHABLE', address: temporal.address };
    log.warn(about, `${describeFailure(temporal, error)}; ${nextTry}`);
  };

function mayBeAskedAgain(error: unknown): boolean {
  // Another worker that starts at the same moment has created or deleted the schedule first: ask again.
  if (error instanceof ScheduleAlreadyRunning || error instanceof ScheduleNotFoundError)
    return true;
  if (isAttributeUnknown(error)) return true;
  if (isGrpcDeadlineError(error) || isGrpcCancelledError(error)) return true;
  for (let one = error; one instanceof Error; one = one.cause) {
    if (isGrpcServiceError(one)) return isRetryableError(one);
  }
  return false;
}

const GRPC_INVALID_ARGUMENT = 3;
/** In the words of the server, for its stores in SQL and for the others. */
const ATTRIBUTE_UNKNOWN =
  /no mapping defined for search attribute|search attribute .* is not defined/i;
const UNKNOWN_YET =
  'Temporal does not know a search attribute yet: a server takes ten seconds to a minute for one that was just registered, and one that may not be registered from here must be by hand';

/**
 * Whether Temporal refuses a search attribute that it does not know. Each part of a server reads what is registered
 * every so often; only the dev server knows at once.
 */
function isAttributeUnknown(error: unknown): boolean {
  const cause = rootOf(error);
  if (!(cause instanceof Error) || !('code' in cause)) return false;
  return cause.code === GRPC_INVALID_ARGUMENT && ATTRIBUTE_UNKNOWN.test(cause.message);
}

function rootOf(error: unknown): unknown {
  let cause = error;
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause;
  return cause;
}

async function connectOnce(temporal: TemporalConfig): Promise<NativeConnection> {
  const { tls, apiKey, metadata } = temporal.connection;
  const options: NativeConnectionOptions = {
    address: temporal.address,
    ...(tls === undefined || tls === null ? {} : { tls }),
    ...(apiKey === undefined ? {} : { apiKey: typeof apiKey === 'string' ? apiKey : apiKey() }),
    ...(metadata === undefined ? {} : { metadata }),
  };
  const connection = await NativeConnection.connect(options);
  try {
    await connection.workflowService.describeNamespace({ namespace: temporal.namespace });
    return connection;
  } catch (error) {
    await connection.close();
    throw error;
  }
}

const GRPC_NOT_FOUND = 5;

/** Whether Temporal answered that it has no such namespace. */
export function isNamespaceMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === GRPC_NOT_FOUND;
}

/** Explains to an operator why Temporal or the namespace cannot be reached, with the command that helps. */
export function describeFailure(temporal: TemporalConfig, error: unknown): string {
  const { address, namespace } = temporal;
  if (isNamespaceMissing(error)) {
    return (
      `Temporal at ${address} has no namespace "${namespace}": create it with ` +
      `\`temporal operator namespace create --address ${address} --namespace ${namespace}\``
    );
  }
  return `Temporal at ${address} cannot be reached (${foreignText(rootOf(error))}): start it, or correct temporal.address`;
}
