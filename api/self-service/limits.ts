/** Limits how many signed messages strangers may have checked: each may cost questions to the chain. */
import type { Context } from 'hono';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { addressOf } from '../access.js';
import { mayBeProxy, networkOf } from '../wrong-tokens.js';

const MOST_A_MINUTE = 20;
/** Behind a proxy all have one address: together they may send this many. */
const MOST_OF_A_PROXY = 300;

const WISHES = /^\/(v1\/)?payees\/[^/]+\/wishes(\/message)?$/;

/** Whether the answer is for one payee now: a kept one might ask for a signature under a nonce that is used up. */
export const isForOnePayee = ({ req }: Context): boolean => WISHES.test(req.path);

export function createWishLimits() {
  const each = new RateLimiterMemory({ points: MOST_A_MINUTE, duration: 60 });
  const proxies = new RateLimiterMemory({ points: MOST_OF_A_PROXY, duration: 60 });
  return {
    /** Counts a message. Throws WISH_TOO_MANY, with how long to wait in the answer's header. */
    async count(c: Context): Promise<void> {
      const address = addressOf(c);
      const limiter = mayBeProxy(address) ? proxies : each;
      try {
        await limiter.consume(networkOf(address));
      } catch (error) {
        if (!(error instanceof RateLimiterRes)) throw error;
        c.header('retry-after', String(Math.max(1, Math.ceil(error.msBeforeNext / 1_000))));
        throw new PoolError('WISH_TOO_MANY', 'Too many messages came from there.');
      }
    },
  };
}
