/** What the payout bench pays with: every server real, each worker a process of its own. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import type { LocalChain } from '../local/chain-node.js';
import type { LocalProcess } from '../local/process.js';
import { writeConfig } from '../local/stack-config.js';
import { closeDatabase, type Database, openDatabase } from '../store/database.js';
import { startUntil } from './children.js';
import { type Stops, startPoolServers, startWorker, stopAll } from './pool-servers.js';

/** What all workers have asked for since they started. */
export interface Counters {
  readonly databaseRoundTrips: number;
  readonly rpcPosts: number;
  readonly rpcCalls: number;
  readonly cpuMs: number;
  readonly temporalCpuMs: number;
}

export interface PayoutStack {
  readonly db: Database;
  readonly chain: LocalChain;
  readonly client: Client;
  readonly wallet: `0x${string}`;
  readonly pids: { readonly workers: readonly number[]; readonly temporal: number };
  /** Where the API answers, and its token. */
  readonly api: { readonly url: string; readonly token: string };
  counters(): Counters;
  stop(): Promise<void>;
}

const COUNTERS = join(dirname(fileURLToPath(import.meta.url)), 'worker-counters.mjs');

/** Starts Postgres with its default durability, Temporal's dev server on a file, anvil, and so many workers. */
export async function startPayoutStack(
  workers: number,
  say: (line: string) => void,
): Promise<PayoutStack> {
  const dir = mkdtempSync(join(tmpdir(), 'openpool-bench-'));
  const stops: Stops = [async () => rmSync(dir, { recursive: true })];
  const stop = () => stopAll(stops);
  try {
    say(`starting Postgres, Temporal, the chain and workers: ${workers}`);
    return { ...(await build(dir, stops, workers)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function build(dir: string, stops: Stops, count: number): Promise<Omit<PayoutStack, 'stop'>> {
  const servers = await startPoolServers(dir, stops);
  const { databaseUrl, temporalAddress, chain, wallet } = servers;
  const source = await startEmptySource();
  stops.push(source.stop);
  const configPath = writeConfig(dir, {
    pace: {
      ...{ syncInterval: '5s', payoutInterval: '24h' },
      ...{ minPayoutInterval: '1s', payoutThreshold: '1 wei' },
    },
    sources: [{ id: 'none', region: 'bench', nodeType: 'ai', endpoint: source.url }],
    ...{ databaseUrl, temporalAddress, temporalUiUrl: undefined },
    ...{ rpcUrl: chain.rpcUrl, chainId: chain.chainId, apiPort: 0 },
  });
  const workers: CountedWorker[] = [];
  // One after the other: the first makes the schema and the schedules.
  for (let turn = 0; turn < count; turn += 1) {
    const worker = await startCounted(configPath, join(dir, `counters-${turn}.json`));
    stops.push(() => worker.process.stop());
    workers.push(worker);
  }
  const args = ['--config', configPath];
  const api = await startUntil({ script: 'api/main.ts', args, mark: 'api listening on ' });
  stops.push(() => api.process.stop());
  const database = openDatabase({ url: databaseUrl, statementTimeoutMs: 600_000 });
  stops.push(() => closeDatabase(database));
  const connection = await Connection.connect({ address: temporalAddress });
  stops.push(() => connection.close());
  return {
    ...{ db: database, chain, wallet },
    client: new Client({ connection }),
    pids: { workers: workers.map(({ process }) => process.pid), temporal: servers.temporalPid },
    api: { url: api.said, token: readFileSync(join(dir, 'api-token'), 'utf8').trim() },
    counters: () => ({
      ...added(workers.map(({ counters }) => counters())),
      temporalCpuMs: cpuMsOf(servers.temporalPid),
    }),
  };
}

type WorkerCounters = Omit<Counters, 'temporalCpuMs'>;

interface CountedWorker {
  readonly process: LocalProcess;
  counters(): WorkerCounters;
}

async function startCounted(configPath: string, file: string): Promise<CountedWorker> {
  const env = { OPENPOOL_COUNTERS_FILE: file };
  return {
    process: await startWorker(configPath, ['--import', COUNTERS], env),
    counters: () => JSON.parse(readFileSync(file, 'utf8')) as WorkerCounters,
  };
}

function added(all: readonly WorkerCounters[]): WorkerCounters {
  const sum = (key: keyof WorkerCounters) => all.reduce((total, one) => total + one[key], 0);
  return {
    databaseRoundTrips: sum('databaseRoundTrips'),
    rpcPosts: sum('rpcPosts'),
    rpcCalls: sum('rpcCalls'),
    cpuMs: sum('cpuMs'),
  };
}

/** Linux counts CPU time in hundredths of a second. */
const TICK_MS = 10;

/** What a process has taken of the CPU since it started. */
export function cpuMsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
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
