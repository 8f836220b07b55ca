import { createHash, timingSafeEqual } from 'node:crypto';
import type { Context } from 'hono';
import type { Config } from '../config/config.js';
import { PoolError } from '../core/base/errors/pool-error.js';
import { trustConnection } from './connections.js';
import { mayBeProxy, type WrongTokens } from './wrong-tokens.js';

/** Who may do and see what: one bearer token, for everything that is not public. */
export interface Access {
  /** Throws unless the request brings the configured token, also when its address has tried too many. */
  requireToken(c: Context): void;
  /** Whether this request brings the configured token. */
  bringsToken(c: Context): boolean;
  /** Whether this request may see where workers and orchestrators can be reached. */
  showsAddresses(c: Context): boolean;
  /** Whether it may read what sources, nodes and workers said; whoever may not sees codes and places. */
  showsWords(c: Context): boolean;
}

/** What a request brings; `waits`: a token that is not looked at, because its address tried too many. */
type Verdict = 'none' | 'right' | 'wrong' | 'waits';

export function createAccess(api: Config['api'], wrong: WrongTokens): Access {
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
  // A request is judged once, however often its routes ask.
  const verdicts = new WeakMap<Context, Verdict>();
  const verdictOf = (c: Context): Verdict => {
    const verdict = verdicts.get(c) ?? judge(c);
    verdicts.set(c, verdict);
    return verdict;
  };
  const bringsToken = (c: Context): boolean => verdictOf(c) === 'right';
  return {
    requireToken(c) {
      if (expected === undefined) {
        throw new PoolError(
          'API_TOKEN_UNSET',
          'No token is configured, so this API only answers what is public.',
        );
      }
      const verdict = verdictOf(c);
      if (verdict === 'right') return;
      if (verdict === 'waits') {
        c.header('retry-after', String(Math.max(1, wrong.waitSeconds(addressOf(c)))));
        throw new PoolError('API_TOKEN_TRIED_TOO_OFTEN', 'Too many wrong tokens came from there.');
      }
      const isMissing = c.req.header('authorization') === undefined;
      c.header('www-authenticate', 'Bearer');
      throw new PoolError(
        'API_TOKEN_WRONG',
        isMissing ? 'This needs a token.' : 'This is not the configured token.',
      );
    },
    bringsToken,
    showsAddresses: (c) => api.showConnections || bringsToken(c),
    showsWords: bringsToken,
  };
}

/** Who stands at the other end of the connection: a proxy, where there is one. Empty in tests without a server. */
const addressOf = (c: Context): string => socketOf(c)?.remoteAddress ?? '';

function socketOf(c: Context): { readonly remoteAddress?: string } | undefined {
  const env = c.env as
    | { readonly incoming?: { readonly socket?: { readonly remoteAddress?: string } } }
    | undefined;
  return env?.incoming?.socket;
}

/** Digests have one length: comparing them tells nothing about the token's own. */
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
