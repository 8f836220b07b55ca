/** Opens the database and Temporal for a command, prints its answer, and sets its exit code. */
import { Client, Connection } from '@temporalio/client';
import type { Command } from 'commander';
import { toErrorAnswer } from '../client/error-answers.js';
import type { RunningPool } from '../client/running-pool.js';
import { type Config, loadConfig } from '../config/config.js';
import { ConfigError } from '../config/reading/problem.js';
import { readVersion } from '../config/reading/program.js';
import { CATALOGUE, type PoolErrorCode } from '../core/base/errors/catalogue.js';
import { PoolError } from '../core/base/errors/pool-error.js';
import { foreignText, visible } from '../core/base/foreign-text.js';
import type { Database } from '../core/db/database.js';
import { refuseNewerSchema } from '../core/db/database-fit.js';
import { statementError } from '../core/db/statement-error.js';
import { requireLedger } from '../core/ledger/store/identity.js';
import { checkConfig } from '../start/checking/check-config.js';
import { openPoolDatabase } from '../start/open-database.js';
import { formatJson } from './output.js';

/** The exit codes besides 0, which means success. */
export const EXIT = {
  /** The command was refused or failed; the error says why. */
  failed: 1,
  /** The command line or the configuration is wrong. */
  misused: 2,
  /** A check found something; the answer says what it is. */
  found: 3,
  /** The person pressed Ctrl-C; the work goes on. */
  detached: 130,
} as const;

export interface CliContext {
  readonly config: Config;
  readonly db: Database;
  /** The pool, as the functions in `client/` take it. Its client of Temporal connects at the first call. */
  readonly deps: RunningPool;
  /** Prints the text, or with `--json` the value as JSON. */
  answer(text: string, value: unknown): void;
  /** Prints a line of progress before the answer; prints nothing with `--json`. */
  note(line: string): void;
}

interface GlobalOptions {
  readonly config: string;
  readonly json: boolean;
}

const ANSWER_TIMEOUT_MS = 20_000;

/**
 * Makes a command's action. It opens the database and a client of Temporal, and runs the command with its arguments and
 * options. A number that the command returns becomes the exit code.
 */
export function withContext<Args extends readonly unknown[]>(
  run: (context: CliContext, ...args: Args) => Promise<unknown>,
): Action {
  return action(async (options, ...args: Args) => {
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
        db,
        client,
        config,
        version,
        answerTimeoutMs: ANSWER_TIMEOUT_MS,
        get poolId() {
          return poolId();
        },
      };
      const context = { config, db, deps, answer: printer(options), note: noter(options) };
      return await run(context, ...args);
    } finally {
      await connection.close();
      await database.close();
    }
  });
}

/**
 * Checks that the ledger belongs to the configured pool and chain, and returns a function that returns the pool's id.
 * If the database is away, that function throws: mistakes on the command line are then reported first.
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

/**
 * Makes a command's action with the database but without Temporal and a ledger, for commands that must work before the
 * first start.
 */
export function withDatabase<Args extends readonly unknown[]>(
  run: (context: Pick<CliContext, 'config' | 'db' | 'answer'>, ...args: Args) => Promise<unknown>,
): Action {
  return action(async (options, ...args: Args) => {
    const config = await loadConfig(options.config);
    const database = await openPoolDatabase(config, { maxConnections: 2 });
    try {
      return await run({ config, db: database.db, answer: printer(options) }, ...args);
    } finally {
      await database.close();
    }
  });
}

/** Runs `config check`: reads the configuration as a worker would, and also tries wallet, sources and RPC endpoints. */
export const runConfigCheck = action(async (options) => {
  const { description, text, refusals, warnings } = await checkConfig(options.config);
  const refused = refusals.map(({ code, message, help }) => ({ code, message, help }));
  printer(options)(text, { ...description, refused, warnings });
  return refused.length === 0 ? 0 : EXIT.misused;
});

/** A function that commander calls, with the command's arguments, its options, and the command itself. */
type Action = (...given: readonly unknown[]) => Promise<void>;

/** Wraps a command: prints its errors and sets the exit code. */
function action<Args extends readonly unknown[]>(
  run: (options: GlobalOptions, ...args: Args) => Promise<unknown>,
): Action {
  return async (...given) => {
    const options = (given.at(-1) as Command).optsWithGlobals<GlobalOptions>();
    try {
      const code = await run(options, ...(given.slice(0, -1) as unknown as Args));
      process.exitCode = typeof code === 'number' ? code : 0;
    } catch (error) {
      process.exitCode = printError(error, options.json);
    }
  };
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
  // A configuration error's message already names the code of each problem.
  const head = error instanceof ConfigError ? message : `${body.code}: ${message}`;
  const text = `${head}${isUnknown ? '' : `\n${body.help}`}`;
  process.stderr.write(`${isJson ? formatJson({ ...body, message }) : visible(text, 'lines')}\n`);
  return isMisuse(body.code) ? EXIT.misused : EXIT.failed;
}

/** Whether the code means that the command line is wrong: those are the codes that HTTP answers as a bad request. */
function isMisuse(code: PoolErrorCode): boolean {
  return code.startsWith('CONFIG_') || CATALOGUE[code].http === 400;
}

function causeChain(error: Error): string {
  const known = statementError(error);
  const cause = known instanceof Error && known.cause instanceof Error ? known.cause : undefined;
  return `${foreignText(known)}${cause === undefined ? '' : `: ${causeChain(cause)}`}`;
}
