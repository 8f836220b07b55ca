/** The log of a process, shared with Temporal's SDK: readable lines in a terminal, JSON elsewhere. */
import {
  DefaultLogger,
  type LogLevel,
  makeTelemetryFilterString,
  Runtime,
} from '@temporalio/worker';
import { type Logger, pino } from 'pino';
import { PoolError } from '../core/base/errors/pool-error.js';
import { foreignText, visible, visibleJson } from '../core/base/foreign-text.js';
import { statementError } from '../core/db/statement-error.js';

export type Log = Logger;

export interface LogOptions {
  readonly level: string;
  /** @default whether standard error is a terminal */
  readonly plain?: boolean;
  /** @default standard error */
  readonly write?: (line: string) => void;
}

export function createLog(options: LogOptions): Log {
  const { level, plain = process.stderr.isTTY === true } = options;
  const write = options.write ?? ((line: string) => process.stderr.write(line));
  const format = plain ? plainLine : visibleJson;
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError },
    },
    { write: (line: string) => write(format(line)) },
  );
}

const SDK_LEVELS: Readonly<Record<LogLevel, 'trace' | 'debug' | 'info' | 'warn' | 'error'>> = {
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
};

/**
 * Sends the log of Temporal's SDK into ours, keeps the SDK from handling signals, and lets it answer Prometheus at an
 * address, if one is given. When it cannot listen there, this is logged and the worker goes on: payouts do not wait for
 * metrics. Call it once per process, before any worker is created. Returns whether the SDK answers Prometheus.
 */
export function installRuntime(log: Log, metricsAddress: string | null = null): boolean {
  if (metricsAddress !== null) {
    try {
      installWith(log, metricsAddress);
      return true;
    } catch (error) {
      const message = `metrics.workerAddress ${metricsAddress}: ${foreignText(error)}`;
      const { code, help } = new PoolError('METRICS_CANNOT_LISTEN', message);
      log.error({ code, help }, message);
    }
  }
  installWith(log, null);
  return false;
}

function installWith(log: Log, metricsAddress: string | null): void {
  // At info, the SDK logs every poller, which helps only somebody who debugs it.
  const level: LogLevel = log.isLevelEnabled('debug') ? 'DEBUG' : 'WARN';
  Runtime.install({
    logger: new DefaultLogger(level, ({ level: said, message, meta }) => {
      log[SDK_LEVELS[said]](pickDetails(meta ?? {}), `Temporal SDK: ${foreignText(message)}`);
    }),
    telemetryOptions: {
      logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) },
      ...(metricsAddress === null ? {} : { metrics: exporterAt(metricsAddress) }),
    },
    shutdownSignals: [],
  });
}

const exporterAt = (bindAddress: string) => ({
  prometheus: { bindAddress, useSecondsForDurations: true, unitSuffix: true },
});

/** Ends the SDK's threads, which otherwise keep a process alive that never made a worker. */
export async function endRuntime(): Promise<void> {
  await Runtime.instance().shutdown();
}

/** Picks the fields of an SDK message that help an operator, and leaves out others such as task tokens. */
function pickDetails(meta: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { workflowId, workflowType, activityType, attempt, error } = meta;
  const said = error === undefined ? undefined : foreignText(error);
  return { workflowId, workflowType, activityType, attempt, error: said };
}

function plainLine(line: string): string {
  const { time, level, msg, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const details = Object.entries(rest).map(
    ([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const head = `${String(time)} ${String(level).padEnd(5)} ${String(msg ?? '')}`;
  return `${visible(head, 'lines')}${visible(details.join(''))}\n`;
}

/**
 * What a log keeps of an error and its causes: type, code, cleaned message and stack frames, but no parameters of
 * statements.
 */
export function describeError(error: unknown): Record<string, unknown> {
  const known = statementError(error);
  if (!(known instanceof Error)) return { message: foreignText(known) };
  const frames = (known.stack ?? '').split('\n').filter((line) => /^ {4}at /.test(line));
  return {
    type: known.name,
    code: 'code' in known && typeof known.code === 'string' ? known.code : undefined,
    message: known instanceof PoolError ? known.message : foreignText(known),
    stack: frames.join('\n'),
    cause: known.cause instanceof Error ? describeError(known.cause) : undefined,
  };
}
