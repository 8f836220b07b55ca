import { execFileSync, spawnSync } from 'node:child_process';
import { type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** How to start Postgres' programs: as ourselves, or, as root, as somebody who may. */
export interface PostgresUser {
  /** Whom the data must belong to; undefined: whoever we are. */
  readonly account: Account | undefined;
  /** Words to put before the command line; empty when spawn's own uid and gid do. */
  readonly prefix: readonly string[];
}

interface Account {
  readonly uid: number;
  readonly gid: number;
}

const OTHERS_MAY_ENTER = 0o001;

/**
 * Postgres refuses to run as root, so that it then runs as the owner of the data, as `postgres` or
 * as `nobody`. Such a user cannot enter a checkout below, say, /root; with setpriv it keeps the one
 * capability that lets it in. `paths` are what it must reach.
 */
export function choosePostgresUser(dataDir: string, paths: readonly string[]): PostgresUser {
  if (process.getuid?.() !== 0) return { account: undefined, prefix: [] };
  const account = ownerOf(dataDir) ?? accountNamed('postgres') ?? accountNamed('nobody') ?? NOBODY;
  const closed = paths.flatMap((path) => closedAncestors(path))[0];
  if (closed === undefined) return { account, prefix: [] };
  const prefix = setprivPrefix(account);
  if (spawnSync(prefix[0] ?? '', [...prefix.slice(1), 'true']).status !== 0) {
    throw new Error(
      `Postgres cannot run as root, and other users cannot enter ${closed}, where it would have to ` +
        'read and write. Run this as an ordinary user, move the checkout to a directory that all ' +
        `may enter, or allow it with: chmod o+x ${closed}`,
    );
  }
  return { account, prefix };
}

const NOBODY: Account = { uid: 65_534, gid: 65_534 };

function setprivPrefix({ uid, gid }: Account): readonly string[] {
  return [
    'setpriv',
    `--reuid=${uid}`,
    `--regid=${gid}`,
    '--clear-groups',
    // Without it access(2) answers for the bare user, and Postgres calls its own files invalid.
    '--securebits=+no_setuid_fixup',
    '--inh-caps=+dac_override',
    '--ambient-caps=+dac_override',
  ];
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

function closedAncestors(path: string): readonly string[] {
  const closed: string[] = [];
  for (let dir = dirname(path); ; dir = dirname(dir)) {
    const found = stat(dir);
    if (found !== undefined && (found.mode & OTHERS_MAY_ENTER) === 0) closed.push(dir);
    if (dir === dirname(dir)) return closed;
  }
}

function stat(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}
