/** What the payout bench pays with: every server real, the worker a process of its own. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { type LocalChain, rpc, startChain } from '../local/chain-node.js';
import { startPostgres } from '../local/postgres.js';
import { startProcess, waitUntil } from '../local/process.js';
import { ensureWallet, writeConfig } from '../local/stack-config.js';
import { startTemporal } from '../local/temporal-server.js';
import { closeDatabase, type Database, openDatabase } from '../store/database.js';

/** What the worker has asked for since it started. */
export interface Counters {
  readonly databaseRoundTrips: number;
  readonly rpcPosts: number;
  readonly rpcCalls: number;
  readonly cpuMs: number;
}

export interface PayoutStack {
  readonly db: Database;
  readonly chain: LocalChain;
  readonly client: Client;
  readonly wallet: `0x${string}`;
  counters(): Counters;
  stop(): Promise<void>;
}

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const FUNDS_WEI = 1_000n * 10n ** 18n;

/** Starts Postgres with its default durability, Temporal's dev server on a file, anvil, and a worker. */
export async function startPayoutStack(say: (line: string) => void): Promise<PayoutStack> {
  const dir = mkdtempSync(join(tmpdir(), 'openpool-bench-'));
  const stops: (() => Promise<unknown>)[] = [async () => rmSync(dir, { recursive: true })];
  const stop = async () => {
    for (const one of stops.splice(0).reverse()) await one();
  };
  try {
    return { ...(await build(dir, stops, say)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function build(
  dir: string,
  stops: (() => Promise<unknown>)[],
  say: (line: string) => void,
): Promise<Omit<PayoutStack, 'stop'>> {
  say('starting Postgres, Temporal, the chain and a worker');
  const postgres = await startPostgres({ dataDir: join(dir, 'postgres') });
  stops.push(() => postgres.stop());
  const temporal = await startTemporal({
    headless: true,
    databasePath: join(dir, 'temporal.db'),
  });
  stops.push(() => temporal.stop());
  const chain = await startChain({ blockTimeSeconds: 0.25 });
  stops.push(() => chain.stop());
  const source = await startEmptySource();
  stops.push(source.stop);
  const wallet = ensureWallet(dir) as `0x${string}`;
  await rpc(chain.rpcUrl, 'anvil_setBalance', [wallet, `0x${FUNDS_WEI.toString(16)}`]);
  const configPath = writeConfig(dir, {
    pace: {
      ...{ syncInterval: '1h', payoutInterval: '24h' },
      ...{ minPayoutInterval: '1s', payoutThreshold: '1 wei' },
    },
    sources: [{ id: 'none', region: 'bench', nodeType: 'ai', endpoint: source.url }],
    ...{ databaseUrl: postgres.url, temporalAddress: temporal.address, temporalUiUrl: undefined },
    ...{ rpcUrl: chain.rpcUrl, chainId: chain.chainId, apiPort: 0 },
  });
  const countersFile = join(dir, 'counters.json');
  stops.push(await startWorkerProcess(configPath, countersFile));
  const database = openDatabase({ url: postgres.url, statementTimeoutMs: 600_000 });
  stops.push(() => closeDatabase(database));
  const connection = await Connection.connect({ address: temporal.address });
  stops.push(() => connection.close());
  return {
    ...{ db: database, chain, wallet },
    client: new Client({ connection }),
    counters: () => JSON.parse(readFileSync(countersFile, 'utf8')) as Counters,
  };
}

async function startWorkerProcess(
  configPath: string,
  countersFile: string,
): Promise<() => Promise<void>> {
  let isReady = false;
  const worker = startProcess({
    name: 'worker',
    command: process.execPath,
    args: [
      ...['--import', 'tsx', '--import', join(root, 'bench/worker-counters.mjs')],
      ...[join(root, 'worker/main.ts'), '--config', configPath],
    ],
    cwd: root,
    env: { ...process.env, OPENPOOL_COUNTERS_FILE: countersFile },
    onLine: (line) => {
      if (line.includes('openpool worker ready')) isReady = true;
    },
  });
  await waitUntil({
    ...{ what: 'the worker', timeoutMs: 90_000, intervalMs: 100, process: worker },
    ready: async () => isReady,
  });
  return () => worker.stop();
}

/** An orchestrator with nothing to tell. */
async function startEmptySource(): Promise<{ url: string; stop: () => Promise<void> }> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end('[]');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
