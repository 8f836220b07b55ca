/** One log for the process, the SDK included: readable lines in a terminal, JSON elsewhere. */
import {
  DefaultLogger,
  type LogLevel,
  makeTelemetryFilterString,
  Runtime,
} from '@temporalio/worker';
import { type Logger, pino } from 'pino';

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
  const format = plain ? plainLine : (line: string) => line;
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
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

/** Sends the SDK's log into ours and leaves signals to us. Once per process, before any worker. */
export function installRuntime(log: Log): void {
  // The SDK tells of every poller at info: worth a line only to those who look for it.
  const level: LogLevel = log.isLevelEnabled('debug') ? 'DEBUG' : 'WARN';
  Runtime.install({
    logger: new DefaultLogger(level, ({ level: said, message, meta }) => {
      log[SDK_LEVELS[said]](pickDetails(meta ?? {}), `Temporal SDK: ${message}`);
    }),
    telemetryOptions: {
      logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) },
    },
    shutdownSignals: [],
  });
}

/** Of what the SDK tells beside its message, what an operator can use; task tokens are none of it. */
function pickDetails(meta: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const names = ['workflowId', 'workflowType', 'activityType', 'attempt'];
  const known = names.filter((name) => meta[name] !== undefined);
  const { error } = meta;
  const why = error instanceof Error ? error.message : error;
  return {
    ...Object.fromEntries(known.map((name) => [name, meta[name]])),
    ...(why === undefined ? {} : { error: why }),
  };
}

function plainLine(line: string): string {
  const { time, level, msg, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const details = Object.entries(rest).map(
    ([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return `${String(time)} ${String(level).padEnd(5)} ${String(msg ?? '')}${details.join('')}\n`;
}
