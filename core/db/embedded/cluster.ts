/** Prepares a data directory of the embedded Postgres: creates it, or migrates one of the previous version. */
import { randomBytes } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PoolError } from '../../base/errors/pool-error.js';
import { foreignHolder, keepPassword, readPassword } from './address.js';
import { makeCluster, takeInCluster } from './initdb.js';
import { endOlderServer } from './older-server.js';
import {
  type Account,
  choosePostgresAccount,
  findPostgresPrograms,
  isClosed,
  type ProgramRun,
} from './programs.js';
import { setUpRoles } from './roles-setup.js';

/** A directory that is ready to be served. */
export interface Cluster {
  readonly dataDir: string;
  readonly password: string;
  /** The server's command; `port` is only the number in its socket's name: there is no TCP. */
  serve(port: number): ProgramRun;
}

/**
 * Creates the directory if there is none, and sets it up unless that was done. It can be repeated after a crash at any
 * point: the password's file is written last. Two processes must not do it at the same time.
 */
export async function prepareCluster(dataDir: string, isSuperuser = false): Promise<Cluster> {
  if (process.platform === 'win32') {
    const message = 'the embedded Postgres needs Unix sockets, which Windows lacks';
    throw new PoolError('DATABASE_NOT_SET_UP', `${message}: give database.url`);
  }
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  refuseForeign(dataDir);
  takeInCluster(dataDir);
  const account = choosePostgresAccount(dataDir);
  const programs = await findPostgresPrograms(account);
  if (!existsSync(join(dataDir, 'PG_VERSION'))) {
    const initdb = (newDir: string) =>
      runner(newDir, account)(programs.initdb, (dir) => [
        ...[`--pgdata=${dir}`, '--auth=reject', '--username=postgres'],
        ...['--encoding=UTF8', '--locale=C'],
      ]);
    makeCluster(dataDir, account, initdb);
    takeInCluster(dataDir);
  }
  const run = runner(dataDir, account);
  const setUpRun = (database: string) =>
    run(programs.postgres, (dir) => ['--single', '-D', dir, '-c', 'exit_on_error=on', database]);
  const password = readPassword(dataDir) ?? (await setUp(dataDir, setUpRun, isSuperuser));
  return {
    dataDir,
    password,
    serve: (port) =>
      run(programs.postgres, (dir) => [
        ...['-D', dir, '-p', String(port), '-c', 'listen_addresses='],
        ...['-c', 'unix_socket_directories=.', '-c', 'unix_socket_permissions=0700'],
        ...['-c', 'max_connections=200', '-c', 'log_checkpoints=off'],
      ]),
  };
}

type Run = (program: string, args: (dir: string) => readonly string[]) => ProgramRun;

/**
 * Builds the runs of Postgres' programs. The user that root runs them as may not be allowed to enter the directories above:
 * then they start inside the data directory, and are told that their data is in their working directory.
 */
function runner(dataDir: string, account: Account | undefined): Run {
  const dir = account !== undefined && isClosed(dataDir) ? '/proc/self/cwd' : dataDir;
  const { PATH, LD_LIBRARY_PATH } = process.env;
  // The rest of our environment is left out: it may hold secrets.
  const env = { PATH, LD_LIBRARY_PATH, ...foreignHolder(dataDir) };
  return (command, args) => ({ command, args: args(dir), cwd: dataDir, env, ...account });
}

function refuseForeign(dataDir: string): void {
  try {
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    const message = `${dataDir} belongs to another user: run this as that one`;
    throw new PoolError('DATABASE_NOT_SET_UP', message, {}, { cause });
  }
}

async function setUp(
  dataDir: string,
  run: (database: string) => ProgramRun,
  isSuperuser: boolean,
): Promise<string> {
  await endOlderServer(dataDir);
  const password = randomBytes(24).toString('hex');
  setUpRoles(run, { password, isSuperuser });
  keepPassword(dataDir, password);
  return password;
}
