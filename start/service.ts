/** What every process does: read the configuration, open the database, run its services until it is told to stop. */

import { type Config, type LoadOptions, loadConfig } from '../config/config.js';
import { describeConfig } from '../config/describe.js';
import type { ConfigWarning } from '../config/reading/problem.js';
import { readVersion } from '../config/reading/program.js';
import { PoolError } from '../core/base/errors/pool-error.js';
import { foreignText } from '../core/base/foreign-text.js';
import type { Database } from '../core/db/database.js';
import type { Ledger } from '../core/ledger/store/identity.js';
import { untilDatabaseAnswers } from './await-database.js';
import { readFlags } from './flags.js';
import { awaitLedger, openWorkersLedger } from './ledger.js';
import { createLog, type Log } from './log.js';
import { openPoolDatabase } from './open-database.js';
import { startWatchdog } from './watchdog.js';

export interface ServiceContext {
  readonly config: Config;
  readonly db: Database;
  /** The database's URL, for opening further connections. */
  readonly databaseUrl: string;
  /** The ledger of this database. Its pool and chain match the configuration. */
  readonly ledger: Ledger;
  readonly log: Log;
  readonly version: string;
  /** Aborted when the process is told to stop, which may be while services still start. */
  readonly signal: AbortSignal;
}

/** A part of a process, such as the worker or the API. It runs until it is stopped or fails. */
export interface Service {
  /** Resolves when the service has ended, rejects when it failed. */
  readonly done: Promise<void>;
  stop(): Promise<void>;
}

interface ProcessOptions extends LoadOptions {
  readonly maxConnections?: number;
  /** The event loop may be blocked for this many ms before the watchdog ends the process. @default the watchdog's */
  readonly blockedMs?: number;
  /** Functions that start the services, in this order. The services are stopped in the reverse order. */
  readonly services: readonly ((context: ServiceContext) => Promise<Service>)[];
}

const USAGE = `npm start -- --config <file>          worker and API, a process each
npm run worker -- --config <file>     the worker alone
npm run api -- --config <file>        the API alone

From the installed package: openpool start [pool|worker|api|preferred-workers] --config <file>

Without --config, openpool.yaml is read; pools/openpool.yaml shows every key. To look at it without a start:
npm run openpool -- config check --config <file>`;
const CONFIG_FLAG = { config: { type: 'string', default: 'openpool.yaml' } } as const;

/** Runs a process to its end. Exit codes: 0 stopped as asked, 1 failed, 2 the configuration was refused. */
export async function runProcess(options: ProcessOptions): Promise<never> {
  const { config: path } = readFlags(USAGE, CONFIG_FLAG);
  const stopping = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      // A second signal means: do not wait for a clean stop.
      if (stopping.signal.aborted) process.exit(130);
      stopping.abort(new Error(`stopped by ${signal}`));
    });
  }
  // The channel to our parent process closed: the parent has ended, or tells us to stop.
  process.on('disconnect', () => stopping.abort(new Error('stopped with the process beside it')));
  let log = createLog({ level: 'info' });
  try {
    const warnings: ConfigWarning[] = [];
    const config = await loadConfig(path, { ...options, onWarning: (one) => warnings.push(one) });
    log = createLog({ level: config.log.level });
    for (const { code, words } of warnings) log.warn({ code }, words);
    await run(config, log, { ...options, signal: stopping.signal });
    process.exit(0);
  } catch (error) {
    if (stopping.signal.aborted && error === stopping.signal.reason) process.exit(0);
    logFailure(log, error);
    process.exit(error instanceof PoolError && error.code.startsWith('CONFIG_') ? 2 : 1);
  }
}

async function run(
  config: Config,
  log: Log,
  options: ProcessOptions & { readonly signal: AbortSignal },
): Promise<void> {
  const { signal, services, blockedMs, needsWallet = false } = options;
  const version = readVersion();
  log.info({ version, configuration: describeConfig(config) }, 'openpool starts');
  // The watchdog starts first: a process that still waits for Postgres or Temporal can get stuck too.
  const stopWatching = startWatchdog({ log, ...(blockedMs === undefined ? {} : { blockedMs }) });
  const database = await openPoolDatabase(config, { ...options, isService: true }).catch(
    (error: unknown) => {
      stopWatching();
      throw error;
    },
  );
  const running: Service[] = [];
  try {
    const { db, url: databaseUrl } = database;
    const waiting = { config, db, log, signal };
    const comeToLedger = needsWallet ? openWorkersLedger : awaitLedger;
    const ledger = await untilDatabaseAnswers(waiting, () => comeToLedger(waiting));
    log.info({ pool: ledger.poolId, chain: ledger.chainId }, 'the ledger is open');
    for (const start of services) {
      signal.throwIfAborted();
      running.push(await start({ config, db, databaseUrl, ledger, log, version, signal }));
    }
    await Promise.race([aborted(signal), ...running.map(({ done }) => done)]);
    log.info('openpool stops');
  } finally {
    for (const service of running.reverse()) await service.stop();
    await database.close();
    stopWatching();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function logFailure(log: Log, error: unknown): void {
  if (error instanceof PoolError) {
    log.error({ code: error.code, help: error.help }, error.message);
  } else {
    log.error({ err: error }, foreignText(error));
  }
}
