/** Makes an address with too many wrong tokens wait, so that nobody can find the token by trying. */
import { LRUCache } from 'lru-cache';

/** An address with this many wrong tokens within WINDOW_MS has to wait; fewer may be mistakes. */
const FREE_TRIES = 5;
const WINDOW_MS = 60_000;
/** This limits the memory that one person with many addresses can take. */
const MOST_ADDRESSES = 10_000;
/** At most one line is logged in this many ms, however many wrong tokens come. */
const LOG_EVERY_MS = 10_000;

/** Called, at most every ten seconds, with an address that has sent too many, and the count of all wrong tokens. */
export type OnBlocked = ((address: string, total: number) => void) | undefined;

interface Options {
  readonly now?: () => number;
  readonly onBlocked?: OnBlocked;
}

export function countWrongTokens({ now = Date.now, onBlocked }: Options = {}) {
  // `peek` leaves the order of insertion alone, so the address that makes room is the one with the oldest window.
  const tries = new LRUCache<string, { count: number }>({
    max: MOST_ADDRESSES,
    ttl: WINDOW_MS,
    ttlResolution: 0,
    perf: { now },
  });
  let total = 0;
  let loggedMs = Number.NEGATIVE_INFINITY;
  return {
    /** Returns how many wrong tokens came since this process started. */
    total: () => total,
    /** Returns how many seconds this address has to wait; 0 when it may try now. */
    waitSeconds(address: string): number {
      const key = networkOf(address);
      const { count = 0 } = tries.peek(key) ?? {};
      return count < FREE_TRIES ? 0 : Math.max(1, Math.ceil(tries.getRemainingTTL(key) / 1_000));
    },
    /** Takes one back that turned out to be right. */
    takeBack(address: string): void {
      total -= 1;
      const entry = tries.peek(networkOf(address));
      if (entry !== undefined) entry.count -= 1;
    },
    count(address: string): void {
      total += 1;
      const key = networkOf(address);
      const entry = tries.peek(key) ?? { count: 0 };
      entry.count += 1;
      if (entry.count === 1) tries.set(key, entry);
      if (entry.count < FREE_TRIES || now() - loggedMs < LOG_EVERY_MS) return;
      loggedMs = now();
      onBlocked?.(address, total);
    },
  };
}

/**
 * Returns an IPv4 address as it is, and the first 64 bits of an IPv6 address: one customer commonly has all 2^64
 * addresses behind them.
 */
function networkOf(address: string): string {
  if (!address.includes(':') || address.startsWith('::ffff:')) return address;
  const [head = '', tail = ''] = address.split('%', 1)[0]?.split('::', 2) ?? [];
  const front = head === '' ? [] : head.split(':');
  const back = tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => '0');
  return [...front, ...zeros, ...back].slice(0, 4).join(':');
}

/**
 * Whether the address may be a proxy, so that strangers and the operator share it. From such an address the right token
 * is accepted however many wrong ones came: strangers must not be able to keep the operator from halting.
 */
export function mayBeProxy(address: string): boolean {
  const plain = address.replace(/^::ffff:/, '');
  return /^(127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|::1$|f[cd][0-9a-f]{2}:|$)/.test(plain);
}
