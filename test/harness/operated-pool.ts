/** A pool as an operator has it: a worker, a chain, an orchestrator, and the command line beside them. */
import { inject } from 'vitest';
import {
  startTestOrchestrator,
  type TestOrchestrator,
} from '../../core/events/sources/testing/test-orchestrator.js';
import { type LocalChain, startChain } from '../../dev/stack/chain-node.js';
import { type ManagerOptions, startManagerProcess } from '../faults/worker-process.js';
import { runOpenpool } from './command-line.js';
import { createTestDatabase, type TestDatabase } from './database.js';
import { createTestWallet, recordTestTerms, type TestWallet } from './money.js';
import { createTestNamespace } from './namespace.js';

/** What a command of the operator's came to. */
export interface Said {
  readonly code: number;
  readonly answer: Record<string, unknown>;
  readonly error: string;
}

export interface OperatedPool {
  readonly chain: LocalChain;
  readonly orchestrator: TestOrchestrator;
  readonly database: TestDatabase;
  readonly wallet: TestWallet;
  openpool(...words: readonly string[]): Promise<Said>;
  /** Another worker takes the place of the one that runs: with another key, another database. */
  restartWith(changes: Partial<ManagerOptions>): Promise<void>;
  /** Starts a worker that is to refuse, and waits until it says why. */
  refuses(changes: Partial<ManagerOptions>, text: string): Promise<void>;
  stop(): Promise<void>;
}

export async function startOperatedPool(
  options: { readonly blockTimeSeconds?: number } & Pick<ManagerOptions, 'retention'> = {},
): Promise<OperatedPool> {
  const { retention, ...ofChain } = options;
  const [chain, orchestrator, database, space] = await Promise.all([
    startChain(ofChain),
    startTestOrchestrator(),
    createTestDatabase(),
    createTestNamespace(),
  ]);
  const wallet = await createTestWallet(database.db, chain);
  await recordTestTerms(database.db);
  const start = (changes: Partial<ManagerOptions>) =>
    startManagerProcess({
      databaseUrl: database.url,
      temporalAddress: inject('temporalAddress'),
      namespace: space.namespace,
      chain,
      keystore: wallet.keystore,
      endpoint: orchestrator.url,
      ...(retention && { retention }),
      ...changes,
    });
  let worker = await start({});
  await worker.says('openpool worker ready');
  return {
    chain,
    orchestrator,
    database,
    wallet,
    async openpool(...words) {
      const { code, out, err } = await runOpenpool(['--config', worker.config, '--json', ...words]);
      // Addresses as the tables have them.
      const text = out.replace(/0x[0-9a-fA-F]{40}\b/g, (address) => address.toLowerCase());
      const answer = text.startsWith('{') ? (JSON.parse(text) as Said['answer']) : {};
      return { code, answer, error: err };
    },
    async restartWith(changes) {
      const next = await start(changes);
      await worker.stop();
      worker = next;
      await worker.says('openpool worker ready');
    },
    async refuses(changes, text) {
      const early = await start(changes);
      await early.says(text).finally(() => early.stop());
    },
    async stop() {
      await worker.stop();
      await Promise.all([chain.stop(), orchestrator.stop(), database.close(), space.close()]);
    },
  };
}
