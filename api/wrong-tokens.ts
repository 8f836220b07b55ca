/** Makes an address with too many wrong tokens wait, so that nobody can find the token by trying. */
import { LRUCache } from 'lru-cache';
import { RateLimiterMemory } from 'rate-limiter-flexible';

/** An address with this many wrong tokens within WINDOW_SECONDS has to wait; fewer may be mistakes. */
export const FREE_TRIES = 5;
const WINDOW_SECONDS = 60;
/** This limits the memory that one person with many addresses can take. */
const MOST_ADDRESSES = 10_000;
/** At most one line is logged in this many ms, however many wrong tokens come. */
const LOG_EVERY_MS = 10_000;

/** Called, at most every ten seconds, with an address that has sent too many, and the count of all wrong tokens. */
export type OnBlocked = ((address: string, total: number) => void) | undefined;

export function countWrongTokens({ onBlocked }: { readonly onBlocked?: OnBlocked } = {}) {
  const limiter = new RateLimiterMemory({ points: FREE_TRIES, duration: WINDOW_SECONDS });
  // The limiter itself keeps any number of addresses for a minute. The one that makes room is the one that came first.
  const known = new LRUCache<string, true>({
    max: MOST_ADDRESSES,
    dispose: (_, network) => void limiter.delete(network),
  });
  let total = 0;
  let loggedMs = Number.NEGATIVE_INFINITY;
  return {
    /** Returns how many wrong tokens came since this process started. */
    total: () => total,
    /** Returns how many seconds this address has to wait; 0 when it may try now. */
    async waitSeconds(address: string): Promise<number> {
      const tries = await limiter.get(networkOf(address));
      if (tries === null || tries.consumedPoints < FREE_TRIES) return 0;
      return Math.max(0, Math.ceil(tries.msBeforeNext / 1_000));
    },
    /** Takes one back that turned out to be right. */
    async takeBack(address: string): Promise<void> {
      total -= 1;
      await limiter.reward(networkOf(address));
    },
    /** Counts one, before anything else happens; resolves with how many this address has sent now. */
    async count(address: string): Promise<number> {
      total += 1;
      const network = networkOf(address);
      if (!known.has(network)) known.set(network, true);
      const { consumedPoints } = await limiter.penalty(network);
      if (consumedPoints >= FREE_TRIES && Date.now() - loggedMs >= LOG_EVERY_MS) {
        loggedMs = Date.now();
        onBlocked?.(address, total);
      }
      return consumedPoints;
    },
  };
}

/**
 * Returns an IPv4 address as it is, and the first 64 bits of an IPv6 address: one customer commonly has all 2^64
 * addresses behind them.
 */
export function networkOf(address: string): string {
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
