/**
 * Keeps the answers to requests without the token: each is made at most once a second, and all readers get the same
 * bytes. No answer says what is older than two seconds.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpBindings } from '@hono/node-server';
import type { Context, Hono, MiddlewareHandler } from 'hono';
import type { Access } from './access.js';
import { answerKeyOf } from './answers/answer-key.js';
import {
  isUnchanged,
  KeptAnswer,
  type Representation,
  unchangedHeaders,
  type Wishes,
} from './answers/kept-answer.js';
import { KeptAnswers } from './answers/kept-answers.js';
import { countLarge, mustPace, pacedBytes, sendBytes } from './answers/large-answers.js';
import { newRequestId, REQUEST_ID, withRequestId } from './headers/request-ids.js';
import { takesEvents } from './live/live-route.js';
import { isForOnePayee } from './self-service/limits.js';
import { isStreamed } from './streamed.js';

interface Options {
  readonly access: Access;
  /** The routes for requests without the token. */
  readonly open: Pick<Hono, 'fetch'>;
  /** The routes for requests with the token. */
  readonly trusted: Pick<Hono, 'fetch'>;
  /** When an answer is this many ms old, the next request has it made again. */
  readonly keptMs: number;
  /** How many bytes of memory all kept answers may take. @default 64 MiB */
  readonly mostBytes?: number | undefined;
  /** Returns the error that a request to `open` failed with, if it may not be shown. */
  readonly faultOf: (request: Request) => unknown;
  readonly onFault: (error: unknown, c: Context) => void;
}

/** Sends an answer that is there already, without any other work; false when there is none for this request. */
export type AnswerKept = (incoming: IncomingMessage, outgoing: ServerResponse) => boolean;

const MOST_BYTES = 64 * 1024 * 1024;
const NOT_MODIFIED = 304;
const FAILURE = 400;

/** An answer that is overtaken by an operator's decision is made again, at most this many times in all. */
const MOST_TRIES = 3;

/** Paths that report on this process only: their answers are never kept and never wait. */
const OWN = new Set(['/v1/health', '/v1/ready']);
/** So does the stream of events, which never ends. */
const LIVE = '/v1/live';
/** Paths that need the token: there is no public answer to keep. */
const NEEDS_TOKEN = new Set(['/v1/audit-log', '/v1/notices', '/v1/operator/needs']);
/** The operator's pages: each is made for one session. */
const ONE_SESSION = /^\/operator(\/|$)/;

/**
 * Answers GETs without the token from the kept answers, and passes orders on. A kept answer is made from path and query
 * alone, so no header of the first reader influences what others get.
 */
export function publicAnswers(options: Options): {
  readonly first: MiddlewareHandler;
  readonly answerKept: AnswerKept;
} {
  const { access, open, trusted, onFault } = options;
  let answers = createAnswers(options);
  /**
   * Returns a kept answer. When something is decided while the reader waits, this is an answer from after the decision,
   * and never an error.
   */
  const current = async (pathAndQuery: string): Promise<KeptAnswer> => {
    for (let tries = 1; ; tries += 1) {
      const asked = answers;
      const kept = await asked.get(pathAndQuery);
      if (asked === answers || tries === MOST_TRIES) return kept;
    }
  };
  const first: MiddlewareHandler = async (c, next) => {
    const isRead = c.req.method === 'GET' || c.req.method === 'HEAD';
    if (!isRead) {
      await next();
      // The next answer must show a decision that was just made. Other requests, such as strangers' OPTIONS, succeed
      // too and must not clear the kept answers. Answers that are being made are finished.
      const hasDecided = c.req.method === 'POST' && c.res.ok && access.bringsToken(c);
      if (hasDecided) answers = createAnswers(options);
      return;
    }
    const isEvents = c.req.path === LIVE && takesEvents(c.req.header('accept'));
    if (OWN.has(c.req.path) || isEvents) return next();
    if (access.bringsToken(c)) return trusted.fetch(c.req.raw, c.env);
    if (NEEDS_TOKEN.has(c.req.path) || ONE_SESSION.test(c.req.path)) return next();
    if (isStreamed(c) || isForOnePayee(c)) {
      const response = await open.fetch(c.req.raw, c.env);
      const fault = options.faultOf(c.req.raw);
      if (fault !== undefined) onFault(fault, c);
      return response;
    }
    const pathAndQuery = answerKeyOf(c.req.url);
    const kept = await current(pathAndQuery);
    if (kept.fault !== undefined) onFault(kept.fault, c);
    const wishes = wishesOf((name) => c.req.header(name));
    const chosen = await kept.represent(wishes);
    answers.weigh(pathAndQuery, kept);
    return respond(c, kept, chosen, wishes);
  };
  const answerKept: AnswerKept = (incoming, outgoing) => {
    const { method, url = '', headers } = incoming;
    if (method !== 'GET' || isParticular(headers)) return false;
    const kept = answers.find(url);
    if (kept === undefined) return false;
    const chosen = kept.ready(headers['accept-encoding']);
    if (chosen === undefined || mustPace(chosen.body)) return false;
    send(outgoing, chosen, isUnchanged(chosen, headers['if-none-match']));
    return true;
  };
  return { first, answerKept };
}

/** Whether a request brings what only the app itself judges: a token, a session, an id of its own, a wish for events. */
const isParticular = (headers: IncomingMessage['headers']): boolean =>
  headers.authorization !== undefined ||
  headers.cookie !== undefined ||
  headers[REQUEST_ID] !== undefined ||
  takesEvents(headers.accept);

const wishesOf = (header: (name: string) => string | undefined): Wishes => ({
  acceptEncoding: header('accept-encoding'),
  ifNoneMatch: header('if-none-match'),
});

function send(outgoing: ServerResponse, chosen: Representation, isKnown: boolean): void {
  const id = newRequestId();
  if (isKnown) {
    outgoing.writeHead(NOT_MODIFIED, { ...unchangedHeaders(chosen), [REQUEST_ID]: id }).end();
    return;
  }
  outgoing.writeHead(200, [...chosen.flat, REQUEST_ID, id]);
  sendBytes(chosen.body, outgoing);
}

function respond(c: Context, kept: KeptAnswer, chosen: Representation, wishes: Wishes): Response {
  if (isUnchanged(chosen, wishes.ifNoneMatch)) {
    return new Response(null, { status: NOT_MODIFIED, headers: unchangedHeaders(chosen) });
  }
  const { headers, body } = kept.status < FAILURE ? chosen : withRequestId(chosen, c);
  const init = { status: kept.status, headers };
  const { outgoing } = (c.env ?? {}) as Partial<HttpBindings>;
  const isPaced = mustPace(body);
  if (outgoing !== undefined) countLarge(body, outgoing as ServerResponse);
  return new Response(isPaced ? pacedBytes(body) : body, init);
}

/** Makes an empty store of answers. Each decision gets a new store, which therefore has no answer from before it. */
function createAnswers({ open, keptMs, mostBytes = MOST_BYTES, faultOf }: Options): KeptAnswers {
  return new KeptAnswers({
    keptMs,
    mostBytes,
    async make(pathAndQuery) {
      const begunMs = performance.now();
      const request = new Request(`http://pool${pathAndQuery}`);
      const response = await open.fetch(request);
      return KeptAnswer.of(response, begunMs, faultOf(request));
    },
  });
}
