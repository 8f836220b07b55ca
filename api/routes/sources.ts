/** The sources, their figures, and what an operator decides about them. */
import { z } from 'zod';
import { nowOf, type RunningPool } from '../../client/running-pool.js';
import {
  amount,
  movedWords,
  RESUMED_WORDS,
  syncPauseWords,
  syncResumeWords,
} from '../../client/views.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import type { Reader } from '../../core/db/database.js';
import { changeOrRehearse, sqlState } from '../../core/db/transact.js';
import {
  changeRatio,
  type LatestPrice,
  latestPrices,
  perUnitWei,
} from '../../core/events/rules/job-price.js';
import { roleOf } from '../../core/events/rules/reading/event-type.js';
import { silentForMs } from '../../core/events/rules/source-silence.js';
import { listObjectFindings } from '../../core/events/store/sources/source-objects.js';
import {
  countEventTypes,
  countHours,
  listSources,
  requireKnownSource,
  type SourceSummary,
} from '../../core/events/store/sources/source-reads.js';
import { moveSource, resumeSource } from '../../core/events/store/sources/source-register.js';
import {
  endSyncPause,
  findSyncPause,
  pauseSync,
  type SyncPause,
} from '../../core/events/store/sources/sync-pause.js';
import {
  type ArrivalHour,
  UNMATCHED_AGES,
  type UnmatchedBucket,
} from '../../core/sentinel/rules/source-figures.js';
import { bucketUnmatched } from '../../core/sentinel/store/metric-counts.js';
import { readArrivals, readPrices } from '../../core/sentinel/store/source-figures-reads.js';
import type { Shown } from '../access.js';
import { publicActor, publicError, publicModel, publicName } from '../outside.js';
import { noQuery, type Routes, rehearsableBody, wholeQuery } from '../request.js';
import { SOURCES, SYNC } from '../schemas/sources.js';

/** Clocks are judged by the events that arrived within this many ms. */
export const ARRIVALS_MS = 3 * 3_600_000;

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

export function sourceRoutes(routes: Routes, pool: RunningPool): void {
  const { db } = pool;
  routes.get('/v1/sources', noQuery, SOURCES.list, async (_, { shows }) => {
    const now = nowOf(pool);
    const [sources, counts, arrivals, unmatched] = await Promise.all([
      listSources(db, now),
      countEventTypes(db),
      readArrivals(db, new Date(now.getTime() - ARRIVALS_MS)),
      bucketUnmatched(db, now),
    ]);
    const view = async (source: SourceSummary) => ({
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
      unmatched: everyAge(unmatched.get(source.id)).map(({ age, jobs, grossWei }) => ({
        age,
        jobs,
        ...amount('gross', grossWei),
      })),
      objects: await objectsOf(db, source, shows.words),
    });
    return { sources: await Promise.all(sources.map(view)) };
  });
  routes.get('/v1/sources/:id/hours', hoursQuery, SOURCES.hours, async ({ hours }, asked) => {
    const { id: sourceId, shows } = asked;
    await requireKnownSource(db, sourceId);
    const to = nowOf(pool);
    const from = new Date((Math.floor(to.getTime() / HOUR_MS) - hours + 1) * HOUR_MS);
    const counted = await countHours(db, { from, to, sourceId });
    return {
      source: sourceId,
      from,
      to,
      // Hours and types without events are left out.
      hours: counted.map(({ hour, eventType, version, events, zeroFeeEvents }) => ({
        hour,
        ...publicType({ eventType, version }, shows.words),
        events: events.toString(),
        zeroFeeEvents: zeroFeeEvents.toString(),
      })),
    };
  });
  routes.get('/v1/sources/:id/prices', noQuery, SOURCES.prices, async (_, asked) => {
    const { id: sourceId, shows } = asked;
    await requireKnownSource(db, sourceId);
    const now = nowOf(pool);
    const prices = await readPrices(db, now, sourceId);
    const latest = latestPrices(prices.get(sourceId) ?? [], now.getTime());
    const view = viewPrices(latest, shows.words);
    return { source: sourceId, models: latest.length, prices: view };
  });
  routes.post('/v1/sources/:id/move', moveBody, SOURCES.move, async (order, asked) => {
    const { id: sourceId } = asked;
    const moved = await moveSource(db, sourceId, order).catch((error: unknown) => {
      throw sqlState(error) === FORBIDDEN ? moveForbidden(sourceId, error) : error;
    });
    return { ...moved, applied: moved.changed && !order.dryRun, words: movedWords(moved) };
  });
  const resumed = SOURCES.resume;
  routes.post('/v1/sources/:id/resume', rehearsableBody, resumed, async (body, { id }) => {
    const { dryRun, ...decision } = body;
    await changeOrRehearse(db, dryRun, (tx) => resumeSource(tx, id, decision).then(() => true));
    return { resumed: !dryRun, dryRun, words: RESUMED_WORDS };
  });
}

