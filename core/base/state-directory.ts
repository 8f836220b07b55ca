/** Explains why a directory of the pool's state cannot be written. */
import { codeOf } from './causes.js';
import { PoolError } from './errors/pool-error.js';

const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there: change its owner or mode',
  EPERM: 'this user may not write there: change its owner or mode',
  EROFS: 'it is on a file system that is mounted read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'this user has used up what the disk gives it',
  ENOTDIR: 'a file stands where a directory should be',
  EEXIST: 'a file stands where a directory should be',
};

/** Matches what Postgres' own programs print when a disk is full or read-only, or a quota is used up. */
const SAID =
  /No space left on device|Check free disk space|Read-only file system|Disk quota exceeded/;

/** Returns STATE_DIRECTORY_UNUSABLE when the error says that writing failed; undefined for every other error. */
export function unusableDirectory(error: unknown, dir: string): PoolError | undefined {
  if (!(error instanceof Error)) return undefined;
  const said = error instanceof PoolError ? SAID.exec(error.message)?.[0] : undefined;
  const why = said === undefined ? WORDS[codeOf(error)] : error.message;
  if (why === undefined) return undefined;
  const message = `${dir} cannot be written: ${why}`;
  return new PoolError('STATE_DIRECTORY_UNUSABLE', message, {}, { cause: error });
}
