/** Stores and lists the outcomes of rebuilds. */
import { desc, getTableColumns, sql } from 'drizzle-orm';
import type { PoolClient } from 'pg';
import { onConnection, type Reader } from '../../db/database.js';
import { rows } from '../../db/query.js';
import { rebuild } from '../tables.js';

const { id, createdAt, ...RECORDED } = getTableColumns(rebuild);

/** The outcome of a rebuild. `findings` holds the first ones of each kind; `findingsTotal` counts all of them. */
export type RebuildRecord = Readonly<Omit<typeof rebuild.$inferSelect, 'id' | 'createdAt'>>;

/** Reserves the id of the next rebuild, because the audit log names it before its record is written. */
export async function nextRebuildId(client: PoolClient): Promise<string> {
  const statement = sql`SELECT nextval(pg_get_serial_sequence('rebuild', 'id')) AS id`;
  const [next] = await rows(onConnection(client), { id: String }, statement);
  return next?.id ?? '';
}

export async function keepRebuild(
  client: PoolClient,
  rebuildId: string,
  record: RebuildRecord,
): Promise<void> {
  const row = { ...record, id: Number(rebuildId) };
  await onConnection(client).insert(rebuild).overridingSystemValue().values(row);
}

export interface KeptRebuild extends RebuildRecord {
  readonly id: string;
  readonly at: Date;
}

/** Lists the recorded rebuilds, the newest first. */
export async function listRebuilds(db: Reader, limit: number): Promise<readonly KeptRebuild[]> {
  return db
    .select({ id: sql<string>`${id}`.mapWith(String), at: createdAt, ...RECORDED })
    .from(rebuild)
    .orderBy(desc(id))
    .limit(limit);
}
