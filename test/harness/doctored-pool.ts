/** A whole healthy pool, with a configuration of the doctor's own that tests break in one place at a time. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it, vi } from 'vitest';
import { stringify } from 'yaml';
import type { CheckRow } from '../../core/diagnosis/rules/checks.js';
import {
  startTestOrchestrator,
  type TestOrchestrator,
} from '../../core/events/sources/testing/test-orchestrator.js';
import { freePort } from '../../dev/kit/ports.js';
import { until } from '../../dev/kit/until.js';
import { type LocalChain, startChain } from '../../dev/stack/chain-node.js';
import { type DoctorOptions, examine } from '../../doctor/doctor.js';
import { type ManagerProcess, startManagerProcess } from '../faults/worker-process.js';
import { createTestDatabase, type TestDatabase } from './database.js';
import { createTestWallet, makeKeystore, PASSPHRASE, type TestWallet } from './money.js';
import { createTestNamespace, type TestNamespace } from './namespace.js';
import { type RpcSwitch, startRpcSwitch } from './rpc-switch.js';
import { installQuietRuntime } from './temporal.js';

/** Sections of the configuration that differ from the healthy one. */
export type Changes = Readonly<Record<string, object>>;

export interface DoctoredPool {
  readonly chain: LocalChain;
  /** The third endpoint, whose answers can be bent. */
  readonly third: RpcSwitch;
  readonly orchestrator: TestOrchestrator;
  readonly database: TestDatabase;
  readonly space: TestNamespace;
  readonly wallet: TestWallet;
  readonly worker: ManagerProcess;
  /** Writes the doctor's configuration. */
  configure(changes?: Changes): Promise<string>;
  /** A file beside the configuration. */
  file(name: string, text: string, mode?: number): Promise<string>;
  /** Sections of the healthy configuration. */
  readonly healthy: {
    readonly chain: { readonly rpcUrls: readonly string[] };
    readonly temporal: object;
    readonly wallet: object;
    readonly sources: readonly object[];
  };
  examine(changes?: Changes, options?: Partial<DoctorOptions>): Promise<readonly CheckRow[]>;
  stop(): Promise<void>;
}

