/** The servers that a worker needs: Postgres with its default durability, Temporal on a file, anvil. */
import { join } from 'node:path';
import { startPostgres } from '../core/db/embedded/postgres.js';
import type { LocalProcess } from '../core/processes/process.js';
import { type LocalChain, rpc, startChain } from '../dev/stack/chain-node.js';
import { ensureWallet } from '../dev/stack/stack-config.js';
import { startTemporal } from '../dev/stack/temporal-server.js';
import { startUntil } from './children.js';

export type Stops = (() => Promise<unknown>)[];

export interface PoolServers {
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly temporalPid: number;
  readonly chain: LocalChain;
  /** Funded. */
  readonly wallet: `0x${string}`;
}

const FUNDS_WEI = 1_000n * 10n ** 18n;

/** @param stops added to: what ends them, in the order in which they were started */
export async function startPoolServers(dir: string, stops: Stops): Promise<PoolServers> {
  const postgres = await startPostgres({ dataDir: join(dir, 'postgres'), isSuperuser: true });
  stops.push(() => postgres.stop());
  const temporal = await startTemporal({
    headless: true,
    databasePath: join(dir, 'temporal.db'),
  });
  stops.push(() => temporal.stop());
  const chain = await startChain({ blockTimeSeconds: 0.25 });
  stops.push(() => chain.stop());
  const wallet = ensureWallet(dir) as `0x${string}`;
  await rpc(chain.rpcUrl, 'anvil_setBalance', [wallet, `0x${FUNDS_WEI.toString(16)}`]);
  const { address: temporalAddress, process } = temporal;
  return { databaseUrl: postgres.url, temporalAddress, temporalPid: process.pid, chain, wallet };
}

/** Stops what was started, the last first. */
export async function stopAll(stops: Stops): Promise<void> {
  for (const stop of stops.splice(0).reverse()) await stop();
}

/** Starts the worker of a configuration; resolves when it is ready. */
export async function startWorker(
  configPath: string,
  nodeArgs: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<LocalProcess> {
  const args = ['--config', configPath];
  const mark = 'openpool worker ready';
  return (await startUntil({ script: 'worker/main.ts', args, nodeArgs, env, mark })).process;
}
