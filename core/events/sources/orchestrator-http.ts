/** Reads pool events from an orchestrator's `/pool/events`, as a stream. */
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { rootCertificates } from 'node:tls';
import { z } from 'zod';
import { codeOf } from '../../base/causes.js';
import { PoolError } from '../../base/errors/pool-error.js';
import { foreignText } from '../../base/foreign-text.js';
import { certificates, duration, serverUrl, size } from '../../plugins/options.js';
import { codeForStatus, isTlsCode, withIdleLimit } from './connection.js';
import type { EventSource, EventSourceConfig, ReadRequest } from './event-source.js';
import { checkOptions, needOrigin } from './options.js';
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
  /** The longest wait for the next byte. The orchestrator gathers its whole answer before it sends the first. */
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

const LIMITS = {
  connect: 'no connection stood',
  idle: 'not a byte came',
  total: 'the answer did not end',
} as const;
/** Starts a timer that ends the exchange, and makes it fail with EVENT_SOURCE_TIMEOUT. */
type StartTimer = (which: keyof typeof LIMITS) => NodeJS.Timeout;

/** Yields the bytes of the answer, and throws a PoolError for anything that goes wrong. */
async function* readAnswer(
  options: OrchestratorHttpOptions,
  { since, signal: asked }: ReadRequest,
): AsyncGenerator<Buffer> {
  const url = new URL(options.endpoint);
  if (since !== null) url.searchParams.set('lastCheckTime', wholeSeconds(since));
  const ending = new AbortController();
  const signal = AbortSignal.any([asked, ending.signal]);
  const fail = (which: keyof typeof LIMITS) => ending.abort(timeout(which, options));
  const startTimer: StartTimer = (which) =>
    setTimeout(() => fail(which), options[`${which}Timeout`]);
  const totalTimer = startTimer('total');
  let bytes = 0;
  try {
    const answer = await send(url, options, signal, startTimer);
    if (answer.statusCode !== 200) throw await statusError(answer, options);
    const chunks = withIdleLimit<Buffer>(answer, options.idleTimeout, () => fail('idle'));
    for await (const chunk of chunks) {
      bytes += chunk.length;
      if (bytes > options.maxAnswer) {
        const message = `the answer is larger than ${options.maxAnswer} bytes (options.maxAnswer)`;
        throw new PoolError('EVENT_SOURCE_TOO_LARGE', message);
      }
      yield chunk;
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof PoolError) throw error;
    const message = `the connection broke after ${bytes} bytes: ${foreignText(error)}`;
    throw new PoolError('EVENT_SOURCE_TRUNCATED', message, {}, { cause: error });
  } finally {
    clearTimeout(totalTimer);
    ending.abort();
  }
}

/** Sends the request; resolves when the head of the answer has arrived. The connection ends when the signal says so. */
function send(
  url: URL,
  options: OrchestratorHttpOptions,
  signal: AbortSignal,
  startTimer: StartTimer,
): Promise<IncomingMessage> {
  const { basicAuth: login, ca } = options;
  const isTls = url.protocol === 'https:';
  return new Promise((resolve, reject) => {
    const outgoing = (isTls ? requestHttps : requestHttp)(url, {
      agent: false,
      signal,
      headers: {
        ...options.headers,
        accept: 'application/json',
        'accept-encoding': 'identity',
      },
      ...(login === undefined ? {} : { auth: `${login.user}:${login.password}` }),
      ...(ca === undefined ? {} : { ca: [...rootCertificates, ca] }),
      rejectUnauthorized: !options.insecure,
    });
    let timer = startTimer('connect');
    outgoing.once('socket', (socket) => {
      socket.once(isTls ? 'secureConnect' : 'connect', () => {
        clearTimeout(timer);
        timer = startTimer('idle');
      });
    });
    outgoing.once('response', (answer) => {
      clearTimeout(timer);
      // After the reading has been given up nobody listens for errors, and an unhandled one would end the process.
      answer.on('error', () => undefined);
      resolve(answer);
    });
    const failed = (error: Error) => {
      clearTimeout(timer);
      reject(connectionError(error, options));
    };
    // This listener stays after the head has arrived, because a connection that breaks later reports here too.
    outgoing.on('error', failed);
    // A connection can also close without an error, as after an answer that changes the protocol.
    outgoing.once('close', () => failed(new Error('closed without an answer')));
    outgoing.end();
  });
}

function timeout(which: keyof typeof LIMITS, options: OrchestratorHttpOptions): PoolError {
  const option = `${which}Timeout` as const;
  const message = `${LIMITS[which]} within ${options[option] / 1000} s (options.${option})`;
  return new PoolError('EVENT_SOURCE_TIMEOUT', message);
}

/** Writes the time as the orchestrator's SQLite does, which compares texts: any other form selects wrong events. */
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
  return new PoolError(codeForStatus(status), message);
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
  const code = isTlsCode(codeOf(error)) ? 'EVENT_SOURCE_TLS' : 'EVENT_SOURCE_UNREACHABLE';
  const message = `${options.endpoint.host}: ${foreignText(error)}`;
  return new PoolError(code, message, {}, { cause: error });
}
