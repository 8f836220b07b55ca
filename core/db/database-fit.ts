/** Checks at a start whether a database can hold a ledger; otherwise it would fail in the middle of the work. */
import { sql } from 'drizzle-orm';
import type { PoolClient } from 'pg';
import { PoolError } from '../base/errors/pool-error.js';
import type { Database } from './database.js';
import { readSchema, type SchemaState } from './migrate.js';
import { query } from './query.js';
import { sqlState } from './transact.js';

/** The oldest server that works, as `server_version_num`: Postgres 17 is the first with MERGE … RETURNING. */
const LEAST_VERSION = 170_000;

export interface DatabaseFacts {
  readonly version: number;
  readonly shown: string;
  readonly encoding: string;
  readonly read_only: boolean;
  readonly standby: boolean;
  readonly database: string;
  readonly role: string;
  readonly schema: string | null;
  readonly may_make_schemas: boolean;
  readonly may_make_tables: boolean;
}

/**
 * Throws DATABASE_… for a database that this program cannot work on. A worker also needs the rights to make and alter
 * tables: DATABASE_FORBIDDEN has the statement that helps.
 */
export async function refuseUnfitDatabase(
  db: Database,
  { isWorkers }: { readonly isWorkers: boolean },
): Promise<void> {
  const facts = await readDatabaseFacts(db);
  refuseServer(facts);
  await refuseTransactionPooling(db);
  if (isWorkers) refuseMissingRights(facts);
  await refuseNewerSchema(db);
}

/** Reads what Postgres says about itself and about what this role may do. */
export async function readDatabaseFacts(db: Database): Promise<DatabaseFacts> {
  const [facts] = await query<DatabaseFacts>(db, asked);
  if (facts === undefined) throw new RangeError('Postgres says nothing of itself');
  return facts;
}

/** Reads what Postgres' clock says, in ms since 1970. */
export async function readDatabaseTimeMs(db: Database): Promise<number> {
  const [row] = await query<{ ms: string }>(
    db,
    sql`SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS ms`,
  );
  return Number(row?.ms);
}

/** Throws DATABASE_POOLED when a pooler gives each transaction another session. */
export async function refuseTransactionPooling(db: Database): Promise<void> {
  if (!(await isPooledByTransaction(db))) return;
  const message = 'two connections to database.url were given one session of Postgres in turn';
  throw new PoolError('DATABASE_POOLED', message);
}

/** Throws DATABASE_SCHEMA_NEWER when the tables are at a version that this program does not know. */
export async function refuseNewerSchema(db: Database): Promise<void> {
  const schema = await readSchema(db);
  if (schema.state === 'newer') throw schemaIsNewer(schema);
}

/** Names both versions by their newest migration, because a program's own number says nothing of its tables. */
export function schemaIsNewer({ newestAt, ownAt }: SchemaState): PoolError {
  const message = `the tables are at the version of ${newestAt?.toISOString() ?? 'some later time'}, and this program knows none after ${ownAt.toISOString()}`;
  return new PoolError('DATABASE_SCHEMA_NEWER', message);
}

const asked = sql`
  SELECT current_setting('server_version_num')::int AS version,
         current_setting('server_version') AS shown,
         current_setting('server_encoding') AS encoding,
         current_setting('transaction_read_only') = 'on' AS read_only,
         pg_is_in_recovery() AS standby,
         current_database()::text AS database,
         current_user::text AS role,
         current_schema()::text AS schema,
         has_database_privilege(current_database(), 'CREATE') AS may_make_schemas,
         coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) AS may_make_tables`;

/** Throws DATABASE_… for a server that is too old, read-only, or of another encoding. */
export function refuseServer(facts: DatabaseFacts): void {
  const { version, shown, encoding, read_only, standby, database } = facts;
  if (version < LEAST_VERSION) {
    const message = `the server of database.url is Postgres ${shown}; the oldest that works is 17`;
    throw new PoolError('DATABASE_TOO_OLD', message);
  }
  if (encoding !== 'UTF8') {
    const message = `the database "${database}" has the encoding ${encoding}, and needs UTF8`;
    throw new PoolError('DATABASE_ENCODING_WRONG', message);
  }
  if (!read_only) return;
  const why = standby
    ? 'the server is a standby, which only follows another one'
    : `sessions of the database "${database}" begin read-only`;
  throw new PoolError('DATABASE_READ_ONLY', why);
}

/** Throws DATABASE_FORBIDDEN, with the statement that helps, when the role may not make schemas and tables. */
export function refuseMissingRights(facts: DatabaseFacts): void {
  const { role, database, schema, may_make_schemas, may_make_tables } = facts;
  const rights = [
    { may: may_make_schemas, what: 'schemas', on: `CREATE ON DATABASE ${quoted(database)}` },
    {
      may: may_make_tables,
      what: 'tables',
      on: `USAGE, CREATE ON SCHEMA ${quoted(schema ?? 'public')}`,
    },
  ].filter(({ may }) => !may);
  if (rights.length === 0) return;
  const what = rights.map((right) => right.what).join(' and no ');
  const message = `the role "${role}" may make no ${what} in the database "${database}"`;
  const wanted = rights.map(({ on }) => `GRANT ${on} TO ${quoted(role)}`).join('; ');
  const help = `as one that may, run in psql: ${wanted}`;
  throw new PoolError('DATABASE_FORBIDDEN', `${message}; ${help}`);
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Whether a pooler moves sessions between connections: settings and locks of one would then affect another. */
async function isPooledByTransaction(db: Database): Promise<boolean> {
  const first = await db.$client.connect();
  let second: PoolClient | undefined;
  try {
    second = await db.$client.connect();
    const before = await sessionOf(first);
    // A pooler with several free sessions may use them in turn, and others may take them in between: one try can miss it.
    for (let i = 0; i < TRIES; i += 1) {
      await second.query('BEGIN');
      if ((await sessionOf(second)) === before) return true;
      if ((await sessionOf(first)) !== before) return true;
      await second.query('ROLLBACK');
    }
    return false;
  } catch (error) {
    // PgBouncer reports this error when it does not keep even a transaction in one session.
    if (sqlState(error) === PROTOCOL_VIOLATION) return true;
    throw error;
  } finally {
    second?.release(true);
    first.release();
  }
}

const PROTOCOL_VIOLATION = '08P01';
const TRIES = 5;

async function sessionOf(client: PoolClient): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return rows[0]?.pid ?? 0;
}
