/** Sends one POST for a notifier: no redirects, a bounded answer, and for a worker's address no private network. */
import { type ClientRequest, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { RequestFilteringHttpsAgent } from 'request-filtering-agent';
import { causesOf, codeOf } from '../../base/causes.js';
import { foreignText } from '../../base/foreign-text.js';
import type { DeliveryOutcome, NotifierConfig } from './notifier.js';

/** A receiver has this many ms for the whole exchange. */
const TIMEOUT_MS = 10_000;
/** We read at most this many characters of an answer: it is only quoted. */
const MOST_ANSWER = 2_000;
/** A part of a URL of so many characters may be a secret. */
const LEAST_SECRET = 6;
const LONGEST_WAIT_MS = 24 * 60 * 60_000;

export interface Post {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface PostAnswer {
  readonly status: number;
  /** The value of `Retry-After` in ms; undefined when the receiver says nothing of it. */
  readonly retryAfterMs: number | undefined;
  /** The beginning of the answer, as the receiver wrote it. */
  readonly text: string;
}

/** Throws with what an operator must correct when this address must not be posted to. */
export function requireAddress(url: URL, { addressOf }: Pick<NotifierConfig, 'addressOf'>): void {
  if (addressOf === 'payee' && url.protocol !== 'https:') {
    throw new TypeError("a payee's address begins with https://");
  }
}

/**
 * Posts, and resolves with the answer whatever its status. Rejects when none came: the receiver is away, too slow, or
 * for an address that a worker gave, in a private network. The address is judged after its name was resolved, and the
 * connection is made to the very address that was judged.
 */
export async function post(
  { url, headers, body }: Post,
  config: Pick<NotifierConfig, 'addressOf'>,
  signal: AbortSignal,
): Promise<PostAnswer> {
  requireAddress(url, config);
  // A new connection each time: one that was kept may have been closed by the receiver meanwhile.
  const agent = config.addressOf === 'payee' ? new RequestFilteringHttpsAgent() : false;
  const isSecure = url.protocol === 'https:';
  const options = {
    method: 'POST',
    headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    agent,
  };
  try {
    const request = isSecure ? requestHttps(url, options) : requestHttp(url, options);
    const answer = await exchange(request, body);
    return { ...answer, text: withoutSecretsOf(url, answer.text) };
  } finally {
    if (agent !== false) agent.destroy();
  }
}

/** Takes out of an answer the parts of the URL that it repeats, because a webhook's path or query may be its secret. */
function withoutSecretsOf(url: URL, text: string): string {
  const parts = [...url.pathname.split('/'), ...url.searchParams.values()];
  const secrets = parts.filter(({ length }) => length >= LEAST_SECRET);
  return secrets.reduce((left, secret) => left.replaceAll(secret, '…'), text);
}

function exchange(request: ClientRequest, body: string): Promise<PostAnswer> {
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => {
      let text = '';
      const answer = () => {
        const retryAfterMs = readRetryAfter(response.headers['retry-after']);
        resolve({ status: response.statusCode ?? 0, retryAfterMs, text });
      };
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text = (text + chunk).slice(0, MOST_ANSWER);
        if (text.length < MOST_ANSWER) return;
        answer();
        response.destroy();
      });
      response.on('end', answer);
      response.on('error', reject);
    });
    request.end(body);
  });
}

function readRetryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const ms = /^\d+(\.\d+)?$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), LONGEST_WAIT_MS);
}

/**
 * Says what an answer means. `refusals` are the statuses that no later try can change; all others but 2xx are tried
 * again, because a receiver that is moved, misconfigured or overloaded may be put right.
 */
export function outcomeOf(answer: PostAnswer, refusals: readonly number[]): DeliveryOutcome {
  const { status, retryAfterMs, text } = answer;
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  const said = foreignText(text, 120);
  const why = `it answered ${status}${said === '' ? '' : `: ${said}`}`;
  if (refusals.includes(status)) return { kind: 'refused', why };
  return {
    kind: 'try-again',
    why,
    ...(retryAfterMs === undefined ? {} : { afterMs: retryAfterMs }),
  };
}

/** Says why no answer came. Throws when the caller stopped it. */
export function unanswered(error: unknown, signal: AbortSignal): DeliveryOutcome {
  signal.throwIfAborted();
  const causes = [...causesOf(error)];
  const isTimeout = causes.some((cause) => cause instanceof Error && cause.name === 'TimeoutError');
  if (isTimeout) return { kind: 'try-again', why: `no answer within ${TIMEOUT_MS / 1_000} s` };
  const code = causes.map(codeOf).find((one) => one !== '') ?? '';
  const said = foreignText(error, 160);
  return { kind: 'try-again', why: said === '' ? `no answer: ${code}` : said };
}
