/** The ledger that a process works on, compared with what its configuration says. */
import { randomBytes } from 'node:crypto';
import type { Config } from '../config/config.js';
import type { Database } from '../core/db/database.js';
import { type Ledger, openLedger } from '../core/ledger/store/identity.js';

/** The ledger of the configured database, written down by the first start. */
export function openConfiguredLedger(db: Database, config: Config): Promise<Ledger> {
  const { pool, chain } = config;
  return openLedger(db, {
    poolId: pool.id,
    chainId: chain.chainId,
    newPoolId: newPoolId(pool.name),
  });
}

const LONGEST_NAME = 30;

/** The pool's name as an id, and something that two pools of one name do not share: `my-pool-3fa9c1`. */
function newPoolId(name: string): string {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, LONGEST_NAME)
    .replace(/^-+|-+$/g, '');
  return `${plain === '' ? 'openpool' : plain}-${randomBytes(3).toString('hex')}`;
}
