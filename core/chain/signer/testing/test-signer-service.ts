/**
 * A remote signer for tests: a real HTTP(S) server that answers like Web3signer in its `eth1` mode. It takes one call per
 * request, sends errors with HTTP 400, ignores unknown parameters, and uses its own chain id.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TlsOptions } from 'node:tls';
import { computeAddress, Signature, SigningKey, Transaction } from 'ethers';
import { type Answering, readBody, startHttpServer } from '../../../../dev/kit/http-server.js';

export type SignParameters = Readonly<Record<string, string>>;

export interface TestSignerService {
  readonly url: string;
  readonly port: number;
  /** The methods that were called, in order. */
  readonly asked: string[];
  readonly tokens: (string | undefined)[];
  /** Returns the largest number of signatures that were being made at the same time. */
  mostAtOnce(): number;
  /** While this is set, it answers in place of the service; when it returns false, the service answers after all. */
  answer:
    | ((request: IncomingMessage, response: ServerResponse, body: string) => boolean)
    | undefined;
  /** Makes the service lie: it signs what this returns in place of what it was asked to sign. */
  change: ((parameters: SignParameters) => SignParameters) | undefined;
  /** Makes the service sign with this key in place of the right one. */
  otherKey: string | undefined;
  /** Makes the service refuse to sign, with the message that this returns; undefined: it signs. */
  refuse: ((parameters: SignParameters) => string | undefined) | undefined;
  stop(): Promise<void>;
}

interface ServiceOptions {
  readonly privateKey: string;
  readonly chainId?: number;
  readonly tls?: TlsOptions;
  readonly port?: number;
  readonly signingMs?: number;
}

export async function startSignerService(options: ServiceOptions): Promise<TestSignerService> {
  let [signing, most] = [0, 0];
  const handle: Answering = async (request, response) => {
    const body = await readBody(request);
    service.tokens.push(request.headers.authorization);
    if (service.answer?.(request, response, body) === true) return;
    signing += 1;
    most = Math.max(most, signing);
    if (options.signingMs !== undefined) {
      await new Promise((resolve) => setTimeout(resolve, options.signingMs));
    }
    signing -= 1;
    const answer = answerCall(service, options, body);
    response.statusCode = 'error' in answer ? 400 : 200;
    response.end(JSON.stringify(answer));
  };
  const server = await startHttpServer(handle, { port: options.port ?? 0, tls: options.tls });
  const service: TestSignerService = {
    url: server.url,
    port: server.port,
    asked: [],
    tokens: [],
    mostAtOnce: () => most,
    answer: undefined,
    change: undefined,
    otherKey: undefined,
    refuse: undefined,
    stop: () => server.stop(),
  };
  return service;
}

interface Call {
  readonly id: number;
  readonly method: string;
  readonly params: readonly [SignParameters];
}

function answerCall(service: TestSignerService, options: ServiceOptions, body: string): object {
  const failed = (id: number | null, code: number, message: string) => ({
    jsonrpc: '2.0',
    id,
    error: { code, message },
  });
  const call = JSON.parse(body) as Call | readonly unknown[];
  if (!('method' in call)) return failed(null, -32_700, 'Parse error');
  const { id, method, params } = call;
  service.asked.push(method);
  const address = computeAddress(options.privateKey);
  if (method === 'eth_accounts') return { jsonrpc: '2.0', id, result: [address.toLowerCase()] };
  if (method !== 'eth_signTransaction') return failed(id, -32_601, 'Method not found');
  const [asked] = params;
  const refusal = service.refuse?.(asked);
  if (refusal !== undefined) return failed(id, -32_000, refusal);
  if (asked['from']?.toLowerCase() !== address.toLowerCase()) {
    return failed(id, -32_000, 'No unlocked account matches the Sender');
  }
  const key = service.otherKey ?? options.privateKey;
  const parameters = service.change?.(asked) ?? asked;
  return { jsonrpc: '2.0', id, result: sign(parameters, key, options.chainId ?? 42_161) };
}

function sign(parameters: SignParameters, privateKey: string, chainId: number): string {
  const transaction = Transaction.from({
    type: 2,
    chainId: BigInt(parameters['signedChainId'] ?? chainId),
    nonce: Number(parameters['nonce']),
    to: parameters['to'] ?? null,
    value: BigInt(parameters['value'] ?? 0),
    gasLimit: BigInt(parameters['gas'] ?? 90_000),
    maxFeePerGas: BigInt(parameters['maxFeePerGas'] ?? 0),
    maxPriorityFeePerGas: BigInt(parameters['maxPriorityFeePerGas'] ?? 0),
    data: parameters['data'] ?? '0x',
  });
  transaction.signature = signAtRandom(privateKey, transaction.unsignedHash);
  return transaction.serialized;
}

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** Signs with a random nonce: each signature has other bytes, as from the hardware behind a remote signer. */
function signAtRandom(privateKey: string, digest: string): Signature {
  const once = BigInt(
    `0x${Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('hex')}`,
  );
  const point = SigningKey.computePublicKey(hex(once), false);
  const r = BigInt(`0x${point.slice(4, 68)}`) % ORDER;
  let parity = Number(BigInt(`0x${point.slice(68)}`) & 1n);
  let s = (inverse(once) * (BigInt(digest) + r * BigInt(privateKey))) % ORDER;
  if (s > ORDER / 2n) {
    s = ORDER - s;
    parity = 1 - parity;
  }
  return Signature.from({ r: hex(r), s: hex(s), v: 27 + parity });
}

function inverse(value: bigint): bigint {
  let [result, base, exponent] = [1n, value % ORDER, ORDER - 2n];
  for (; exponent > 0n; exponent >>= 1n) {
    if ((exponent & 1n) === 1n) result = (result * base) % ORDER;
    base = (base * base) % ORDER;
  }
  return result;
}

function hex(value: bigint): string {
  return `0x${value.toString(16).padStart(64, '0')}`;
}
