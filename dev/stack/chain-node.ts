import { createRequire } from 'node:module';
import { onFreePort } from '../kit/ports.js';
import { type LocalProcess, startProcess } from '../kit/process.js';
import { until } from '../kit/until.js';

export interface LocalChain {
  readonly rpcUrl: string;
  readonly chainId: number;
  readonly process: LocalProcess;
  stop(): Promise<void>;
}

export interface LocalChainOptions {
  /** @default 31337 */
  readonly chainId?: number;
  /** Seconds between blocks; 0 mines on each transaction. @default 0.25 */
  readonly blockTimeSeconds?: number;
  readonly port?: number;
  /** How far its `finalized` block lags, in blocks; 64 unless told otherwise, too long for a test. @default 2 */
  readonly finalityLag?: number;
  /** Keep the chain in this file over restarts. */
  readonly statePath?: string;
  readonly extraArgs?: readonly string[];
}

/** Anvil writes the state after each block to the home directory, without an end: 24 GB in an hour of a busy local pool. */
const MAX_STATES_ON_DISK = 500;

/** Starts anvil, a real EVM with a local chain, on loopback. */
export function startChain(options: LocalChainOptions = {}): Promise<LocalChain> {
  return onFreePort(options.port, (port) => serve(options, port));
}

async function serve(options: LocalChainOptions, port: number): Promise<LocalChain> {
  const { chainId = 31337, blockTimeSeconds = 0.25 } = options;
  const rpcUrl = `http://127.0.0.1:${port}`;
  const args = ['--port', String(port), '--chain-id', String(chainId), '--silent'];
  args.push('--slots-in-an-epoch', String((options.finalityLag ?? 2) / 2));
  args.push('--max-persisted-states', String(MAX_STATES_ON_DISK));
  if (blockTimeSeconds > 0) args.push('--block-time', String(blockTimeSeconds));
  // Mixed mining keeps blocks coming while tests mine by hand as well.
  if (options.statePath !== undefined) {
    args.push('--state', options.statePath, '--state-interval', '2');
  }
  const process = startProcess({
    name: 'anvil',
    command: anvilPath(),
    args: [...args, ...(options.extraArgs ?? [])],
  });
  const answers = async () => (await rpc(rpcUrl, 'eth_chainId')) !== undefined;
  await until(`anvil on ${rpcUrl}`, answers, { withinMs: 20_000, everyMs: 50, process });
  return { rpcUrl, chainId, process, stop: () => process.stop() };
}

/** One JSON-RPC call to the local node, for set-up and test controls. */
export async function rpc(
  rpcUrl: string,
  method: string,
  params: readonly unknown[] = [],
): Promise<unknown> {
  const response = await fetch(rpcUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    signal: AbortSignal.timeout(10_000),
  });
  const answer = (await response.json()) as { result?: unknown; error?: { message: string } };
  if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`);
  return answer.result;
}

/** One method with many parameters in a single post; throws when one of them has no result. */
export async function rpcBatch(
  rpcUrl: string,
  method: string,
  params: readonly (readonly unknown[])[],
): Promise<readonly unknown[]> {
  if (params.length === 0) return [];
  const calls = params.map((one, id) => ({ jsonrpc: '2.0', id, method, params: one }));
  const response = await fetch(rpcUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(calls),
    signal: AbortSignal.timeout(20_000),
  });
  const answers = (await response.json()) as readonly { id: number; result?: unknown }[];
  const byId = new Map(answers.map(({ id, result }) => [id, result]));
  return calls.map(({ id }) => {
    const result = byId.get(id);
    if (result === undefined) throw new Error(`the chain did not answer ${method}`);
    return result;
  });
}

function anvilPath(): string {
  const require = createRequire(import.meta.url);
  // The launcher would be a Node process around the binary: one more to kill, 40 ms more to start.
  const platform = `${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`;
  return require.resolve(`@foundry-rs/anvil-${platform}/bin/anvil`);
}