async function startDoctoredPool(): Promise<DoctoredPool> {
  const [chain, orchestrator, database, space, dir] = await Promise.all([
    // Anvil forgets states of some hundred blocks ago, and the doctor asks for them.
    startChain({ blockTimeSeconds: 1 }),
    startTestOrchestrator(),
    createTestDatabase(),
    createTestNamespace(),
    mkdtemp(join(tmpdir(), 'openpool-doctor-')),
  ]);
  const [wallet, third] = await Promise.all([
    createTestWallet(database.db, chain),
    startRpcSwitch(chain.rpcUrl),
  ]);
  const worker = await startManagerProcess({
    databaseUrl: database.url,
    temporalAddress: inject('temporalAddress'),
    namespace: space.namespace,
    chain,
    keystore: wallet.keystore,
    endpoint: orchestrator.url,
  });
  const file = async (name: string, text: string, mode = 0o600) => {
    const path = join(dir, name);
    await writeFile(path, text, { mode });
    return path;
  };
  await file('keystore.json', wallet.keystore);
  await file('passphrase', PASSPHRASE);
  await file('other-keystore.json', (await makeKeystore()).json);
  const source = { id: 'one', region: 'eu', nodeType: 'ai', from: 'beginning' };
  const healthy = {
    pool: { syncInterval: '10s', payoutThreshold: '0.000001 ETH', payoutInterval: '1d' },
    sources: [{ ...source, options: { endpoint: orchestrator.url } }],
    database: { url: database.url },
    temporal: { address: inject('temporalAddress'), namespace: space.namespace },
    chain: {
      id: chain.chainId,
      rpcUrls: [chain.rpcUrl, chain.rpcUrl.replace('127.0.0.1', 'localhost'), third.url],
      confirmations: 2,
      finalityConfirmations: 6,
    },
    wallet: { keystoreFile: 'keystore.json', passphraseFile: 'passphrase' },
    api: { port: 0 },
  };
  let files = 0;
  const configure = (changes: Changes = {}) => {
    files += 1;
    return file(`pool-${files}.yaml`, stringify({ ...healthy, ...changes }));
  };
  const pool: DoctoredPool = {
    chain,
    third,
    orchestrator,
    database,
    space,
    wallet,
    worker,
    configure,
    file,
    healthy,
    examine: async (changes, options) =>
      examine({ configPath: await configure(changes), ...options }),
    async stop() {
      await worker.stop();
      await Promise.all([chain.stop(), third.stop(), orchestrator.stop(), space.close()]);
      await database.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
  await worker.says('openpool worker ready');
  await until('a pass over the source', async () => found(await pool.examine()).length === 0, {
    withinMs: 30_000,
  });
  return pool;
}

export interface Seeded {
  readonly changes?: Changes;
  readonly options?: Partial<DoctorOptions>;
  readonly undo?: () => Promise<unknown>;
}

/** To be called once by a test file: a healthy pool for all of its tests, and a test for each fault. */
export function useDoctoredPool() {
  let pool: DoctoredPool | undefined;
  const named = new Set<string>();
  beforeAll(async () => {
    vi.stubEnv('OPENPOOL_WORKFLOW_BUNDLE', inject('workflowBundlePath'));
    installQuietRuntime();
    pool = await startDoctoredPool();
  });
  afterAll(async () => {
    await pool?.stop();
    vi.unstubAllEnvs();
  });
  const get = (): DoctoredPool => {
    if (pool === undefined) throw new Error('the pool is not there yet');
    return pool;
  };
  return {
    get,
    /** Which faults were seeded and named. */
    named,
    /**
     * A test that seeds one fault. It expects these findings alone, each with what to do, and that exactly the checks
     * behind it were not made.
     */
    fault(
      title: string,
      expected: string | readonly string[],
      seed: () => Promise<Seeded>,
      behind: readonly string[] = [],
    ): void {
      it(title, async () => {
        const { changes, options, undo = async () => undefined } = await seed();
        const rows = await get().examine(changes, options).finally(undo);
        const wanted = typeof expected === 'string' ? [expected] : expected;
        expect(found(rows)).toEqual(wanted);
        expect(unchecked(rows)).toEqual(behind);
        const told = rows.filter(({ verdict }) => verdict === 'warn' || verdict === 'fail');
        expect(told.filter(({ todo }) => todo === null || todo.length < 10)).toEqual([]);
        for (const one of wanted) named.add(one);
      });
    },
    /** Runs a statement in the pool's database. */
    run: (statement: string) => get().database.db.$client.query(statement),
  };
}

/** The checks that depend on the ledger, on the tables' version, and on Postgres; and on Temporal's namespace. */
export const BEHIND_LEDGER = [
  ...['temporal.schedules', 'temporal.workers', 'temporal.replay'],
  ...['wallet.ledger', 'wallet.halts', 'wallet.balance', 'sources.standing'],
];
export const BEHIND_SCHEMA = ['postgres.ledger', ...BEHIND_LEDGER];
export const BEHIND_POSTGRES = [
  ...['postgres.server', 'postgres.sessions', 'postgres.rights', 'postgres.schema'],
  ...BEHIND_SCHEMA,
];
export const BEHIND_NAMESPACE = [
  ...['temporal.retention', 'temporal.search-attributes', 'temporal.schedules'],
  ...['temporal.workers', 'temporal.replay'],
];

/** What is not as it should be, as `check CODE`. */
export function found(rows: readonly CheckRow[]): readonly string[] {
  return rows
    .filter(({ verdict }) => verdict === 'warn' || verdict === 'fail')
    .map(({ check, code }) => `${check} ${code}`);
}

/** Which checks were not run because of which one. */
export function unchecked(rows: readonly CheckRow[]): readonly string[] {
  return rows.filter(({ verdict }) => verdict === 'unchecked').map(({ check }) => check);
}

/** A port on which nobody listens. */
export const nobody = async (): Promise<string> => `127.0.0.1:${await freePort()}`;
