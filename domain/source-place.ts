/** Places that sources read, as `readsFrom` tells them. */
import { PoolError } from './pool-error.js';

const BUCKET = 's3://';
const FILE = 'file:';

/**
 * Whether two places share something, so that two sources would give the same events: a folder of a
 * bucket inside another, or file names of one directory that could fit both patterns. Of other places
 * only the same text is the same.
 */
export function placesOverlap(a: string, b: string): boolean {
  if (a === b) return true;
  if (a.startsWith(BUCKET) && b.startsWith(BUCKET)) return a.startsWith(b) || b.startsWith(a);
  if (!a.startsWith(FILE) || !b.startsWith(FILE)) return false;
  const [aName, bName] = [a.lastIndexOf('/') + 1, b.lastIndexOf('/') + 1];
  return a.slice(0, aName) === b.slice(0, bName) && patternsMeet(a.slice(aName), b.slice(bName));
}

/** A source, and the place that its plugin says it reads. */
interface PlacedSource {
  readonly id: string;
  readonly readsFrom: string;
}

/** Throws SOURCE_READ_TWICE when another one's place (place to source id) shares something with its own. */
export function refuseSharedPlace(
  { id, readsFrom }: PlacedSource,
  readers: ReadonlyMap<string, string>,
): void {
  for (const [place, reader] of readers) {
    if (reader === id || !placesOverlap(place, readsFrom)) continue;
    const which = place === readsFrom ? 'which' : `and some of it is in ${place}, which`;
    const message = `source "${id}" is to read ${readsFrom}, ${which} source "${reader}" reads`;
    throw new PoolError('SOURCE_READ_TWICE', message, { source: id });
  }
}

/** Whether a name can fit both patterns; `*` stands for anything. */
function patternsMeet(a: string, b: string): boolean {
  // meets[j]: the rest of `a` from i on and the rest of `b` from j on have a name in common.
  let meets: boolean[] = [];
  for (let i = a.length; i >= 0; i -= 1) {
    const below = meets;
    meets = [];
    for (let j = b.length; j >= 0; j -= 1) {
      const isEnd = i === a.length && j === b.length;
      const skipsA = a[i] === '*' && ((below[j] ?? false) || (j < b.length && meets[j + 1]));
      const skipsB = b[j] === '*' && ((meets[j + 1] ?? false) || (i < a.length && below[j]));
      const isSame = i < a.length && a[i] === b[j] && (below[j + 1] ?? false);
      meets[j] = isEnd || skipsA || skipsB || isSame || false;
    }
  }
  return meets[0] ?? false;
}
