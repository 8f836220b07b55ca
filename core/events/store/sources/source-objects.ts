/** Stores which objects of a source were read to their end, and which were overwritten since. */
import { eq, sql } from 'drizzle-orm';
import { foreignText } from '../../../base/foreign-text.js';
import type { Database, Transaction } from '../../../db/database.js';
import type { ListedObject } from '../../sources/event-source.js';
import { source, sourceObject } from '../tables.js';

/** An object that was read, as far as it is complete. */
export interface ReadObject extends ListedObject {
  /** Why the object is incomplete; null when it was read to its end. */
  readonly failure: { readonly code: string; readonly message: string } | null;
}

/**
 * A quick listing goes back this many keys from the last known one. A late file that sorts among these is found by the
 * next pass, one that sorts even earlier within a day.
 */
const LOOK_BACK_KEYS = 1_000;
const LOOK_AT_ALL_EVERY_MS = 86_400_000;
/** The highest character. A text that ends with it sorts after all other texts with the same beginning. */
const LAST_CHARACTER = '\u{10FFFF}';

/** Returns the objects that are new, have changed, or are due to be tried again. */
export async function listUnread<T extends ListedObject>(
  db: Database,
  query: { readonly sourceId: string; readonly objects: readonly T[]; readonly now: Date },
): Promise<readonly T[]> {
  const { sourceId, objects, now } = query;
  if (objects.length === 0) return [];
  const { rows } = await db.$client.query<{ i: string }>(
    `SELECT k.i FROM unnest($2::text[], $3::text[], $4::bigint[])
        WITH ORDINALITY AS k(key, version, size_bytes, i)
      LEFT JOIN LATERAL (SELECT * FROM source_object o
        WHERE o.source_id = $1 AND o.key = k.key COLLATE "C" OFFSET 0) o ON true
     WHERE o.key IS NULL OR o.due_at <= $5
        OR (o.version, o.size_bytes) IS DISTINCT FROM (k.version, k.size_bytes)
     ORDER BY k.i`,
    [
      sourceId,
      objects.map(({ key }) => key),
      objects.map(({ version }) => version),
      objects.map(({ sizeBytes }) => sizeBytes),
      now,
    ],
  );
  return rows.flatMap(({ i }) => objects[Number(i) - 1] ?? []);
}

/** Tells whether all objects are to be listed: once a day, and then in each pass until one has succeeded. */
export async function isListingDue(db: Database, sourceId: string, now: Date): Promise<boolean> {
  const [row] = await db
    .select({ listedAt: source.objectsListedAt })
    .from(source)
    .where(eq(source.id, sourceId));
  const listedAt = row?.listedAt ?? null;
  return listedAt === null || now.getTime() - listedAt.getTime() >= LOOK_AT_ALL_EVERY_MS;
}

export async function recordListing(db: Database, sourceId: string, at: Date): Promise<void> {
  await db.update(source).set({ objectsListedAt: at }).where(eq(source.id, sourceId));
}

/**
 * Returns the key up to which a quick listing of a folder (the prefix) skips objects: a thousand keys before the last
 * one that is known, and before every one that is due. Null when nothing is skipped.
 */
export async function findQuickStart(
  db: Database,
  query: { readonly sourceId: string; readonly prefix: string; readonly now: Date },
): Promise<string | null> {
  const { sourceId, prefix, now } = query;
  const { rows } = await db.$client.query<{ key: string | null }>(
    `WITH back AS (
        SELECT key FROM source_object WHERE source_id = $1 AND key >= $2 AND key < $3
         ORDER BY key DESC OFFSET $5 LIMIT 1),
      due AS (
        SELECT key FROM source_object WHERE source_id = $1 AND key >= $2 AND key < $3
           AND due_at IS NOT NULL AND due_at <= $4 ORDER BY key LIMIT 1)
     SELECT CASE WHEN (SELECT key FROM due) <= back.key
              THEN (SELECT max(key) FROM source_object
                     WHERE source_id = $1 AND key >= $2 AND key < (SELECT key FROM due))
              ELSE back.key END AS key
       FROM back`,
    [sourceId, prefix, `${prefix}${LAST_CHARACTER}`, now, LOOK_BACK_KEYS],
  );
  const key = rows[0]?.key ?? null;
  // A key inside a subfolder is not used: subfolders before it may be new.
  return key === null || key.slice(prefix.length).includes('/') ? null : key;
}

/**
 * Records that objects were read; their events are committed. An object that has changed leaves a row that says so,
 * unless it is expected to change. An incomplete object is due again at once, and then less and less often, down to
 * once a day.
 */
export async function recordObjects(
  db: Database,
  sourceId: string,
  { objects, now }: { readonly objects: readonly ReadObject[]; readonly now: Date },
): Promise<void> {
  const rows = [...new Map(objects.map((object) => [object.key, object])).values()];
  await db.$client.query(
    `WITH given AS (
        SELECT * FROM unnest($2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[],
          $8::boolean[]) AS k(key, version, size_bytes, failure_code, failure, may_change)),
      known AS (
        SELECT o.* FROM source_object o JOIN given g ON o.key = g.key COLLATE "C"
         WHERE o.source_id = $1),
      changed AS (
        INSERT INTO source_object_change (source_id, key, old_version, new_version,
          old_size_bytes, new_size_bytes, was_whole, seen_at)
        SELECT $1, g.key, o.version, g.version, o.size_bytes, g.size_bytes,
               o.failure_code IS NULL, $7
          FROM given g JOIN known o ON o.key = g.key COLLATE "C"
         WHERE (o.version, o.size_bytes) IS DISTINCT FROM (g.version, g.size_bytes)
           AND NOT g.may_change)
     INSERT INTO source_object AS o (source_id, key, version, size_bytes, failure_code, failure,
       failed_since, due_at, read_at)
     SELECT $1, g.key, g.version, g.size_bytes, g.failure_code, g.failure,
            CASE WHEN g.failure_code IS NOT NULL THEN $7::timestamptz END,
            CASE WHEN g.failure_code IS NOT NULL THEN $7::timestamptz END, $7
       FROM given g ORDER BY g.key COLLATE "C"
     ON CONFLICT (source_id, key) DO UPDATE SET version = excluded.version,
       size_bytes = excluded.size_bytes, failure_code = excluded.failure_code,
       failure = excluded.failure, read_at = excluded.read_at,
       failed_since = CASE WHEN excluded.failure_code IS NULL OR o.version <> excluded.version
         THEN excluded.failed_since ELSE coalesce(o.failed_since, excluded.failed_since) END,
       due_at = excluded.due_at + CASE WHEN o.version <> excluded.version OR o.failed_since IS NULL
         THEN interval '0' ELSE LEAST(excluded.read_at - o.failed_since, interval '1 day') END`,
    [
      sourceId,
      rows.map(({ key }) => key),
      rows.map(({ version }) => version),
      rows.map(({ sizeBytes }) => sizeBytes),
      rows.map(({ failure }) => failure?.code ?? null),
      rows.map(({ failure }) => (failure === null ? null : foreignText(failure.message, 1_000))),
      now,
      rows.map(({ mayChange = false }) => mayChange),
    ],
  );
}

/**
 * Makes all objects due to be read again. When the source's beginning is changed, objects that were too old may count
 * now.
 */
export async function forgetObjects(tx: Transaction, sourceId: string): Promise<void> {
  await tx.update(source).set({ objectsListedAt: null }).where(eq(source.id, sourceId));
  await tx
    .update(sourceObject)
    .set({ dueAt: sql`'1970-01-01Z'::timestamptz` })
    .where(eq(sourceObject.sourceId, sourceId));
}
