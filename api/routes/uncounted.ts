/**
 * The events that were set aside instead of counted, the jobs that are credited to nobody, and what an operator decides
 * about them.
 */
import { z } from 'zod';
import { startBackfill } from '../../client/backfills.js';
import { carryOut } from '../../client/carry-out.js';
import { parseBeginning } from '../../client/event-times.js';
import { createLinks } from '../../client/links.js';
import { answerTimeoutOf, nowOf, type RunningPool } from '../../client/running-pool.js';
import { amountOrNull, viewAdjustment, viewJobDecision } from '../../client/views.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { isPossibleWei } from '../../core/base/money.js';
import { toChecksum } from '../../core/chain/checksums.js';
import { formatJobHandle } from '../../core/decisions/rules/job-handle.js';
import {
  listUnmatchedJobs,
  type UnmatchedJob,
} from '../../core/decisions/store/unmatched-job-reads.js';
import { setAsideHelp } from '../../core/events/rules/reading/refusals.js';
import {
  findSetAside,
  listSetAside,
  requireSetAsideCode,
  type SetAsideEvent,
} from '../../core/events/store/set-aside.js';
import { requireKnownSource } from '../../core/events/store/sources/source-reads.js';
import type { Decision } from '../../core/ledger/store/audit-log.js';
import { retrySubject } from '../../core/orders/rules/order-kinds.js';
import {
  publicEventId,
  publicModel,
  publicName,
  publicRegion,
  publicTime,
  requirePublic,
} from '../outside.js';
import {
  addressText,
  booleanQuery,
  eventTimeText,
  listQuery,
  noQuery,
  type Routes,
  reasonText,
  rehearsableBody,
} from '../request.js';
import { SOURCES } from '../schemas/sources.js';
import { UNCOUNTED } from '../schemas/uncounted.js';

const sourceText = z.string().max(200).optional();

const setAsideQuery = listQuery({
  source: sourceText,
  code: z.string().max(100).optional(),
  resolved: booleanQuery.optional(),
});

const unattributedQuery = listQuery({
  source: sourceText,
  role: z.enum(['processed', 'received']).default('processed'),
  requestId: z.string().max(200).optional(),
  before: eventTimeText.transform((iso) => new Date(iso)).optional(),
});

export function uncountedRoutes(routes: Routes, pool: RunningPool): void {
  const { db } = pool;
  routes.list(
    '/v1/set-aside',
    setAsideQuery,
    UNCOUNTED.setAside,
    async ({ filter, page }, { shows }) => {
      const { source: sourceId, ...rest } = filter;
      await requireKnownSource(db, sourceId);
      await requireSetAsideCode(db, rest.code);
      const { items, nextCursor } = await listSetAside(db, { sourceId, ...rest }, page);
      const events = items.map((event) => ({
        ...event,
        ...(shows.words ? {} : publicSetAside(event)),
        id: String(event.id),
      }));
      return { events, nextCursor };
    },
  );
  routes.get('/v1/set-aside/:id', noQuery, UNCOUNTED.setAsideEvent, async (_, { id, shows }) => {
    const found = /^[1-9][0-9]{0,14}$/.test(id) ? await findSetAside(db, Number(id)) : undefined;
    if (found === undefined) {
      throw new PoolError('SET_ASIDE_NOT_FOUND', 'Nothing was set aside under this id.');
    }
    const view = { ...found, id, help: setAsideHelp(found) };
    return shows.words ? view : { ...view, ...publicSetAside(found), stored: null };
  });
  const open = UNCOUNTED.unattributed;
  routes.list('/v1/unattributed', unattributedQuery, open, async ({ filter, page }, { shows }) => {
    const { source: sourceId, ...rest } = filter;
    if (!shows.words) requirePublic(rest.requestId, publicName);
    await requireKnownSource(db, sourceId);
    const { items, nextCursor } = await listUnmatchedJobs(db, { sourceId, ...rest }, page);
    const now = nowOf(pool).getTime();
    const shown = shows.words ? items : items.map(publicJob);
    const jobs = shown.map(({ grossWei, dt, payee, candidates, eventId, ...job }) => ({
      job: eventId === null ? null : formatJobHandle({ ...job, eventId, dtMs: dt.getTime() }),
      ...job,
      eventId,
      dt,
      ageMs: now - dt.getTime(),
      payee: payee === null ? null : toChecksum(payee),
      candidates: candidates.map((one) => ({
        ...one,
        payee: one.payee === null ? null : toChecksum(one.payee),
      })),
      ...amountOrNull('gross', grossWei),
    }));
    return { jobs, nextCursor };
  });
}

