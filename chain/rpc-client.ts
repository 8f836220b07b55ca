import { ChainError } from './chain-error.js';
import { type RpcAddress, readRpcAddress } from './rpc-address.js';

export interface RpcCall {
  readonly method: string;
  readonly params: readonly unknown[];
}

export type RpcAnswer =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly error: ChainError };

/** One endpoint: answers every call of a batch, or throws a ChainError for all of them. */
export interface RpcEndpoint {
  readonly name: string;
  batch(calls: readonly RpcCall[]): Promise<readonly RpcAnswer[]>;
}

export interface RpcEndpointOptions {
  readonly url: string;
  readonly timeoutMs: number;
}

/** Public endpoints refuse larger batches. */
export const MAX_BATCH = 100;

const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
let lastId = 0;

/** JSON-RPC over HTTP, strict: an answer that is not exactly one answer per call is an error. */
export function createRpcEndpoint(options: RpcEndpointOptions): RpcEndpoint {
  const target = { address: readRpcAddress(options.url), timeoutMs: options.timeoutMs };
  return {
    name: target.address.name,
    async batch(calls) {
      const answers: RpcAnswer[] = [];
      for (let from = 0; from < calls.length; from += MAX_BATCH) {
        answers.push(...(await post(target, calls.slice(from, from + MAX_BATCH))));
      }
      return answers;
    },
  };
}

interface Target {
  readonly address: RpcAddress;
  readonly timeoutMs: number;
}

async function post(target: Target, calls: readonly RpcCall[]): Promise<readonly RpcAnswer[]> {
  const requests = calls.map((call) => {
    lastId += 1;
    return { jsonrpc: '2.0', id: lastId, method: call.method, params: call.params };
  });
  const text = await exchange(target, JSON.stringify(requests));
  return readAnswers(text, target.address, requests);
}

async function exchange({ address, timeoutMs }: Target, body: string): Promise<string> {
  const { href, headers, name, scrub } = address;
  try {
    const response = await fetch(href, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (Number(response.headers.get('content-length') ?? 0) > MAX_ANSWER_BYTES) {
      await response.body?.cancel();
      throw new ChainError('garbled', `${name} answered with too much`);
    }
    const text = await response.text();
    if (response.ok) return text;
    throw new ChainError('unreachable', `${name} answered HTTP ${response.status}`);
  } catch (error) {
    if (error instanceof ChainError) throw error;
    // No cause is kept: what fetch throws may carry the address whole.
    const why = scrub(error instanceof Error ? causeOf(error) : String(error));
    throw new ChainError('unreachable', `${name} did not answer: ${why}`);
  }
}

/** fetch says "fetch failed" and keeps the reason to itself. */
function causeOf(error: Error): string {
  return error.cause instanceof Error && error.cause.message !== ''
    ? error.cause.message
    : error.message;
}

function readAnswers(
  text: string,
  { name, scrub }: RpcAddress,
  requests: readonly { readonly id: number }[],
): readonly RpcAnswer[] {
  const garbled = (what: string) => new ChainError('garbled', `${name} answered ${what}`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw garbled(`no JSON: ${JSON.stringify(scrub(text).slice(0, 60))}`);
  }
  if (!Array.isArray(parsed)) throw garbled('a batch with something that is none');
  const byId = new Map<number, RpcAnswer>();
  for (const element of parsed as readonly unknown[]) {
    const read = readAnswer(element, scrub);
    if (read === undefined) throw garbled('something that is no JSON-RPC');
    if (byId.has(read.id)) throw garbled('one call twice');
    byId.set(read.id, read.answer);
  }
  if (byId.size !== requests.length) throw garbled('another number of calls than asked');
  return requests.map(({ id }) => {
    const answer = byId.get(id);
    if (answer === undefined) throw garbled('another call than asked');
    return answer;
  });
}

function readAnswer(
  element: unknown,
  scrub: (words: string) => string,
): { readonly id: number; readonly answer: RpcAnswer } | undefined {
  if (typeof element !== 'object' || element === null) return undefined;
  const { id, result, error } = element as { id?: unknown; result?: unknown; error?: unknown };
  if (typeof id !== 'number') return undefined;
  if (error !== undefined && error !== null) {
    const { code, message } = error as { code?: unknown; message?: unknown };
    const words = typeof message === 'string' ? scrub(message) : 'an error without words';
    const rpcCode = typeof code === 'number' ? code : null;
    return {
      id,
      answer: { ok: false, error: new ChainError('refused', words.slice(0, 300), rpcCode) },
    };
  }
  return result === undefined ? undefined : { id, answer: { ok: true, result } };
}
