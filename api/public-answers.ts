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
  readonly open: { fetch(request: Request): Response | Promise<Response> };
  /** How long an answer is given again. */
  readonly keptMs: number;
}

const MOST_BYTES = 64 * 1024 * 1024;
/** What an entry holds beside its body. */
const ENTRY_BYTES = 1_000;
/** While no new one can be made, an answer of before is better than none until it is this old. */
const STALE_MS = 10_000;
const BUSY = 503;

/** What is about this process alone, or answers nothing without the token, has no answer to keep. */
const OWN = new Set(['/v1/health', '/v1/ready', '/v1/audit-log']);

/**
 * Gives strangers' GETs from what is kept, and lets everything else through. What is kept is made from the path and
 * the query alone: no header of whoever asks first reaches an answer that others get.
 */
export function publicAnswers({ access, open, keptMs }: Options): MiddlewareHandler {
  const make = async (pathAndQuery: string): Promise<Kept> => {
    const response = await open.fetch(new Request(`http://pool${pathAndQuery}`));
    const headers = Object.fromEntries(response.headers);
    const body = new Uint8Array(await response.arrayBuffer());
    return { status: response.status as StatusCode, headers, body, madeMs: Date.now() };
  };
  const answers = new LRUCache<string, Kept>({
    maxSize: MOST_BYTES,
    sizeCalculation: ({ body }, key) => body.byteLength + key.length + ENTRY_BYTES,
    ttl: keptMs,
    // One that is too old stays for the time when no new one can be made.
    noDeleteOnStaleGet: true,
    async fetchMethod(key, stale, { options }) {
      const kept = await make(key);
      if (kept.status === 200) return kept;
      // A refusal is shared by those who wait for it, and no longer.
      options.ttl = 1;
      const mayBeStale = kept.status === BUSY && stale?.status === 200;
      return mayBeStale && Date.now() - stale.madeMs < STALE_MS ? stale : kept;
    },
  });
  return async (c, next) => {
    const isRead = c.req.method === 'GET' || c.req.method === 'HEAD';
    if (!isRead) {
      await next();
      // Whoever has just decided something sees it.
      if (c.res.ok) answers.clear();
      return;
    }
    if (OWN.has(c.req.path) || access.bringsToken(c)) {
      await next();
      return;
    }
    const { url } = c.req;
    const kept = await answers.fetch(url.slice(url.indexOf('/', url.indexOf('//') + 2)));
    if (kept === undefined) throw new Error('an answer was not made');
    const { status, headers, body } = kept;
    if (!isLarge(body)) return new Response(body, { status, headers });
    const length = { 'content-length': String(body.byteLength) };
    return new Response(pacedBytes(body), { status, headers: { ...headers, ...length } });
  };
}
