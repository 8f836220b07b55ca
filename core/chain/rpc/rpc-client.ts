import { ChainError } from '../endpoint-error.js';
import { parseJson, recordOf } from '../node-answers.js';
import { type RpcAddress, readRpcAddress } from './rpc-address.js';

export interface RpcCall {
  readonly method: string;
  readonly params: readonly unknown[];
}

export type RpcAnswer =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly error: ChainError };

/** An endpoint whose caller decides which calls share a post. */
export type RpcPoster = ReturnType<typeof createRpcEndpoint>;
/** One endpoint: answers every call of a batch, or throws a ChainError for all of them. */
export type RpcEndpoint = Pick<RpcPoster, 'name' | 'batch'>;

type Calls = readonly RpcCall[];
type Answers = Promise<readonly RpcAnswer[]>;

/** The endpoint refused a post as a whole; `said` is its own message. */
class BatchRefusedError extends ChainError {
  /** The endpoint says that the post had too many calls, so it would refuse as many again. */
  readonly isAboutSize: boolean;
  /** Smaller posts are worth a try: some endpoints report a limit with these statuses and any message. */
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

/** One post holds at most this many calls, because public endpoints refuse larger batches. */
const MAX_BATCH = 100;
/** A batch size learnt from refusals is forgotten after this long: the provider's plan may have changed. */
const LIMIT_KNOWN_FOR_MS = 10 * 60_000;
/** An endpoint that refuses as if it were busy is at first asked in batches of at least this many calls. */
const LEAST_OF_BUSY = 10;
/** After more refusals than this, with none answered in between, batches get smaller than `LEAST_OF_BUSY`. */
const REFUSALS_OF_BUSY = 3;

const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
let lastId = 0;

/**
 * JSON-RPC over HTTP, strict: an answer that is not exactly one answer per call is an error. How many calls the
 * endpoint takes at once is learnt from its refusals.
 */
export function createRpcEndpoint(options: { readonly url: string; readonly timeoutMs: number }) {
  const target = { ...readRpcAddress(options.url), timeoutMs: options.timeoutMs };
  let most = MAX_BATCH;
  let learntAt = 0;
  let refusals = 0;
  let refusedSize = 1;
  let isSilent = false;
  const learn = (size: number, error: BatchRefusedError) => {
    // When a single call is refused as well, the number of calls was not the reason.
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
  const postOnce = async (calls: Calls): Answers => {
    try {
      const answers = await post(target, calls, mostCalls() === 1);
      isSilent = false;
      // An answer to a smaller batch does not show that the endpoint takes the refused size again.
      if (calls.length >= refusedSize) refusals = 0;
      return answers;
    } catch (error) {
      if (error instanceof BatchRefusedError) learn(calls.length, error);
      throw error;
    }
  };
  return {
    name: target.name,
    /** How many calls the endpoint takes in one post, as far as is known. */
    mostCalls,
    /** One post; throws a BatchRefusedError when the endpoint takes no batch of this size. */
    post: postOnce,
    /** Asks all calls, in as many posts as that takes. */
    batch: (calls: Calls): Answers => inPosts(calls, mostCalls, postOnce),
  };
}

/** Asks in posts of at most this many calls, and in smaller ones while they are refused for their size. */
export async function inPosts(
  calls: Calls,
  most: () => number,
  post: (calls: Calls) => Answers,
): Answers {
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

/** The next size to try: the number that the refusal names if it is smaller, or else half. */
function smallerBatch(size: number, { said, isAboutSize }: BatchRefusedError): number {
  if (!isAboutSize) return Math.floor(size / 2);
  if (/batch\w* (requests? )?(is|are) (not|disabled)|no batch/i.test(said)) return 1;
  const named = [...said.matchAll(/\b\d{1,3}\b/g)]
    .map(([digits]) => Number(digits))
    .filter((count) => count >= 2 && count < size);
  const [only] = named;
  return named.length === 1 && only !== undefined ? only : Math.floor(size / 2);
}

type Target = RpcAddress & { readonly timeoutMs: number };

/** Makes one post. `isPlain`: the endpoint takes no batches, so the only call has no list around it. */
async function post(target: Target, calls: Calls, isPlain: boolean): Answers {
  const requests = calls.map((call) => {
    lastId += 1;
    return { jsonrpc: '2.0', id: lastId, method: call.method, params: call.params };
  });
  const text = await exchange(target, JSON.stringify(isPlain ? requests[0] : requests));
  return readAnswers(isPlain ? `[${text}]` : text, target, requests);
}

async function exchange(target: Target, body: string): Promise<string> {
  const { href, headers, name, scrub, timeoutMs } = target;
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
    // The cause is dropped: an error of fetch may hold the whole URL.
    const why = scrub(error instanceof Error ? causeOf(error) : String(error));
    throw new ChainError('unreachable', `${name} did not answer: ${why}`);
  }
}

/**
 * Returns the message in an error's JSON, or a line of plain text. HTML pages are left out, and so are answers that refuse
 * a key, because they may quote it in a form that `scrub` does not recognize.
 */
function wordsIn(text: string, status: number, scrub: (words: string) => string): string {
  const parsed = parseJson(text);
  if (parsed !== undefined) return scrub(wordsOf(parsed) ?? '').slice(0, LONGEST_WORDS);
  const isQuotable = ![401, 403, 407].includes(status) && !/^\s*</.test(text);
  return isQuotable ? scrub(text).trim().slice(0, LONGEST_PLAIN) : '';
}

const LONGEST_WORDS = 300;
const LONGEST_PLAIN = 120;

function wordsOf(parsed: unknown): string | undefined {
  const { error, message } = recordOf(parsed) ?? {};
  const said = [error, recordOf(error)?.['message'], message];
  return said.find((one): one is string => typeof one === 'string');
}

/** Finds the reason behind fetch's "fetch failed". */
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
  const parsed = parseJson(text);
  if (parsed === undefined) throw garbled(`no JSON: ${JSON.stringify(scrub(text).slice(0, 60))}`);
  if (!Array.isArray(parsed)) {
    const said = wordsOf(parsed);
    if (said === undefined) throw garbled('a batch with something that is none');
    throw refusedWhole(said);
  }
  const byId = new Map<number, RpcAnswer>();
  for (const element of parsed as readonly unknown[]) {
    const read = readAnswer(element, scrub);
    if (read === undefined) {
      // An endpoint that takes no batches answers its only call without a list.
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
  const { id, result, error } = recordOf(element) ?? {};
  if (typeof id !== 'number') return undefined;
  if (error !== undefined && error !== null) {
    const { code, message } = recordOf(error) ?? {};
    const words = typeof message === 'string' ? scrub(message) : 'an error without words';
    const rpcCode = typeof code === 'number' ? code : null;
    const refused = new ChainError('refused', words.slice(0, LONGEST_WORDS), rpcCode);
    return { id, answer: { ok: false, error: refused } };
  }
  return result === undefined ? undefined : { id, answer: { ok: true, result } };
}
