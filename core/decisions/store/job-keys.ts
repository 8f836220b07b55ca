/** Jobs named in a query. */
import { type SQL, sql } from 'drizzle-orm';
import { list } from '../../db/query.js';
import type { JobKey } from '../rules/job-handle.js';

/** The rows `k (source_id, dt, event_id)`. */
export function keyRows(keys: readonly JobKey[]): SQL {
  return sql`unnest(${list(keys.map(({ sourceId }) => sourceId))}::text[],
    ${list(keys.map(({ dtMs }) => new Date(dtMs).toISOString()))}::timestamptz[],
    ${list(keys.map(({ eventId }) => eventId))}::text[]) AS k (source_id, dt, event_id)`;
}
