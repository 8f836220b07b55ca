import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { SEARCH_ATTRIBUTES } from '../../workflows/contract.js';
import { freePort } from '../kit/ports.js';
import type { LocalProcess } from '../kit/process.js';
import type { CastContracts } from '../simulator/simulator-cast.js';
import { type LocalChain, startChain } from './chain-node.js';
import type { PoolFile } from './pool/pool-file.js';
import { type Site, startSites } from './pool/sites.js';
import { ensureWallet, LOCAL_POOL_ID, type StackPace, writeConfig } from './pool/stack-config.js';
import { type LocalPostgres, startPostgres } from './postgres-server.js';
import { deployContracts, fundWallet, hasContracts } from './stack-chain.js';
import { type StackChild, startChild } from './stack-child.js';
import { claimState, RECORD_FILE, type StackRecord } from './stack-record.js';
import { loadState, type StackPorts, type StackState, saveState } from './stack-state.js';
import { type LocalTemporal, type LocalTemporalOptions, startTemporal } from './temporal-server.js';

export interface StackOptions {
  readonly dir: string;
  /** Deletes a kept state first. */
  readonly fresh: boolean;
  /** Aborts the start. */
  readonly signal: AbortSignal;
  /** The seed of a new state. A kept state keeps its seed. */
  readonly seed: number;
  /** The wanted ports of a new state; 0 is any free one. */
  readonly ports: StackPorts;
  /** Whose terms the pool has. @default those of the demo */
  readonly pool?: PoolFile | undefined;
  readonly pace: StackPace;
  /** A Temporal that other pools use as well. @default one of its own */
  readonly temporal?: SharedTemporal | undefined;
  readonly say: (line: string) => void;
  /** Called with each orchestrator before the manager first reads it. */
  readonly prepare: (site: Site) => void;
}

/** A whole pool on one machine. */
export interface Stack {
  readonly poolId: string;
  readonly pool: PoolFile | undefined;
  readonly dir: string;
  readonly seed: number;
  readonly apiUrl: string;
  readonly temporalUiUrl: string | undefined;
  readonly temporalAddress: string;
  readonly databaseUrl: string;
  readonly rpcUrl: string;
  /** The hot wallet, lower case. */
  readonly wallet: string;
  readonly contracts: CastContracts;
  readonly sites: readonly Site[];
  readonly worker: StackChild;
  stop(): Promise<void>;
}

export const ANY_PORTS: StackPorts = {
  api: 0,
  temporal: 0,
  temporalUi: 0,
  chain: 0,
  orchestrators: [0, 0, 0],
};

/** Starts everything. When a part does not start, it stops the others and throws. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const record = await claimState(options.dir, options.say);
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    // In reverse order, so that each ends before what it needs.
    for (const one of stops.splice(0).reverse()) await one();
    record.release();
  };
  // The parts that are starting then fail, and the catch below stops those that have started.
  const giveUp = () => void stop();
  options.signal.addEventListener('abort', giveUp);
  try {
    if (options.fresh) clearState(options.dir);
    return { ...(await build(options, record, stops)), stop };
  } catch (error) {
    await stop();
    throw options.signal.aborted ? options.signal.reason : error;
  } finally {
    options.signal.removeEventListener('abort', giveUp);
  }
}

function clearState(dir: string): void {
  for (const name of readdirSync(dir)) {
    if (name !== RECORD_FILE) rmSync(join(dir, name), { recursive: true, force: true });
  }
}

async function build(
  options: StackOptions,
  record: StackRecord,
  stops: (() => Promise<void>)[],
): Promise<Omit<Stack, 'stop'>> {
  const { dir, say, pace, pool } = options;
  const kept = loadState(dir);
  const wished = kept?.ports ?? options.ports;
  const servers = await startServers({ dir, wished, record, stops, say, shared: options.temporal });
  options.signal.throwIfAborted();
  const contracts = await settleContracts(servers.chain, kept, dir);
  const wallet = ensureWallet(dir);
  await fundWallet(servers.chain.rpcUrl, wallet);
  const seed = kept?.seed ?? options.seed;
  const sites = await startSites({
    dir,
    seed,
    contracts,
    pool,
    ports: wished.orchestrators,
    stops,
  });
  const apiPort = await choosePort('the API', wished.api, say);
  const ports: StackPorts = {
    ...servers.ports,
    api: apiPort,
    orchestrators: sites.map((site) => site.orchestrator.port),
  };
  options.signal.throwIfAborted();
  saveState(dir, { seed, ports, contracts });
  for (const site of sites) options.prepare(site);
  await followMovedSources(servers.postgres.url, kept, ports);
  const configPath = writeConfig(dir, {
    pool,
    pace,
    sources: sites.map((site) => ({ ...site, endpoint: site.orchestrator.url })),
    databaseUrl: servers.postgres.url,
    temporalAddress: servers.temporal.address,
    temporalUiUrl: servers.temporal.uiUrl,
    rpcUrl: servers.chain.rpcUrl,
    chainId: servers.chain.chainId,
    apiPort,
  });
  say('starting the worker and the API …');
  const [worker] = await startManager({ dir, configPath, record, stops, say });
  options.signal.throwIfAborted();
  return {
    poolId: pool?.name ?? LOCAL_POOL_ID,
    pool,
    dir,
    seed,
    wallet,
    contracts,
    sites,
    worker,
    apiUrl: `http://127.0.0.1:${apiPort}`,
    temporalUiUrl: servers.temporal.uiUrl,
    temporalAddress: servers.temporal.address,
    databaseUrl: servers.postgres.url,
    rpcUrl: servers.chain.rpcUrl,
  };
}

interface Building {
  readonly dir: string;
  readonly record: StackRecord;
  readonly stops: (() => Promise<void>)[];
  readonly say: (line: string) => void;
}

/** A Temporal that somebody else starts and stops. */
export type SharedTemporal = Pick<LocalTemporal, 'address' | 'uiUrl'>;

