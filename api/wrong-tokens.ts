/** Counts wrong tokens for each address, and makes an address wait that tries too many: nobody can guess a token by trying. */

/** So many wrong tokens of an address within the window may be mistakes. */
const FREE_TRIES = 5;
const WINDOW_MS = 60_000;
/** Limits the memory that one person with many addresses can take. */
const MOST_ADDRESSES = 10_000;
/** A flood gets one line in the log, not one for each try. */
const LOG_EVERY_MS = 10_000;

export interface WrongTokens {
  /** How many seconds this address has to wait; 0 when it may try. */
  waitSeconds(address: string): number;
  /** Counts one more wrong token of this address. */
  count(address: string): void;
  /** All wrong tokens since this process started. */
  total(): number;
}

interface Options {
  readonly now?: () => number;
  /** Called when an address has used up its tries, at most every ten seconds. */
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
        // Map keys are in order of insertion: the first window is the oldest.
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

/** The first 64 bits of an IPv6 address: a customer commonly has the 2^64 addresses behind them. */
function networkOf(address: string): string {
  if (!address.includes(':') || address.startsWith('::ffff:')) return address;
  const [head = '', tail = ''] = address.split('%', 1)[0]?.split('::', 2) ?? [];
  const front = head === '' ? [] : head.split(':');
  const back = tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => '0');
  return [...front, ...zeros, ...back].slice(0, 4).join(':');
}

/**
 * Whether the address may be a proxy, behind which strangers and the operator have the same address. From there a right
 * token is accepted whatever others have tried: strangers must not be able to keep the operator from halting.
 */
export function mayBeProxy(address: string): boolean {
  const plain = address.replace(/^::ffff:/, '');
  return /^(127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|::1$|f[cd][0-9a-f]{2}:|$)/.test(plain);
}
