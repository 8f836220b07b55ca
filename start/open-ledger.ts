/** Opens the ledger that a process works on, and checks that it belongs to the configured pool and chain. */
import { randomBytes } from 'node:crypto';
import type { Config } from '../config/config.js';
import type { Database } from '../core/db/database.js';
import { type Ledger, openLedger } from '../core/ledger/store/identity.js';

/** Opens the ledger of the configured database. A pool's first start creates it. */
export function openConfiguredLedger(db: Database, config: Config): Promise<Ledger> {
  const { pool, chain } = config;
  return openLedger(db, {
    poolId: pool.id,
    chainId: chain.chainId,
    newPoolId: newPoolId(pool.name),
  });
}

const LONGEST_NAME = 30;

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
