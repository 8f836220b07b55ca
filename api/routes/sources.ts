import { Hono } from 'hono';
import { countEventTypes, listSources } from '../../store/source-reads.js';
import { type Access, withoutAddresses } from '../access.js';
import { type ApiDeps, nowOf } from '../deps.js';

export function sourceRoutes(deps: ApiDeps, access: Access): Hono {
  const { db } = deps;
  return new Hono().get('/', async (c) => {
    const now = nowOf(deps);
    const showsAddresses = access.showsAddresses(c);
    const [sources, counts] = await Promise.all([listSources(db, now), countEventTypes(db)]);
    const views = sources.map((source) => {
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
      };
    });
    return c.json({ sources: views });
  }) as Hono;
}
