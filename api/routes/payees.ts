/** The payees, and their remote workers. */
import { z } from 'zod';
import { createLinks, type Links } from '../../client/links.js';
import type { RunningPool } from '../../client/running-pool.js';
import { amount, viewClaim } from '../../client/views.js';
import { readWhy, viewWhy } from '../../client/why.js';
import type { Address } from '../../core/base/address.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { parseAddress, toChecksum, withChecksums } from '../../core/chain/checksums.js';
import { changeOrRehearse } from '../../core/db/transact.js';
import { readPayeeDetails } from '../../core/payees/store/payee-details.js';
import { listPayees, type PayeeSummary } from '../../core/payees/store/payee-reads.js';
import {
  listRemoteWorkers,
  type RemoteWorkerSummary,
} from '../../core/payees/store/remote-worker-reads.js';
import type { Gate } from '../../core/payouts/rules/gates.js';
import {
  type Invitation,
  invitePayee,
  listInvitations,
  uninvitePayee,
} from '../../core/payouts/store/payees/invitations.js';
import { readClaims } from '../../core/policies/claims/claimed.js';
import type { Shown } from '../access.js';
import { mergeReads } from '../answers/merged-reads.js';
import { publicRegion, publicWait, requirePublic } from '../outside.js';
import {
  addressText,
  booleanQuery,
  listQuery,
  noQuery,
  pageQuery,
  type Routes,
  rehearsableBody,
} from '../request.js';
import { PAYEES } from '../schemas/payees.js';
import { viewPayout } from './payouts.js';

const workersQuery = listQuery({
  payee: addressText.optional(),
  nodeType: z.enum(['ai', 'transcode']).optional(),
  region: z.string().max(100).optional(),
  online: booleanQuery.optional(),
});

export function payeeRoutes(routes: Routes, pool: RunningPool): void {
  const { db } = pool;
  const links = createLinks(pool);
  const detailsOf = mergeReads((addresses: readonly Address[]) => readPayeeDetails(db, addresses));
  const claimsOf = mergeReads((addresses: readonly Address[]) => readClaims(db, addresses));
  routes.list('/v1/workers', workersQuery, PAYEES.workers, async ({ filter, page }, { shows }) => {
    if (!shows.words) requirePublic(filter.region, publicRegion);
    const { items, nextCursor } = await listRemoteWorkers(db, filter, page);
    return { workers: items.map((worker) => viewWorker(worker, shows)), nextCursor };
  });
  routes.list('/v1/payees', pageQuery, PAYEES.list, async ({ page }) => {
    const { items, nextCursor } = await listPayees(db, page);
    return { payees: items.map((payee) => viewPayee(payee, links)), nextCursor };
  });
  routes.get('/v1/payees/:address', noQuery, PAYEES.show, async (_, { id, shows }) => {
    const address = parseAddress(id);
    const [found, claims = []] = await Promise.all([detailsOf(address), claimsOf(address)]);
    if (found === undefined) throw unknownPayee(address);
    const { payee, workers, payouts } = found;
    return {
      ...viewPayee(payee, links),
      rows: workers.map((worker) => viewWorker(worker, shows)),
      payouts: payouts.map((payout) => viewPayout(payout, links, shows.words)),
      claims: claims.map(viewClaim),
    };
  });
  routes.get('/v1/payees/:address/why', noQuery, PAYEES.why, async (_, { id, shows }) => {
    const address = parseAddress(id);
    const why = await readWhy(pool, address);
    if (why === undefined) throw unknownPayee(address);
    const said = shows.words ? gateWords : publicGate;
    return { payee: toChecksum(address), ...viewWhy(why, said) };
  });
  routes.list(
    '/v1/invitations',
    listQuery({ open: booleanQuery.optional() }),
    PAYEES.invitations,
    async ({ filter, page }) => {
      const found = await listInvitations(db, { isOpen: filter.open }, page);
      return { invitations: found.items.map(viewInvitation), nextCursor: found.nextCursor };
    },
  );
  for (const [name, act] of [
    ['invite', invitePayee],
    ['uninvite', uninvitePayee],
  ] as const) {
    const path = `/v1/payees/:address/${name}`;
    routes.post(path, rehearsableBody, PAYEES[name], async ({ dryRun, ...decision }, { id }) => {
      const address = parseAddress(id);
      const effect = await changeOrRehearse(db, dryRun, (tx) => act(tx, address, decision));
      return { payee: toChecksum(address), dryRun, ...effect };
    });
  }
}

function viewInvitation(one: Invitation) {
  const { payee, invitedAt, actor, reason, withdrawnAt: at } = one;
  const withdrawn = { by: one.withdrawnBy ?? '', reason: one.withdrawReason ?? '' };
  return {
    payee: toChecksum(payee),
    invitedAt,
    actor,
    reason,
    withdrawn: at === null ? null : { at, ...withdrawn },
  };
}

const gateWords = ({ reason }: Gate): string => reason;
const publicGate = ({ code, reason }: Gate): string | null => publicWait(code, reason);

export const unknownPayee = (address: Address): PoolError =>
  new PoolError('PAYEE_UNKNOWN', `${toChecksum(address)} is not known here.`);

/** Shows a payee. `earned` is the total ever credited to it. */
function viewPayee(payee: PayeeSummary, links: Links) {
  const { pendingWei, reservedWei, paidWei } = payee;
  const address = toChecksum(payee.address);
  return {
    address,
    nickname: payee.nickname,
    tier: payee.tier,
    badge: payee.badge,
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
    nickname: worker.nickname,
    tier: worker.tier,
    badge: worker.badge,
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
