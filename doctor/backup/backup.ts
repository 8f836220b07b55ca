/** Makes a backup of the pool's database: one file, whole or not there at all. */
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { PoolError } from '../../core/base/errors/pool-error.js';
import type { Database } from '../../core/db/database.js';
import { readDatabaseFacts } from '../../core/db/database-fit.js';
import { connectionOf, findProgram, run } from './programs.js';

export interface BackupReport {
  readonly file: string;
  readonly bytes: number;
  readonly tookMs: number;
}

/**
 * Dumps the database as it is at one moment, while the pool runs, into a new file that only this user may read. Throws
 * BACKUP_TOOLS_MISSING and BACKUP_FAILED, and when the signal is aborted; then there is no file.
 */
export async function makeBackup(
  db: Database,
  order: { readonly file: string; readonly pgBin?: string; readonly signal?: AbortSignal },
): Promise<BackupReport> {
  const { file, pgBin, signal } = order;
  if (existsSync(file)) throw new PoolError('BACKUP_FAILED', `${file} is there already`);
  const startedMs = performance.now();
  const { version } = await readDatabaseFacts(db);
  const major = Math.floor(version / 10_000);
  const dump = await findProgram('pg_dump', { major, dir: pgBin });
  const { dbname, env } = connectionOf(db.$client.options.connectionString ?? '');
  const part = `${file}.${randomBytes(6).toString('hex')}.part`;
  // New in any case: a file that is there would keep its mode, and a link would lead elsewhere.
  closeSync(openSync(part, 'wx', 0o600));
  try {
    const args = ['--format=custom', `--file=${part}`, `--dbname=${dbname}`];
    await run(dump, args, { env, ...(signal !== undefined && { signal }) });
    renameSync(part, file);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
  return { file, bytes: statSync(file).size, tookMs: performance.now() - startedMs };
}
