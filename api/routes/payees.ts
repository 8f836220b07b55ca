/** The payees, and their remote workers. */
import { z } from 'zod';
import { createLinks, type Links } from '../../client/links.js';
import type { RunningPool } from '../../client/running-pool.js';
import { amount } from '../../client/views.js';
import { readWhy, viewWhy } from '../../client/why.js';
import type { Address } from '../../core/base/address.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { parseAddress, toChecksum, withChecksums } from '../../core/chain/checksums.js';
import { findPayee, listPayees, type PayeeSummary } from '../../core/payees/store/payee-reads.js';
import {
  listRemoteWorkers,
  type RemoteWorkerSummary,
  workersOfPayee,
} from '../../core/payees/store/remote-worker-reads.js';
import type { Gate } from '../../core/payouts/rules/gates.js';
import { payoutsOfPayee } from '../../core/payouts/store/reads/payout-reads.js';
import type { Shown } from '../access.js';
import { publicRegion, publicWait } from '../outside.js';
import {
  addressText,
  booleanQuery,
  listQuery,
  noQuery,
  pageQuery,
  type Routes,
} from '../request.js';
import { PAYEES } from '../schemas/payees.js';
import { viewPayout } from './payouts.js';

/** How many of a payee's workers and payouts its own answer shows. The lists, filtered by payee, have the rest. */
const FIRST_WORKERS = 100;
const LATEST_PAYOUTS = 20;

const workersQuery = listQuery({
  payee: addressText.optional(),
  nodeType: z.enum(['ai', 'transcode']).optional(),
  region: z.string().max(100).optional(),
  online: booleanQuery.optional(),
});

export function payeeRoutes(routes: Routes, pool: RunningPool): void {
  const { db } = pool;
  const links = createLinks(pool);
  routes.list('/v1/workers', workersQuery, PAYEES.workers, async ({ filter, page }, { shows }) => {
    const { items, nextCursor } = await listRemoteWorkers(db, filter, page);
    return { workers: items.map((worker) => viewWorker(worker, shows)), nextCursor };
  });
  routes.list('/v1/payees', pageQuery, PAYEES.list, async ({ page }) => {
    const { items, nextCursor } = await listPayees(db, page);
    return { payees: items.map((payee) => viewPayee(payee, links)), nextCursor };
  });
  routes.get('/v1/payees/:address', noQuery, PAYEES.show, async (_, { id, shows }) => {
    const address = parseAddress(id);
    const payee = await findPayee(db, address);
    if (payee === undefined) throw unknownPayee(address);
    const [workers, payouts] = await Promise.all([
      workersOfPayee(db, { payee: address, limit: FIRST_WORKERS }),
      payoutsOfPayee(db, { payee: address, limit: LATEST_PAYOUTS }),
    ]);
    return {
      ...viewPayee(payee, links),
      rows: workers.map((worker) => viewWorker(worker, shows)),
      payouts: payouts.map((payout) => viewPayout(payout, links, shows.words)),
    };
  });
  routes.get('/v1/payees/:address/why', noQuery, PAYEES.why, async (_, { id, shows }) => {
    const address = parseAddress(id);
    const why = await readWhy(pool, address);
    if (why === undefined) throw unknownPayee(address);
    const said = shows.words ? gateWords : publicGate;
    return { payee: toChecksum(address), ...viewWhy(why, said) };
  });
}

const gateWords = ({ reason }: Gate): string => reason;
const publicGate = ({ code, reason }: Gate): string | null => publicWait(code, reason);

const unknownPayee = (address: Address): PoolError =>
  new PoolError('PAYEE_UNKNOWN', `${toChecksum(address)} is not known here.`);

/** Shows a payee. `earned` is the total ever credited to it. */
function viewPayee(payee: PayeeSummary, links: Links) {
  const { pendingWei, reservedWei, paidWei } = payee;
  const address = toChecksum(payee.address);
  return {
    address,
    workers: payee.workers,
    jobs: payee.jobs,
    ...amount('pending', pendingWei),
    ...amount('reserved', reservedWei),
    ...amount('paid', paidWei),
    ...amount('earned', pendingWei + reservedWei + paidWei),
    openPayoutId: payee.openPayoutId,
    unpayable: withChecksums(payee.unpayable),
    lastEventAt: payee.lastEventAt,
    createdAt: payee.createdAt,
    explorerUrl: links.address(address),
  };
}

function viewWorker(worker: RemoteWorkerSummary, shows: Shown) {
  return {
    id: worker.id,
    payee: toChecksum(worker.payee),
    nodeType: worker.nodeType,
    region: shows.words ? worker.region : publicRegion(worker.region),
    online: worker.online,
    connections: worker.connections,
    connection: shows.addresses ? worker.connection : null,
    jobs: worker.jobs,
    zeroFeeJobs: worker.zeroFeeJobs,
    computeUnits: worker.computeUnits,
    ...amount('pending', worker.pendingWei),
    ...amount('reserved', worker.reservedWei),
    ...amount('paid', worker.paidWei),
    lastEventAt: worker.lastEventAt,
    createdAt: worker.createdAt,
  };
}
