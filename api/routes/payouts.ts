/** The payouts, and what an operator does to them. */
import type { Context } from 'hono';
import { z } from 'zod';
import { createLinks, type Links } from '../../client/links.js';
import {
  type RehearsedPayout,
  rehearsePayout,
  requestPayout,
} from '../../client/payouts/payout-request.js';
import type { RunningPool } from '../../client/running-pool.js';
import { amount } from '../../client/views.js';
import { pokeSaga } from '../../client/workflow-calls.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { toChecksum, withChecksums } from '../../core/chain/checksums.js';
import { changeOrRehearse } from '../../core/db/transact.js';
import { isClosed, PAYOUT_STATES } from '../../core/payouts/rules/payout.js';
import {
  approvePayout,
  cancelPayout,
  holdPayout,
  requestBump,
  resumePayout,
} from '../../core/payouts/store/payout-messages.js';
import {
  type AllocationSummary,
  findPayout,
  listPayouts,
  type PayoutSummary,
  readAllocations,
  readSlots,
  type SlotSummary,
} from '../../core/payouts/store/reads/payout-reads.js';
import { publicAnswer, publicRegion, publicWait } from '../outside.js';
import {
  addressText,
  dryRunField,
  listQuery,
  noQuery,
  type Routes,
  reasonText,
  rehearsableBody,
} from '../request.js';
import { PAYOUTS } from '../schemas/payouts.js';

/** Parses several states from one query field: `?state=reserved,signed`. */
const statesText = z
  .string()
  .transform((text) => text.split(','))
  .pipe(z.array(z.enum(PAYOUT_STATES)).min(1))
  .meta({ wire: { type: 'array', items: { type: 'string', enum: PAYOUT_STATES }, minItems: 1 } });

const payoutsQuery = listQuery({ state: statesText.optional(), payee: addressText.optional() });

const payoutBody = z.strictObject({
  payee: addressText,
  belowThreshold: z.boolean().default(false).meta({
    description: 'Pays however little is pending, and however soon after the last payout.',
  }),
  despiteRules: z.boolean().default(false).meta({
    description:
      'Pays although the policy does not admit the payee or holds it, or the payee has paused its payouts. The audit log says what was looked past.',
  }),
  reason: reasonText.default('asked for through the API'),
  dryRun: dryRunField,
});

const RESERVED = 'reserved: it is paid as soon as nothing stands in its way';
const JOINED = 'this payee had an open payout, which was joined: nothing new was reserved';
const UNANSWERED = 'no worker has answered yet: it goes on by itself as the workflow that is named';

const MESSAGES = [
  ['hold', holdPayout],
  ['resume', resumePayout],
  ['approve', approvePayout],
  ['bump', requestBump],
  ['cancel', cancelPayout],
] as const;

export function payoutRoutes(routes: Routes, pool: RunningPool): void {
  const { db } = pool;
  const links = createLinks(pool);
  routes.list('/v1/payouts', payoutsQuery, PAYOUTS.list, async ({ filter, page }, { shows }) => {
    const { state: states, payee } = filter;
    const { items, nextCursor } = await listPayouts(db, { states, payee }, page);
    return { payouts: items.map((payout) => viewPayout(payout, links, shows.words)), nextCursor };
  });
  routes.get('/v1/payouts/:id', noQuery, PAYOUTS.show, async (_, { id, shows: { words } }) => {
    const payout = await requirePayout(pool, id);
    const [slots, allocations] = await Promise.all([readSlots(db, id), readAllocations(db, id)]);
    return {
      ...viewPayout(payout, links, words),
      allocations: allocations.map((allocation) => viewAllocation(allocation, words)),
      nonces: slots.map((slot) => viewSlot(slot, links, words)),
    };
  });
  routes.post('/v1/payouts', payoutBody, PAYOUTS.request, async (said, asked) => {
    const { dryRun, ...body } = said;
    if (dryRun) return viewRehearsal(await rehearsePayout(pool, body));
    const request = { ...body, idempotencyKey: readIdempotencyKey(asked.c) };
    const { payout, workflowId, created } = await requestPayout(pool, request);
    const answer = { workflowId, workflowUrl: links.workflow(workflowId), created };
    if (payout === null) return asked.answer(202, { payout, ...answer, words: UNANSWERED });
    const words = created ? RESERVED : JOINED;
    const view = viewPayout(payout, links, true);
    return asked.answer(created ? 201 : 200, { payout: view, ...answer, words });
  });
  for (const [action, apply] of MESSAGES) {
    const path = `/v1/payouts/:id/${action}`;
    routes.post(path, rehearsableBody, PAYOUTS[action], async (body, asked) => {
      const { dryRun, ...decision } = body;
      const { id, state } = await requirePayout(pool, asked.id);
      if (isClosed(state)) {
        throw new PoolError('PAYOUT_ALREADY_CLOSED', `This payout has ended as ${state}.`);
      }
      const { words } = await changeOrRehearse(db, dryRun, (tx) => apply(tx, id, decision));
      if (!dryRun) await pokeSaga(pool, id);
      const payout = viewPayout(await requirePayout(pool, id), links, true);
      const { workflowId, workflowUrl } = payout;
      return { words, dryRun, payout, workflowId, workflowUrl };
    });
  }
}

