/** What the API's own role in Postgres may do: read everything, and write what a request writes. */
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { PoolError } from '../base/errors/pool-error.js';
import type { Database } from './database.js';
import { query } from './query.js';
import { retried, sqlState } from './transact.js';

/** Name of the API's role, which has its own password. Where there is no such role, the API uses the worker's. */
export const API_ROLE = 'openpool_api';

/**
 * What API processes write themselves. It is never money: no posting, no payout, no balance, no signed bytes. Something new
 * that the API writes is added here; a test calls every route under the role.
 */
const WRITES = [
  'INSERT ON audit_log',
  'INSERT, DELETE ON wallet_halt',
  // The row that names the paying wallet. A row for another key stops payouts, and moves no money.
  'INSERT ON paying_wallet',
  // Terms carry a date and are kept for ever; announced ones may be withdrawn later.
  'INSERT, UPDATE (withdrawn_at) ON terms',
  // A stopped source is compared again when a request lets it go on. Moving a source is for the command line alone.
  'UPDATE (stopped_at, stopped_why) ON source',
  // Needed only to lock the row while a halt is begun or ended.
  'UPDATE (created_at) ON wallet',
  `UPDATE (acknowledged_at, acknowledged_by, acknowledged_reason, acknowledged_severity,
           acknowledged_measure) ON finding`,
  'INSERT, DELETE, UPDATE (payout_id, created) ON idempotency_key',
  // An order is carried out by a worker; a request may only take back what could not be started.
  'INSERT, UPDATE (state, result, ended_at) ON operator_order',
  // What an operator decides about a payout. Its amount, destination and state are not among it.
  `UPDATE (held_at, hold_reason, approved_at, approve_reason, bump_requested_at, wait_code, wait_reason)
       ON payout`,
  // What a request brings about, a halt or new terms, is told. A worker delivers it.
  'INSERT ON notice',
  // A trigger writes what a payout waited for when a request ends the wait.
  'INSERT ON payout_wait',
  'EXECUTE ON FUNCTION cancel_reserved_payout',
  'EXECUTE ON FUNCTION release_payee',
  // Whom an operator invites. An invitation is kept, and withdrawn once.
  'INSERT, UPDATE (withdrawn_at, withdrawn_by, withdraw_reason) ON invitation',
  // What an operator decides instead of the guard: kept, and withdrawn once.
  'INSERT, UPDATE (withdrawn_at, withdrawn_by) ON guard_override',
  // Who is signed in on the operator's pages. What a session stands for never changes.
  'INSERT, UPDATE (seen_at, ended_at) ON operator_session',
  'INSERT, DELETE ON sync_pause',
  // What a payee signed. Of another destination a worker checks the signature again, before any money follows it.
  'INSERT ON payee_wish',
  // Needed only to lock the row while a wish is recorded.
  'UPDATE (created_at) ON payee',
];

/** SQLSTATEs after which the grants are tried again: a table was dropped or changed meanwhile, or there was a deadlock. */
const TRY_AGAIN = new Set(['XX000', '42P01', '40P01']);
const MAX_TRIES = 3;

/** Gives the role the rights of this version and takes all others away; does nothing where there is no such role. */
export async function grantApiRole(db: Database): Promise<void> {
  await retried(async () => db.execute(sql.raw(grants())), TRY_AGAIN, MAX_TRIES);
}

/**
 * Creates the role, or gives it this password, which itself does not reach the server. The role of the connection must be
 * allowed to create roles: otherwise this throws DATABASE_FORBIDDEN with the statements for somebody who is.
 */
export async function makeApiRole(db: Database, password: string): Promise<void> {
  const login = `ROLE ${API_ROLE} LOGIN PASSWORD '${scramVerifier(password)}'`;
  try {
    await db.execute(
      sql.raw(`DO $$ BEGIN
      IF EXISTS (SELECT FROM pg_roles WHERE rolname = '${API_ROLE}') THEN ALTER ${login};
      ELSE CREATE ${login}; END IF;
    END $$`),
    );
  } catch (error) {
    if (sqlState(error) !== FORBIDDEN) throw error;
    const help = `CREATE ROLE ${API_ROLE} LOGIN; and set its password with \\password ${API_ROLE}`;
    const message = 'the role of database.url may not make roles; as one that may, run in psql';
    throw new PoolError('DATABASE_FORBIDDEN', `${message}: ${help}`);
  }
}

/**
 * Lists the tables that the role of this connection does not own, as bringing them to a version and writing to them
 * needs. With `openpool_api` those that it may not even read.
 */
export async function unusableTables(db: Database): Promise<readonly string[]> {
  const found = await query<{ name: string }>(
    db,
    sql`SELECT quote_ident(relname) AS name FROM pg_class
         WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace
           AND NOT CASE WHEN current_user = ${API_ROLE} THEN has_table_privilege(oid, 'SELECT')
                        ELSE pg_has_role(current_user, relowner, 'USAGE') END
         ORDER BY relname`,
  );
  return found.map(({ name }) => name);
}

/**
 * Lists the tables that the API's role may not read although it was given rights here. Empty also where there is no such
 * role, and where the API uses the worker's.
 */
export async function tablesWithoutApi(db: Database): Promise<readonly string[]> {
  const found = await query<{ name: string }>(
    db,
    sql`SELECT quote_ident(relname) AS name FROM pg_class, pg_roles
         WHERE rolname = ${API_ROLE} AND relkind IN ('r', 'p')
           AND relnamespace = current_schema()::regnamespace
           AND coalesce((SELECT has_schema_privilege(pg_roles.oid, pg_namespace.oid, 'USAGE')
                           FROM pg_namespace WHERE nspname = 'drizzle'), false)
           AND (NOT has_table_privilege(pg_roles.oid, pg_class.oid, 'SELECT')
                OR relname = 'operator_order'
                   AND NOT has_table_privilege(pg_roles.oid, pg_class.oid, 'INSERT'))
         ORDER BY relname`,
  );
  return found.map(({ name }) => name);
}

const FORBIDDEN = '42501';
const ITERATIONS = 4_096;

/** Computes what Postgres stores of a password under scram-sha-256 (RFC 5803). */
function scramVerifier(password: string): string {
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, ITERATIONS, 32, 'sha256');
  const keyed = (words: string) => createHmac('sha256', salted).update(words).digest();
  const stored = createHash('sha256').update(keyed('Client Key')).digest('base64');
  const server = keyed('Server Key').toString('base64');
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${stored}:${server}`;
}

function grants(): string {
  const writes = WRITES.map((what) => `GRANT ${what} TO ${API_ROLE};`).join('\n');
  return `DO $$ DECLARE place text := quote_ident(current_schema()); BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${API_ROLE}') THEN RETURN; END IF;
    EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA %s FROM ${API_ROLE}', place);
    EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %s, drizzle FROM ${API_ROLE}', place);
    EXECUTE format('REVOKE CREATE ON SCHEMA %s FROM ${API_ROLE}', place);
    EXECUTE format('GRANT USAGE ON SCHEMA %s, drizzle TO ${API_ROLE}', place);
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %s, drizzle TO ${API_ROLE}', place);
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %s GRANT SELECT ON TABLES TO ${API_ROLE}', place);
    ${writes}
  END $$`;
}
