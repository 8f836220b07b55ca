/**
 * The memory of a pass over a source that consists of objects, such as the files in a bucket. Other sources never use
 * it.
 */

import type { Database } from '../../db/database.js';
import type { ObjectMemory } from '../sources/event-source.js';
import {
  findQuickStart,
  isListingDue,
  listUnread,
  type ReadObject,
  recordListing,
  recordObjects,
} from '../store/sources/source-objects.js';

export interface SourceMemory {
  /** The part that the source itself uses. */
  readonly memory: ObjectMemory;
  /** Objects that the source has read to their end, but whose events may not be stored yet. */
  readonly read: ReadObject[];
  /** Stores which objects were read. To be called after their events are stored. */
  store(objects: readonly ReadObject[]): Promise<void>;
  /** To be called when the pass has read everything. */
  complete(): Promise<void>;
}

export function openSourceMemory(db: Database, sourceId: string, now: () => Date): SourceMemory {
  const startedAt = now();
  const read: ReadObject[] = [];
  let isAsked = false;
  let looksAtAll: Promise<boolean> | undefined;
  const isFull = (): Promise<boolean> => {
    looksAtAll ??= isListingDue(db, sourceId, startedAt);
    return looksAtAll;
  };
  return {
    read,
    memory: {
      unread(objects) {
        isAsked = true;
        return listUnread(db, { sourceId, objects, now: startedAt });
      },
      skipUpTo: async (prefix) =>
        (await isFull()) ? null : findQuickStart(db, { sourceId, prefix, now: startedAt }),
      done: (object, failure) => read.push({ ...object, failure: failure ?? null }),
    },
    async store(objects) {
      if (objects.length > 0) await recordObjects(db, sourceId, { objects, now: now() });
    },
    async complete() {
      if (isAsked && (await isFull())) await recordListing(db, sourceId, startedAt);
    },
  };
}
