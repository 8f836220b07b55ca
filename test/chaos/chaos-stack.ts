/** The whole pool that the storm is about: servers, a faulting RPC, two workers. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { Wallet } from 'ethers';
import pg from 'pg';
import { stringify } from 'yaml';
import type { Address } from '../../domain/address.js';
import { type LocalChain, rpc, startChain } from '../../local/chain-node.js';
import type { LocalPostgres } from '../../local/postgres.js';
import type { LocalProcess } from '../../local/process.js';
import { startOrchestrator } from '../../local/simulator.js';
import type { Random } from '../../local/simulator-random.js';
import { ensureWallet } from '../../local/stack-config.js';
import { claimState } from '../../local/stack-record.js';
import type { LocalTemporal } from '../../local/temporal-server.js';
import type { FaultTally } from './fault-tally.js';
import { type Miner, startMiner } from './miner.js';
import {
  quietPort,
  type RestartableServer,
  startChaosPostgres,
  startChaosTemporal,
} from './restartable.js';
import { type RpcWeather, startRpcWeather } from './rpc-weather.js';
import { startWorkerFleet, type WorkerFleet } from './worker-fleet.js';

export interface ChaosStack {
  readonly dir: string;
  readonly configPath: string;
  readonly chain: LocalChain;
  readonly miner: Miner;
  readonly postgres: RestartableServer<LocalPostgres>;
  readonly temporal: RestartableServer<LocalTemporal>;
  readonly rpc: RpcWeather;
  readonly workers: WorkerFleet;
  /** The harness's own connections, which the storm does not kill one by one. */
  readonly pool: pg.Pool;
  readonly wallet: Address;
  /** The wallet's key, for transactions that the manager knows nothing of. */
  readonly key: Wallet;
  stop(): Promise<void>;
}

export interface ChaosStackOptions {
  readonly dir: string;
  readonly random: Random;
  readonly tally: FaultTally;
  readonly onRaw: (raws: readonly string[]) => Promise<void>;
  /** Relative to the project: what runs as a worker, and the workflows it is given. */
  readonly workerScript: string;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

export const CONFIRMATIONS = 4;
export const FINALITY_CONFIRMATIONS = 8;
export const FEE_CAP_WEI = 20n * 10n ** 9n;
const RPC_TIMEOUT_MS = 1_500;
const WORKERS = 2;
const FUNDS_WEI = 10_000n * 10n ** 18n;
/** So that an endpoint can be a hundred blocks behind from the start. */
const BLOCKS_BEFORE = 128;
const CONNECTIONS = 8;

/** Starts everything in fair weather, or stops what it had started and throws. */
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
  const { dir, random, tally, onRaw, signal, say } = options;
  mkdirSync(dir, { recursive: true });
  say('starting Postgres, Temporal and the chain …');
  const keep = <T extends { stop(): Promise<unknown> }>(one: T): T => {
    stops.push(() => one.stop());
    return one;
  };
  const home = { dir, onStart };
  const [chain, postgres, temporal, bundlePath] = await Promise.all([
    startChain({
      ...{ port: await quietPort(), blockTimeSeconds: 0, extraArgs: ['--no-mining'] },
    }).then(keep),
    startChaosPostgres(home).then(keep),
    startChaosTemporal(home).then(keep),
    writeBundle(join(dir, 'workflow-bundle.js')),
  ]);
  onStart(chain.process);
  signal.throwIfAborted();
  await rpc(chain.rpcUrl, 'anvil_mine', [`0x${BLOCKS_BEFORE.toString(16)}`]);
  const miner = keep(startMiner(chain.rpcUrl));
  const wallet = ensureWallet(dir) as Address;
  await rpc(chain.rpcUrl, 'anvil_setBalance', [wallet, `0x${FUNDS_WEI.toString(16)}`]);
  const target = chain.rpcUrl;
  const weather = keep(
    await startRpcWeather({ target, random, tally, timeoutMs: RPC_TIMEOUT_MS, onRaw }),
  );
  const orchestrator = keep(
    await startOrchestrator({ name: 'quiet', journalPath: join(dir, 'quiet.ndjson') }),
  );
  const pool = openPool(postgres.current.url);
  stops.push(() => pool.end());
  const configPath = writeChaosConfig(dir, {
    databaseUrl: postgres.current.url,
    temporalAddress: temporal.current.address,
    rpcUrls: weather.urls,
    chainId: chain.chainId,
    endpoint: orchestrator.url,
  });
  say('starting two workers …');
  const workers = keep(
    startWorkerFleet({
      ...{ count: WORKERS, script: options.workerScript, configPath, onStart },
      env: { ...process.env, OPENPOOL_WORKFLOW_BUNDLE: bundlePath },
      logDir: join(dir, 'logs'),
    }),
  );
  await workers.ready;
  signal.throwIfAborted();
  const key = unlock(dir);
  return {
    ...{ dir, configPath, chain, miner, postgres, temporal, workers, pool, wallet, key },
    rpc: weather,
  };
}

