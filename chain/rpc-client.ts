import { ChainError } from './chain-error.js';

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
  /** Public endpoints refuse larger ones. @default 100 */
  readonly maxBatch?: number;
}

const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
let lastId = 0;

/** JSON-RPC over HTTP, strict: an answer that is not exactly one answer per call is an error. */
export function createRpcEndpoint(options: RpcEndpointOptions): RpcEndpoint {
  const name = new URL(options.url).host;
  const { maxBatch = 100 } = options;
  return {
    name,
    async batch(calls) {
      const answers: RpcAnswer[] = [];
      for (let from = 0; from < calls.length; from += maxBatch) {
        answers.push(...(await post(options, name, calls.slice(from, from + maxBatch))));
      }
      return answers;
    },
  };
}

async function post(
  options: RpcEndpointOptions,
  name: string,
  calls: readonly RpcCall[],
): Promise<readonly RpcAnswer[]> {
  const requests = calls.map((call) => {
    lastId += 1;
    return { jsonrpc: '2.0', id: lastId, method: call.method, params: call.params };
  });
  const text = await exchange(options, name, JSON.stringify(requests));
  return readAnswers(text, { name, ids: requests.map((request) => request.id) });
}

async function exchange(options: RpcEndpointOptions, name: string, body: string): Promise<string> {
  try {
    const response = await fetch(options.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(options.timeoutMs),
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
    const why = error instanceof Error ? causeOf(error) : String(error);
    throw new ChainError('unreachable', `${name} did not answer: ${why}`, null, { cause: error });
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
  asked: { readonly name: string; readonly ids: readonly number[] },
): readonly RpcAnswer[] {
  const garbled = (what: string) => new ChainError('garbled', `${asked.name} answered ${what}`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw garbled(`no JSON: ${JSON.stringify(text.slice(0, 60))}`);
  }
  if (!Array.isArray(parsed)) throw garbled('a batch with something that is none');
  const byId = new Map<number, RpcAnswer>();
  for (const element of parsed as readonly unknown[]) {
    const { id, answer } = readAnswer(element, asked.name);
    if (byId.has(id)) throw garbled('one call twice');
    byId.set(id, answer);
  }
  if (byId.size !== asked.ids.length) throw garbled('another number of calls than asked');
  return asked.ids.map((id) => {
    const answer = byId.get(id);
    if (answer === undefined) throw garbled('another call than asked');
    return answer;
  });
}

function readAnswer(
  element: unknown,
  name: string,
): { readonly id: number; readonly answer: RpcAnswer } {
  const garbled = () => new ChainError('garbled', `${name} answered something that is no JSON-RPC`);
  if (typeof element !== 'object' || element === null) throw garbled();
  const { id, result, error } = element as { id?: unknown; result?: unknown; error?: unknown };
  if (typeof id !== 'number') throw garbled();
  if (error !== undefined && error !== null) {
    const { code, message } = error as { code?: unknown; message?: unknown };
    const words = typeof message === 'string' ? message.slice(0, 300) : 'an error without words';
    const rpcCode = typeof code === 'number' ? code : null;
    return { id, answer: { ok: false, error: new ChainError('refused', words, rpcCode) } };
  }
  if (result === undefined) throw garbled();
  return { id, answer: { ok: true, result } };
}
