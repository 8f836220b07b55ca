/**
 * The embedded server of a pool, shared by all of its processes. Each holds a lock in the server for as long
 * as it lives, and the last one to leave stops the server, no matter who started it. A server that a killed process left
 * behind is used by the next process.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { codeOf } from '../../base/causes.js';
import { PoolError } from '../../base/errors/pool-error.js';
import { birthOf } from '../../processes/process-birth.js';
import { LOCKS } from '../locks.js';
import { findServer, type RunningServer, readPassword, socketUrl } from './address.js';
import { prepareCluster } from './cluster.js';
import { endServer } from './older-server.js';
import { inStateDirectory, tryDirectory } from './state-directory.js';

export interface SharedPostgres {
  readonly url: string;
  /** Stops the server when nobody else uses it. */
  leave(): Promise<void>;
}

interface Joined {
  readonly url: string;
  readonly server: RunningServer;
  readonly client: pg.Client;
}

/** How long to wait for the server: one that was killed may take long to replay its log. */
const JOIN_TIMEOUT_MS = 300_000;
const CONNECT_TIMEOUT_MS = 5_000;
const STOP_GRACE_MS = 8_000;
const LOG_BYTES = 1_000_000;
const LAST_WORDS = 1_500;

export interface ShareOptions {
  /** The number in the socket's name. */
  readonly port: number;
  /** Discards the directory once nobody uses its server: at the last leave, or at the next start after a kill. */
  readonly isTemporary: boolean;
  /** False: throws DATABASE_NOT_STARTED where no server runs. */
  readonly mayStart: boolean;
}

/** Finds the server of this directory, or starts it. */
export async function sharePostgres(dir: string, options: ShareOptions): Promise<SharedPostgres> {
  const dataDir = resolve(dir);
  const { isTemporary } = options;
  const share = async () => keep(await joinOrStart(dataDir, options), dataDir, isTemporary);
  return options.mayStart ? inStateDirectory(dataDir, share) : share();
}

async function joinOrStart(dataDir: string, options: ShareOptions): Promise<Joined> {
  const { port, isTemporary, mayStart } = options;
  let isFresh = !isTemporary || !mayStart;
  for (const end = Date.now() + JOIN_TIMEOUT_MS; ; ) {
    if (!isFresh) isFresh = await discardUnused(dataDir);
    const joined = isFresh ? await joinServer(dataDir) : 'wait';
    if (typeof joined === 'object') return joined;
    if (joined === 'nobody' && !mayStart) {
      const words =
        'the temporary database is there only while the pool runs: start a worker first';
      throw new PoolError('DATABASE_NOT_STARTED', words);
    }
    if (joined === 'nobody') await withStartLock(dataDir, () => startServer(dataDir, port));
    if (Date.now() > end) {
      const words = `${dataDir} was not ready within ${JOIN_TIMEOUT_MS / 60_000} minutes`;
      throw new PoolError('DATABASE_NOT_STARTED', `${words}: ${lastWords(dataDir)}`);
    }
    await sleep(100);
  }
}

/**
 * Discards the directory of a temporary server that nobody uses: its users were killed, or the machine was. Returns
 * whether it can be joined or made now; it cannot while another process starts it, or while the server starts or ends.
 */
async function discardUnused(dataDir: string): Promise<boolean> {
  const done = await withStartLock(dataDir, async () => {
    const server = findServer(dataDir);
    if (server !== undefined) {
      const use = await useOf(server, dataDir);
      if (use === 'used') return true;
      if (use === 'unknown') return false;
      await endServer(server, STOP_GRACE_MS);
    }
    discard(dataDir);
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    return true;
  });
  return done ?? false;
}

