import { Hono } from 'hono';
import { createLinks, type Links } from '../../../client/links.js';
import type { RunningPool } from '../../../client/running-pool.js';
import { amount } from '../../../client/views/amounts.js';
import { viewPayout } from '../../../client/views/payout-view.js';
import { viewWhy } from '../../../client/views/why-view.js';
import { viewWorker } from '../../../client/views/worker-view.js';
import { readWhy } from '../../../client/why.js';
import type { Address } from '../../../core/base/address.js';
import { PoolError } from '../../../core/base/errors/pool-error.js';
import { parseAddress, toChecksum, withChecksums } from '../../../core/chain/checksums.js';
import {
  findPayee,
  listPayees,
  type PayeeSummary,
} from '../../../core/payees/store/payee-reads.js';
import { listRemoteWorkers } from '../../../core/payees/store/remote-worker-reads.js';
import { listPayouts } from '../../../core/payouts/store/reads/payout-reads.js';
import type { Access } from '../../access.js';
import { listQuery, readList, refuseQuery } from '../../request.js';

/** How many of a payee's workers and payouts its own answer shows. The lists, filtered by payee, have the rest. */
const FIRST_WORKERS = { limit: 100, cursor: null };
const LATEST_PAYOUTS = { limit: 20, cursor: null };

const wholeList = listQuery({});

export function payeeRoutes(deps: RunningPool, access: Access): Hono {
  const { db } = deps;
  const links = createLinks(deps);
  const app = new Hono();
  app.get('/', async (c) => {
    const { items, nextCursor } = await listPayees(db, readList(c, wholeList).page);
    return c.json({ payees: items.map((payee) => viewPayee(payee, links)), nextCursor });
  });
  app.get('/:address', async (c) => {
    refuseQuery(c);
    const address = parseAddress(c.req.param('address'));
    const payee = await findPayee(db, address);
    if (payee === undefined) throw unknownPayee(address);
    const [workers, payouts] = await Promise.all([
      listRemoteWorkers(db, { payee: address }, FIRST_WORKERS),
      listPayouts(db, { payee: address }, LATEST_PAYOUTS),
    ]);
    const shows = access.shows(c);
    return c.json({
      ...viewPayee(payee, links),
      rows: workers.items.map((worker) => viewWorker(worker, shows)),
      payouts: payouts.items.map((payout) => viewPayout(payout, links, shows.words)),
    });
  });
  app.get('/:address/why', async (c) => {
    refuseQuery(c);
    const address = parseAddress(c.req.param('address'));
    const why = await readWhy(deps, address);
    if (why === undefined) throw unknownPayee(address);
    return c.json({ payee: toChecksum(address), ...viewWhy(why, access.shows(c).words) });
  });
  return app;
}

const unknownPayee = (address: Address): PoolError =>
  new PoolError('PAYEE_UNKNOWN', `${toChecksum(address)} is not known here.`);

/** Shows a payee in `/v1`. `earned` is the total ever credited to it. */
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