export function syncRoutes(routes: Routes, { db }: RunningPool): void {
  routes.get('/v1/sync', noQuery, SYNC.show, async (_, { shows }) => {
    const pause = await findSyncPause(db);
    return { paused: pause === undefined ? null : viewPause(pause, shows.words) };
  });
  for (const [action, apply, words] of [
    ['pause', pauseSync, syncPauseWords],
    ['resume', endSyncPause, syncResumeWords],
  ] as const) {
    routes.post(`/v1/sync/${action}`, rehearsableBody, SYNC[action], async (body) => {
      const { dryRun, ...decision } = body;
      const changed = await changeOrRehearse(db, dryRun, (tx) => apply(tx, decision));
      const pause = await findSyncPause(db);
      const paused = pause === undefined ? null : viewPause(pause, true);
      return { changed, dryRun, words: words(changed), paused };
    });
  }
}

/** Shows the pause of the sync. Without `showsWords`, who paused it is not named; the reason is public, as that of a halt. */
function viewPause({ actor, reason, at }: SyncPause, showsWords: boolean) {
  return { by: showsWords ? actor : publicActor(actor), reason, at };
}

/** Names the command to use instead: on purpose, the API's role in Postgres may not move a source. */
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

/** Counts files in a source's bucket that are incomplete or were overwritten. Their names are foreign text. */
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

/** Shows for how long a source has sent no new event, which means something only while workers are connected. */
export function viewSilence(source: SourceSummary) {
  const { lastFreshAt, lastSuccessAt, connectedWorkers } = source;
  return {
    lastNewEventAt: lastFreshAt,
    silentForMs: silentForMs({
      lastFreshMs: lastFreshAt?.getTime() ?? null,
      lastSuccessMs: lastSuccessAt?.getTime() ?? null,
    }),
    connectedWorkers,
  };
}

export function viewClock(arrivals: readonly ArrivalHour[]) {
  const behind = arrivals.flatMap(({ leastBehindMs }) => leastBehindMs ?? []);
  return {
    /** The largest lead, in ms, of an event's time over our clock when it arrived. */
    aheadMs: Math.max(0, ...arrivals.map(({ mostAheadMs }) => mostAheadMs)),
    /** The age, in ms, of the youngest event when it arrived; null when nothing arrived lately. */
    behindMs: behind.length === 0 ? null : Math.min(...behind),
  };
}

/** Returns all age buckets, including the empty ones. */
export const everyAge = (buckets: readonly UnmatchedBucket[] = []): readonly UnmatchedBucket[] =>
  UNMATCHED_AGES.map(
    ({ age }) => buckets.find((one) => one.age === age) ?? { age, jobs: 0, grossWei: 0n },
  );

export interface TypeCount {
  readonly eventType: string;
  readonly version: number;
  readonly events: bigint;
}

/** Returns an event's type. Without `showsWords`, unknown ones become `unknown`: their names are foreign text. */
function publicType({ eventType, version }: Omit<TypeCount, 'events'>, showsWords: boolean) {
  const isKnown = roleOf(eventType, 0) !== undefined;
  return showsWords || isKnown ? { eventType, version } : { eventType: 'unknown', version: 0 };
}

/** Shows the counts by type. Without `showsWords`, all unknown types are counted together. */
function viewTypes(counts: readonly TypeCount[], showsWords: boolean) {
  const sums = addTypes(counts, (count) => publicType(count, showsWords));
  return sums.map(({ events, ...type }) => ({ ...type, events: events.toString() }));
}

/** Adds up the counts of all types to which `toType` gives the same name and version. */
export function addTypes<Type extends { readonly eventType: string; readonly version: unknown }>(
  counts: readonly TypeCount[],
  toType: (count: TypeCount) => Type,
) {
  const sums = new Map<string, Type & { events: bigint }>();
  for (const count of counts) {
    const type = toType(count);
    const key = `${type.eventType}/${type.version}`;
    const sum = sums.get(key) ?? { ...type, events: 0n };
    sum.events += count.events;
    sums.set(key, sum);
  }
  return [...sums.values()];
}

/** Shows prices, those farthest from the usual ones first. */
function viewPrices(prices: readonly LatestPrice[], showsWords: boolean) {
  return [...prices]
    .sort((a, b) => distance(b) - distance(a) || b.jobs - a.jobs)
    .slice(0, MOST_PRICES)
    .map((price) => ({
      nodeType: price.nodeType,
      pipeline: showsWords ? price.pipeline : publicName(price.pipeline),
      modelId: showsWords ? price.modelId : publicModel(price.modelId),
      hour: new Date(price.hourMs),
      jobs: price.jobs,
      pricePerUnitWei: perUnitWei(price.priceNano),
      usualPerUnitWei: price.usualNano === null ? null : perUnitWei(price.usualNano),
      changeRatio: changeRatio(price),
    }));
}

/** Returns how far a price is from the usual one: ten times as much counts as far as a tenth. */
function distance(price: LatestPrice): number {
  const ratio = changeRatio(price);
  if (ratio === null) return -1;
  return ratio === 0 ? Number.POSITIVE_INFINITY : Math.abs(Math.log(ratio));
}
