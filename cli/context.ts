/** What a command works with, opened when it is asked for, and what its exit code says. */
import { Client, Connection } from '@temporalio/client';
import type { Command } from 'commander';
import { toErrorAnswer } from '../client/error-answers.js';
import type { RunningPool } from '../client/running-pool.js';
import { type Config, loadConfig } from '../config/config.js';
import { ConfigError } from '../config/reading/problem.js';
import { readVersion } from '../config/reading/process.js';
import { CATALOGUE, PoolError, type PoolErrorCode } from '../core/base/errors/pool-error.js';
import { foreignText, visible } from '../core/base/foreign-text.js';
import type { Database } from '../core/db/database.js';
import { refuseNewerSchema } from '../core/db/database-fit.js';
import { statementError } from '../core/db/statement-error.js';
import { requireLedger } from '../core/ledger/store/identity.js';
import { checkConfig } from '../start/checking/check-config.js';
import { openPoolDatabase } from '../start/open-database.js';
import { formatJson } from './output.js';

/** 0: done. The others: */
export const EXIT = {
  /** Refused or failed; the error says which. */
  failed: 1,
  /** The command line or the configuration is wrong. */
  misused: 2,
  /** A check found something: read the answer. */
  found: 3,
  /** The person went away by Ctrl-C; what was started goes on. */
  detached: 130,
} as const;

export interface CliContext {
  readonly config: Config;
  readonly db: Database;
  /** With a client of Temporal that connects at its first call. */
  readonly deps: RunningPool;
  /** Prints the text, or the value as JSON when that is asked for. */
  answer(text: string, value: unknown): void;
  /** Prints a line on the way to the answer; nothing when that is to be JSON. */
  note(line: string): void;
}

interface GlobalOptions {
  readonly config: string;
  readonly json: boolean;
}

const ANSWER_TIMEOUT_MS = 20_000;

/** Runs a command with database and Temporal at hand; its number is the exit code. */
export async function withContext(
  command: Command,
  run: (context: CliContext) => Promise<unknown>,
): Promise<void> {
  await guarded(command, async (options) => {
    const config = await loadConfig(options.config);
    const database = await openPoolDatabase(config, { maxConnections: 3 });
    const { temporal } = config;
    const connection = Connection.lazy(temporal.connection);
    try {
      const { db } = database;
      const client = new Client({ connection, namespace: temporal.namespace });
      const poolId = await readPoolId(db, config);
      const version = readVersion();
      const deps = {
        ...{ db, client, config, version, answerTimeoutMs: ANSWER_TIMEOUT_MS },
        get poolId() {
          return poolId();
        },
      };
      return await run({ config, db, deps, answer: printer(options), note: noter(options) });
    } finally {
      await connection.close();
      await database.close();
    }
  });
}

/**
 * Compares the ledger with the configuration, and gives its pool's id. A database that is away is told by
 * whatever needs it: what was typed wrongly is told first.
 */
async function readPoolId(db: Database, { pool, chain }: Config): Promise<() => string> {
  try {
    await refuseNewerSchema(db);
    const { poolId } = await requireLedger(db, { poolId: pool.id, chainId: chain.chainId });
    return () => poolId;
  } catch (error) {
    if (error instanceof PoolError && error.code !== 'LEDGER_UNKNOWN') throw error;
    return () => {
      throw error;
    };
  }
}

/** Runs a command on the database alone, before or after the first start. */
export async function withDatabase(
  command: Command,
  run: (context: Pick<CliContext, 'config' | 'db' | 'answer'>) => Promise<unknown>,
): Promise<void> {
  await guarded(command, async (options) => {
    const config = await loadConfig(options.config);
    const database = await openPoolDatabase(config, { maxConnections: 2 });
    try {
      return await run({ config, db: database.db, answer: printer(options) });
    } finally {
      await database.close();
    }
  });
}

/** Reads the configuration as a worker would; wallet, sources and RPC endpoints included. */
export async function runConfigCheck(command: Command): Promise<void> {
  await guarded(command, async (options) => {
    const { description, text, refusals, warnings } = await checkConfig(options.config);
    const refused = refusals.map(({ code, message, help }) => ({ code, message, help }));
    printer(options)(text, { ...description, refused, warnings });
    return refused.length === 0 ? 0 : EXIT.misused;
  });
}

async function guarded(
  command: Command,
  run: (options: GlobalOptions) => Promise<unknown>,
): Promise<void> {
  const options = command.optsWithGlobals<GlobalOptions>();
  try {
    const code = await run(options);
    process.exitCode = typeof code === 'number' ? code : 0;
  } catch (error) {
    process.exitCode = printError(error, options.json);
  }
}

function printer({ json }: GlobalOptions): CliContext['answer'] {
  return (text, value) => {
    process.stdout.write(`${json ? formatJson(value) : visible(text, 'lines')}\n`);
  };
}

function noter({ json }: GlobalOptions): CliContext['note'] {
  return (line) => {
    if (!json) process.stdout.write(`${visible(line.replace(/[\r\n\t]+/g, ' '))}\n`);
  };
}

function printError(error: unknown, isJson: boolean): number {
  const { body } = toErrorAnswer(error);
  const isUnknown = body.code === 'INTERNAL';
  const message = isUnknown && error instanceof Error ? causeChain(error) : body.message;
  // Of a configuration each problem tells its own code, behind its place.
  const head = error instanceof ConfigError ? message : `${body.code}: ${message}`;
  const text = `${head}${isUnknown ? '' : `\n${body.help}`}`;
  process.stderr.write(`${isJson ? formatJson({ ...body, message }) : visible(text, 'lines')}\n`);
  return isMisuse(body.code) ? EXIT.misused : EXIT.failed;
}

/** What an HTTP client would have sent wrongly, a person has typed wrongly. */
function isMisuse(code: PoolErrorCode): boolean {
  return code.startsWith('CONFIG_') || CATALOGUE[code].http === 400;
}

function causeChain(error: Error): string {
  const known = statementError(error);
  const cause = known instanceof Error && known.cause instanceof Error ? known.cause : undefined;
  return `${foreignText(known)}${cause === undefined ? '' : `: ${causeChain(cause)}`}`;
}
