import { Hono } from 'hono';
import { z } from 'zod';
import { nowOf, type RunningPool } from '../../../client/running-pool.js';
import { publicError } from '../../../client/views/outside.js';
import {
  ARRIVALS_MS,
  movedWords,
  publicType,
  RESUMED_WORDS,
  viewClock,
  viewPrices,
  viewSilence,
  viewTypes,
  viewUnmatched,
} from '../../../client/views/source-view.js';
import { PoolError } from '../../../core/base/errors/pool-error.js';
import type { Reader } from '../../../core/db/database.js';
import { sqlState } from '../../../core/db/transact.js';
import { latestPrices } from '../../../core/events/rules/job-price.js';
import { listObjectFindings } from '../../../core/events/store/sources/source-objects.js';
import {
  countEventTypes,
  countHours,
  listSources,
  requireKnownSource,
  type SourceSummary,
} from '../../../core/events/store/sources/source-reads.js';
import { moveSource, resumeSource } from '../../../core/events/store/sources/source-register.js';
import { bucketUnmatched } from '../../../core/sentinel/store/metric-counts.js';
import { readArrivals, readPrices } from '../../../core/sentinel/store/source-figures-reads.js';
import type { Access, Shown } from '../../access.js';
import {
  ACTOR,
  decisionBody,
  readOrder,
  readQuery,
  refuseQuery,
  rehearsableBody,
  wholeQuery,
} from '../../request.js';

const HOUR_MS = 3_600_000;
const DEFAULT_HOURS = 48;
/** A request gets at most a month of hours, which limits the size of the answer. */
const MOST_HOURS = 31 * 24;

/** An answer has at most this many prices, even when a source makes up names of models. */
const MOST_PRICES = 100;

/** How many findings of each kind about a source's objects are shown. */
const SHOWN_OBJECTS = 20;

const hoursQuery = z.strictObject({ hours: wholeQuery(1, MOST_HOURS).default(DEFAULT_HOURS) });

/** Postgres' SQLSTATE for "insufficient privilege". */
const FORBIDDEN = '42501';
const moveBody = rehearsableBody.extend({
  to: z.string().trim().min(1).max(2_000),
  accept: z.boolean().default(false),
});

export function sourceRoutes(deps: RunningPool, access: Access): Hono {
  const { db } = deps;
  const app = new Hono();
  app.get('/', async (c) => {
    refuseQuery(c);
    const now = nowOf(deps);
    const shows = access.shows(c);
    const [sources, counts, arrivals, unmatched] = await Promise.all([
      listSources(db, now),
      countEventTypes(db),
      readArrivals(db, new Date(now.getTime() - ARRIVALS_MS)),
      bucketUnmatched(db, now),
    ]);
    const objects = await Promise.all(sources.map((source) => objectsOf(db, source, shows.words)));
    const views = sources.map((source, i) => ({
      ...viewReading(source, now, shows),
      silence: viewSilence(source),
      clock: viewClock(arrivals.get(source.id) ?? []),
      removedAt: source.removedAt,
      events: source.events.toString(),
      eventsLastDay: source.eventsLastDay.toString(),
      zeroFeeEvents: source.zeroFeeEvents.toString(),
      eventTypes: viewTypes(counts.get(source.id) ?? [], shows.words),
      setAside: source.setAside,
      unattributedJobs: source.unattributedJobs,
      unmatched: viewUnmatched(unmatched.get(source.id) ?? []),
      objects: objects[i],
    }));
    return c.json({ sources: views });
  });
  app.get('/:id/hours', async (c) => {
    const { hours } = readQuery(c, hoursQuery);
    const { words } = access.shows(c);
    const sourceId = c.req.param('id');
    await requireKnownSource(db, sourceId);
    const to = nowOf(deps);
    const from = new Date((Math.floor(to.getTime() / HOUR_MS) - hours + 1) * HOUR_MS);
    const counted = await countHours(db, { from, to, sourceId });
    return c.json({
      source: sourceId,
      from,
      to,
      // Hours and types without events are left out.
      hours: counted.map(({ hour, eventType, version, events, zeroFeeEvents }) => ({
        hour,
        ...publicType({ eventType, version }, words),
        events: events.toString(),
        zeroFeeEvents: zeroFeeEvents.toString(),
      })),
    });
  });
  app.get('/:id/prices', async (c) => {
    refuseQuery(c);
    const sourceId = c.req.param('id');
    await requireKnownSource(db, sourceId);
    const now = nowOf(deps);
    const prices = await readPrices(db, now, sourceId);
    const latest = latestPrices(prices.get(sourceId) ?? [], now.getTime());
    const view = { showsWords: access.shows(c).words, limit: MOST_PRICES };
    return c.json({ source: sourceId, models: latest.length, prices: viewPrices(latest, view) });
  });
  app.post('/:id/move', async (c) => {
    const order = { ...(await readOrder(access, c, moveBody)), actor: ACTOR };
    const sourceId = c.req.param('id');
    const moved = await moveSource(db, sourceId, order).catch((error: unknown) => {
      throw sqlState(error) === FORBIDDEN ? moveForbidden(sourceId, error) : error;
    });
    return c.json({ ...moved, applied: moved.changed && !order.dryRun, words: movedWords(moved) });
  });
  app.post('/:id/resume', async (c) => {
    const { reason } = await readOrder(access, c, decisionBody);
    await resumeSource(db, c.req.param('id'), { actor: ACTOR, reason });
    return c.json({ resumed: true, words: RESUMED_WORDS });
  });
  return app;
}

