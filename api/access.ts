import { createHash, timingSafeEqual } from 'node:crypto';
import type { HttpBindings } from '@hono/node-server';
import type { Context, MiddlewareHandler } from 'hono';
import type { Config } from '../config/config.js';
import type { AcceptedTokens } from '../core/access/accepted-tokens.js';
import { mayDo, type Role } from '../core/access/rules/roles.js';
import type { SessionToken } from '../core/access/store/sessions.js';
import type { TokenRecord } from '../core/access/store/tokens.js';
import { PoolError } from '../core/base/errors/pool-error.js';
import { trustConnection } from './connections.js';
import { countWrongTokens, FREE_TRIES, mayBeProxy, type OnBlocked } from './wrong-tokens.js';

export type Access = ReturnType<typeof createAccess>;

/** What a request may see in addition to what is public. */
export interface Shown {
  /** The network addresses of workers and orchestrators. */
  readonly addresses: boolean;
  /** Texts that sources, nodes and workers sent. Without this, answers have codes and our own sentences instead. */
  readonly words: boolean;
}

/** Who sends a request: the name and role of its token. */
export interface Bearer {
  readonly name: string;
  readonly role: Role;
}

/** A bearer by a token, which a browser may be signed in with. */
interface TokenBearer extends Bearer {
  readonly token: SessionToken;
}

/**
 * The verdict on a request's token. With `waitSeconds`, its address has sent too many wrong tokens and has to wait. `unknown`:
 * Postgres could not say whether it is accepted; such a request sees what everybody sees.
 */
type Verdict =
  | 'none'
  | 'wrong'
  | Bearer
  | { readonly waitSeconds: number }
  | { readonly unknown: unknown };

/** The configured token may do everything, and works even while Postgres cannot say which others are accepted. */
export const CONFIGURED: Bearer = { name: 'api', role: 'admin' };

/** Decides what a request may do and see, by the token that it brings. */
export function createAccess(api: Config['api'], tokens: AcceptedTokens, onWrongTokens: OnBlocked) {
  const wrong = countWrongTokens({ onBlocked: onWrongTokens });
  const judgeToken = tokenJudge(api.token, tokens, wrong);
  const judge = async (c: Context): Promise<Verdict> => {
    const [, token] = /^Bearer +(\S+)$/i.exec(c.req.header('authorization') ?? '') ?? [];
    return token === undefined ? 'none' : judgeToken(c, token);
  };
  // Judges each request once, however often its routes ask, so that a wrong token is counted once.
  // It is kept by its request, which is passed on to other apps, and by its context, because reading a body replaces
  // the request.
  const verdicts = new WeakMap<Request | Context, Verdict>();
  const verdictOf = (c: Context): Verdict => verdicts.get(c) ?? 'none';
  const bearerOf = (c: Context): Bearer | undefined => {
    const verdict = verdictOf(c);
    return typeof verdict === 'object' && 'role' in verdict ? verdict : undefined;
  };
  return {
    /** Judges the request's token; it must run before anything else asks. */
    judging: (async (c, next) => {
      const verdict = verdicts.get(c.req.raw) ?? (await judge(c));
      verdicts.set(c.req.raw, verdict);
      verdicts.set(c, verdict);
      const socket = socketOf(c);
      const bearer = bearerOf(c);
      const mayDecide = bearer !== undefined && mayDo(bearer.role, 'operate');
      if (socket !== undefined) trustConnection(socket, mayDecide);
      await next();
    }) satisfies MiddlewareHandler,
    /**
     * Returns the name of the request's token. Throws unless the token has this role or a higher one, and also when its
     * address has sent too many wrong ones.
     */
    requireRole(c: Context, needed: Role): string {
      const verdict = verdictOf(c);
      if (typeof verdict === 'object') {
        if ('unknown' in verdict) throw verdict.unknown;
        if ('waitSeconds' in verdict) {
          c.header('retry-after', String(Math.max(1, verdict.waitSeconds)));
          throw new PoolError(
            'API_TOKEN_TRIED_TOO_OFTEN',
            'Too many wrong tokens came from there.',
          );
        }
        if (mayDo(verdict.role, needed)) return verdict.name;
        const words = `This needs a token with the role ${needed}; ${verdict.name} has ${verdict.role}.`;
        throw new PoolError('API_TOKEN_ROLE_TOO_LOW', words);
      }
      c.header('www-authenticate', 'Bearer');
      const words = verdict === 'none' ? 'This needs a token.' : 'This token is not accepted.';
      throw new PoolError('API_TOKEN_WRONG', words);
    },
    /**
     * Judges a token that came in a form, with the same patience as one in a header, and returns whose it is. Throws
     * unless it is accepted.
     */
    async requireToken(c: Context, token: string): Promise<TokenBearer> {
      const verdict = await judgeToken(c, token);
      verdicts.set(c, verdict);
      this.requireRole(c, 'read');
      if (typeof verdict === 'object' && 'token' in verdict) return verdict;
      throw new PoolError('API_TOKEN_WRONG', 'This token is not accepted.');
    },
    /** Lets the request act as this bearer: the browser's session was accepted. */
    actAs(c: Context, bearer: Bearer): void {
      verdicts.set(c, bearer);
      const socket = socketOf(c);
      if (socket !== undefined) trustConnection(socket, mayDo(bearer.role, 'operate'));
    },
    bringsToken: (c: Context): boolean => bearerOf(c) !== undefined,
    wrongTokens: wrong.total,
    shows(c: Context): Shown {
      const words = bearerOf(c) !== undefined;
      return { addresses: api.showConnections || words, words };
    },
  };
}

