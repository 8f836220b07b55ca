/** The pool of the payout bench. Every server is real, and each worker is a process of its own. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { closeDatabase, type Database, openDatabase } from '../../core/db/database.js';
import { startHttpServer } from '../../dev/kit/http-server.js';
import type { LocalProcess } from '../../dev/kit/process.js';
import type { LocalChain } from '../../dev/stack/chain-node.js';
import { cpuMsOf } from '../figures.js';
import {
  startApi,
  startPoolServers,
  startWorker,
  type TemporalKind,
  writeBenchConfig,
} from '../pool-servers.js';
import type { Scratch } from '../scratch.js';

/** The number of requests of all workers since they started. */
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
  /** The URL of the API, and its token. */
  readonly api: { readonly url: string; readonly token: string };
  counters(): Counters;
}

const COUNTERS = join(dirname(fileURLToPath(import.meta.url)), 'worker-counters.mjs');

/** Starts the servers, an orchestrator without events, the API, and this many workers. */
export async function startPayoutStack(
  scratch: Scratch,
  { workers: count, temporal }: { readonly workers: number; readonly temporal: TemporalKind },
): Promise<PayoutStack> {
  const { dir, stops } = scratch;
  const servers = await startPoolServers(scratch, temporal);
  const { databaseUrl, temporalAddress, temporalPid, chain, wallet } = servers;
  const source = await startHttpServer((_, response) => response.end('[]'));
  stops.push(() => source.stop());
  const configPath = writeBenchConfig(dir, {
    servers,
    endpoint: source.url,
    pace: { syncInterval: '5s', minPayoutInterval: '1s', payoutThreshold: '1 wei' },
  });
  const workers: CountedWorker[] = [];
  // Workers start one after the other, because the first one makes the schema and the schedules.
  for (let turn = 0; turn < count; turn += 1) {
    workers.push(await startCounted(scratch, configPath, join(dir, `counters-${turn}.json`)));
  }
  const apiUrl = await startApi(scratch, { configPath });
  const db = openDatabase({ url: databaseUrl, statementTimeoutMs: 600_000 });
  stops.push(() => closeDatabase(db));
  const connection = await Connection.connect({ address: temporalAddress });
  stops.push(() => connection.close());
  return {
    db,
    chain,
    wallet,
    client: new Client({ connection }),
    pids: { workers: workers.map(({ process }) => process.pid), temporal: temporalPid },
    api: { url: apiUrl, token: readFileSync(join(dir, 'api-token'), 'utf8').trim() },
    counters: () => ({
      ...added(workers.map(({ counters }) => counters())),
      temporalCpuMs: cpuMsOf(temporalPid),
    }),
  };
}

type WorkerCounters = Omit<Counters, 'temporalCpuMs'>;

interface CountedWorker {
  readonly process: LocalProcess;
  counters(): WorkerCounters;
}

async function startCounted(
  scratch: Scratch,
  configPath: string,
  file: string,
): Promise<CountedWorker> {
  const env = { OPENPOOL_COUNTERS_FILE: file };
  return {
    process: await startWorker(scratch, { configPath, nodeArgs: ['--import', COUNTERS], env }),
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
