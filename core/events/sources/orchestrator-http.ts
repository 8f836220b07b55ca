/** Reads pool events from an orchestrator's `/pool/events`, as a stream. */
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { rootCertificates } from 'node:tls';
import { z } from 'zod';
import { PoolError } from '../../base/errors/pool-error.js';
import { foreignText } from '../../base/foreign-text.js';
import { isTlsCode, withIdleLimit } from './connection.js';
import type { EventSource, EventSourceConfig, ReadRequest } from './event-source.js';
import { certificates, checkOptions, duration, needOrigin, serverUrl, size } from './options.js';
import { scanArray } from './scanners/array-scanner.js';

const endpoint = serverUrl('user and password under basicAuth').transform((url) => {
  const folder = url.pathname.replace(/\/{2,}/g, '/').replace(/\/$/, '');
  url.pathname = `${folder.replace(/\/pool\/events$/, '')}/pool/events`;
  return url;
});

/** The options of a source of kind `orchestrator-http`. */
export const orchestratorHttpOptions = z.strictObject({
  /** The URL of the orchestrator's CLI port, or of a reverse proxy in front of it; `/pool/events` is added. */
  endpoint,
  /** The configuration names the password's file as `passwordFile`. */
  basicAuth: z.strictObject({ user: z.string().min(1), password: z.string() }).optional(),
  headers: z.record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/), z.string()).default({}),
  ca: certificates,
  /** Accepts any certificate. Only for a network that nobody else is on. */
  insecure: z.boolean().default(false),
  /** The limit for making the connection, TLS included. */
  connectTimeout: duration.default(10_000),
  /**
   * The longest time to wait for the next byte. The orchestrator gathers its whole answer before it sends the first
   * byte.
   */
  idleTimeout: duration.default(120_000),
  totalTimeout: duration.default(6 * 3_600_000),
  maxAnswer: size.default(64 * 1_073_741_824),
  maxElement: size.default(1_048_576),
});
type OrchestratorHttpOptions = z.output<typeof orchestratorHttpOptions>;

/** The limits, in characters, for how much of an error page is read and how much of it is quoted. */
const MOST_READ = 4_000;
const MOST_QUOTED = 200;
/** Secrets with fewer characters are not blotted out: they would be found in every text. */
const LEAST_SECRET = 4;

/** Makes a source of kind `orchestrator-http`; throws EVENT_SOURCE_OPTIONS. */
export async function createOrchestratorHttp(config: EventSourceConfig): Promise<EventSource> {
  const options = await checkOptions(config, orchestratorHttpOptions);
  needOrigin(config);
  return {
    readsFrom: options.endpoint.href,
    read: (request) =>
      scanArray(readAnswer(options, request), { maxElementBytes: options.maxElement }),
  };
}

/** Yields the bytes of the answer, and throws a PoolError for anything that goes wrong. */
async function* readAnswer(
  options: OrchestratorHttpOptions,
  request: ReadRequest,
): AsyncGenerator<Buffer> {
  const exchange = new Exchange(options, request);
  try {
    const answer = await exchange.open();
    if (answer.statusCode !== 200) throw await statusError(answer, options);
    yield* exchange.body(answer);
  } finally {
    exchange.close();
  }
}

/** One request to the orchestrator, with its time limits. */
class Exchange {
  private readonly url: URL;
  private readonly totalTimer: NodeJS.Timeout;
  /** Ends the exchange, and makes it fail with this reason for the caller. */
  private abort: (reason: Error) => void = () => undefined;
  private ended: Error | undefined;

  constructor(
    private readonly options: OrchestratorHttpOptions,
    private readonly request: ReadRequest,
  ) {
    this.url = new URL(options.endpoint);
    if (request.since !== null) {
      this.url.searchParams.set('lastCheckTime', wholeSeconds(request.since));
    }
    this.totalTimer = setTimeout(() => {
      this.fail(this.timeout('total', options.totalTimeout));
    }, options.totalTimeout);
    request.signal.addEventListener('abort', this.onAbort, { once: true });
  }

  /** Sends the request; resolves when the head of the answer has arrived. */
  open(): Promise<IncomingMessage> {
    const { options } = this;
    const { basicAuth: login } = options;
    return new Promise((resolve, reject) => {
      const send = this.url.protocol === 'https:' ? requestHttps : requestHttp;
      const outgoing = send(this.url, {
        agent: false,
        headers: {
          ...options.headers,
          accept: 'application/json',
          'accept-encoding': 'identity',
        },
        ...(login === undefined ? {} : { auth: `${login.user}:${login.password}` }),
        ...(options.ca === undefined ? {} : { ca: [...rootCertificates, options.ca] }),
        rejectUnauthorized: !options.insecure,
      });
      let timer = this.timer('connect', options.connectTimeout);
      outgoing.once('socket', (socket) => {
        const stands = this.url.protocol === 'https:' ? 'secureConnect' : 'connect';
        socket.once(stands, () => {
          clearTimeout(timer);
          timer = this.timer('idle', options.idleTimeout);
        });
      });
      outgoing.once('response', (answer) => {
        clearTimeout(timer);
        // After the reading has been given up nobody listens for errors, and an unhandled one would end the process.
        answer.on('error', () => undefined);
        resolve(answer);
      });
      // This listener stays after the head has arrived, because a connection that breaks later reports here too.
      outgoing.on('error', (error) => {
        clearTimeout(timer);
        reject(this.ended ?? connectionError(error, this.options));
      });
      // A connection can also close without an error, as after an answer that changes the protocol.
      outgoing.once('close', () => {
        clearTimeout(timer);
        reject(this.ended ?? connectionError(new Error('closed without an answer'), this.options));
      });
      this.abort = (reason) => {
        reject(reason);
        outgoing.destroy(reason);
      };
      if (this.request.signal.aborted) this.onAbort();
      outgoing.end();
    });
  }

