/**
 * Sets up a data directory with Postgres' single-user mode, in which nobody else can connect: the superuser has no password
 * and never connects; the product's role owns its database and nothing else. The same steps migrate a directory of the
 * previous version, whose superuser was `openpool` with a known password.
 */
import { spawnSync } from 'node:child_process';
import { PoolError } from '../../base/errors/pool-error.js';
import { PRODUCT_DATABASE, PRODUCT_ROLE } from './address.js';
import type { ProgramRun } from './programs.js';

interface RoleWish {
  readonly password: string;
  /** True for the servers of tests and benches, which create roles and databases. */
  readonly isSuperuser: boolean;
}

const SUPERUSER = 'postgres';
/** Id of the role that initdb creates. That role cannot lose its rights, so in an old directory it gets another name. */
const BOOTSTRAP_ROLE_ID = 10;

/** Sets up roles and database by `run` in single-user mode. It can be repeated after a crash at any point. */
export function setUpRoles(run: (database: string) => ProgramRun, wish: RoleWish): void {
  const answer = inSingleUserMode(run('postgres'), [
    'BEGIN',
    renameOldSuperuser(),
    makeProductRole(wish),
    'COMMIT',
    `SELECT 'there is ' || datname FROM pg_database WHERE datname = '${PRODUCT_DATABASE}'`,
  ]);
  if (!answer.includes(`there is ${PRODUCT_DATABASE}`)) {
    inSingleUserMode(run('postgres'), [
      `CREATE DATABASE ${PRODUCT_DATABASE} OWNER ${PRODUCT_ROLE}`,
    ]);
  }
  inSingleUserMode(run(PRODUCT_DATABASE), ['BEGIN', handOver(), 'COMMIT']);
}

/** Renames an old directory's superuser, by another one, dropped at once: a role cannot rename itself. */
function renameOldSuperuser(): string {
  return `DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE oid = ${BOOTSTRAP_ROLE_ID} AND rolname = '${PRODUCT_ROLE}') THEN
      CREATE ROLE openpool_setup SUPERUSER;
      SET SESSION AUTHORIZATION openpool_setup;
      ALTER ROLE ${PRODUCT_ROLE} RENAME TO ${SUPERUSER};
      SET SESSION AUTHORIZATION ${SUPERUSER};
      DROP ROLE openpool_setup;
    END IF;
  END $$`;
}

function makeProductRole({ password, isSuperuser }: RoleWish): string {
  const rights = isSuperuser
    ? 'SUPERUSER'
    : 'NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS';
  return `DO $$ BEGIN
    ALTER ROLE ${SUPERUSER} PASSWORD NULL;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${PRODUCT_ROLE}') THEN
      CREATE ROLE ${PRODUCT_ROLE};
    END IF;
    ALTER ROLE ${PRODUCT_ROLE} LOGIN ${rights} PASSWORD '${password}';
  END $$`;
}

/** Builds the statement that hands over what the superuser owned; REASSIGN OWNED refuses that for initdb's role. */
function handOver(): string {
  const ours = `n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'`;
  return `DO $$ DECLARE one record; BEGIN
    ALTER DATABASE ${PRODUCT_DATABASE} OWNER TO ${PRODUCT_ROLE};
    FOR one IN
      SELECT format('SCHEMA %I', n.nspname) AS what FROM pg_namespace n
       WHERE n.nspowner = ${BOOTSTRAP_ROLE_ID} AND ${ours}
      UNION ALL
      SELECT format('TABLE %I.%I', n.nspname, c.relname) FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE c.relowner = ${BOOTSTRAP_ROLE_ID} AND ${ours} AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
         AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                            AND d.objid = c.oid AND d.deptype IN ('a', 'i') AND c.relkind = 'S')
      UNION ALL
      SELECT format('ROUTINE %s', p.oid::regprocedure) FROM pg_proc p
        JOIN pg_namespace n ON n.oid = p.pronamespace
       WHERE p.proowner = ${BOOTSTRAP_ROLE_ID} AND ${ours}
      UNION ALL
      SELECT format('TYPE %I.%I', n.nspname, t.typname) FROM pg_type t
        JOIN pg_namespace n ON n.oid = t.typnamespace
       WHERE t.typowner = ${BOOTSTRAP_ROLE_ID} AND ${ours} AND t.typrelid = 0 AND t.typelem = 0
         AND t.typtype IN ('d', 'e', 'r')
    LOOP
      EXECUTE format('ALTER %s OWNER TO ${PRODUCT_ROLE}', one.what);
    END LOOP;
  END $$`;
}

const LAST_WORDS = 1_500;

function inSingleUserMode(run: ProgramRun, statements: readonly string[]): string {
  const { command, args, ...how } = run;
  // In single-user mode each line is a statement.
  const input = statements.map((one) => `${one.replace(/\s*\n\s*/g, ' ')};\n`).join('');
  const done = spawnSync(command, args, { ...how, encoding: 'utf8', input });
  if (done.status === 0) return done.stdout;
  const said = (done.stderr || done.error?.message || String(done.signal)).trim();
  const message = `the embedded Postgres could not be set up: ${said.slice(-LAST_WORDS)}`;
  throw new PoolError('DATABASE_NOT_SET_UP', message);
}
