/**
 * How a process comes to its ledger: a worker migrates the database and opens the ledger, while an API, whose role in
 * Postgres may not, waits until a worker has done so.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/config.js';
import { PoolError } from '../core/base/errors/pool-error.js';
import type { Database } from '../core/db/database.js';
import { refuseUnfitDatabase, schemaIsNewer } from '../core/db/database-fit.js';
import { migrateDatabase, readSchema } from '../core/db/migrate.js';
import { type Ledger, openLedger, requireLedger } from '../core/ledger/store/identity.js';
import type { Waiting } from './await-database.js';

const LOOK_MS = 1_000;
const REMIND_MS = 60_000;
const LONGEST_NAME = 30;

const WAITS = {
  older: 'waiting for a worker: its start brings the database to this version',
  forbidden:
    'waiting for a worker: its start gives this role in Postgres its rights (docs/deployment.md)',
  unknown: 'waiting for a worker: its start writes down which pool the database belongs to',
} as const;

interface LedgerWaiting extends Waiting {
  readonly config: Pick<Config, 'pool' | 'chain'>;
}

/** Migrates the database, and opens its ledger. A pool's first start creates the ledger. */
export async function openWorkersLedger({ db, config, log }: LedgerWaiting): Promise<Ledger> {
  await refuseUnfitDatabase(db, { isWorkers: true });
  await migrateDatabase(db, (words) => log.warn(words));
  const { pool, chain } = config;
  const newId = newPoolId(pool.name);
  return openLedger(db, { poolId: pool.id, chainId: chain.chainId, newPoolId: newId });
}

/**
 * Makes an id from the pool's name and a random ending, so that two pools of the same name differ: `my-pool-3fa9c1`.
 */
function newPoolId(name: string): string {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, LONGEST_NAME)
    .replace(/^-+|-+$/g, '');
  return `${plain === '' ? 'openpool' : plain}-${randomBytes(3).toString('hex')}`;
}

/**
 * Waits until the database has this version's schema, then returns its ledger. Changes nothing, and logs what it waits
 * for.
 */
export async function awaitLedger({ db, config, log, signal }: LedgerWaiting): Promise<Ledger> {
  await refuseUnfitDatabase(db, { isWorkers: false });
  let said: { readonly why: string; readonly atMs: number } | undefined;
  for (;;) {
    const found = await look(db, config);
    if (typeof found !== 'string') return found;
    if (said?.why !== found || Date.now() - said.atMs > REMIND_MS) {
      log.warn(WAITS[found]);
      said = { why: found, atMs: Date.now() };
    }
    await sleep(LOOK_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

async function look(
  db: Database,
  { pool, chain }: LedgerWaiting['config'],
): Promise<Ledger | keyof typeof WAITS> {
  const schema = await readSchema(db);
  const { state } = schema;
  if (state === 'newer') throw schemaIsNewer(schema);
  if (state !== 'ready') return state;
  try {
    return await requireLedger(db, { poolId: pool.id, chainId: chain.chainId });
  } catch (error) {
    if (error instanceof PoolError && error.code === 'LEDGER_UNKNOWN') return 'unknown';
    throw error;
  }
}
