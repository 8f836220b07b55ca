/**
 * Creates a new cluster in a directory inside its data directory, and moves it into place when it is complete. After a
 * crash or a power cut at any point, the next start discards what was left or continues it; nothing else is removed.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { PoolError } from '../../base/errors/pool-error.js';
import type { Account, ProgramRun } from './programs.js';

/** Content of pg_hba.conf: access only over the socket, and only with a password. */
const ACCESS = 'local all all scram-sha-256\n';

/** Returns a unique name, because the initdb of a killed process may still be writing to its own directory. */
const newName = () => `initdb-${randomBytes(6).toString('hex')}`;
const UNFINISHED = /^initdb-[0-9a-f]{12}$/;
/** Name of the directory that holds a complete cluster, or the part of it that has not been moved yet. */
const FINISHED = 'initdb-finished';
/** The file that is moved last: a data directory that has it is complete. */
const LAST = 'PG_VERSION';
/** A directory that belongs to the file system which is mounted there, and is ignored. */
const NOBODYS = 'lost+found';

/** Makes a whole cluster in an empty directory with `initdb`; `takeInCluster` puts it into its place. */
export function makeCluster(
  dataDir: string,
  account: Account | undefined,
  initdb: (dir: string) => ProgramRun,
): void {
  const found = readdirSync(dataDir).filter((name) => name !== NOBODYS);
  const unfinished = found.filter((name) => UNFINISHED.test(name));
  if (found.length > unfinished.length) {
    const words = `${dataDir} is neither empty nor a whole data directory of Postgres, and is left as it is`;
    throw new PoolError('DATABASE_NOT_SET_UP', words);
  }
  for (const name of unfinished) {
    // An initdb whose parent was killed may still be adding files, and fails once its directory is gone.
    rmSync(join(dataDir, name), { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
  const dir = join(dataDir, newName());
  mkdirSync(dir, { mode: 0o700 });
  close(dataDir, account);
  close(dir, account);
  const { command, args, ...how } = initdb(dir);
  const done = spawnSync(command, args, { ...how, encoding: 'utf8' });
  if (done.status !== 0) {
    const said = done.stderr || done.error?.message || done.signal;
    throw new PoolError('DATABASE_NOT_SET_UP', `initdb could not make ${dataDir}: ${said}`);
  }
  writeFlushed(join(dir, 'pg_hba.conf'), ACCESS);
  renameSync(dir, join(dataDir, FINISHED));
  flush(dataDir);
}

/** Moves a complete cluster into the data directory, or what is left of it to move; does nothing where there is none. */
export function takeInCluster(dataDir: string): void {
  const dir = join(dataDir, FINISHED);
  if (!readdirSync(dataDir).includes(FINISHED)) return;
  const names = readdirSync(dir);
  for (const name of names.filter((one) => one !== LAST)) {
    renameSync(join(dir, name), join(dataDir, name));
  }
  flush(dataDir);
  if (names.includes(LAST)) renameSync(join(dir, LAST), join(dataDir, LAST));
  rmdirSync(dir);
  flush(dataDir);
}

/** Makes the directory accessible to this account alone, as Postgres demands. */
function close(dir: string, account: Account | undefined): void {
  try {
    chmodSync(dir, 0o700);
    if (account !== undefined) chownSync(dir, account.uid, account.gid);
  } catch (cause) {
    const words = `${dir} belongs to another user, and cannot be closed to others`;
    throw new PoolError('DATABASE_NOT_SET_UP', words, {}, { cause });
  }
}

/** Writes a file, and waits until it is on the disk. */
export function writeFlushed(path: string, text: string, mode = 0o666): void {
  const fd = openSync(path, 'w', mode);
  writeFileSync(fd, text);
  fsyncSync(fd);
  closeSync(fd);
}

/** Flushes the directory, which puts renames in it on the disk. */
function flush(dir: string): void {
  const fd = openSync(dir, 'r');
  fsyncSync(fd);
  closeSync(fd);
}
