/** Answers to those who bring no token: made once a second at most, then the same bytes for all who ask. */
import type { MiddlewareHandler } from 'hono';
import type { StatusCode } from 'hono/utils/http-status';
import { LRUCache } from 'lru-cache';
import type { Access } from './access.js';
import { isLarge, pacedBytes } from './paced-bytes.js';

interface Kept {
  readonly status: StatusCode;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly madeMs: number;
}

interface Options {
  readonly access: Access;
  /** The routes as a stranger sees them, on connections of their own. */
  readonly open: Routes;
  /** The routes as those with the token read them, on the same connections, through a door of their own. */
  readonly trusted: Routes;
  /** How long an answer is given again. */
  readonly keptMs: number;
  /** What all that is kept may take. @default 64 MiB */
  readonly mostBytes?: number | undefined;
}

interface Routes {
  fetch(request: Request, env?: unknown): Response | Promise<Response>;
}

const MOST_BYTES = 64 * 1024 * 1024;
/** What an entry holds beside its body. */
const ENTRY_BYTES = 1_000;
/** While no new one can be made, an answer of before is better than none until it is this old. */
const STALE_MS = 10_000;
const BUSY = 503;

/** So often an answer is made again for one reader because something was decided meanwhile. */
const MOST_TRIES = 3;

/** What is about this process alone has no answer to keep, and waits at no door. */
const OWN = new Set(['/v1/health', '/v1/ready']);
/** What answers nothing without the token has no answer to keep either. */
const NEEDS_TOKEN = new Set(['/v1/audit-log']);

/**
 * Gives strangers' GETs from what is kept, and lets orders through. What is kept is made from the path and
 * the query alone: no header of whoever asks first reaches an answer that others get.
 */
export function publicAnswers(options: Options): MiddlewareHandler {
  const { access, trusted } = options;
  let answers = createAnswers(options);
  /** Whoever waits while something is decided gets an answer from after that, and never an error for it. */
  const current = async (pathAndQuery: string): Promise<Kept> => {
    for (let tries = 1; ; tries += 1) {
      const asked = answers;
      const kept = await asked.fetch(pathAndQuery);
      if (kept === undefined) throw new Error('an answer was not made');
      if (asked === answers || tries === MOST_TRIES) return kept;
    }
  };
  return async (c, next) => {
    const isRead = c.req.method === 'GET' || c.req.method === 'HEAD';
    if (!isRead) {
      await next();
      // Whoever has just decided something sees it. Nobody else makes answers be made anew: strangers' OPTIONS are
      // answered well, too. What is being made for the answers of before comes to its end by itself.
      const hasDecided = c.req.method === 'POST' && c.res.ok && access.bringsToken(c);
      if (hasDecided) answers = createAnswers(options);
      return;
    }
    if (OWN.has(c.req.path)) return next();
    if (access.bringsToken(c)) return trusted.fetch(c.req.raw, c.env);
    if (NEEDS_TOKEN.has(c.req.path)) return next();
    const { url } = c.req;
    const { status, headers, body } = await current(
      url.slice(url.indexOf('/', url.indexOf('//') + 2)),
    );
    if (!isLarge(body)) return new Response(body, { status, headers });
    const length = { 'content-length': String(body.byteLength) };
    return new Response(pacedBytes(body), { status, headers: { ...headers, ...length } });
  };
}

/** Nothing in here is as old as what was decided last: they are made anew for that, not emptied. */
function createAnswers({ open, keptMs, mostBytes = MOST_BYTES }: Options): LRUCache<string, Kept> {
  const make = async (pathAndQuery: string): Promise<Kept> => {
    const response = await open.fetch(new Request(`http://pool${pathAndQuery}`));
    const headers = Object.fromEntries(response.headers);
    const body = new Uint8Array(await response.arrayBuffer());
    return { status: response.status as StatusCode, headers, body, madeMs: Date.now() };
  };
  return new LRUCache<string, Kept>({
    maxSize: mostBytes,
    sizeCalculation: ({ body }, key) => body.byteLength + key.length + ENTRY_BYTES,
    ttl: keptMs,
    // One that is too old stays for the time when no new one can be made.
    noDeleteOnStaleGet: true,
    // One whose place goes to others while it is being made is given to those who wait for it all the same.
    ignoreFetchAbort: true,
    async fetchMethod(key, stale, { options }) {
      const kept = await make(key);
      if (kept.status === 200) return kept;
      // A refusal is shared by those who wait for it, and no longer.
      options.ttl = 1;
      const mayBeStale = kept.status === BUSY && stale?.status === 200;
      return mayBeStale && Date.now() - stale.madeMs < STALE_MS ? stale : kept;
    },
  });
}
