/** Another pool in the same namespace, called the same in its file: its own Postgres, wallet and payees. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { rpc } from '../../dev/stack/chain-node.js';
import { startPostgres } from '../../dev/stack/postgres-server.js';
import {
  makeStormWallet,
  type Places,
  type StormWallet,
  writeChaosConfig,
} from './chaos-config.js';
import { openPool } from './harness-pool.js';
import { startWorkerFleet, type WorkerFleet, type WorkerFleetOptions } from './worker-fleet.js';

export interface SecondPool {
  readonly databaseUrl: string;
  readonly pool: pg.Pool;
  readonly wallet: StormWallet;
  /** Resolves when its worker is up, at once while one is; false when it was ended before. */
  start(): Promise<boolean>;
  hasBeenUp(): boolean;
  /** Ends its worker, as an operator does. */
  stopWorker(): Promise<void>;
  stop(): Promise<void>;
}

export interface SecondPoolOptions {
  readonly dir: string;
  readonly places: Places;
  readonly chainUrl: string;
  readonly fundsWei: bigint;
  readonly fleet: Pick<WorkerFleetOptions, 'env' | 'onStart'>;
}

const UP_WAIT_MS = 15_000;

export async function makeSecondPool(options: SecondPoolOptions): Promise<SecondPool> {
  const { dir, places } = options;
  mkdirSync(dir, { recursive: true });
  const postgres = await startPostgres({ dataDir: join(dir, 'postgres') });
  options.fleet.onStart(postgres.process);
  const databaseUrl = postgres.url;
  const wallet = makeStormWallet(dir);
  const funds = `0x${options.fundsWei.toString(16)}`;
  await rpc(options.chainUrl, 'anvil_setBalance', [wallet.address, funds]);
  const configPath = writeChaosConfig(dir, {
    places: { ...places, databaseUrl },
    wallet,
    // Not the first pool's: a schedule that was taken from it would show.
    payoutInterval: '12s',
  });
  const pool = openPool(databaseUrl);
  let hasBeenUp = false;
  let workers: WorkerFleet | undefined;
  const stopWorker = async () => {
    const ending = workers;
    // A storm in which it never came up would show nothing.
    await Promise.race([ending?.ready, sleep(UP_WAIT_MS)]);
    workers = undefined;
    await ending?.stop();
  };
  return {
    databaseUrl,
    pool,
    wallet,
    stopWorker,
    hasBeenUp: () => hasBeenUp,
    async start() {
      workers ??= startWorkerFleet({
        count: 1,
        script: 'worker/main.ts',
        configPath,
        ...options.fleet,
        logDir: join(dir, 'logs'),
      });
      const starting = workers;
      await starting.ready;
      if (workers !== starting) return false;
      hasBeenUp = true;
      return true;
    },
    async stop() {
      await stopWorker();
      await pool.end();
      await postgres.stop();
    },
  };
}
