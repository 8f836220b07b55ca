/** Merges reads of single things: all that are asked for while one read is under way are read at once after it. */
import DataLoader from 'dataloader';

/** One statement about this many things takes a few milliseconds, and others get their turn after it. */
const MOST_AT_ONCE = 50;

/**
 * Makes a read of one thing from a read of many; undefined where that has no such thing. However many ask, only one read
 * is under way, so that they do not take the machine from counting and paying.
 */
export function mergeReads<Key, Value>(
  read: (keys: readonly Key[]) => Promise<ReadonlyMap<Key, Value>>,
): (key: Key) => Promise<Value | undefined> {
  let latest: Promise<unknown> = Promise.resolve();
  const readAll = async (keys: readonly Key[]) => {
    const reading = read([...new Set(keys)]);
    latest = reading.catch(() => undefined);
    const found = await reading;
    return keys.map((key) => found.get(key));
  };
  let line: Promise<unknown> = Promise.resolve();
  const loader = new DataLoader<Key, Value | undefined>(readAll, {
    // Answers are kept elsewhere, and those with the token are not kept.
    cache: false,
    maxBatchSize: MOST_AT_ONCE,
    batchScheduleFn(dispatch) {
      line = line.then(() => {
        dispatch();
        return latest;
      });
    },
  });
  return (key) => loader.load(key);
}