interface LocalServer {
  readonly process: LocalProcess;
  stop(): Promise<void>;
}

interface Servers {
  readonly postgres: LocalPostgres;
  readonly temporal: SharedTemporal;
  readonly chain: LocalChain;
  readonly ports: Omit<StackPorts, 'api' | 'orchestrators'>;
}

async function startServers(
  building: Building & { wished: StackPorts; shared: SharedTemporal | undefined },
): Promise<Servers> {
  const { dir, record, stops, say, wished, shared } = building;
  say('starting Postgres, Temporal and the chain …');
  const ports = {
    temporal: await choosePort('Temporal', wished.temporal, say),
    temporalUi: await choosePort("Temporal's pages", wished.temporalUi, say),
    chain: await choosePort('the chain', wished.chain, say),
  };
  const own = <Server extends LocalServer>(server: Server): Server => {
    stops.push(() => server.stop());
    record.watch(server.process);
    return server;
  };
  const started = await Promise.allSettled([
    startPostgres({ dataDir: join(dir, 'postgres') }).then(own),
    shared ?? startTemporal(temporalOptions(dir, ports)).then(own),
    startChain({ port: ports.chain, statePath: join(dir, 'chain.json') }).then(own),
  ]);
  const [postgres, temporal, chain] = started.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  }) as [LocalPostgres, SharedTemporal, LocalChain];
  return { postgres, temporal, chain, ports };
}

function temporalOptions(dir: string, ports: Servers['ports']): LocalTemporalOptions {
  return {
    port: ports.temporal,
    uiPort: ports.temporalUi,
    databasePath: join(dir, 'temporal.db'),
    searchAttributes: TEMPORAL_ATTRIBUTES,
  };
}

/** The pools' search attributes as `temporal server start-dev` takes them. */
export const TEMPORAL_ATTRIBUTES = SEARCH_ATTRIBUTES.map(
  ({ name, type }) => `${name}=${titleCase(type)}`,
);

/** KEYWORD → Keyword: the command line spells types in camel case. */
function titleCase(type: string): string {
  return type.charAt(0) + type.slice(1).toLowerCase();
}

async function choosePort(
  what: string,
  wished: number,
  say: (line: string) => void,
): Promise<number> {
  const port = await freePort(wished);
  if (wished !== 0 && port !== wished) say(`port ${wished} is busy: ${what} takes ${port}`);
  return port;
}

async function settleContracts(
  chain: LocalChain,
  kept: StackState | undefined,
  dir: string,
): Promise<CastContracts> {
  if (kept?.contracts === undefined) return deployContracts(chain.rpcUrl);
  if (await hasContracts(chain.rpcUrl, kept.contracts)) return kept.contracts;
  throw new Error(`the chain kept in ${dir} is not the one its ledger knows: start with --fresh`);
}

/**
 * A source's endpoint is its identity, and a worker refuses one that moved. Here a busy port made it
 * move, and we know that it is the same orchestrator.
 */
async function followMovedSources(
  databaseUrl: string,
  kept: StackState | undefined,
  ports: StackPorts,
): Promise<void> {
  const moves = (kept?.ports.orchestrators ?? []).map((from, at) => [
    from,
    ports.orchestrators[at],
  ]);
  const client = new pg.Client({ connectionString: databaseUrl });
  for (const [from, to] of moves) {
    if (from === to) continue;
    await client.connect().catch(() => undefined);
    await client.query(
      `UPDATE source SET reads_from = replace(reads_from, $1, $2) WHERE reads_from LIKE '%' || $1 || '%'`,
      [`127.0.0.1:${from}`, `127.0.0.1:${to}`],
    );
  }
  await client.end().catch(() => undefined);
}

async function startManager(
  building: Building & { configPath: string },
): Promise<readonly [StackChild, StackChild]> {
  const { dir, configPath, record, stops, say } = building;
  const start = async (name: string, script: string, readyLine: string) => {
    const child = startChild({
      name,
      script,
      readyLine,
      configPath,
      say,
      logPath: join(dir, 'logs', `${name}.log`),
      onStart: (process) => record.watch(process),
    });
    stops.push(() => child.stop());
    await child.ready;
    return child;
  };
  const worker = await start('worker', 'worker/main.ts', 'openpool worker ready');
  const api = await start('api', 'api/main.ts', 'openpool api listening');
  return [worker, api];
}
