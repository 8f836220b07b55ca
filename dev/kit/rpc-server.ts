/** A JSON-RPC endpoint of our own, usually in front of a real node. */
import { type LocalServer, readBody, startHttpServer } from './http-server.js';

export interface RpcCall {
  readonly jsonrpc: '2.0';
  readonly id: number;
  readonly method: string;
  readonly params: readonly unknown[];
}

export interface RpcAnswer {
  readonly jsonrpc?: '2.0' | undefined;
  readonly id: number;
  readonly result?: unknown;
  readonly error?: unknown;
}

export interface RpcPost {
  readonly calls: readonly RpcCall[];
  /** True when the calls came as an array. */
  readonly isBatch: boolean;
}

export interface RawReply {
  readonly status: number;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const HEADERS = { 'content-type': 'application/json' };
const NODE_TIMEOUT_MS = 20_000;

/** Hangs up on the caller when `answer` gives nothing or fails. */
export function startRpcServer(
  answer: (post: RpcPost) => Promise<readonly RpcAnswer[] | RawReply | undefined>,
): Promise<LocalServer> {
  return startHttpServer(async (request, response) => {
    try {
      const parsed = JSON.parse(await readBody(request)) as RpcCall | readonly RpcCall[];
      const isBatch = Array.isArray(parsed);
      const calls = (isBatch ? parsed : [parsed]) as readonly RpcCall[];
      const given = await answer({ calls, isBatch });
      if (given === undefined) return void response.destroy();
      const reply: RawReply =
        'status' in given ? given : { status: 200, text: answersText(given, isBatch) };
      response.writeHead(reply.status, reply.headers ?? HEADERS).end(reply.text);
    } catch {
      response.destroy();
    }
  });
}

export function answersText(answers: readonly RpcAnswer[], isBatch: boolean): string {
  return JSON.stringify(isBatch ? answers : answers[0]);
}

/** Returns the node's answer to these calls. */
export async function postCalls(
  url: string,
  calls: readonly RpcCall[],
): Promise<readonly RpcAnswer[]> {
  const response = await fetch(url, {
    method: 'POST',
    headers: HEADERS,
    body: JSON.stringify(calls),
    signal: AbortSignal.timeout(NODE_TIMEOUT_MS),
  });
  return (await response.json()) as readonly RpcAnswer[];
}
