/** What the operator does about events and unattributed money; all of it behind the token. */
import { Hono } from 'hono';
import { z } from 'zod';
import { startBackfill } from '../../../client/backfills.js';
import { type ApiDeps, answerTimeoutOf } from '../../../client/deps.js';
import { parseBeginning, parseEventTime } from '../../../client/event-times.js';
import { createLinks } from '../../../client/links.js';
import { carryOut } from '../../../client/orders.js';
import {
  viewAdjustment,
  viewJobDecision,
  viewSetAsideRetry,
} from '../../../client/views/decision-view.js';
import { isPossibleWei } from '../../../core/base/money.js';
import { retrySubject } from '../../../core/orders/rules/order-kinds.js';
import type { Access } from '../../access.js';
import { addressText, readBody, reasonText } from '../../request.js';

const ACTOR = 'api';

const repair = {
  reason: reasonText.min(1, 'say why'),
  dryRun: z.boolean().default(false),
};
const worker = {
  nodeType: z.enum(['ai', 'transcode']).nullable().default(null),
  region: z.string().min(1).max(200).nullable().default(null),
  newPayee: z.boolean().default(false),
};
const time = z.string().transform(parseEventTime).nullable().default(null);
const choice = {
  jobs: z.array(z.string().max(1_000)).max(200).default([]),
  requestId: z.string().max(200).nullable().default(null),
  source: z.string().max(200).nullable().default(null),
  before: time,
};

const absorbBody = z.strictObject({ ...repair, ...choice });
const assignBody = z.strictObject({ ...repair, ...choice, ...worker, to: addressText });
const adjustBody = z.strictObject({
  ...{ ...repair, ...worker, payee: addressText },
  amountWei: z
    .string()
    .regex(/^-?[1-9][0-9]{0,77}$/, 'a whole number of wei other than zero')
    .refine((text) => isPossibleWei(BigInt(text)), 'more wei than there are'),
  reference: z.string().trim().min(1).max(200),
  allowDebt: z.boolean().default(false),
});
const retryBody = z.strictObject({
  ...repair,
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

export function decisionRoutes(deps: ApiDeps, access: Access): Hono {
  const repairTimeoutMs = answerTimeoutOf(deps);
  const patient = { ...deps, repairTimeoutMs };
  const links = createLinks(deps);
  const app = new Hono();
  app.post('/unattributed/assign', async (c) => {
    access.requireToken(c);
    const { to: payee, ...body } = await readBody(c, assignBody);
    const { nodeType, region, newPayee } = body;
    const args = { ...chosen(body), payee, nodeType, region, newPayee };
    const order = { kind: 'jobs.assign', subject: payee, args, ...shared(body) } as const;
    return c.json(viewJobDecision(await carryOut(patient, order)));
  });
  app.post('/unattributed/absorb', async (c) => {
    access.requireToken(c);
    const body = await readBody(c, absorbBody);
    const args = chosen(body);
    const order = { kind: 'jobs.absorb', subject: 'unattributed', args, ...shared(body) } as const;
    return c.json(viewJobDecision(await carryOut(patient, order)));
  });
  app.post('/adjustments', async (c) => {
    access.requireToken(c);
    const { reason, dryRun, ...args } = await readBody(c, adjustBody);
    const given = shared({ reason, dryRun });
    const order = { kind: 'ledger.adjust', subject: args.payee, args, ...given } as const;
    return c.json(viewAdjustment(await carryOut(patient, order)));
  });
  app.post('/set-aside/retry', async (c) => {
    access.requireToken(c);
    const { source: sourceId, ...body } = await readBody(c, retryBody);
    const args = { ids: body.ids, code: body.code, sourceId };
    const subject = retrySubject(args);
    const order = { kind: 'set-aside.retry', subject, args, ...shared(body) } as const;
    return c.json(viewSetAsideRetry(await carryOut(patient, order)));
  });
  app.post('/sources/:id/backfill', async (c) => {
    access.requireToken(c);
    const sourceId = c.req.param('id');
    const body = await readBody(c, backfillBody);
    const started = await startBackfill(deps, { ...body, sourceId, actor: ACTOR });
    return c.json({ ...started, workflowUrl: links.workflow(started.workflowId) }, 202);
  });
  return app;
}

const shared = ({ reason, dryRun }: { readonly reason: string; readonly dryRun: boolean }) => ({
  ...{ reason, dryRun, actor: ACTOR },
});

function chosen(body: z.infer<typeof absorbBody>) {
  const { jobs, requestId, source: sourceId, before } = body;
  return { choice: { jobs, requestId, sourceId, before } };
}
