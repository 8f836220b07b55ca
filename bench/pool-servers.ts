/** The servers that a worker needs: Postgres with its default durability, Temporal on a file, anvil. */
import { join } from 'node:path';
import type { LocalProcess } from '../dev/kit/process.js';
import { type LocalChain, rpc, startChain } from '../dev/stack/chain-node.js';
import { ensureWallet, type StackPace, writeConfig } from '../dev/stack/pool/stack-config.js';
import { startTemporalCluster } from '../dev/stack/temporal-cluster.js';
import { startTemporal } from '../dev/stack/temporal-server.js';
import { startUntil } from './children.js';
import { type Scratch, startBenchPostgres } from './scratch.js';

export interface PoolServers {
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly temporalPid: number;
  readonly chain: LocalChain;
  /** A funded wallet. */
  readonly wallet: `0x${string}`;
}

const FUNDS_WEI = 1_000n * 10n ** 18n;

/** Temporal's dev server, with its file written ahead; or its real server, on a Postgres of its own. */
export type TemporalKind = 'dev' | 'cluster';

export async function startPoolServers(
  scratch: Scratch,
  kind: TemporalKind = 'dev',
): Promise<PoolServers> {
  const { dir, stops } = scratch;
  const databaseUrl = await startBenchPostgres(scratch);
  const temporal =
    kind === 'cluster'
      ? await startTemporalCluster({ dir: join(dir, 'temporal') })
      : await startTemporal({ headless: true, databasePath: join(dir, 'temporal.db') });
  stops.push(() => temporal.stop());
  const chain = await startChain({ blockTimeSeconds: 0.25 });
  stops.push(() => chain.stop());
  const wallet = ensureWallet(dir) as `0x${string}`;
  await rpc(chain.rpcUrl, 'anvil_setBalance', [wallet, `0x${FUNDS_WEI.toString(16)}`]);
  const { address: temporalAddress, process } = temporal;
  return { databaseUrl, temporalAddress, temporalPid: process.pid, chain, wallet };
}

export interface BenchConfig {
  readonly servers: Pick<PoolServers, 'databaseUrl' | 'temporalAddress'> & {
    readonly chain: Pick<LocalChain, 'rpcUrl' | 'chainId'>;
  };
  /** The orchestrator's endpoint. */
  readonly endpoint: string;
  /** Changes to the configuration of a pool that syncs once at its start and pays nobody. */
  readonly pace?: Partial<StackPace>;
  readonly guard?: Readonly<Record<string, unknown>>;
}

/** Writes the configuration of a pool with one source, and returns its path. */
export function writeBenchConfig(
  dir: string,
  { servers, endpoint, pace, guard }: BenchConfig,
): string {
  const { databaseUrl, temporalAddress, chain } = servers;
  return writeConfig(dir, {
    pool: undefined,
    pace: {
      syncInterval: '24h',
      payoutInterval: '24h',
      minPayoutInterval: '1h',
      payoutThreshold: '1000000 ETH',
      ...pace,
    },
    sources: [{ id: 'bench', region: 'bench', nodeType: 'ai', endpoint }],
    databaseUrl,
    temporalAddress,
    temporalUiUrl: undefined,
    rpcUrl: chain.rpcUrl,
    chainId: chain.chainId,
    apiPort: 0,
    guard,
  });
}

interface ServiceOptions {
  readonly configPath: string;
  readonly nodeArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a worker; resolves when it is ready. */
export async function startWorker(
  { stops }: Scratch,
  { configPath, ...options }: ServiceOptions & { readonly script?: string },
): Promise<LocalProcess> {
  const { script = 'worker/main.ts', ...rest } = options;
  const args = ['--config', configPath];
  const { process } = await startUntil({ script, args, mark: 'openpool worker ready', ...rest });
  stops.push(() => process.stop());
  return process;
}

/** Starts the process that serves the API, and resolves with its URL. */
export async function startApi(
  { stops }: Scratch,
  { configPath, script = 'api/main.ts' }: { readonly configPath: string; readonly script?: string },
): Promise<string> {
  const args = ['--config', configPath];
  const { said, process } = await startUntil({ script, args, mark: 'api listening on ' });
  stops.push(() => process.stop(30_000));
  return said;
}
