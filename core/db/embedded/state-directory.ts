/** Tries whether the embedded server's directory can be written, before the server is started there. */
import { accessSync, constants, mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PoolError } from '../../base/errors/pool-error.js';
import { unusableDirectory } from '../../base/state-directory.js';

/** What the try writes: less than a server writes at a start. */
const FULL_BYTES = 16 * 1024 * 1024;
const PROBE = Buffer.alloc(8_192, 1);
/** Whose the directory is gets words of its own. */
const ANOTHERS = new Set(['EACCES', 'EPERM']);

/** Does what writes to the directory; a disk that is full or read-only is told as STATE_DIRECTORY_UNUSABLE. */
export async function inStateDirectory<T>(dir: string, work: () => Promise<T>): Promise<T> {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    return await work();
  } catch (error) {
    // This error comes where a directory is to be made on a read-only disk.
    if (codeOf(error) === 'ENOENT') lookAtDirectory(dir);
    throw unusableDirectory(error, dir) ?? (isFailedStart(error) ? whenFull(error, dir) : error);
  }
}

/** Writes something, and takes it away again. */
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

/** Whether it, or what is to hold it, could be written; makes nothing. Throws STATE_DIRECTORY_UNUSABLE. */
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

/** On a full disk the server cannot even write down what was wrong. */
function whenFull(error: PoolError, dir: string): PoolError {
  const { bavail, bsize } = statfsSync(dir);
  if (bavail * bsize >= FULL_BYTES) return error;
  const message = `${dir} is on a disk that is full: ${error.message}`;
  return new PoolError('STATE_DIRECTORY_UNUSABLE', message, {}, { cause: error });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