/**
 * Makes the error that names the command to use instead: on purpose, the API's role in Postgres may not move a source.
 */
function moveForbidden(sourceId: string, cause: unknown): PoolError {
  const words =
    `this API's role in Postgres may not move a source; where a worker's configuration is, run: ` +
    `openpool source move ${sourceId} --to <place> --reason <words>`;
  return new PoolError('DATABASE_FORBIDDEN', words, {}, { cause });
}

function viewReading(source: SourceSummary, now: Date, shows: Shown) {
  const { lastSuccessAt, lastError, lastErrorCode, readsFrom, newestDt } = source;
  const message = shows.words ? lastError : publicError(lastErrorCode ?? '');
  const why = shows.words ? source.stopped?.why : publicError('SOURCE_READ_TWICE');
  const ageMs = (at: Date | null) => (at === null ? null : now.getTime() - at.getTime());
  return {
    id: source.id,
    kind: source.kind,
    region: source.region,
    nodeType: source.nodeType,
    of: source.of,
    stopped: source.stopped && { ...source.stopped, why },
    moveUnproven: source.moveUnproven,
    readsFrom: shows.addresses ? readsFrom : null,
    from: source.fromDt,
    cursor: source.cursorDt,
    newestEventAt: newestDt,
    newestEventAgeMs: ageMs(newestDt),
    lastPassAt: source.lastPassAt,
    lastSuccessAt,
    // How old our knowledge of this source is; how long the source has been silent is another figure.
    lagMs: ageMs(lastSuccessAt),
    lastError: lastErrorCode === null ? null : { code: lastErrorCode, message },
  };
}

/**
 * Counts the files in a source's bucket that are incomplete or were overwritten. Their names are foreign text, shown
 * only with the token.
 */
async function objectsOf(db: Reader, source: SourceSummary, showsNames: boolean) {
  const { id: sourceId, incompleteObjects, overwrittenObjects, objectsListedAt } = source;
  const counts = {
    incomplete: incompleteObjects,
    overwritten: overwrittenObjects,
    listedAt: objectsListedAt,
  };
  if (!showsNames) return counts;
  return { ...counts, findings: await listObjectFindings(db, { sourceId, limit: SHOWN_OBJECTS }) };
}