function viewRehearsal({ amountWei, ...rehearsed }: RehearsedPayout) {
  return { ...rehearsed, ...amount('amount', amountWei), payout: null, dryRun: true };
}

export async function requirePayout({ db }: RunningPool, id: string): Promise<PayoutSummary> {
  const isUuid = z.guid().safeParse(id).success;
  const payout = isUuid ? await findPayout(db, id) : undefined;
  if (payout === undefined) throw new PoolError('PAYOUT_NOT_FOUND', 'No payout has this id.');
  return payout;
}

function readIdempotencyKey(c: Context): string | null {
  const key = c.req.header('idempotency-key') ?? null;
  if (key === null || /^[\x21-\x7e]{1,200}$/.test(key)) return key;
  throw new PoolError('REQUEST_INVALID', 'Idempotency-Key takes up to 200 visible characters.');
}

/** Shows a payout. With `showsWords`, it includes what a node or a signer said. */
export function viewPayout(payout: PayoutSummary, links: Links, showsWords: boolean) {
  const workflowId = links.saga(payout.id);
  const { heldAt, approvedAt, waitCode, waitReason } = payout;
  const why = showsWords ? waitReason : publicWait(waitCode, waitReason);
  return {
    id: payout.id,
    payee: toChecksum(payout.payee),
    destination: toChecksum(payout.destination),
    ...amount('amount', payout.amountWei),
    state: payout.state,
    origin: payout.origin,
    roundId: payout.roundId,
    reason: payout.reason,
    settlementNo: payout.settlementNo,
    nonce: payout.nonce,
    txHash: payout.txHash,
    held: heldAt && { at: heldAt, reason: payout.holdReason },
    approved: approvedAt && { at: approvedAt, reason: payout.approveReason },
    wait: waitCode === null ? null : { code: waitCode, reason: withChecksums(why) },
    createdAt: payout.createdAt,
    signedAt: payout.signedAt,
    closedAt: payout.closedAt,
    workflowId,
    workflowUrl: links.workflow(workflowId),
    transactionUrl: links.transaction(payout.txHash),
  };
}

function viewSlot(slot: SlotSummary, links: Links, showsWords: boolean) {
  return {
    chainId: slot.chainId,
    wallet: toChecksum(slot.wallet),
    nonce: slot.nonce,
    state: slot.state,
    minedHash: slot.minedHash,
    blockNumber: slot.blockNumber,
    gasUsed: slot.gasUsed?.toString() ?? null,
    gasPriceWei: slot.gasPriceWei?.toString() ?? null,
    createdAt: slot.createdAt,
    closedAt: slot.closedAt,
    attempts: slot.attempts.map((attempt) => ({
      n: attempt.n,
      hash: attempt.hash,
      gasLimit: attempt.gasLimit.toString(),
      maxFeePerGasWei: attempt.maxFeePerGasWei.toString(),
      maxPriorityFeePerGasWei: attempt.maxPriorityFeePerGasWei.toString(),
      sends: attempt.sends,
      firstSentAt: attempt.firstSentAt,
      lastSentAt: attempt.lastSentAt,
      lastAnswer: showsWords ? attempt.lastAnswer : publicAnswer(attempt.lastAnswer),
      createdAt: attempt.createdAt,
      transactionUrl: links.transaction(attempt.hash),
    })),
  };
}

function viewAllocation(allocation: AllocationSummary, showsWords: boolean) {
  const { remoteWorkerId, nodeType, region, amountWei } = allocation;
  return {
    workerId: String(remoteWorkerId),
    nodeType,
    region: showsWords ? region : publicRegion(region),
    ...amount('amount', amountWei),
  };
}