type WrongTokens = ReturnType<typeof countWrongTokens>;

/** Makes the function that judges a token by itself and by how many wrong ones its address has sent. */
function tokenJudge(configured: string | null, tokens: AcceptedTokens, wrong: WrongTokens) {
  const expected = configured === null ? undefined : digest(configured);
  return async (c: Context, token: string): Promise<Verdict | TokenBearer> => {
    const address = addressOf(c);
    const isShared = mayBeProxy(address);
    const waitSeconds = await wrong.waitSeconds(address);
    if (!isShared && waitSeconds > 0) return { waitSeconds };
    if (expected !== undefined && timingSafeEqual(digest(token), expected)) {
      return { ...CONFIGURED, token: { configured: token } };
    }
    const waiting = async () => ({ waitSeconds: await wrong.waitSeconds(address) });
    let isGuess = false;
    try {
      // One that is not in the list counts as wrong until Postgres has said otherwise: guesses that come all at once
      // must not pass together.
      isGuess = !(await tokens.isListed(token));
      let tries = isGuess ? await wrong.count(address) : 0;
      const bearer = await findBearer(tokens, token);
      if (bearer !== undefined) {
        if (!isGuess) return bearer;
        await wrong.takeBack(address);
        // After too many tries a right one passes only where the others were right as well.
        const stillWaits = !isShared && tries > FREE_TRIES ? await waiting() : { waitSeconds: 0 };
        return stillWaits.waitSeconds > 0 ? stillWaits : bearer;
      }
      if (!isGuess) tries = await wrong.count(address);
      return tries > FREE_TRIES ? await waiting() : 'wrong';
    } catch (error) {
      // Nobody learned whether it was right.
      if (isGuess) await wrong.takeBack(address);
      return { unknown: error };
    }
  };
}

/** The audit log names what came through the API by this and the token's name. */
async function findBearer(tokens: AcceptedTokens, token: string): Promise<TokenBearer | undefined> {
  const record = await tokens.find(token);
  return record && { ...bearerOfToken(record), token: { tokenId: record.id } };
}

export const bearerOfToken = ({ name, role }: Pick<TokenRecord, 'name' | 'role'>): Bearer => ({
  name: `api:${name}`,
  role,
});

/** The address of the connection's other end, which may be a proxy. Empty in tests without a server. */
export const addressOf = (c: Context): string => socketOf(c)?.remoteAddress ?? '';

const socketOf = (c: Context) => (c.env as Partial<HttpBindings> | undefined)?.incoming?.socket;

/** Digests have the same length, so comparing them reveals nothing about the token's. */
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
