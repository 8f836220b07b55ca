import { ChainError } from '../endpoint-error.js';
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
  /** How many calls it takes in one post, as far as is known. */
  mostCalls(): number;
  /** In as many posts as it needs. */
  batch(calls: readonly RpcCall[]): Promise<readonly RpcAnswer[]>;
}

/** An endpoint whose posts can be put together by whoever calls it. */
export interface RpcPoster extends RpcEndpoint {
  /** One post; throws a BatchRefusedError when the endpoint takes no batch of this size. */
  post(calls: readonly RpcCall[]): Promise<readonly RpcAnswer[]>;
}

export interface RpcEndpointOptions {
  readonly url: string;
  readonly timeoutMs: number;
}

/** The endpoint took none of the calls of a post, in words of its own. */
class BatchRefusedError extends ChainError {
  /** They were too many for one post, whenever it comes. */
  readonly isAboutSize: boolean;
  /** Smaller posts are tried at once: a limit is told with these statuses too, in whatever words. */
  readonly mayBeSize: boolean;

  constructor(
    kind: 'refused' | 'unreachable',
    message: string,
    readonly said: string,
    status = 200,
  ) {
    super(kind, message);
    this.isAboutSize =
      status === 413 ||
      /batch|(too many|more than \d+|maximum of \d+) (rpc )?(requests|calls) in/i.test(said);
    this.mayBeSize = this.isAboutSize || [400, 422, 500].includes(status);
  }
}

/** Public endpoints refuse larger batches. */
const MAX_BATCH = 100;
/** A plan may have been changed since: larger batches are tried again after so long. */
const LIMIT_KNOWN_FOR_MS = 10 * 60_000;
/** An endpoint that has had too much for now is given less at once, down to this. */
const LEAST_OF_BUSY = 10;
/** One that has refused more often than this, without an answer to as many calls in between, is given less yet. */
const REFUSALS_OF_BUSY = 3;

const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
let lastId = 0;

/**
 * JSON-RPC over HTTP, strict: an answer that is not exactly one answer per call is an error. How many calls the
 * endpoint takes at once is learnt from its refusals.
 */
export function createRpcEndpoint(options: RpcEndpointOptions): RpcPoster {
  const target = { address: readRpcAddress(options.url), timeoutMs: options.timeoutMs };
  let most = MAX_BATCH;
  let learntAt = 0;
  let refusals = 0;
  let refusedSize = 1;
  let isSilent = false;
  const learn = (size: number, error: BatchRefusedError) => {
    // A single call is refused as well: then the others were not refused for their number.
    if (size === 1) {
      if (isSilent) most = Math.max(most, LEAST_OF_BUSY);
      return;
    }
    [refusals, refusedSize, isSilent] = [refusals + 1, size, true];
    const isBusy = !error.mayBeSize && refusals <= REFUSALS_OF_BUSY;
    const smaller = Math.max(smallerBatch(size, error), isBusy ? LEAST_OF_BUSY : 1);
    if (smaller >= mostCalls()) return;
    learntAt = performance.now();
    most = smaller;
  };
  const mostCalls = () => {
    if (performance.now() - learntAt > LIMIT_KNOWN_FOR_MS) most = MAX_BATCH;
    return most;
  };
  const endpoint: RpcPoster = {
    name: target.address.name,
    mostCalls,
    async post(calls) {
      try {
        const answers = await post(target, calls, mostCalls() === 1);
        isSilent = false;
        // That fewer were answered says nothing about so many.
        if (calls.length >= refusedSize) refusals = 0;
        return answers;
      } catch (error) {
        if (error instanceof BatchRefusedError) learn(calls.length, error);
        throw error;
      }
    },
    batch: (calls) => inPosts(calls, mostCalls, endpoint.post),
  };
  return endpoint;
}

/** Asks in posts of at most so many calls, and in smaller ones while they are refused for their size. */
export async function inPosts(
  calls: readonly RpcCall[],
  most: () => number,
  post: (calls: readonly RpcCall[]) => Promise<readonly RpcAnswer[]>,
): Promise<readonly RpcAnswer[]> {
  const answers: RpcAnswer[] = [];
  while (answers.length < calls.length) {
    const size = most();
    try {
      answers.push(...(await post(calls.slice(answers.length, answers.length + size))));
    } catch (error) {
      const isLearnt = error instanceof BatchRefusedError && error.mayBeSize && most() < size;
      if (!isLearnt) throw error;
    }
  }
  return answers;
}

