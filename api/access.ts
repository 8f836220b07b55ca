import { createHash, timingSafeEqual } from 'node:crypto';
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { Config } from '../config/config.js';
import { PoolError } from '../core/base/errors/pool-error.js';
import { trustConnection } from './connections.js';
import { countWrongTokens, mayBeProxy, type OnBlocked } from './wrong-tokens.js';

export type Access = ReturnType<typeof createAccess>;

/** What a request may see in addition to what is public. */
export interface Shown {
  /** The network addresses of workers and orchestrators. */
  readonly addresses: boolean;
  /** Texts that sources, nodes and workers sent. Without this, answers have codes and our own sentences instead. */
  readonly words: boolean;
}

/** The verdict on a request's token. With `waits`, its address has sent too many wrong tokens and has to wait. */
type Verdict = 'none' | 'right' | 'wrong' | 'waits';

/** Decides what a request may do and see. The single bearer token opens everything that is not public. */
export function createAccess(api: Config['api'], onWrongTokens: OnBlocked) {
  const wrong = countWrongTokens({ onBlocked: onWrongTokens });
  const expected = api.token === null ? undefined : digest(api.token);
  const judge = (c: Context): Verdict => {
    const [, token] = /^Bearer +(\S+)$/i.exec(c.req.header('authorization') ?? '') ?? [];
    if (expected === undefined || token === undefined) return 'none';
    const address = addressOf(c);
    const mustWait = wrong.waitSeconds(address) > 0;
    if (mustWait && !mayBeProxy(address)) return 'waits';
    if (timingSafeEqual(digest(token), expected)) {
      const socket = socketOf(c);
      if (socket !== undefined) trustConnection(socket);
      return 'right';
    }
    wrong.count(address);
    return mustWait ? 'waits' : 'wrong';
  };
  // Judges each request once, however often its routes ask, so that a wrong token is counted once.
  const verdicts = new WeakMap<Context, Verdict>();
  const verdictOf = (c: Context): Verdict => {
    const verdict = verdicts.get(c) ?? judge(c);
    verdicts.set(c, verdict);
    return verdict;
  };
  const bringsToken = (c: Context): boolean => verdictOf(c) === 'right';
  return {
    /** Throws unless the request carries the configured token, and also when its address has sent too many wrong ones. */
    requireToken(c: Context): void {
      if (expected === undefined) {
        const words = 'No token is configured, so this API only answers what is public.';
        throw new PoolError('API_TOKEN_UNSET', words);
      }
      const verdict = verdictOf(c);
      if (verdict === 'right') return;
      if (verdict === 'waits') {
        c.header('retry-after', String(Math.max(1, wrong.waitSeconds(addressOf(c)))));
        throw new PoolError('API_TOKEN_TRIED_TOO_OFTEN', 'Too many wrong tokens came from there.');
      }
      const isMissing = c.req.header('authorization') === undefined;
      const words = isMissing ? 'This needs a token.' : 'This is not the configured token.';
      c.header('www-authenticate', 'Bearer');
      throw new PoolError('API_TOKEN_WRONG', words);
    },
    bringsToken,
    wrongTokens: wrong.total,
    shows(c: Context): Shown {
      const words = bringsToken(c);
      return { addresses: api.showConnections || words, words };
    },
  };
}

/** The address of the connection's other end, which may be a proxy. Empty in tests without a server. */
const addressOf = (c: Context): string => socketOf(c)?.remoteAddress ?? '';

const socketOf = (c: Context) => (c.env as Partial<HttpBindings> | undefined)?.incoming?.socket;

/** Digests have the same length, so comparing them reveals nothing about the token's. */
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