/** Hides an event's text, which may hold a worker's address in any form, and its file's name, which is foreign text. */
function publicSetAside(event: Omit<SetAsideEvent, 'id'>) {
  return {
    eventId: publicEventId(event.eventId),
    dtText: publicTime(event.dtText),
    place: null,
    reason: setAsideHelp(event),
    raw: null,
  };
}

/** Hides foreign text. A job whose event id is hidden cannot be named without the token. */
function publicJob(job: UnmatchedJob) {
  return {
    ...job,
    eventId: publicEventId(job.eventId),
    requestId: publicName(job.requestId),
    pipeline: publicName(job.pipeline),
    modelId: publicModel(job.modelId),
    candidates: job.candidates.map((one) => ({
      ...one,
      eventId: publicEventId(one.eventId),
      region: one.region === null ? null : publicRegion(one.region),
    })),
  };
}

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
  const patienceMs = answerTimeoutOf(pool);
  const links = createLinks(pool);
  routes.post('/v1/unattributed/assign', assignBody, UNCOUNTED.assign, async (body) => {
    const { to: payee, nodeType, region, newPayee } = body;
    const args = { ...chosen(body), payee, nodeType, region, newPayee };
    const order = { kind: 'jobs.assign', subject: payee, args, ...decisionOf(body) } as const;
    return viewJobDecision(await carryOut(pool, order, patienceMs));
  });
  routes.post('/v1/unattributed/absorb', absorbBody, UNCOUNTED.absorb, async (body) => {
    const args = chosen(body);
    const subject = 'unattributed';
    const order = { kind: 'jobs.absorb', subject, args, ...decisionOf(body) } as const;
    return viewJobDecision(await carryOut(pool, order, patienceMs));
  });
  routes.post(
    '/v1/adjustments',
    adjustBody,
    UNCOUNTED.adjust,
    async ({ reason, dryRun, actor, ...args }) => {
      const decision = { reason, dryRun, actor };
      const order = { kind: 'ledger.adjust', subject: args.payee, args, ...decision } as const;
      return viewAdjustment(await carryOut(pool, order, patienceMs));
    },
  );
  routes.post(
    '/v1/set-aside/retry',
    retryBody,
    UNCOUNTED.retry,
    async ({ ids, code, source, ...decision }) => {
      const args = { ids, code, sourceId: source };
      const subject = retrySubject(args);
      const order = { kind: 'set-aside.retry', subject, args, ...decision } as const;
      const report = await carryOut(pool, order, patienceMs);
      return { ...report, shown: report.shown.map((one) => ({ ...one, id: String(one.id) })) };
    },
  );
  routes.post(
    '/v1/sources/:id/backfill',
    backfillBody,
    SOURCES.backfill,
    async (body, { answer, id: sourceId }) => {
      const started = await startBackfill(pool, { ...body, sourceId });
      return answer(202, { ...started, workflowUrl: links.workflow(started.workflowId) });
    },
  );
}

function decisionOf({ reason, dryRun, actor }: Decision & { readonly dryRun: boolean }) {
  return { reason, dryRun, actor };
}

function chosen(body: z.infer<typeof absorbBody>) {
  const { jobs, requestId, source: sourceId, before } = body;
  return { choice: { jobs, requestId, sourceId, before } };
}