/** The number that the refusal names, if it names one that is smaller; half of it otherwise. */
function smallerBatch(size: number, { said, isAboutSize }: BatchRefusedError): number {
  if (!isAboutSize) return Math.floor(size / 2);
  if (/batch\w* (requests? )?(is|are) (not|disabled)|no batch/i.test(said)) return 1;
  const named = [...said.matchAll(/\b\d{1,3}\b/g)]
    .map(([digits]) => Number(digits))
    .filter((count) => count >= 2 && count < size);
  const [only] = named;
  return named.length === 1 && only !== undefined ? only : Math.floor(size / 2);
}

interface Target {
  readonly address: RpcAddress;
  readonly timeoutMs: number;
}

/** `isPlain`: the endpoint takes no batches, and the only call goes as it is. */
async function post(
  target: Target,
  calls: readonly RpcCall[],
  isPlain: boolean,
): Promise<readonly RpcAnswer[]> {
  const requests = calls.map((call) => {
    lastId += 1;
    return { jsonrpc: '2.0', id: lastId, method: call.method, params: call.params };
  });
  const text = await exchange(target, JSON.stringify(isPlain ? requests[0] : requests));
  return readAnswers(isPlain ? `[${text}]` : text, target.address, requests);
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
    const { status } = response;
    const said = wordsIn(text, status, scrub);
    const words = `${name} answered HTTP ${status}${said === '' ? '' : `: ${said}`}`;
    throw new BatchRefusedError('unreachable', words, said, status);
  } catch (error) {
    if (error instanceof ChainError) throw error;
    // No cause is kept: what fetch throws may carry the address whole.
    const why = scrub(error instanceof Error ? causeOf(error) : String(error));
    throw new ChainError('unreachable', `${name} did not answer: ${why}`);
  }
}

/**
 * What the JSON of an error says, or a line of plain text. A page says nothing, and who refuses a key may quote it
 * in a form that nothing recognises.
 */
function wordsIn(text: string, status: number, scrub: (words: string) => string): string {
  try {
    return scrub(wordsOf(JSON.parse(text)) ?? '').slice(0, LONGEST_WORDS);
  } catch {
    const isQuotable = ![401, 403, 407].includes(status) && !/^\s*</.test(text);
    return isQuotable ? scrub(text).trim().slice(0, LONGEST_PLAIN) : '';
  }
}

const LONGEST_WORDS = 300;
const LONGEST_PLAIN = 120;

function wordsOf(parsed: unknown): string | undefined {
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const { error, message } = parsed as { error?: unknown; message?: unknown };
  if (typeof error === 'string') return error;
  const inner = typeof error === 'object' && error !== null ? Reflect.get(error, 'message') : null;
  return [inner, message].find((one): one is string => typeof one === 'string');
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
  const refusedWhole = (said: string) => {
    const shown = scrub(said).slice(0, LONGEST_WORDS);
    const words = `${name} answered no call of the batch: ${shown}`;
    return new BatchRefusedError('refused', words, shown);
  };
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw garbled(`no JSON: ${JSON.stringify(scrub(text).slice(0, 60))}`);
  }
  if (!Array.isArray(parsed)) {
    const said = wordsOf(parsed);
    if (said === undefined) throw garbled('a batch with something that is none');
    throw refusedWhole(said);
  }
  const byId = new Map<number, RpcAnswer>();
  for (const element of parsed as readonly unknown[]) {
    const read = readAnswer(element, scrub);
    if (read === undefined) {
      // As an endpoint that takes no batches answers the only call that it was asked.
      const said = requests.length === 1 ? wordsOf(element) : undefined;
      if (said !== undefined) throw refusedWhole(said);
      throw garbled('something that is no JSON-RPC');
    }
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
    const refused = new ChainError('refused', words.slice(0, LONGEST_WORDS), rpcCode);
    return { id, answer: { ok: false, error: refused } };
  }
  return result === undefined ? undefined : { id, answer: { ok: true, result } };
}