function openPool(connectionString: string): pg.Pool {
  const pool = new pg.Pool({
    ...{ connectionString, max: CONNECTIONS, application_name: 'chaos' },
    ...{ connectionTimeoutMillis: 2_000, statement_timeout: 10_000 },
  });
  // A server that goes down ends connections; the next query reports.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/** Built once: a worker that is killed is up again in the time that it takes to start Node. */
async function writeBundle(path: string): Promise<string> {
  const workflowsPath = fileURLToPath(new URL('../../workflows/index.ts', import.meta.url));
  const logger = new DefaultLogger('ERROR');
  const { code } = await bundleWorkflowCode({ workflowsPath, logger });
  await writeFile(path, code);
  return path;
}

function unlock(dir: string): Wallet {
  const keystore = readFileSync(join(dir, 'keystore.json'), 'utf8');
  const { privateKey } = Wallet.fromEncryptedJsonSync(
    keystore,
    readFileSync(join(dir, 'passphrase'), 'utf8'),
  );
  return new Wallet(privateKey);
}

interface Places {
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly rpcUrls: readonly string[];
  readonly chainId: number;
  readonly endpoint: string;
}

function writeChaosConfig(dir: string, places: Places): string {
  const path = join(dir, 'openpool.yaml');
  const tokenPath = join(dir, 'api-token');
  if (!existsSync(tokenPath))
    writeFileSync(tokenPath, randomBytes(16).toString('hex'), { mode: 0o600 });
  writeFileSync(
    path,
    stringify({
      pool: {
        ...{ name: 'chaos', region: 'global', commission: '2500 bps' },
        ...{ payoutThreshold: '0.000001 ETH', minPayoutInterval: '1s', payoutInterval: '10s' },
        ...{ syncInterval: '30s', maxGasShare: '50%', maxPayout: '100 ETH' },
        maxPaidPerDay: '10000 ETH',
      },
      sources: [
        {
          ...{ id: 'quiet', region: 'global', nodeType: 'ai', from: 'beginning' },
          options: { endpoint: places.endpoint },
        },
      ],
      database: { url: places.databaseUrl },
      temporal: { address: places.temporalAddress, namespace: 'default' },
      chain: {
        ...{ id: places.chainId, rpcUrls: places.rpcUrls, confirmations: CONFIRMATIONS },
        ...{ finalityConfirmations: FINALITY_CONFIRMATIONS, maxFeePerGas: `${FEE_CAP_WEI} wei` },
        ...{ maxPriorityFeePerGas: '1 gwei', gasLimitCap: '200000 gas', pollInterval: '200ms' },
        ...{ bumpAfter: '3s', rpcTimeout: `${RPC_TIMEOUT_MS}ms` },
      },
      wallet: { keystoreFile: 'keystore.json', passphraseFile: 'passphrase' },
      api: { port: 0, tokenFile: 'api-token' },
      log: { level: 'info' },
    }),
    { mode: 0o600 },
  );
  return path;
}
