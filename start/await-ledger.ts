/** How a process that may not create tables, such as the API, gets its ledger: it waits until a worker has made it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/config.js';
import { PoolError } from '../core/base/errors/pool-error.js';
import type { Database } from '../core/db/database.js';
import { schemaIsNewer } from '../core/db/database-fit.js';
import { readSchemaState } from '../core/db/migrate.js';
import { type Ledger, requireLedger } from '../core/ledger/store/identity.js';
import type { Log } from './log.js';

const LOOK_MS = 1_000;
const REMIND_MS = 60_000;

const WAITS = {
  older: 'waiting for a worker: its start brings the database to this version',
  forbidden:
    'waiting for a worker: its start gives this role in Postgres its rights (docs/deployment.md)',
  unknown: 'waiting for a worker: its start writes down which pool the database belongs to',
} as const;

interface Waiting {
  readonly db: Database;
  readonly config: Pick<Config, 'pool' | 'chain'>;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Waits until the database has this version's schema, then returns its ledger. Changes nothing, and logs what it waits
 * for.
 */
export async function awaitLedger({ db, config, log, signal }: Waiting): Promise<Ledger> {
  const claim = { poolId: config.pool.id, chainId: config.chain.chainId };
  let said: { readonly why: string; readonly atMs: number } | undefined;
  for (;;) {
    const found = await look(db, claim);
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
  claim: { readonly poolId: string | null; readonly chainId: number },
): Promise<Ledger | keyof typeof WAITS> {
  const state = await readSchemaState(db);
  if (state === 'newer') throw schemaIsNewer();
  if (state !== 'ready') return state;
  try {
    return await requireLedger(db, claim);
  } catch (error) {
    if (error instanceof PoolError && error.code === 'LEDGER_UNKNOWN') return 'unknown';
    throw error;
  }
}
