/**
 * Knows which browser is signed in on the operator's pages. The cookie counts there and nowhere else: on the routes of
 * `/v1` a browser would send it along with requests that other sites make it send.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { LRUCache } from 'lru-cache';
import type { RunningPool } from '../../client/running-pool.js';
import { mayDo, type Role } from '../../core/access/rules/roles.js';
import { SESSION_LONGEST_MS } from '../../core/access/rules/session-limits.js';
import {
  findSession,
  type LiveSession,
  openSession,
  signOut,
} from '../../core/access/store/sessions.js';
import { digestOf } from '../../core/access/store/tokens.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { type Access, type Bearer, bearerOfToken, CONFIGURED } from '../access.js';
import { createReadGate } from '../read-gate.js';

const COOKIE = 'openpool_operator';
/** This many sessions that were accepted are remembered, so that their requests wait for no cookie that nobody was given. */
const MOST_KNOWN = 1_000;

/** Who is signed in. */
export interface Signed {
  readonly id: string;
  /** What the cookie holds; the tokens of forms are made from it. */
  readonly secret: string;
  readonly bearer: Bearer;
}

export type Sessions = ReturnType<typeof createSessions>;

export function createSessions({ db, config }: RunningPool, access: Access) {
  const signed = new WeakMap<Context, Signed>();
  const known = new LRUCache<string, Role>({ max: MOST_KNOWN });
  // Cookies that nobody was given cost a read each, and so does what a session asks that may decide nothing: they queue,
  // so that they keep nobody waiting who decides.
  const gates = {
    strangers: createReadGate(),
    readers: createReadGate(),
    deciders: createReadGate(),
  };
  const find = async (c: Context, secret: string): Promise<LiveSession | undefined> => {
    const key = keyOf(secret);
    const ask = () => findSession(db, secret, config.api.token);
    const role = known.get(key);
    if (role !== undefined && mayDecide(role)) return ask();
    let found: LiveSession | undefined;
    await (role === undefined ? gates.strangers : gates.readers)(c, async () => {
      found = await ask();
    });
    if (found !== undefined) known.set(key, bearerOf(found).role);
    return found;
  };
  return {
    /** Finds out who is signed in; must run before anything else asks. */
    reading: (async (c, next) => {
      const secret = getCookie(c, COOKIE);
      const session = secret === undefined ? undefined : await find(c, secret);
      if (secret !== undefined && session !== undefined) {
        const bearer = bearerOf(session);
        access.actAs(c, bearer);
        signed.set(c, { id: session.id, secret, bearer });
      }
      await next();
    }) satisfies MiddlewareHandler,
    find: (c: Context): Signed | undefined => signed.get(c),
    /** Returns who is signed in. Throws SESSION_ENDED when nobody is. */
    require(c: Context): Signed {
      const who = signed.get(c);
      if (who !== undefined) return who;
      throw new PoolError('SESSION_ENDED', 'Nobody is signed in here, or the session has ended.');
    },
    /** Signs the browser in by a token, and gives it its cookie. */
    async open(c: Context, token: string): Promise<void> {
      const bearer = await access.requireToken(c, token);
      const open = async () => {
        const { secret } = await openSession(db, bearer.token);
        known.set(keyOf(secret), bearer.role);
        setCookie(c, COOKIE, secret, { ...cookieOf(c), maxAge: SESSION_LONGEST_MS / 1_000 });
      };
      await (mayDecide(bearer.role) ? open() : gates.readers(c, open));
    },
    /** Runs a page when there is a place: those who may decide wait only for each other. */
    gating: (async (c, next) => {
      const mayGo = mayDecide(signed.get(c)?.bearer.role ?? 'read');
      await (mayGo ? gates.deciders : gates.readers)(c, next);
    }) satisfies MiddlewareHandler,
    /** Signs the browser out. */
    async end(c: Context, { id }: Signed): Promise<void> {
      await signOut(db, id);
      deleteCookie(c, COOKIE, cookieOf(c));
    },
  };
}

const keyOf = (secret: string): string => digestOf(secret).toString('hex');
const mayDecide = (role: Role): boolean => mayDo(role, 'operate');

const bearerOf = ({ tokenName, role }: LiveSession): Bearer =>
  tokenName === null || role === null ? CONFIGURED : bearerOfToken({ name: tokenName, role });

/** The cookie's traits: no script reads it, other sites' requests do not bring it, and over TLS it goes nowhere else. */
const cookieOf = (c: Context) => ({
  path: '/operator',
  httpOnly: true,
  sameSite: 'Strict' as const,
  secure: isTls(c),
});

/** Whether the browser came over TLS, which ends at the proxy in front. */
function isTls(c: Context): boolean {
  const forwarded = c.req.header('x-forwarded-proto')?.split(',', 1)[0]?.trim();
  return (forwarded ?? new URL(c.req.url).protocol.replace(':', '')) === 'https';
}

/** Makes the token of one form of one session: only its own page can have it. */
export function formToken({ secret }: Signed, action: string, subject: string): string {
  return createHmac('sha256', secret)
    .update(JSON.stringify(['form', action, subject]))
    .digest('base64url');
}

/** Throws SESSION_FORM_REFUSED unless the token is that of this form in this session. */
export function requireForm(
  signed: Signed,
  { action, subject, token }: { action: string; subject: string; token: string },
): void {
  const [expected, given] = [formToken(signed, action, subject), token].map(digestOf);
  if (expected !== undefined && given !== undefined && timingSafeEqual(expected, given)) return;
  throw new PoolError('SESSION_FORM_REFUSED', 'This form is not one of this session’s pages.');
}

/**
 * Refuses a POST that another site's page sent. Browsers say where a request comes from, by `Sec-Fetch-Site` over TLS and
 * on the own machine, and by `Origin` everywhere; who says neither is no browser, or is too old to be safe.
 */
export const sameOrigin: MiddlewareHandler = async (c, next) => {
  if (c.req.method === 'POST' && !comesFromHere(c)) {
    throw new PoolError('SESSION_FORM_REFUSED', 'This form came from another site.');
  }
  await next();
};

function comesFromHere(c: Context): boolean {
  const site = c.req.header('sec-fetch-site');
  // No page can set this header, and no proxy need know the host that the browser asked for.
  if (site !== undefined) return site === 'same-origin';
  const origin = c.req.header('origin');
  if (origin === undefined || !URL.canParse(origin)) return false;
  const { host } = new URL(origin);
  const hosts = [c.req.header('host'), c.req.header('x-forwarded-host'), new URL(c.req.url).host];
  return hosts.includes(host);
}
