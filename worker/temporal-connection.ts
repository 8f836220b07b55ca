import { NativeConnection, type NativeConnectionOptions } from '@temporalio/worker';
import type { TemporalConfig } from '../config/temporal.js';
import type { Log } from './log.js';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

interface ConnectOptions {
  readonly config: { readonly temporal: TemporalConfig };
  readonly log: Log;
  /** Gives up when this is aborted. */
  readonly signal: AbortSignal;
}

/** Connects, however long it takes: a server that comes up late is no reason to fall over. */
export async function connectTemporal(options: ConnectOptions): Promise<NativeConnection> {
  const { log, signal } = options;
  const { temporal } = options.config;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    signal.throwIfAborted();
    try {
      return await connectOnce(temporal);
    } catch (error) {
      log.warn(
        { code: 'TEMPORAL_UNREACHABLE', address: temporal.address },
        `${describeFailure(temporal, error)}; trying again in ${pauseMs / 1000} s`,
      );
      await pause(pauseMs, signal);
    }
  }
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

function describeFailure(temporal: TemporalConfig, error: unknown): string {
  const { address, namespace } = temporal;
  if (error instanceof Error && 'code' in error && error.code === GRPC_NOT_FOUND) {
    return (
      `Temporal at ${address} has no namespace "${namespace}": create it with ` +
      `\`temporal operator namespace create --address ${address} --namespace ${namespace}\``
    );
  }
  const why = error instanceof Error ? error.message : String(error);
  return `Temporal at ${address} cannot be reached (${why}): start it, or correct temporal.address`;
}

function pause(pauseMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, pauseMs);
    const stop = () => {
      clearTimeout(timer);
      resolve();
    };
    signal.addEventListener('abort', stop, { once: true });
  });
}
