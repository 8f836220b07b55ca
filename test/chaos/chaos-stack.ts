/** Starts the pool that the storm hits: servers, RPC endpoints that fail, and workers. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { findWorkflowBundle } from '../../config/reading/program.js';
import type { LocalProcess } from '../../dev/kit/process.js';
import type { Random } from '../../dev/kit/random.js';
import { startOrchestrator } from '../../dev/simulator/simulator.js';
import { type LocalChain, rpc, startChain } from '../../dev/stack/chain-node.js';
import type { LocalPostgres } from '../../dev/stack/postgres-server.js';
import { claimState } from '../../dev/stack/stack-record.js';
import type { LocalTemporal } from '../../dev/stack/temporal-server.js';
import { writeWorkflowBundle } from '../../worker/temporal/bundle.js';
import { type SilentProxy, startSilentProxy } from '../harness/silent-proxy.js';
import {
  makeStormWallet,
  type Places,
  RPC_TIMEOUT_MS,
  type StormWallet,
  writeChaosConfig,
} from './chaos-config.js';
import type { FaultTally } from './fault-tally.js';
import { openPool } from './harness-pool.js';
import { type Miner, startMiner } from './miner.js';
import {
  quietPort,
  type RestartableServer,
  startChaosPostgres,
  startChaosTemporal,
  type TemporalKind,
} from './restartable.js';
import { type RpcWeather, startRpcWeather } from './rpc-weather.js';
import { makeSecondPool, type SecondPool } from './second-pool.js';
import { startWorkerFleet, type WorkerFleet } from './worker-fleet.js';

export interface ChaosStack {
  readonly dir: string;
  readonly configPath: string;
  readonly chain: LocalChain;
  readonly miner: Miner;
  readonly postgres: RestartableServer<LocalPostgres>;
  /** The proxy through which the pool's processes reach Postgres. */
  readonly postgresWay: SilentProxy;
  readonly temporal: RestartableServer<LocalTemporal>;
  readonly rpc: RpcWeather;
  readonly workers: WorkerFleet;
  /** The harness's own connections; the storm does not kill these. */
  readonly pool: pg.Pool;
  /** The wallet that pays at first, and the wallet that replaces it. */
  readonly wallets: readonly [StormWallet, StormWallet];
  /** Returns the wallet that the configuration names. */
  paying(): StormWallet;
  /** Names another wallet in the configuration. Workers read it when they start. */
  nameWallet(wallet: StormWallet): void;
  /** Makes another pool in the same namespace, without starting it. */
  addPool(): Promise<SecondPool>;
  /** Stops this together with the stack. */
  keep<T extends { stop(): Promise<unknown> }>(one: T): T;
  stop(): Promise<void>;
}

export interface ChaosStackOptions {
  readonly dir: string;
  readonly random: Random;
  readonly tally: FaultTally;
  readonly onRaw: (raws: readonly string[]) => Promise<void>;
  readonly refusesBytes: boolean;
  /** The script that runs as a worker, relative to the project. */
  readonly workerScript: string;
  /** How many workers pay. */
  readonly workers: number;
  readonly temporalKind: TemporalKind;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

const FUNDS_WEI = 10_000n * 10n ** 18n;
/** Enough blocks for an endpoint that is a hundred blocks behind from the start. */
const BLOCKS_BEFORE = 128;

/** Starts everything without faults. When a part does not start, it stops the others and throws. */
export async function startChaosStack(options: ChaosStackOptions): Promise<ChaosStack> {
  const record = await claimState(options.dir, options.say);
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const one of stops.splice(0).reverse()) await one();
    record.release();
  };
  try {
    return { ...(await build(options, stops, record.watch)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function build(
  options: ChaosStackOptions,
  stops: (() => Promise<unknown>)[],
  onStart: (process: LocalProcess) => void,
): Promise<Omit<ChaosStack, 'stop'>> {
  const { dir, random, tally, onRaw, refusesBytes, signal, say } = options;
  mkdirSync(dir, { recursive: true });
  say('starting Postgres, Temporal and the chain …');
  const keep = <T extends { stop(): Promise<unknown> }>(one: T): T => {
    stops.push(() => one.stop());
    return one;
  };
  const home = { dir, onStart };
  const [chain, postgres, temporal, bundlePath] = await Promise.all([
    startChain({
      port: await quietPort(),
      blockTimeSeconds: 0,
      extraArgs: ['--no-mining'],
    }).then(keep),
    startChaosPostgres(home).then(keep),
    startChaosTemporal(home, options.temporalKind).then(keep),
    writeBundle(join(dir, 'workflow-bundle.js')),
  ]);
  onStart(chain.process);
  signal.throwIfAborted();
  await rpc(chain.rpcUrl, 'anvil_mine', [`0x${BLOCKS_BEFORE.toString(16)}`]);
  const miner = keep(startMiner(chain.rpcUrl));
  const wallets = [makeStormWallet(dir), makeStormWallet(join(dir, 'next'))] as const;
  for (const { address } of wallets) {
    await rpc(chain.rpcUrl, 'anvil_setBalance', [address, `0x${FUNDS_WEI.toString(16)}`]);
  }
  const target = chain.rpcUrl;
  const weather = keep(
    await startRpcWeather({
      target,
      random,
      tally,
      timeoutMs: RPC_TIMEOUT_MS,
      onRaw,
      refusesBytes,
    }),
  );
  const orchestrator = keep(
    await startOrchestrator({ name: 'quiet', journalPath: join(dir, 'quiet.ndjson') }),
  );
  const postgresWay = keep(await startSilentProxy(postgres.current.url));
  const pool = openPool(postgres.current.url);
  stops.push(() => pool.end());
  const places: Places = {
    databaseUrl: postgresWay.url,
    temporalAddress: temporal.current.address,
    rpcUrls: weather.urls,
    chainId: chain.chainId,
    endpoint: orchestrator.url,
  };
  let paying: StormWallet = wallets[0];
  const configPath = writeChaosConfig(dir, { places, wallet: paying });
  const env = { ...process.env, OPENPOOL_WORKFLOW_BUNDLE: bundlePath };
  say(`starting workers: ${options.workers}`);
  const workers = keep(
    startWorkerFleet({
      count: options.workers,
      script: options.workerScript,
      configPath,
      onStart,
      env,
      logDir: join(dir, 'logs'),
    }),
  );
  await workers.ready;
  signal.throwIfAborted();
  return {
    dir,
    configPath,
    chain,
    miner,
    postgres,
    postgresWay,
    temporal,
    workers,
    pool,
    wallets,
    rpc: weather,
    paying: () => paying,
    nameWallet(wallet) {
      paying = wallet;
      writeChaosConfig(dir, { places, wallet });
    },
    async addPool() {
      const second = await makeSecondPool({
        dir: join(dir, 'second'),
        places,
        fundsWei: FUNDS_WEI,
        chainUrl: chain.rpcUrl,
        fleet: { env, onStart },
      });
      return keep(second);
    },
    keep,
  };
}

/** Builds the workflow bundle once for all workers, so that a killed worker is soon up again. */
async function writeBundle(path: string): Promise<string> {
  const built = findWorkflowBundle();
  if (built === null) await writeWorkflowBundle(path);
  return built ?? path;
}
