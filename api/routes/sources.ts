import { Hono } from 'hono';
import type { Reader } from '../../store/database.js';
import { listObjectFindings } from '../../store/source-object-reads.js';
import { countEventTypes, listSources, type SourceSummary } from '../../store/source-reads.js';
import { type Access, withoutAddresses } from '../access.js';
import { type ApiDeps, nowOf } from '../deps.js';

/** Of each kind of finding about a source's objects. */
const SHOWN_OBJECTS = 20;

export function sourceRoutes(deps: ApiDeps, access: Access): Hono {
  const { db } = deps;
  return new Hono().get('/', async (c) => {
    const now = nowOf(deps);
    const showsAddresses = access.showsAddresses(c);
    const [sources, counts] = await Promise.all([listSources(db, now), countEventTypes(db)]);
    const objects = await Promise.all(
      sources.map((source) => objectsOf(db, source, showsAddresses)),
    );
    const views = sources.map((source, i) => {
      const { lastSuccessAt, lastError, lastErrorCode, readsFrom } = source;
      const message = showsAddresses ? lastError : withoutAddresses(lastError, readsFrom);
      return {
        id: source.id,
        kind: source.kind,
        region: source.region,
        nodeType: source.nodeType,
        readsFrom: showsAddresses ? readsFrom : null,
        from: source.fromDt,
        cursor: source.cursorDt,
        newestEventAt: source.newestDt,
        lastPassAt: source.lastPassAt,
        lastSuccessAt,
        // How old what we know of this source is, not how long it has been silent.
        lagMs: lastSuccessAt === null ? null : now.getTime() - lastSuccessAt.getTime(),
        lastError: lastErrorCode === null ? null : { code: lastErrorCode, message },
        removedAt: source.removedAt,
        events: source.events.toString(),
        eventsLastDay: source.eventsLastDay.toString(),
        zeroFeeEvents: source.zeroFeeEvents.toString(),
        eventTypes: (counts.get(source.id) ?? []).map((count) => ({
          ...count,
          events: count.events.toString(),
        })),
        setAside: source.setAside,
        unattributedJobs: source.unattributedJobs,
        objects: objects[i],
      };
    });
    return c.json({ sources: views });
  }) as Hono;
}

/** Files in a bucket: what their names say is for those who may see where the source reads. */
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