  /** Yields the bytes of the answer as they come. */
  async *body(answer: IncomingMessage): AsyncGenerator<Buffer> {
    const { maxAnswer, idleTimeout } = this.options;
    const onIdle = () => this.fail(this.timeout('idle', idleTimeout));
    let bytes = 0;
    try {
      for await (const chunk of withIdleLimit<Buffer>(answer, idleTimeout, onIdle)) {
        bytes += chunk.length;
        if (bytes > maxAnswer) {
          const message = `the answer is larger than ${maxAnswer} bytes (options.maxAnswer)`;
          throw new PoolError('EVENT_SOURCE_TOO_LARGE', message);
        }
        yield chunk;
      }
    } catch (error) {
      if (this.ended !== undefined) throw this.ended;
      if (error instanceof PoolError) throw error;
      const message = `the connection broke after ${bytes} bytes: ${foreignText(error)}`;
      throw new PoolError('EVENT_SOURCE_TRUNCATED', message, {}, { cause: error });
    }
  }

  close(): void {
    clearTimeout(this.totalTimer);
    this.request.signal.removeEventListener('abort', this.onAbort);
    this.abort(new Error('closed'));
  }

  private timer(which: 'connect' | 'idle', timeoutMs: number): NodeJS.Timeout {
    return setTimeout(() => this.fail(this.timeout(which, timeoutMs)), timeoutMs);
  }

  private timeout(which: 'connect' | 'idle' | 'total', timeoutMs: number): PoolError {
    const words = {
      connect: 'no connection stood',
      idle: 'not a byte came',
      total: 'the answer did not end',
    };
    const message = `${words[which]} within ${timeoutMs / 1000} s (options.${which}Timeout)`;
    return new PoolError('EVENT_SOURCE_TIMEOUT', message);
  }

  private readonly onAbort = (): void => {
    const { reason } = this.request.signal;
    this.fail(reason instanceof Error ? reason : new Error('the read was aborted'));
  };

  private fail(reason: Error): void {
    this.ended ??= reason;
    this.abort(reason);
  }
}

/**
 * Writes the time as the orchestrator does. Its SQLite compares times as texts, so another zone or a fraction would
 * select the wrong events without an error.
 */
function wholeSeconds(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

async function statusError(
  answer: IncomingMessage,
  options: OrchestratorHttpOptions,
): Promise<PoolError> {
  const status = answer.statusCode ?? 0;
  const text = foreignText(withoutCredentials(await firstWords(answer), options), MOST_QUOTED);
  const message = `${options.endpoint.host} answered ${status}${text === '' ? '' : `: ${text}`}`;
  if (status === 400) return new PoolError('EVENT_SOURCE_BAD_REQUEST', message);
  if (status === 401 || status === 403) {
    return new PoolError('EVENT_SOURCE_UNAUTHORIZED', message);
  }
  return new PoolError('EVENT_SOURCE_HTTP_STATUS', message);
}

/** Reads the beginning of an error page, as much of it as comes within a second. */
async function firstWords(answer: IncomingMessage): Promise<string> {
  const timer = setTimeout(() => answer.destroy(), 1_000);
  let text = '';
  try {
    for await (const chunk of answer) {
      text += String(chunk);
      if (text.length > MOST_READ) break;
    }
  } catch {
    // The connection broke: what came before is all there is.
  }
  clearTimeout(timer);
  return text.slice(0, MOST_READ);
}

/** Blots out passwords and headers, because a debugging page may show the request that it answers. */
function withoutCredentials(text: string, { basicAuth, headers }: OrchestratorHttpOptions): string {
  const secrets = [basicAuth?.password ?? '', ...Object.values(headers)];
  return secrets
    .filter((secret) => secret.length >= LEAST_SECRET)
    .sort((a, b) => b.length - a.length)
    .reduce((shown, secret) => shown.replaceAll(secret, '…'), text);
}

function connectionError(error: Error, options: OrchestratorHttpOptions): PoolError {
  const code = 'code' in error ? String(error.code) : '';
  const message = `${options.endpoint.host}: ${foreignText(error)}`;
  const cause = { cause: error };
  if (isTlsCode(code)) return new PoolError('EVENT_SOURCE_TLS', message, {}, cause);
  return new PoolError('EVENT_SOURCE_UNREACHABLE', message, {}, cause);
}
