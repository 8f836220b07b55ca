/** Checks that the embedded server's directory can be written, before the server is started there. */
import { accessSync, constants, mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { codeOf } from '../../base/causes.js';
import { PoolError } from '../../base/errors/pool-error.js';
import { unusableDirectory } from '../../base/state-directory.js';

/** A disk with less free space than this counts as full. */
const FULL_BYTES = 16 * 1024 * 1024;
const PROBE = Buffer.alloc(8_192, 1);
/** Error codes of a directory that belongs to another user; a later step reports that with its own message. */
const ANOTHERS = new Set(['EACCES', 'EPERM']);

/** Does work that writes to the directory. Throws STATE_DIRECTORY_UNUSABLE when the disk is full or read-only. */
export async function inStateDirectory<T>(dir: string, work: () => Promise<T>): Promise<T> {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    return await work();
  } catch (error) {
    // Creating a directory on a read-only disk fails with this error.
    if (codeOf(error) === 'ENOENT') lookAtDirectory(dir);
    throw unusableDirectory(error, dir) ?? (isFailedStart(error) ? whenFull(error, dir) : error);
  }
}

/** Writes a small file to the directory and removes it again. Throws when the disk is full or read-only. */
export function tryDirectory(dir: string): void {
  const path = join(dir, `.tried-${process.pid}`);
  try {
    writeFileSync(path, PROBE, { mode: 0o600 });
  } catch (error) {
    if (!ANOTHERS.has(codeOf(error))) throw error;
  } finally {
    rmSync(path, { force: true });
  }
}

/** Throws STATE_DIRECTORY_UNUSABLE when the directory, or the nearest above it, cannot be written; makes none. */
export function lookAtDirectory(dir: string): void {
  for (let one = dir; ; one = dirname(one)) {
    try {
      accessSync(one, constants.W_OK | constants.X_OK);
      const { bavail, bsize } = statfsSync(one);
      if (bavail * bsize >= FULL_BYTES) return;
      throw Object.assign(new Error('full'), { code: 'ENOSPC' });
    } catch (error) {
      if (codeOf(error) === 'ENOENT' && one !== dirname(one)) continue;
      throw unusableDirectory(error, dir) ?? error;
    }
  }
}

function isFailedStart(error: unknown): error is PoolError {
  return error instanceof PoolError && /^DATABASE_NOT_/.test(error.code);
}

/** Returns the error of a failed start, or one that says that the disk is full: the server cannot even log it then. */
function whenFull(error: PoolError, dir: string): PoolError {
  const { bavail, bsize } = statfsSync(dir);
  if (bavail * bsize >= FULL_BYTES) return error;
  const message = `${dir} is on a disk that is full: ${error.message}`;
  return new PoolError('STATE_DIRECTORY_UNUSABLE', message, {}, { cause: error });
}
