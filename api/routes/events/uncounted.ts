/** The events that were set aside instead of counted, and the jobs that are credited to nobody. */
import { Hono } from 'hono';
import { z } from 'zod';
import { nowOf, type RunningPool } from '../../../client/running-pool.js';
import { amount } from '../../../client/views/amounts.js';
import {
  publicEventId,
  publicModel,
  publicName,
  publicRegion,
  publicTime,
} from '../../../client/views/outside.js';
import { PoolError } from '../../../core/base/errors/pool-error.js';
import { toChecksum } from '../../../core/chain/checksums.js';
import { formatJobHandle } from '../../../core/decisions/rules/job-handle.js';
import {
  listUnmatchedJobs,
  type UnmatchedJob,
} from '../../../core/decisions/store/unmatched-job-reads.js';
import { setAsideHelp } from '../../../core/events/rules/reading/refusals.js';
import {
  findSetAside,
  listSetAside,
  requireSetAsideCode,
  type SetAsideEvent,
} from '../../../core/events/store/set-aside.js';
import { requireKnownSource } from '../../../core/events/store/sources/source-reads.js';
import type { Access } from '../../access.js';
import { booleanQuery, eventTimeText, listQuery, readList, refuseQuery } from '../../request.js';

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

export function uncountedRoutes(deps: RunningPool, access: Access): Hono {
  const { db } = deps;
  const app = new Hono();
  app.get('/set-aside', async (c) => {
    const { filter, page } = readList(c, setAsideQuery);
    const { source: sourceId, ...rest } = filter;
    await requireKnownSource(db, sourceId);
    await requireSetAsideCode(db, rest.code);
    const { items, nextCursor } = await listSetAside(db, { sourceId, ...rest }, page);
    const { words } = access.shows(c);
    const events = items.map((event) => ({
      ...event,
      ...(words ? {} : publicSetAside(event)),
      id: String(event.id),
    }));
    return c.json({ events, nextCursor });
  });
  app.get('/set-aside/:id', async (c) => {
    refuseQuery(c);
    const id = c.req.param('id');
    const found = /^[1-9][0-9]{0,14}$/.test(id) ? await findSetAside(db, Number(id)) : undefined;
    if (found === undefined) {
      throw new PoolError('SET_ASIDE_NOT_FOUND', 'Nothing was set aside under this id.');
    }
    const view = { ...found, id, help: setAsideHelp(found) };
    if (access.shows(c).words) return c.json(view);
    return c.json({ ...view, ...publicSetAside(found), stored: null });
  });
  app.get('/unattributed', async (c) => {
    const { filter, page } = readList(c, unattributedQuery);
    const { source: sourceId, ...rest } = filter;
    await requireKnownSource(db, sourceId);
    const { items, nextCursor } = await listUnmatchedJobs(db, { sourceId, ...rest }, page);
    const now = nowOf(deps).getTime();
    const shown = access.shows(c).words ? items : items.map(publicJob);
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
      ...(grossWei === null ? { grossWei: null, grossEth: null } : amount('gross', grossWei)),
    }));
    return c.json({ jobs, nextCursor });
  });
  return app;
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
