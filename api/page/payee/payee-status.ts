import { createLinks } from '../../../client/links.js';
import { nowOf, type RunningPool } from '../../../client/running-pool.js';
import { nextRoundAt } from '../../../client/standing.js';
import { readWhy } from '../../../client/why.js';
import type { Address } from '../../../core/base/address.js';
import { findPayee } from '../../../core/payees/store/payee-reads.js';
import { listRemoteWorkers } from '../../../core/payees/store/remote-worker-reads.js';
import { listPayouts } from '../../../core/payouts/store/reads/payout-reads.js';

const SHOWN_WORKERS = { limit: 100, cursor: null };
const SHOWN_PAYOUTS = { limit: 20, cursor: null };

export type PayeeStatus = NonNullable<Awaited<ReturnType<typeof readPayeeStatus>>>;

/** Reads all data of a payee's page; undefined when the payee was never seen. */
export async function readPayeeStatus(pool: RunningPool, address: Address) {
  const { db, config, version } = pool;
  const [payee, why, workers, payouts, nextRound] = await Promise.all([
    findPayee(db, address),
    readWhy(pool, address),
    listRemoteWorkers(db, { payee: address }, SHOWN_WORKERS),
    listPayouts(db, { payee: address }, SHOWN_PAYOUTS),
    nextRoundAt(pool),
  ]);
  if (payee === undefined || why === undefined) return undefined;
  return {
    config,
    version,
    now: nowOf(pool),
    payee,
    why,
    workers: workers.items,
    payouts: payouts.items,
    nextRoundAt: nextRound,
    links: createLinks(pool),
  };
}
