/** Asks Postgres what a worker asks at its start, without bringing anything to a version. */
import type { Config } from '../../config/config.js';
import { counted } from '../../core/base/counted.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { type Database, openDatabase } from '../../core/db/database.js';
import {
  type DatabaseFacts,
  readDatabaseFacts,
  refuseMissingRights,
  refuseServer,
  refuseTransactionPooling,
  schemaIsNewer,
} from '../../core/db/database-fit.js';
import { runningServerUrl } from '../../core/db/embedded/address.js';
import { readSchema, type SchemaState } from '../../core/db/migrate.js';
import { API_ROLE, tablesWithoutApi, unusableTables } from '../../core/db/roles.js';
import { openingFailure } from '../../core/db/statement-error.js';
import { type Ledger, requireLedger, requirePoolId } from '../../core/ledger/store/identity.js';
import { type Findings, Unusable } from '../examination.js';

/** A database that answers, and what it says of itself. */
export interface Reached {
  readonly db: Database;
  readonly facts: DatabaseFacts;
}

const LIMITS = { maxConnections: 4, connectionTimeoutMs: 6_000, statementTimeoutMs: 10_000 };
/** At most this many tables are named. */
const MOST_NAMED = 3;

/** Opens the configured database. Never starts an embedded one. Returns undefined when that does not run. */
export function openRunningDatabase({ database }: Config): Database | undefined {
  const url = 'url' in database ? database.url : runningServerUrl(database.embeddedDir);
  return url === undefined ? undefined : openDatabase({ url, ...LIMITS });
}

export async function probeConnection(
  db: Database | undefined,
  findings: Findings,
): Promise<Reached> {
  if (db === undefined) {
    const words = 'the embedded Postgres does not run: a start of a worker starts it';
    throw new PoolError('DATABASE_UNREACHABLE', words);
  }
  const { username } = new URL(db.$client.options.connectionString ?? 'postgres://localhost');
  try {
    const facts = await readDatabaseFacts(db);
    findings.pass(`database "${facts.database}" answers the role "${facts.role}"`);
    return { db, facts };
  } catch (error) {
    throw openingFailure(error, decodeURIComponent(username));
  }
}

export async function probeServer({ facts }: Reached, findings: Findings): Promise<void> {
  refuseServer(facts);
  findings.pass(`Postgres ${facts.shown}, ${facts.encoding}, takes writes`);
}

export async function probeSessions({ db }: Reached, findings: Findings): Promise<void> {
  await refuseTransactionPooling(db);
  findings.pass('each connection keeps a session of its own');
}

export async function probeRights({ db, facts }: Reached, findings: Findings): Promise<void> {
  const isApi = facts.role === API_ROLE;
  if (!isApi) refuseMissingRights(facts);
  const unusable = await unusableTables(db);
  if (unusable.length > 0) {
    const what = `the role "${facts.role}" may not use ${named(unusable)}`;
    const help = unusable
      .map((table) => `ALTER TABLE ${table} OWNER TO "${facts.role}"`)
      .join('; ');
    const todo = isApi ? '' : `; as a role that may, run in psql: ${help}`;
    throw new PoolError('DATABASE_FORBIDDEN', `${what}${todo}`);
  }
  const without = isApi ? [] : await tablesWithoutApi(db);
  if (without.length > 0) {
    const what = `the role "${API_ROLE}" lacks rights on ${named(without)}`;
    return findings.warn('API_ROLE_RIGHTS', { what });
  }
  const may = isApi ? 'may read everything' : 'may make and change tables';
  findings.pass(`the role "${facts.role}" ${may}`);
}

const named = (tables: readonly string[]): string => {
  const rest = tables.length - MOST_NAMED;
  const more = rest > 0 ? ` and ${rest} more` : '';
  return `${counted(tables.length, 'table')}: ${tables.slice(0, MOST_NAMED).join(', ')}${more}`;
};

/** Compares the tables' version with this build's. Returns it when workers of this build can use the tables. */
export async function probeSchema({ db }: Reached, findings: Findings): Promise<SchemaState> {
  const schema = await readSchema(db);
  const { state, known, missing, newestAt } = schema;
  const newest = newestAt === null ? 'none' : `that of ${newestAt.toISOString().slice(0, 10)}`;
  if (state === 'newer') throw schemaIsNewer(schema);
  if (state === 'forbidden') {
    throw new PoolError(
      'DATABASE_FORBIDDEN',
      'this role may not see at which version the tables are',
    );
  }
  if (state === 'older') {
    const what = `${missing} of the ${known} migrations of this build are missing; the newest that is there is ${newest}`;
    findings.fail('DATABASE_SCHEMA_OLDER', { what });
    throw new Unusable();
  }
  findings.pass(`all ${known} migrations are there; the newest is ${newest}`);
  return schema;
}

export async function probeLedger(
  { db }: Reached,
  { pool, chain }: Config,
  findings: Findings,
): Promise<Ledger> {
  const ledger = await requireLedger(db, { poolId: pool.id, chainId: chain.chainId });
  findings.pass(`the ledger of pool "${ledger.poolId}" on chain ${ledger.chainId}`);
  return ledger;
}

/** Whose ledger it is, also where the tables are those of an earlier version: before an upgrade they are. */
export async function probePoolId(
  { db }: Reached,
  { pool, chain }: Config,
  findings: Findings,
): Promise<Pick<Ledger, 'poolId'>> {
  const poolId = await requirePoolId(db, { poolId: pool.id, chainId: chain.chainId });
  findings.pass(`the ledger of pool "${poolId}" on chain ${chain.chainId}`);
  return { poolId };
}
