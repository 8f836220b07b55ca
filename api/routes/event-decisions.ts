/** The routes for an operator's decisions about events and unattributed money. All of them need the token. */
import { z } from 'zod';
import { startBackfill } from '../../client/backfills.js';
import { carryOut } from '../../client/carry-out.js';
import { parseBeginning } from '../../client/event-times.js';
import { createLinks } from '../../client/links.js';
import { answerTimeoutOf, type RunningPool } from '../../client/running-pool.js';
import { viewAdjustment, viewJobDecision } from '../../client/views.js';
import { isPossibleWei } from '../../core/base/money.js';
import type { Decision } from '../../core/ledger/store/audit-log.js';
import { retrySubject } from '../../core/orders/rules/order-kinds.js';
import {
  addressText,
  eventTimeText,
  type Routes,
  reasonText,
  rehearsableBody,
} from '../request.js';

const worker = {
  nodeType: z.enum(['ai', 'transcode']).nullable().default(null),
  region: z.string().min(1).max(200).nullable().default(null),
  newPayee: z.boolean().default(false),
};
const time = eventTimeText.nullable().default(null);
const text = (most: number) => z.string().max(most).nullable().default(null);
const idText = z
  .string()
  .regex(/^[1-9][0-9]{0,14}$/)
  .transform(Number);
const choice = {
  jobs: z.array(z.string().max(1_000)).max(200).default([]),
  requestId: text(200),
  source: text(200),
  before: time,
};

const absorbBody = rehearsableBody.extend(choice);
const assignBody = absorbBody.extend({ ...worker, to: addressText });
const adjustBody = rehearsableBody.extend({
  ...worker,
  payee: addressText,
  amountWei: z
    .string()
    .regex(/^-?[1-9][0-9]{0,77}$/, 'a whole number of wei other than zero')
    .refine((text) => isPossibleWei(BigInt(text)), 'more wei than there are'),
  reference: z.string().trim().min(1).max(200),
  allowDebt: z.boolean().default(false),
});
const retryBody = rehearsableBody.extend({
  ids: z.array(idText).max(200).default([]),
  code: text(100),
  source: text(200),
});
const backfillBody = z.strictObject({
  reason: reasonText.default('asked for through the API'),
  from: z.string().transform(parseBeginning),
  to: time,
});

export function decisionRoutes(routes: Routes, pool: RunningPool): void {
  const patient = { ...pool, repairTimeoutMs: answerTimeoutOf(pool) };
  const links = createLinks(pool);
  routes.post('/v1/unattributed/assign', assignBody, async (body) => {
    const { to: payee, nodeType, region, newPayee } = body;
    const args = { ...chosen(body), payee, nodeType, region, newPayee };
    const order = { kind: 'jobs.assign', subject: payee, args, ...decisionOf(body) } as const;
    return viewJobDecision(await carryOut(patient, order));
  });
  routes.post('/v1/unattributed/absorb', absorbBody, async (body) => {
    const args = chosen(body);
    const subject = 'unattributed';
    const order = { kind: 'jobs.absorb', subject, args, ...decisionOf(body) } as const;
    return viewJobDecision(await carryOut(patient, order));
  });
  routes.post('/v1/adjustments', adjustBody, async ({ reason, dryRun, actor, ...args }) => {
    const decision = { reason, dryRun, actor };
    const order = { kind: 'ledger.adjust', subject: args.payee, args, ...decision } as const;
    return viewAdjustment(await carryOut(patient, order));
  });
  routes.post('/v1/set-aside/retry', retryBody, async ({ ids, code, source, ...decision }) => {
    const args = { ids, code, sourceId: source };
    const subject = retrySubject(args);
    const order = { kind: 'set-aside.retry', subject, args, ...decision } as const;
    const report = await carryOut(patient, order);
    return { ...report, shown: report.shown.map((one) => ({ ...one, id: String(one.id) })) };
  });
  routes.post('/v1/sources/:id/backfill', backfillBody, async (body, { c, id: sourceId }) => {
    const started = await startBackfill(pool, { ...body, sourceId });
    return c.json({ ...started, workflowUrl: links.workflow(started.workflowId) }, 202);
  });
}

function decisionOf({ reason, dryRun, actor }: Decision & { readonly dryRun: boolean }) {
  return { reason, dryRun, actor };
}

function chosen(body: z.infer<typeof absorbBody>) {
  const { jobs, requestId, source: sourceId, before } = body;
  return { choice: { jobs, requestId, sourceId, before } };
}
