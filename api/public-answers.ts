/**
 * Keeps the answers to requests without the token: each is made at most once a second, and all readers get the same
 * bytes.
 */
import type { Hono, MiddlewareHandler } from 'hono';
import type { StatusCode } from 'hono/utils/http-status';
import { LRUCache } from 'lru-cache';
import type { Access } from './access.js';

interface Kept {
  readonly status: StatusCode;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly madeMs: number;
}

interface Options {
  readonly access: Access;
  /** The routes for requests without the token. */
  readonly open: Pick<Hono, 'fetch'>;
  /** The routes for requests with the token. */
  readonly trusted: Pick<Hono, 'fetch'>;
  /** For how many ms an answer is reused. */
  readonly keptMs: number;
  /** How many bytes of memory all kept answers may take. @default 64 MiB */
  readonly mostBytes?: number | undefined;
}

const MOST_BYTES = 64 * 1024 * 1024;
/** How many bytes a kept answer counts in addition to its body and its path. */
const ENTRY_BYTES = 1_000;
/** While no new answer can be made, an old one is sent until it is this many ms old. */
const STALE_MS = 10_000;
const BUSY = 503;

/**
 * Larger answers are sent in slices of this size, so that other requests are served in between: writing to a socket
 * copies the bytes, which for this many takes a fraction of a millisecond.
 */
const SLICE_BYTES = 256 * 1024;
/** All readers together get this many slices in every WHILE_MS: 100 MB a second. */
const SLICES_EACH_WHILE = 4;
const WHILE_MS = 10;

/** An answer that is overtaken by an operator's decision is made again, at most this many times in all. */
const MOST_TRIES = 3;

/** Paths that report on this process only: their answers are never kept and never wait. */
const OWN = new Set(['/v1/health', '/v1/ready']);
/** Paths that need the token: there is no public answer to keep. */
const NEEDS_TOKEN = new Set(['/v1/audit-log']);

/**
 * Answers GETs without the token from the kept answers, and passes orders on. A kept answer is made from path and query
 * alone, so no header of the first reader influences what others get.
 */
export function publicAnswers(options: Options): MiddlewareHandler {
  const { access, trusted } = options;
  let answers = createAnswers(options);
  /**
   * Returns a kept answer. When something is decided while the reader waits, this is an answer from after the decision,
   * and never an error.
   */
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
      // The next answer must show a decision that was just made. Other requests, such as strangers' OPTIONS, succeed
      // too and must not clear the kept answers. Answers that are being made are finished.
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
    if (body.byteLength <= SLICE_BYTES) return new Response(body, { status, headers });
    const length = { 'content-length': String(body.byteLength) };
    return new Response(pacedBytes(body), { status, headers: { ...headers, ...length } });
  };
}

/** Makes an empty store of answers. Each decision gets a new store, which therefore has no answer from before it. */
function createAnswers({ open, keptMs, mostBytes = MOST_BYTES }: Options): LRUCache<string, Kept> {
  return new LRUCache<string, Kept>({
    maxSize: mostBytes,
    sizeCalculation: ({ body }, key) => body.byteLength + key.length + ENTRY_BYTES,
    ttl: keptMs,
    // Expired answers are kept for when no new one can be made.
    noDeleteOnStaleGet: true,
    // When an answer is evicted while it is being made, those who wait still get it.
    ignoreFetchAbort: true,
    async fetchMethod(key, stale, { options }) {
      const response = await open.fetch(new Request(`http://pool${key}`));
      const kept = {
        status: response.status as StatusCode,
        headers: Object.fromEntries(response.headers),
        body: new Uint8Array(await response.arrayBuffer()),
        madeMs: Date.now(),
      };
      if (kept.status === 200) return kept;
      // A refusal is shared by those who wait for it now, and kept for no longer.
      options.ttl = 1;
      const mayBeStale = kept.status === BUSY && stale?.status === 200;
      return mayBeStale && Date.now() - stale.madeMs < STALE_MS ? stale : kept;
    },
  });
}

/** Returns the bytes as a stream that waits for its turn before each slice. Nothing is copied. */
function pacedBytes(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let at = 0;
  begun += 1;
  const no = begun;
  return new ReadableStream(
    {
      async pull(controller) {
        await nextTurn(no);
        controller.enqueue(bytes.subarray(at, at + SLICE_BYTES));
        at += SLICE_BYTES;
        if (at >= bytes.byteLength) controller.close();
      },
    },
    { highWaterMark: 0 },
  );
}

/** The waiting streams, by the running number of their answer: the oldest goes first, so that it ends first. */
const line = new Map<number, () => void>();
let begun = 0;
let given = 0;
let isPacing = false;

function nextTurn(no: number): Promise<void> {
  if (!isPacing) setTimeout(nextWhile, WHILE_MS);
  isPacing = true;
  if (given < SLICES_EACH_WHILE) {
    given += 1;
    return Promise.resolve();
  }
  return new Promise((resolve) => {
    line.set(no, resolve);
  });
}

function nextWhile(): void {
  const first = [...line.keys()].sort((a, b) => a - b).slice(0, SLICES_EACH_WHILE);
  for (const no of first) {
    line.get(no)?.();
    line.delete(no);
  }
  given = first.length;
  isPacing = given > 0;
  if (isPacing) setTimeout(nextWhile, WHILE_MS);
}
