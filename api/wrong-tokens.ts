/** Wrong tokens are counted for each address, and slowed: guessing must not be a matter of patience. */

/** So many wrong ones of an address within the window are a slip of the hand. */
const FREE_TRIES = 5;
const WINDOW_MS = 60_000;
/** However many addresses somebody has, they take no more memory than this. */
const MOST_ADDRESSES = 10_000;
/** One line in the log for a flood, not one for each. */
const LOG_EVERY_MS = 10_000;

export interface WrongTokens {
  /** How long this address has to wait, in seconds; 0: it may try. */
  waitSeconds(address: string): number;
  /** One more wrong token of this address. */
  count(address: string): void;
  /** All of this process. */
  total(): number;
}

interface Options {
  readonly now?: () => number;
  /** Told when an address has used up its tries, at most every ten seconds. */
  readonly onBlocked?: (address: string, total: number) => void;
}

export function countWrongTokens({ now = Date.now, onBlocked }: Options = {}): WrongTokens {
  const tries = new Map<string, { count: number; readonly untilMs: number }>();
  let total = 0;
  let loggedMs = Number.NEGATIVE_INFINITY;
  const live = (key: string) => {
    const entry = tries.get(key);
    if (entry !== undefined && entry.untilMs > now()) return entry;
    tries.delete(key);
    return undefined;
  };
  return {
    total: () => total,
    waitSeconds(address) {
      const entry = live(networkOf(address));
      if (entry === undefined || entry.count < FREE_TRIES) return 0;
      return Math.max(1, Math.ceil((entry.untilMs - now()) / 1_000));
    },
    count(address) {
      total += 1;
      const key = networkOf(address);
      const entry = live(key) ?? { count: 0, untilMs: now() + WINDOW_MS };
      entry.count += 1;
      if (!tries.has(key) && tries.size >= MOST_ADDRESSES) {
        // The oldest window ends first.
        for (const oldest of tries.keys()) {
          tries.delete(oldest);
          break;
        }
      }
      tries.set(key, entry);
      if (entry.count < FREE_TRIES || now() - loggedMs < LOG_EVERY_MS) return;
      loggedMs = now();
      onBlocked?.(address, total);
    },
  };
}

/** Whoever has one address of IPv6 has 2^64 of them. */
function networkOf(address: string): string {
  if (!address.includes(':') || address.startsWith('::ffff:')) return address;
  const [head = '', tail = ''] = address.split('%', 1)[0]?.split('::', 2) ?? [];
  const front = head === '' ? [] : head.split(':');
  const back = tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => '0');
  return [...front, ...zeros, ...back].slice(0, 4).join(':');
}

/**
 * Whether a proxy may stand there, behind which strangers and the operator have one address: there a right
 * token is let through whatever others try, because halting must not depend on a stranger's manners.
 */
export function mayBeProxy(address: string): boolean {
  const plain = address.replace(/^::ffff:/, '');
  return /^(127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|::1$|f[cd][0-9a-f]{2}:|$)/.test(plain);
}
