/** The routes for an operator's decisions about events and unattributed money. All of them need the token. */
import { Hono } from 'hono';
import { z } from 'zod';
import { startBackfill } from '../../../client/backfills.js';
import { carryOut } from '../../../client/carry-out.js';
import { parseBeginning } from '../../../client/event-times.js';
import { createLinks } from '../../../client/links.js';
import { answerTimeoutOf, type RunningPool } from '../../../client/running-pool.js';
import {
  viewAdjustment,
  viewJobDecision,
  viewSetAsideRetry,
} from '../../../client/views/decision-view.js';
import { isPossibleWei } from '../../../core/base/money.js';
import { retrySubject } from '../../../core/orders/rules/order-kinds.js';
import type { Access } from '../../access.js';
import {
  ACTOR,
  addressText,
  eventTimeText,
  readOrder,
  reasonText,
  rehearsableBody,
} from '../../request.js';

const worker = {
  nodeType: z.enum(['ai', 'transcode']).nullable().default(null),
  region: z.string().min(1).max(200).nullable().default(null),
  newPayee: z.boolean().default(false),
};
const time = eventTimeText.nullable().default(null);
const choice = {
  jobs: z.array(z.string().max(1_000)).max(200).default([]),
  requestId: z.string().max(200).nullable().default(null),
  source: z.string().max(200).nullable().default(null),
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
  ids: z
    .array(
      z
        .string()
        .regex(/^[1-9][0-9]{0,14}$/)
        .transform(Number),
    )
    .max(200)
    .default([]),
  code: z.string().max(100).nullable().default(null),
  source: z.string().max(200).nullable().default(null),
});
const backfillBody = z.strictObject({
  reason: reasonText.default('asked for through the API'),
  from: z.string().transform(parseBeginning),
  to: time,
});

export function decisionRoutes(deps: RunningPool, access: Access): Hono {
  const repairTimeoutMs = answerTimeoutOf(deps);
  const patient = { ...deps, repairTimeoutMs };
  const links = createLinks(deps);
  const app = new Hono();
  app.post('/unattributed/assign', async (c) => {
    const { to: payee, ...body } = await readOrder(access, c, assignBody);
    const { nodeType, region, newPayee } = body;
    const args = { ...chosen(body), payee, nodeType, region, newPayee };
    const order = { kind: 'jobs.assign', subject: payee, args, ...decisionOf(body) } as const;
    return c.json(viewJobDecision(await carryOut(patient, order)));
  });
  app.post('/unattributed/absorb', async (c) => {
    const body = await readOrder(access, c, absorbBody);
    const args = chosen(body);
    const order = {
      kind: 'jobs.absorb',
      subject: 'unattributed',
      args,
      ...decisionOf(body),
    } as const;
    return c.json(viewJobDecision(await carryOut(patient, order)));
  });
  app.post('/adjustments', async (c) => {
    const { reason, dryRun, ...args } = await readOrder(access, c, adjustBody);
    const decision = { reason, dryRun, actor: ACTOR };
    const order = { kind: 'ledger.adjust', subject: args.payee, args, ...decision } as const;
    return c.json(viewAdjustment(await carryOut(patient, order)));
  });
  app.post('/set-aside/retry', async (c) => {
    const { source: sourceId, ...body } = await readOrder(access, c, retryBody);
    const args = { ids: body.ids, code: body.code, sourceId };
    const subject = retrySubject(args);
    const order = { kind: 'set-aside.retry', subject, args, ...decisionOf(body) } as const;
    return c.json(viewSetAsideRetry(await carryOut(patient, order)));
  });
  app.post('/sources/:id/backfill', async (c) => {
    const sourceId = c.req.param('id');
    const body = await readOrder(access, c, backfillBody);
    const started = await startBackfill(deps, { ...body, sourceId, actor: ACTOR });
    return c.json({ ...started, workflowUrl: links.workflow(started.workflowId) }, 202);
  });
  return app;
}

const decisionOf = ({ reason, dryRun }: z.infer<typeof rehearsableBody>) => ({
  reason,
  dryRun,
  actor: ACTOR,
});

function chosen(body: z.infer<typeof absorbBody>) {
  const { jobs, requestId, source: sourceId, before } = body;
  return { choice: { jobs, requestId, sourceId, before } };
}
