/** What the operator does about events and unattributed money; all of it behind the token. */
import { Hono } from 'hono';
import { z } from 'zod';
import type { Access } from '../access.js';
import { startBackfill } from '../backfills.js';
import type { ApiDeps } from '../deps.js';
import { parseBeginning, parseEventTime } from '../event-times.js';
import { createLinks } from '../links.js';
import { runAbsorb, runAdjustment, runAssign, runSetAsideRetry } from '../repairs.js';
import { addressText, readBody, reasonText } from '../request.js';
import { viewAdjustment, viewJobDecision, viewSetAsideRetry } from '../views/decision-view.js';

const ACTOR = 'api';
/** A client waits shorter than a person at a command line; what was started goes on. */
const ANSWER_TIMEOUT_MS = 15_000;

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
  amountWei: z.string().regex(/^-?[1-9][0-9]{0,77}$/, 'a whole number of wei other than zero'),
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
  const repairTimeoutMs = deps.answerTimeoutMs ?? ANSWER_TIMEOUT_MS;
  const patient = { ...deps, repairTimeoutMs };
  const links = createLinks(deps.config);
  const app = new Hono();
  app.post('/unattributed/assign', async (c) => {
    access.requireToken(c);
    const { to: payee, ...body } = await readBody(c, assignBody);
    const { nodeType, region, newPayee } = body;
    const input = { ...shared(body), ...chosen(body), payee, nodeType, region, newPayee };
    return c.json(viewJobDecision(await runAssign(patient, input)));
  });
  app.post('/unattributed/absorb', async (c) => {
    access.requireToken(c);
    const body = await readBody(c, absorbBody);
    const input = { ...shared(body), ...chosen(body) };
    return c.json(viewJobDecision(await runAbsorb(patient, input)));
  });
  app.post('/adjustments', async (c) => {
    access.requireToken(c);
    const body = await readBody(c, adjustBody);
    return c.json(viewAdjustment(await runAdjustment(patient, { ...body, actor: ACTOR })));
  });
  app.post('/set-aside/retry', async (c) => {
    access.requireToken(c);
    const { source: sourceId, ...body } = await readBody(c, retryBody);
    const input = { ...body, sourceId, actor: ACTOR };
    return c.json(viewSetAsideRetry(await runSetAsideRetry(patient, input)));
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
