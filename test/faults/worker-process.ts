/** A manager as an operator runs it: a process, a configuration file, a keystore. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { stringify } from 'yaml';
import { type LocalProcess, startProcess } from '../../dev/kit/process.js';
import { until } from '../../dev/kit/until.js';
import type { LocalChain } from '../../dev/stack/chain-node.js';
import { PASSPHRASE } from '../harness/money.js';
import { compiled } from '../harness/script.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CLOCK = fileURLToPath(new URL('./shifted-clock.mjs', import.meta.url));

export interface ManagerOptions {
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly namespace: string;
  readonly chain: LocalChain;
  readonly keystore: string;
  /** The orchestrator that it reads. */
  readonly endpoint: string;
  readonly pool?: object;
  readonly wallet?: object;
  readonly retention?: object;
  readonly shadow?: object;
  /** Where its metrics are answered, as `host:port`. @default nowhere */
  readonly metricsAddress?: string;
  /** The workflows of another build. @default those of the build */
  readonly workflowBundle?: string;
  /** @default 0 */
  readonly clockShiftMs?: number;
  /** `main.ts` has the API beside the worker. @default worker/main.ts */
  readonly entry?: 'worker/main.ts' | 'main.ts';
}

export interface ManagerProcess {
  readonly process: LocalProcess;
  /** Its configuration, for the command line. */
  readonly config: string;
  readonly lines: readonly string[];
  /** Waits for this text in what it prints. */
  says(text: string): Promise<void>;
  stop(): Promise<void>;
}

export async function startManagerProcess(options: ManagerOptions): Promise<ManagerProcess> {
  const dir = await mkdtemp(join(tmpdir(), 'openpool-fault-'));
  const config = join(dir, 'openpool.yaml');
  await writeFile(join(dir, 'keystore.json'), options.keystore, { mode: 0o600 });
  await writeFile(join(dir, 'passphrase'), `${PASSPHRASE}\n`, { mode: 0o600 });
  await writeFile(config, stringify(configuration(options)));
  const lines: string[] = [];
  const { entry = 'worker/main.ts', clockShiftMs = 0, workflowBundle } = options;
  const bundle = workflowBundle && { OPENPOOL_WORKFLOW_BUNDLE: workflowBundle };
  const child = startProcess({
    name: entry,
    command: process.execPath,
    args: ['--import', CLOCK, compiled(entry), '--config', config],
    cwd: ROOT,
    env: { ...process.env, TEST_CLOCK_SHIFT_MS: String(clockShiftMs), ...bundle },
    onLine: (line) => lines.push(line),
  });
  return {
    process: child,
    config,
    lines,
    says: (text) =>
      until(
        `"${text}"`,
        async () => child.hasEnded() || lines.some((line) => line.includes(text)),
        { withinMs: 40_000, everyMs: 50 },
      ).finally(() => expect(lines.join('\n')).toContain(text)),
    async stop() {
      await child.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function configuration(options: ManagerOptions): object {
  const { chain, endpoint, namespace } = options;
  return {
    pool: {
      syncInterval: '10s',
      payoutThreshold: '0.000001 ETH',
      payoutInterval: '1d',
      ...options.pool,
    },
    ...(options.retention && { retention: options.retention }),
    ...(options.shadow && { shadow: options.shadow }),
    ...(options.metricsAddress && { metrics: { workerAddress: options.metricsAddress } }),
    sources: [
      { id: 'one', region: 'eu', nodeType: 'ai', from: 'beginning', options: { endpoint } },
    ],
    database: { url: options.databaseUrl },
    temporal: { address: options.temporalAddress, namespace },
    chain: {
      id: chain.chainId,
      rpcUrls: [chain.rpcUrl],
      confirmations: 2,
      finalityConfirmations: 6,
      maxFeePerGas: '50 gwei',
      pollInterval: '100ms',
    },
    wallet: {
      keystoreFile: 'keystore.json',
      passphraseFile: 'passphrase',
      ...options.wallet,
    },
    api: { port: 0 },
  };
}
