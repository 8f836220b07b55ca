/** Decides whether two sources read the same place. A place is the text that a source has as `readsFrom`. */
import { PoolError } from '../../base/errors/pool-error.js';

const BUCKET = 's3://';
const FILE = 'file:';

/**
 * Tells whether two places overlap, which would make two sources give the same events: one address in two spellings, a
 * folder of a bucket inside another one, or two file patterns that can match the same file. It cannot tell whether two
 * host names lead to one machine; the events show that later (core/events/rules/read-twice.ts).
 */
export function placesOverlap(a: string, b: string): boolean {
  const [one, other] = [plainPlace(a), plainPlace(b)];
  if (one === other) return true;
  if (one.startsWith(BUCKET) && other.startsWith(BUCKET)) {
    return one.startsWith(other) || other.startsWith(one);
  }
  if (!a.startsWith(FILE) || !b.startsWith(FILE)) return false;
  const [aName, bName] = [a.lastIndexOf('/') + 1, b.lastIndexOf('/') + 1];
  return a.slice(0, aName) === b.slice(0, bName) && patternsMeet(a.slice(aName), b.slice(bName));
}

/** Tells whether two texts are spellings of one place. */
export function isSamePlace(a: string, b: string): boolean {
  return a === b || plainPlace(a) === plainPlace(b);
}

const ADDRESS = /^(https?|s3):\/\/(\[[^\]]*\]|[^/:?#]*)(?::(\d+))?([^?#]*)(.*)$/is;
/** Host names and addresses that all mean this machine. */
const THIS_MACHINE = new Set(['localhost', '127.0.0.1', '0.0.0.0', '[::1]', '[::]']);

/**
 * Returns an address in a normal form, for comparing; other places are returned unchanged. The form leaves out whether
 * it is http or https, because a port speaks only one of them: a wrong scheme must not make a second place.
 */
function plainPlace(place: string): string {
  const [whole, scheme = '', host = '', port, path = '', rest = ''] = ADDRESS.exec(place) ?? [];
  if (whole === undefined) return place;
  const name = plainHost(host);
  if (scheme.toLowerCase() === 's3') {
    return `${BUCKET}${name}${port === undefined ? '' : `:${port}`}${path}${rest}`;
  }
  const portNumber = port ?? (scheme.toLowerCase() === 'https' ? '443' : '80');
  return `web://${name}:${Number(portNumber)}${plainPath(path)}${rest}`;
}

function plainHost(host: string): string {
  const name = host.toLowerCase().replace(/\.+$/, '');
  const plain = mappedAddress(name) ?? name;
  return THIS_MACHINE.has(plain) ? 'localhost' : plain;
}

/** Returns the IPv4 address inside an IPv6 one (`[::ffff:7f00:1]`, `[::ffff:127.0.0.1]`); undefined for others. */
function mappedAddress(host: string): string | undefined {
  const [, dotted, high, low] =
    /^\[(?:0*:)*:?ffff:(?:(\d+\.\d+\.\d+\.\d+)|([0-9a-f]{1,4}):([0-9a-f]{1,4}))\]$/.exec(host) ??
    [];
  if (dotted !== undefined) return dotted;
  if (high === undefined || low === undefined) return undefined;
  const [a, b] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return [a >> 8, a & 255, b >> 8, b & 255].join('.');
}

function plainPath(path: string): string {
  const decoded = path.replace(/%([0-9a-f]{2})/gi, (code, hex: string) => {
    const letter = String.fromCharCode(Number.parseInt(hex, 16));
    return /[A-Za-z0-9._~-]/.test(letter) ? letter : code.toUpperCase();
  });
  return decoded
    .replace(/\/{2,}/g, '/')
    .replace(/\/$/, '')
    .replace(/(?:\/pool\/events)+$/, '/pool/events');
}

/** Throws SOURCE_READ_TWICE when the place overlaps that of another source. `readers` are the sources' ids by place. */
export function refuseSharedPlace(
  { id, readsFrom }: { readonly id: string; readonly readsFrom: string },
  readers: ReadonlyMap<string, string>,
): void {
  for (const [place, reader] of readers) {
    if (reader === id || !placesOverlap(place, readsFrom)) continue;
    const which = isSamePlace(place, readsFrom) ? 'which' : `and some of it is in ${place}, which`;
    const message = `source "${id}" is to read ${readsFrom}, ${which} source "${reader}" reads`;
    throw new PoolError('SOURCE_READ_TWICE', message, { source: id });
  }
}

/** Tells whether some name matches both patterns; `*` matches any characters. */
function patternsMeet(a: string, b: string): boolean {
  // meets[j] tells whether some name matches both the rest of `a` from i on and the rest of `b` from j on.
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
