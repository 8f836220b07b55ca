import { execFileSync } from 'node:child_process';
import { type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** A user of the system other than root. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

const NOBODY: Account = { uid: 65_534, gid: 65_534 };
const OTHERS_MAY_ENTER = 0o001;
const OTHERS_MAY_READ_AND_ENTER = 0o005;

/**
 * Chooses the user that Postgres runs as; undefined means our own. Only root needs another one, because Postgres refuses to
 * run as root: it then runs as the owner of the data, as `postgres` or as `nobody`, without any of root's rights.
 */
export function choosePostgresAccount(dataDir: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  return ownerOf(dataDir) ?? accountNamed('postgres') ?? accountNamed('nobody') ?? NOBODY;
}

/** Whether a directory above this path lets nobody but its owner and group enter. */
export function isClosed(path: string): boolean {
  for (let dir = dirname(path); ; dir = dirname(dir)) {
    const found = stat(dir);
    if (found !== undefined && (found.mode & OTHERS_MAY_ENTER) === 0) return true;
    if (dir === dirname(dir)) return false;
  }
}

/** Whether some users cannot run this program, because they may not enter its directory or not execute the file. */
export function isClosedProgram(path: string): boolean {
  const mode = stat(path)?.mode ?? 0;
  return isClosed(path) || (mode & OTHERS_MAY_READ_AND_ENTER) !== OTHERS_MAY_READ_AND_ENTER;
}

function ownerOf(dataDir: string): Account | undefined {
  const found = stat(`${dataDir}/PG_VERSION`);
  return found === undefined || found.uid === 0 ? undefined : { uid: found.uid, gid: found.gid };
}

function accountNamed(name: string): Account | undefined {
  try {
    const id = (flag: string) =>
      Number.parseInt(
        execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
        10,
      );
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    return undefined;
  }
}

function stat(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}
