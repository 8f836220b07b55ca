/** Opens the database and Temporal for a command, prints its answer, and sets its exit code. */
import { Client, Connection } from '@temporalio/client';
import type { Command } from 'commander';
import { carryOut, type OrderReports } from '../client/carry-out.js';
import { toErrorAnswer } from '../client/error-answers.js';
import type { RunningPool } from '../client/running-pool.js';
import { type Config, loadConfig } from '../config/config.js';
import { ConfigError } from '../config/reading/problem.js';
import { readVersion } from '../config/reading/program.js';
import { CATALOGUE, type PoolErrorCode } from '../core/base/errors/catalogue.js';
import { PoolError } from '../core/base/errors/pool-error.js';
import { foreignText, visible } from '../core/base/foreign-text.js';
import type { Database, Reader } from '../core/db/database.js';
import { refuseNewerSchema } from '../core/db/database-fit.js';
import { MAX_PAGE_SIZE, type Page, type PageRequest } from '../core/db/paging.js';
import { statementError } from '../core/db/statement-error.js';
import { changeOrRehearse } from '../core/db/transact.js';
import { requireLedger } from '../core/ledger/store/identity.js';
import type { OrderArgs, OrderKind } from '../core/orders/rules/order-kinds.js';
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

/** The options that the program or several commands have. */
interface SharedOptions {
  readonly config: string;
  readonly json: boolean;
  readonly reason?: string;
  readonly dryRun?: boolean;
  readonly limit?: number;
  readonly cursor?: string;
}

/** What a command is given that needs neither configuration nor database. */
export type Terminal<Options = unknown> = ReturnType<typeof terminalOf<Options & SharedOptions>>;

export type DatabaseContext<Options = unknown> = Terminal<Options> & {
  readonly config: Config;
  readonly db: Database;
};

export interface CliContext<Options = unknown> extends DatabaseContext<Options> {
  /** The running pool, in the form that the functions in `client/` expect. Its Temporal client connects on first use. */
  readonly deps: RunningPool;
  /** Does the work, and undoes it again in a dry run. */
  change<T>(work: (reader: Reader) => Promise<T>): Promise<T>;
  /** Has a worker carry out an order, or only show what it would do, and returns the worker's report. */
  order<Kind extends OrderKind>(
    kind: Kind,
    subject: string,
    args: OrderArgs[Kind],
  ): Promise<OrderReports[Kind]>;
}

type Run<Context, Args extends readonly unknown[]> = (
  context: Context,
  ...args: Args
) => Promise<unknown>;

/** The audit log names this as the one who acted. */
export const ACTOR = 'cli';
/** The last line that every dry run prints. */
export const DRY_RUN = 'nothing was changed: a dry run';
const ANSWER_TIMEOUT_MS = 20_000;

/**
 * Makes a command's action. It opens the database and a client of Temporal, and runs the command with its arguments. A
 * number that the command returns becomes the exit code.
 */
export function withContext<Options, Args extends readonly unknown[]>(
  run: Run<CliContext<Options>, Args>,
): Action {
  return withDatabase(async (context: DatabaseContext<Options>, ...args: Args) => {
    const { config, db } = context;
    const { temporal } = config;
    const connection = Connection.lazy(temporal.connection);
    try {
      const client = new Client({ connection, namespace: temporal.namespace });
      const poolId = await readPoolId(db, config);
      const deps = {
        db,
        client,
        config,
        version: readVersion(),
        answerTimeoutMs: ANSWER_TIMEOUT_MS,
        get poolId() {
          return poolId();
        },
      };
      const order: CliContext['order'] = (kind, subject, given) =>
        carryOut(deps, { kind, subject, args: given, ...context.decide() });
      const change: CliContext['change'] = (work) =>
        changeOrRehearse(db, context.options.dryRun === true, work);
      return await run({ ...context, deps, change, order }, ...args);
    } finally {
      await connection.close();
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
export function withDatabase<Options, Args extends readonly unknown[]>(
  run: Run<DatabaseContext<Options>, Args>,
): Action {
  return action(async (terminal: Terminal<Options>, ...args: Args) => {
    const config = await loadConfig(terminal.options.config);
    const database = await openPoolDatabase(config, { maxConnections: 3 });
    try {
      return await run({ ...terminal, config, db: database.db }, ...args);
    } finally {
      await database.close();
    }
  });
}

/** Runs `config check`: reads the configuration as a worker would, and also tries wallet, sources and RPC endpoints. */
export const runConfigCheck = action(async ({ options, answer }: Terminal) => {
  const { description, text, refusals, warnings } = await checkConfig(options.config);
  const refused = refusals.map(({ code, message, help }) => ({ code, message, help }));
  answer(text, { ...description, refused, warnings });
  return refused.length === 0 ? 0 : EXIT.misused;
});

/** A function that commander calls, with the command's arguments, its options, and the command itself. */
type Action = (...given: readonly unknown[]) => Promise<void>;

/** Wraps a command that needs neither configuration nor database: prints its error, and sets the exit code. */
export function action<Options, Args extends readonly unknown[]>(
  run: Run<Terminal<Options>, Args>,
): Action {
  return async (...given) => {
    const options = (given.at(-1) as Command).optsWithGlobals<Options & SharedOptions>();
    try {
      const code = await run(terminalOf(options), ...(given.slice(0, -2) as unknown as Args));
      process.exitCode = typeof code === 'number' ? code : 0;
    } catch (error) {
      process.exitCode = printError(error, options.json);
    }
  };
}

function terminalOf<Options extends SharedOptions>(options: Options) {
  const { json, reason = '', dryRun = false, limit = MAX_PAGE_SIZE, cursor = null } = options;
  const print = (text: string) => process.stdout.write(`${text}\n`);
  const answer = (text: string, value: unknown, isWell = true): number => {
    print(json ? formatJson(value) : visible(text, 'lines'));
    return isWell ? 0 : EXIT.found;
  };
  return {
    options,
    /**
     * Prints the text, or with `--json` the value as JSON. Returns the exit code: 0, or 3 when the check that the
     * command made did not go well.
     */
    answer,
    /** Prints an answer like `answer`, and after a dry run a line which says that nothing was changed. */
    answerChange: (text: string, value: unknown, isWell?: boolean) =>
      answer(dryRun ? `${text}\n${DRY_RUN}` : text, value, isWell),
    /** Prints a page of a list like `answer`, and below it how to get the next one. */
    answerPage<Shown extends Page<unknown>>(text: string, page: Shown) {
      const { nextCursor } = page;
      answer(nextCursor === null ? text : `${text}\nmore: --cursor ${nextCursor}`, page);
    },
    /** Prints a line of progress before the answer; prints nothing with `--json`. */
    note(line: string) {
      if (!json) print(visible(line.replace(/[\r\n\t]+/g, ' ')));
    },
    /** Returns who decides and why, for the audit log, and whether it is a dry run. Refuses an empty reason. */
    decide() {
      requireReason(reason);
      return { actor: ACTOR, reason, dryRun };
    },
    /** Returns the page that the options ask for. */
    askedPage: (): PageRequest => ({ limit, cursor }),
  };
}

export function requireReason(reason: string): void {
  if (reason.trim() === '') throw new PoolError('REASON_MISSING', 'the reason is empty');
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
