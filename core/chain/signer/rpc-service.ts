/** JSON-RPC over HTTP(S) to a service that is trusted with a key: one call per request. */
import { once } from 'node:events';
import {
  type ClientRequest,
  Agent as HttpAgent,
  type IncomingMessage,
  request as requestHttp,
} from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { PoolError } from '../../base/errors/pool-error.js';
import { foreignText } from '../../base/foreign-text.js';
import { parseJson, recordOf } from '../node-answers.js';

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

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** At most this many connections are open at a time, to sign the payouts of a group in parallel. */
const MAX_CONNECTIONS = 16;
const MAX_ANSWER_BYTES = 1024 * 1024;
/** After a failure to connect, calls fail at once for this long: hundreds of payouts must not wait one after the other. */
const REST_MS = 2_000;

export function createRpcService(options: RpcServiceOptions) {
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
    /** Host and port, for messages. */
    name,
    /** Makes a call and returns its result. Throws SIGNER_UNREACHABLE or SIGNER_REFUSED. */
    async call(method: string, params: readonly unknown[]): Promise<unknown> {
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
  const body = recordOf(parseJson(text));
  const error = recordOf(body?.['error']);
  if (error !== undefined) {
    const said = error['message'];
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
    const connection = isAgain ? fresh : { agent };
    const outgoing = send(url, { method: 'POST', headers, signal, ...connection });
    try {
      return await converse(outgoing, body, signal);
    } catch (error) {
      if (signal.aborted) throw new Error('it took longer than wallet.remote.timeout');
      // The service closed a kept connection just when we used it. Asking again is safe: signing twice harms nobody.
      if (isAgain || !outgoing.reusedSocket) throw error;
      return post(body, signal, true);
    }
  };
  return (body) => post(body, AbortSignal.timeout(timeoutMs));
}

async function converse(
  outgoing: ClientRequest,
  body: string,
  signal: AbortSignal,
): Promise<Answer> {
  // Reading the answer throws such an error, too; without a listener it would end the process.
  outgoing.on('error', () => undefined);
  outgoing.end(body);
  const [answer] = (await once(outgoing, 'response', { signal })) as [IncomingMessage];
  return { status: answer.statusCode ?? 0, text: await readText(answer) };
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
