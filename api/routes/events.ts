/** What came from the sources and could not be counted as it stood. */
import { Hono } from 'hono';
import { z } from 'zod';
import { formatJobHandle } from '../../domain/job-handle.js';
import { PoolError } from '../../domain/pool-error.js';
import { setAsideHelp } from '../../domain/set-aside.js';
import { findSetAside, listSetAside, requireSetAsideCode } from '../../store/set-aside-reads.js';
import { requireKnownSource } from '../../store/source-reads.js';
import { listUnmatchedJobs } from '../../store/unmatched-job-reads.js';
import type { Access } from '../access.js';
import { withoutAddresses } from '../access.js';
import { toChecksum } from '../addresses.js';
import { amount } from '../amounts.js';
import { type ApiDeps, nowOf } from '../deps.js';
import { parseEventTime } from '../event-times.js';
import { booleanQuery, pageQuery, readQuery } from '../request.js';

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
    const showsAddresses = access.showsAddresses(c);
    const events = page.items.map((event) => ({
      ...event,
      id: String(event.id),
      reason: showsAddresses ? event.reason : withoutAddresses(event.reason),
      place: showsAddresses ? event.place : withoutAddresses(event.place),
      // What a source said may hold a worker's address in any shape.
      raw: showsAddresses ? event.raw : null,
    }));
    return c.json({ events, nextCursor: page.nextCursor });
  });
  app.get('/set-aside/:id', async (c) => {
    const id = c.req.param('id');
    const found = /^[1-9][0-9]{0,14}$/.test(id) ? await findSetAside(db, Number(id)) : undefined;
    if (found === undefined) {
      throw new PoolError('SET_ASIDE_NOT_FOUND', 'Nothing was set aside under this id.');
    }
    const view = { ...found, id, help: setAsideHelp(found) };
    if (access.showsAddresses(c)) return c.json(view);
    const { reason, place } = found;
    return c.json({
      ...{ ...view, raw: null, stored: null },
      reason: withoutAddresses(reason),
      place: withoutAddresses(place),
    });
  });
  app.get('/unattributed', async (c) => {
    const { limit, cursor, source: sourceId, ...filter } = readQuery(c, unattributedQuery);
    await requireKnownSource(db, sourceId);
    const page = await listUnmatchedJobs(db, { sourceId, ...filter }, { limit, cursor });
    const now = nowOf(deps).getTime();
    const jobs = page.items.map(({ grossWei, dt, payee, candidates, ...job }) => ({
      job: formatJobHandle({ ...job, dtMs: dt.getTime() }),
      ...job,
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