/** Does nothing where another process has started a server by now. */
function discard(dataDir: string): void {
  if (findServer(dataDir) !== undefined) return;
  rmSync(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}

async function useOf(
  server: RunningServer,
  dataDir: string,
): Promise<'used' | 'unused' | 'unknown'> {
  const password = readPassword(dataDir);
  // Its set-up was never completed: whoever did that was killed.
  if (password === undefined) return 'unused';
  const client = userOf(socketUrl(dataDir, server.port, password));
  try {
    await client.connect();
    return (await takes('pg_try_advisory_lock', client)) ? 'unused' : 'used';
  } catch {
    return 'unknown';
  } finally {
    await client.end().catch(() => undefined);
  }
}

function userOf(connectionString: string): pg.Client {
  const client = new pg.Client({
    connectionString,
    application_name: 'openpool user',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  client.on('error', () => undefined);
  return client;
}

/** Becomes a user of the server. Returns 'wait' while it is starting or stopping, and 'nobody' when there is none. */
async function joinServer(dataDir: string): Promise<Joined | 'nobody' | 'wait'> {
  const server = findServer(dataDir);
  const password = readPassword(dataDir);
  if (server === undefined || password === undefined) return 'nobody';
  const url = socketUrl(dataDir, server.port, password);
  const client = userOf(url);
  try {
    await client.connect();
    // A process that is about to stop the server holds the lock alone.
    if (await takes('pg_try_advisory_lock_shared', client)) return { url, server, client };
    await client.end();
    return 'wait';
  } catch (error) {
    await client.end().catch(() => undefined);
    return judge(error, dataDir);
  }
}

function judge(error: unknown, dataDir: string): 'nobody' | 'wait' {
  const code = codeOf(error);
  if (code === 'ENOENT' || code === 'ECONNREFUSED') return 'nobody';
  if (code !== '28P01' && code !== '28000') return 'wait';
  const message = `the embedded Postgres in ${dataDir} does not take the password that is kept for it`;
  throw new PoolError('DATABASE_PASSWORD_WRONG', message, {}, { cause: error });
}

/** Lets one process at a time create, upgrade and start a data directory; does nothing while another one does. */
async function withStartLock<T>(dataDir: string, work: () => Promise<T>): Promise<T | undefined> {
  const path = `${dataDir}.starting`;
  if (!takeStartLock(path)) return undefined;
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

function takeStartLock(path: string): boolean {
  const me = `${process.pid} ${birthOf(process.pid) ?? ''}`;
  for (let tries = 0; tries < 2; tries += 1) {
    try {
      // Where nothing is set up yet, the directory above is missing too.
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, me, { flag: 'wx', mode: 0o600 });
      return true;
    } catch (error) {
      const code = codeOf(error);
      // Nothing can be written next to the directory, for example when it is a volume: Postgres' own lock must do.
      if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') return true;
      if (code !== 'EEXIST') throw error;
      if (isStarting(path)) return false;
      rmSync(path, { force: true });
    }
  }
  return false;
}

function isStarting(path: string): boolean {
  try {
    const [pid, birth] = readFileSync(path, 'utf8').split(' ');
    return birth !== undefined && birth !== '' && birthOf(Number(pid)) === birth;
  } catch {
    return false;
  }
}

async function startServer(dataDir: string, port: number): Promise<void> {
  tryDirectory(dataDir);
  const { serve } = await prepareCluster(dataDir);
  const { command, args, ...how } = serve(port);
  const log = openLog(dataDir);
  const child = spawn(command, args, {
    ...how,
    // The server goes on when this process ends while others still use it.
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.unref();
  await untilUp(child, dataDir);
}

/** Waits until the server can be joined, or has ended; its log says why. */
async function untilUp(child: ChildProcess, dataDir: string): Promise<void> {
  let ended: string | undefined;
  child.once('error', (error) => (ended = error.message));
  child.once('exit', (code, signal) => (ended ??= `it ended with ${signal ?? code}`));
  for (const end = Date.now() + JOIN_TIMEOUT_MS; Date.now() < end; ) {
    if (ended !== undefined) {
      const words = `the embedded Postgres in ${dataDir} did not start (${ended})`;
      throw new PoolError('DATABASE_NOT_STARTED', `${words}: ${lastWords(dataDir)}`);
    }
    const joined = await joinServer(dataDir);
    if (typeof joined === 'object') return joined.client.end();
    await sleep(50);
  }
}

function openLog(dataDir: string): number {
  const path = join(dataDir, 'server.log');
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LOG_BYTES) renameSync(path, `${path}.old`);
  return openSync(path, 'a', 0o600);
}

function lastWords(dataDir: string): string {
  try {
    return readFileSync(join(dataDir, 'server.log'), 'utf8').trim().slice(-LAST_WORDS);
  } catch {
    return 'its log cannot be read';
  }
}

/** Stays a user until told to leave, and joins again when the connection ends: a crashed server forgets its users. */
function keep(first: Joined, dataDir: string, isTemporary: boolean): SharedPostgres {
  let joined: Joined | undefined;
  let isLeaving = false;
  const hold = (one: Joined) => {
    joined = one;
    one.client.once('end', () => {
      joined = undefined;
      if (!isLeaving) void comeBack();
    });
  };
  const comeBack = async () => {
    while (!isLeaving) {
      await sleep(500, undefined, { ref: false });
      const again = await joinServer(dataDir).catch(() => undefined);
      if (typeof again !== 'object') continue;
      if (isLeaving) await again.client.end();
      else return hold(again);
    }
  };
  hold(first);
  return {
    url: first.url,
    async leave() {
      isLeaving = true;
      const last = joined;
      if (last === undefined) return;
      const isOver = await isLast(last.client);
      if (isOver) await endServer(last.server, STOP_GRACE_MS);
      await last.client.end().catch(() => undefined);
      if (isOver && isTemporary) await withStartLock(dataDir, async () => discard(dataDir));
    },
  };
}

async function isLast(client: pg.Client): Promise<boolean> {
  try {
    await takes('pg_advisory_unlock_shared', client);
    return await takes('pg_try_advisory_lock', client);
  } catch {
    // The connection is lost: the server has ended, or is ending.
    return false;
  }
}

async function takes(step: string, client: pg.Client): Promise<boolean> {
  const statement = `SELECT ${step}($1) AS got`;
  const { rows } = await client.query<{ got: boolean }>(statement, [LOCKS.serverUsers]);
  return rows[0]?.got === true;
}
