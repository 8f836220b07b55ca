/** Keeps the answers to requests without the token: each is made once a second at most, and everybody who asks gets the same bytes. */
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
  /** The routes as those with the token read them, on the same connections, behind a read gate of their own. */
  readonly trusted: Routes;
  /** How long an answer is reused. */
  readonly keptMs: number;
  /** How much memory all kept answers may take. @default 64 MiB */
  readonly mostBytes?: number | undefined;
}

interface Routes {
  fetch(request: Request, env?: unknown): Response | Promise<Response>;
}

const MOST_BYTES = 64 * 1024 * 1024;
/** The size of an entry without its body. */
const ENTRY_BYTES = 1_000;
/** While no new answer can be made, an old one is better than none up to this age. */
const STALE_MS = 10_000;
const BUSY = 503;

/** How often an answer is made again for one reader because something was decided meanwhile. */
const MOST_TRIES = 3;

/** Paths about this process alone: they are never kept and never wait. */
const OWN = new Set(['/v1/health', '/v1/ready']);
/** Paths that need the token, and so have no public answer to keep. */
const NEEDS_TOKEN = new Set(['/v1/audit-log']);

/**
 * Answers strangers' GETs from the kept answers, and lets orders through. A kept answer is made from path and query
 * alone: no header of the first reader reaches an answer that others get.
 */
export function publicAnswers(options: Options): MiddlewareHandler {
  const { access, trusted } = options;
  let answers = createAnswers(options);
  /** A reader who waits while something is decided gets an answer from after the decision, and never an error. */
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
      // A person who has just decided something sees it in the next answer. Only decisions empty the kept answers:
      // strangers' OPTIONS succeed as well and must not. Answers that are being made end by themselves.
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

/** Makes an empty store of answers. Each decision gets a new one, so that no answer in it is older than the decision. */
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
    // Keeps answers that are too old for the time when no new one can be made.
    noDeleteOnStaleGet: true,
    // An answer that is evicted while it is being made still goes to those who wait for it.
    ignoreFetchAbort: true,
    async fetchMethod(key, stale, { options }) {
      const kept = await make(key);
      if (kept.status === 200) return kept;
      // Those who wait for a refusal share it; it is kept no longer.
      options.ttl = 1;
      const mayBeStale = kept.status === BUSY && stale?.status === 200;
      return mayBeStale && Date.now() - stale.madeMs < STALE_MS ? stale : kept;
    },
  });
}
