/** What came from the sources and could not be counted as it stood. */
import { Hono } from 'hono';
import { z } from 'zod';
import { type ApiDeps, nowOf } from '../../../client/deps.js';
import { parseEventTime } from '../../../client/event-times.js';
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
} from '../../../core/events/store/set-aside-reads.js';
import { requireKnownSource } from '../../../core/events/store/sources/source-reads.js';
import type { Access } from '../../access.js';
import { booleanQuery, pageQuery, readQuery, refuseQuery } from '../../request.js';

const sourceText = z.string().max(200).optional();

const setAsideQuery = pageQuery.extend({
  source: sourceText,
  code: z.string().max(100).optional(),
  resolved: booleanQuery.optional(),
});

const unattributedQuery = pageQuery.extend({
  source: sourceText,
  role: z.enum(['processed', 'received']).default('processed'),
  requestId: z.string().max(200).optional(),
  before: z
    .string()
    .transform((text) => new Date(parseEventTime(text)))
    .optional(),
});

export function eventRoutes(deps: ApiDeps, access: Access): Hono {
  const { db } = deps;
  const app = new Hono();
  app.get('/set-aside', async (c) => {
    const { limit, cursor, source: sourceId, ...rest } = readQuery(c, setAsideQuery);
    await requireKnownSource(db, sourceId);
    await requireSetAsideCode(db, rest.code);
    const page = await listSetAside(db, { sourceId, ...rest }, { limit, cursor });
    const showsWords = access.showsWords(c);
    const events = page.items.map((event) => ({
      ...event,
      ...(showsWords ? {} : publicSetAside(event)),
      id: String(event.id),
    }));
    return c.json({ events, nextCursor: page.nextCursor });
  });
  app.get('/set-aside/:id', async (c) => {
    refuseQuery(c);
    const id = c.req.param('id');
    const found = /^[1-9][0-9]{0,14}$/.test(id) ? await findSetAside(db, Number(id)) : undefined;
    if (found === undefined) {
      throw new PoolError('SET_ASIDE_NOT_FOUND', 'Nothing was set aside under this id.');
    }
    const view = { ...found, id, help: setAsideHelp(found) };
    if (access.showsWords(c)) return c.json(view);
    return c.json({ ...view, ...publicSetAside(found), stored: null });
  });
  app.get('/unattributed', async (c) => {
    const { limit, cursor, source: sourceId, ...filter } = readQuery(c, unattributedQuery);
    await requireKnownSource(db, sourceId);
    const page = await listUnmatchedJobs(db, { sourceId, ...filter }, { limit, cursor });
    const now = nowOf(deps).getTime();
    const showsWords = access.showsWords(c);
    const items = showsWords ? page.items : page.items.map(publicJob);
    const jobs = items.map(({ grossWei, dt, payee, candidates, eventId, ...job }) => ({
      job: eventId === null ? null : formatJobHandle({ ...job, eventId, dtMs: dt.getTime() }),
      ...{ ...job, eventId },
      dt,
      ageMs: now - dt.getTime(),
      payee: payee === null ? null : toChecksum(payee),
      candidates: candidates.map((one) => ({
        ...one,
        payee: one.payee === null ? null : toChecksum(one.payee),
      })),
      ...(grossWei === null ? { grossWei: null, grossEth: null } : amount('gross', grossWei)),
    }));
    return c.json({ jobs, nextCursor: page.nextCursor });
  });
  return app;
}

/** What an event said may hold a worker's address in any shape, and a file's name is somebody else's text. */
function publicSetAside(event: Omit<SetAsideEvent, 'id'>) {
  return {
    eventId: publicEventId(event.eventId),
    dtText: publicTime(event.dtText),
    place: null,
    reason: setAsideHelp(event),
    raw: null,
  };
}

/** A job whose event has no id that could be shown has no handle either: with the token it has. */
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
