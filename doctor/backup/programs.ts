/** Finds and runs Postgres' own programs, which dump a database and restore it. */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { foreignText } from '../../core/base/foreign-text.js';

type Program = 'pg_dump' | 'pg_restore';

/** Where packages put each version's programs in a directory of its own; `*` is the version. */
const HOMES = ['/usr/lib/postgresql', '/usr/local/opt', '/opt/homebrew/opt'];
const LAST_WORDS = 1_500;

interface Found {
  readonly path: string;
  /** The major version, such as 18. */
  readonly major: number;
}

/**
 * Returns the program, of this major version or newer: an older one refuses the work. Looks in the given directory alone or,
 * without one, on the PATH and where packages put it. Throws BACKUP_TOOLS_MISSING, which names what was found.
 */
export async function findProgram(
  name: Program,
  wanted: { readonly major: number; readonly dir: string | undefined },
): Promise<string> {
  const dirs = wanted.dir === undefined ? usualDirs() : [wanted.dir];
  const found: Found[] = [];
  for (const dir of new Set(dirs)) {
    const path = join(dir, name);
    const said = await run(path, ['--version']).catch(() => undefined);
    const major = Number(/\(PostgreSQL\) (\d+)/.exec(said ?? '')?.[1] ?? 0);
    if (major >= wanted.major) return path;
    if (major > 0) found.push({ path, major });
  }
  const older = found.map(({ path, major }) => `${path} is of version ${major}`).join(', ');
  const where = wanted.dir ?? 'the PATH and the usual directories';
  const words = `${name} ${wanted.major} or newer was not found in ${where}`;
  throw new PoolError('BACKUP_TOOLS_MISSING', older === '' ? words : `${words}; ${older}`);
}

function usualDirs(): readonly string[] {
  const onPath = (process.env['PATH'] ?? '').split(delimiter).filter((dir) => dir !== '');
  const versions = HOMES.flatMap((home) => {
    try {
      return readdirSync(home).map((version) => join(home, version, 'bin'));
    } catch {
      return [];
    }
  });
  return [...onPath, ...versions.sort().reverse()];
}

/** What only node's client takes from a URL: Postgres' own programs refuse a parameter that they do not know. */
const ONLY_NODES = [
  'uselibpqcompat',
  'ssl',
  'binary',
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
  'query_timeout',
  'connectionTimeoutMillis',
];

/**
 * The database as these programs take it: the password in the environment, where no list of processes shows it, and no
 * parameter that only node's client knows. Throws BACKUP_FAILED where the password cannot be read.
 */
export function connectionOf(databaseUrl: string) {
  const url = new URL(databaseUrl);
  // As node's client reads it: the last one of a name counts, and a password here before the one in front of the host.
  const given = new Map(url.searchParams);
  const password = given.get('password') || decodePassword(url.password);
  const ssl = given.get('ssl');
  for (const name of ['password', ...ONLY_NODES]) given.delete(name);
  if (ssl !== undefined && !given.has('sslmode')) given.set('sslmode', SSL_MODES[ssl] ?? 'require');
  if (given.get('sslmode') === 'no-verify') given.set('sslmode', 'require');
  url.password = '';
  // Not by the URL itself, which writes a space as +, and these programs do not read that as one.
  url.search = [...given].map((pair) => pair.map(encodeURIComponent).join('=')).join('&');
  return { dbname: url.toString(), env: password === '' ? {} : { PGPASSWORD: password } };
}

/** `ssl=…` as a mode; whatever else it says asks for TLS, too. */
const SSL_MODES: Readonly<Record<string, string>> = { '0': 'disable', '': 'prefer' };

function decodePassword(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    const words =
      'the password in the URL of the database has a % that begins no escape: write %25';
    throw new PoolError('BACKUP_FAILED', words);
  }
}

interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Ends the program. */
  readonly signal?: AbortSignal;
}

/** Runs the program to its end, and returns what it printed. Throws BACKUP_FAILED with its last words. */
export async function run(
  path: string,
  args: readonly string[],
  { env = {}, signal }: RunOptions = {},
): Promise<string> {
  const child = spawn(path, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(signal !== undefined && { signal }),
  });
  const said = { out: '', error: '' };
  child.stdout.on('data', (bytes: Buffer) => {
    said.out += bytes.toString();
  });
  child.stderr.on('data', (bytes: Buffer) => {
    said.error = (said.error + bytes.toString()).slice(-LAST_WORDS);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code === 0) return said.out;
  const words = `${path} ended with ${code ?? 'a signal'}: ${foreignText(said.error.trim())}`;
  throw new PoolError('BACKUP_FAILED', words);
}
