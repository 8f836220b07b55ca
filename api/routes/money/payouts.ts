import { type Context, Hono } from 'hono';
import { z } from 'zod';
import { createLinks } from '../../../client/links.js';
import { requestPayout } from '../../../client/payout-request.js';
import type { RunningPool } from '../../../client/running-pool.js';
import { viewAllocation, viewPayout, viewSlot } from '../../../client/views/payout-view.js';
import { pokeSaga } from '../../../client/workflow-calls.js';
import { PoolError } from '../../../core/base/errors/pool-error.js';
import { isClosed, PAYOUT_STATES } from '../../../core/payouts/rules/payout.js';
import {
  approvePayout,
  cancelPayout,
  holdPayout,
  requestBump,
  resumePayout,
} from '../../../core/payouts/store/payout-messages.js';
import {
  findPayout,
  listPayouts,
  type PayoutSummary,
  readAllocations,
  readSlots,
} from '../../../core/payouts/store/reads/payout-reads.js';
import type { Access } from '../../access.js';
import {
  ACTOR,
  addressText,
  decisionBody,
  listQuery,
  readList,
  readOrder,
  reasonText,
  refuseQuery,
} from '../../request.js';

/** Parses several states from one query field: `?state=reserved,signed`. */
const statesText = z
  .string()
  .transform((text) => text.split(','))
  .pipe(z.array(z.enum(PAYOUT_STATES)).min(1));

const payoutsQuery = listQuery({ state: statesText.optional(), payee: addressText.optional() });

const payoutBody = z.strictObject({
  payee: addressText,
  belowThreshold: z.boolean().default(false),
  reason: reasonText.default('asked for through the API'),
});

const idempotencyKeyText = z.string().regex(/^[\x21-\x7e]{1,200}$/, 'up to 200 visible characters');

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

export function payoutRoutes(deps: RunningPool, access: Access): Hono {
  const { db } = deps;
  const links = createLinks(deps);
  const app = new Hono();
  app.get('/', async (c) => {
    const { filter, page } = readList(c, payoutsQuery);
    const { state: states, payee } = filter;
    const { items, nextCursor } = await listPayouts(db, { states, payee }, page);
    const { words } = access.shows(c);
    return c.json({ payouts: items.map((payout) => viewPayout(payout, links, words)), nextCursor });
  });
  app.get('/:id', async (c) => {
    refuseQuery(c);
    const payout = await requirePayout(deps, c.req.param('id'));
    const [slots, allocations] = await Promise.all([
      readSlots(db, payout.id),
      readAllocations(db, payout.id),
    ]);
    const { words } = access.shows(c);
    return c.json({
      ...viewPayout(payout, links, words),
      allocations: allocations.map((allocation) => viewAllocation(allocation, words)),
      nonces: slots.map((slot) => viewSlot(slot, links, words)),
    });
  });
  app.post('/', async (c) => {
    const body = await readOrder(access, c, payoutBody);
    const { payout, workflowId, created } = await requestPayout(deps, {
      ...body,
      idempotencyKey: readIdempotencyKey(c),
    });
    const answer = { workflowId, workflowUrl: links.workflow(workflowId), created };
    if (payout === null) return c.json({ payout, ...answer, words: UNANSWERED }, 202);
    const words = created ? RESERVED : JOINED;
    return c.json(
      { payout: viewPayout(payout, links, true), ...answer, words },
      created ? 201 : 200,
    );
  });
  for (const [action, apply] of MESSAGES) {
    app.post(`/:id/${action}`, async (c) => {
      const { reason } = await readOrder(access, c, decisionBody);
      const { id } = await requireOpenPayout(deps, c.req.param('id'));
      const { words } = await apply(db, id, { actor: ACTOR, reason });
      await pokeSaga(deps, id);
      const workflowId = links.saga(id);
      const payout = viewPayout(await requirePayout(deps, id), links, true);
      return c.json({ words, payout, workflowId, workflowUrl: links.workflow(workflowId) });
    });
  }
  return app;
}

async function requirePayout({ db }: RunningPool, id: string): Promise<PayoutSummary> {
  const isUuid = z.guid().safeParse(id).success;
  const payout = isUuid ? await findPayout(db, id) : undefined;
  if (payout === undefined) throw new PoolError('PAYOUT_NOT_FOUND', 'No payout has this id.');
  return payout;
}

async function requireOpenPayout(deps: RunningPool, id: string): Promise<PayoutSummary> {
  const payout = await requirePayout(deps, id);
  if (!isClosed(payout.state)) return payout;
  throw new PoolError('PAYOUT_ALREADY_CLOSED', `This payout has ended as ${payout.state}.`);
}

function readIdempotencyKey(c: Context): string | null {
  const key = c.req.header('idempotency-key');
  if (key === undefined) return null;
  const result = idempotencyKeyText.safeParse(key);
  if (result.success) return result.data;
  throw new PoolError('REQUEST_INVALID', 'Idempotency-Key takes up to 200 visible characters.');
}
