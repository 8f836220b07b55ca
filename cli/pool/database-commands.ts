import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { readSchemaState } from '../../core/db/migrate.js';
import { API_ROLE, grantApiRole, makeApiRole } from '../../core/db/roles.js';
import { type CliContext, withDatabase } from '../context.js';

export function addDatabaseCommands(program: Command): void {
  program
    .command('database')
    .description('the database that the pool keeps its ledger in')
    .command('api-role')
    .description(
      `make the role ${API_ROLE}, under which the API reads everything and writes no money, or change its password`,
    )
    .requiredOption('--password-file <file>', 'the file with the password of the role')
    .action(withDatabase(apiRole));
}

async function apiRole(
  { config, db, answer }: Pick<CliContext, 'config' | 'db' | 'answer'>,
  { passwordFile }: { readonly passwordFile: string },
): Promise<void> {
  if (!('url' in config.database)) {
    const words = 'the embedded Postgres has one role for all processes: it is for database.url';
    throw new PoolError('REQUEST_INVALID', words);
  }
  const password = await readPassword(passwordFile);
  await makeApiRole(db, password);
  // If the tables are of another version, the next worker that starts gives the role its rights, after migrating them.
  if ((await readSchemaState(db)) === 'ready') await grantApiRole(db);
  answer(`The API may log in as ${API_ROLE}.`, { role: API_ROLE });
}

async function readPassword(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new PoolError('REQUEST_INVALID', `--password-file cannot be read: ${why}`);
  });
  const password = text.replace(/\r?\n$/, '');
  if (/^[\x21-\x7e]{12,}$/.test(password)) return password;
  const words =
    'the password must have at least 12 letters, digits or signs of ASCII, and no blanks';
  throw new PoolError('REQUEST_INVALID', words);
}
