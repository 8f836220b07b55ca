/** JSON-RPC over HTTP(S) to a service that is trusted with a key: one call per request. */
import {
  type ClientRequest,
  Agent as HttpAgent,
  type IncomingMessage,
  request as requestHttp,
} from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { PoolError } from '../../base/errors/pool-error.js';
import { foreignText } from '../../base/foreign-text.js';

export interface RpcServiceOptions {
  readonly url: string;
  /** Time from the call to the end of its answer, including the wait for a connection. */
  readonly timeoutMs: number;
  /** PEM: the authority that signed the service's certificate, in place of the well-known ones. */
  readonly ca?: string | undefined;
  /** PEM: our client certificate, for a service that asks for one. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Sent as `Authorization: Bearer`. */
  readonly token?: string | undefined;
}

export interface RpcService {
  /** Host and port, for messages. */
  readonly name: string;
  /** Makes a call and returns its result. Throws SIGNER_UNREACHABLE or SIGNER_REFUSED. */
  call(method: string, params: readonly unknown[]): Promise<unknown>;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** At most this many connections are open at a time, to sign the payouts of a group in parallel. */
const MAX_CONNECTIONS = 16;
const MAX_ANSWER_BYTES = 1024 * 1024;
/** After a failure to connect, calls fail at once for this long: hundreds of payouts must not wait one after the other. */
const REST_MS = 2_000;

export function createRpcService(options: RpcServiceOptions): RpcService {
  const name = new URL(options.url).host;
  const post = createPost(options);
  let rest: { readonly untilMs: number; readonly error: PoolError } | undefined;
  let lastId = 0;
  const exchange = async (body: string): Promise<Answer> => {
    if (rest !== undefined && performance.now() < rest.untilMs) throw rest.error;
    try {
      return await post(body);
    } catch (cause) {
      const message = `the signer ${name} did not answer: ${foreignText(cause)}`;
      const error = new PoolError('SIGNER_UNREACHABLE', message);
      rest = { untilMs: performance.now() + REST_MS, error };
      throw error;
    }
  };
  return {
    name,
    async call(method, params) {
      lastId += 1;
      const id = lastId;
      const answer = await exchange(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
      return readAnswer(answer, { name, id });
    },
  };
}

/** Reads the body before the status, because the service sends its JSON-RPC errors with an HTTP error status. */
function readAnswer(
  { status, text }: Answer,
  { name, id }: { readonly name: string; readonly id: number },
): unknown {
  const body = parseObject(text);
  const error = body?.['error'];
  if (typeof error === 'object' && error !== null) {
    const said = (error as { readonly message?: unknown }).message;
    const words = typeof said === 'string' ? foreignText(said, 200) : 'an error without words';
    throw new PoolError('SIGNER_REFUSED', `the signer ${name} refused: ${words}`);
  }
  if (status === 401 || status === 403) {
    throw new PoolError('SIGNER_REFUSED', `the signer ${name} lets nobody in: HTTP ${status}`);
  }
  if (status !== 200) {
    throw new PoolError('SIGNER_UNREACHABLE', `the signer ${name} answered HTTP ${status}`);
  }
  if (body?.['result'] !== undefined && body['id'] === id) return body['result'];
  const message = `the signer ${name} answered with something that is no JSON-RPC`;
  throw new PoolError('SIGNER_UNREACHABLE', message);
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null
      ? (parsed as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function createPost(options: RpcServiceOptions): (body: string) => Promise<Answer> {
  const { token, timeoutMs } = options;
  const url = new URL(options.url);
  const { ca, cert, key } = options;
  const isTls = url.protocol === 'https:';
  const connections = { keepAlive: true, maxSockets: MAX_CONNECTIONS };
  const agent = isTls
    ? new HttpsAgent({ ...connections, ca, cert, key })
    : new HttpAgent(connections);
  const send = isTls ? requestHttps : requestHttp;
  const headers = {
    'content-type': 'application/json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  const post = async (body: string, signal: AbortSignal, isAgain = false): Promise<Answer> => {
    const fresh = { agent: false as const, ca, cert, key };
    const outgoing = send(url, { method: 'POST', headers, ...(isAgain ? fresh : { agent }) });
    try {
      return await converse(outgoing, body, signal);
    } catch (error) {
      // The service closed a kept connection just when we used it. Asking again is safe: signing twice harms nobody.
      if (isAgain || signal.aborted || !outgoing.reusedSocket) throw error;
      return post(body, signal, true);
    }
  };
  return (body) => post(body, AbortSignal.timeout(timeoutMs));
}

function converse(outgoing: ClientRequest, body: string, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      reject(new Error('it took longer than wallet.remote.timeout'));
      outgoing.destroy();
    };
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    outgoing.on('error', reject);
    let isAnswered = false;
    outgoing.on('close', () => {
      signal.removeEventListener('abort', onAbort);
      if (isAnswered) return;
      reject(new Error('it closed the connection'));
    });
    outgoing.on('response', (answer) => {
      isAnswered = true;
      readText(answer).then((text) => resolve({ status: answer.statusCode ?? 0, text }), reject);
    });
    outgoing.end(body);
  });
}

async function readText(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error('it answered with too much');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
