/** The pool as it runs for real: a process of its own, with a configuration of its own. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, inject } from 'vitest';
import { stringify } from 'yaml';
import { type LocalProcess, startProcess } from '../../dev/kit/process.js';
import { until } from '../../dev/kit/until.js';
import type { LocalChain } from '../../dev/stack/chain-node.js';
import type { TestDatabase } from './database.js';
import type { TestNamespace } from './namespace.js';
import { compiled } from './script.js';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const READY_TIMEOUT_MS = 60_000;

export interface PoolParts {
  /** Holds the configuration and the files that it names. */
  readonly dir: string;
  readonly chain: LocalChain;
  /** Left out where `changes` has a section of its own. */
  readonly database?: TestDatabase;
  readonly temporal: TestNamespace;
}

export interface PoolProcessOptions {
  readonly wallet: object;
  /** Sections of the configuration that differ. */
  readonly changes?: Readonly<Record<string, object>>;
  /** @default main.ts */
  readonly entry?: string;
  /** After the entry, before `--config`. */
  readonly args?: readonly string[];
  readonly nodeArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface PoolProcess {
  readonly process: LocalProcess;
  readonly configPath: string;
  /** Everything it has printed. */
  readonly lines: readonly string[];
  /** Resolves when it has printed this; fails when it ends without. */
  says(text: string): Promise<void>;
  /** Where its API listens, once it says so. */
  apiUrl(): string;
}

let configurations = 0;

export async function startPoolProcess(
  parts: PoolParts,
  options: PoolProcessOptions,
): Promise<PoolProcess> {
  const { entry = 'main.ts', args = [], nodeArgs = [] } = options;
  configurations += 1;
  const configPath = join(parts.dir, `pool-${configurations}.yaml`);
  await writeFile(configPath, stringify(configuration(parts, options)));
  const lines: string[] = [];
  const process_ = startProcess({
    name: entry,
    command: process.execPath,
    args: [...nodeArgs, compiled(entry), ...args, '--config', configPath],
    cwd: ROOT,
    env: { ...process.env, ...options.env },
    onLine: (line) => lines.push(line),
  });
  return {
    process: process_,
    configPath,
    lines,
    says: (text) =>
      until(
        `"${text}"`,
        async () => process_.hasEnded() || lines.some((line) => line.includes(text)),
        { withinMs: READY_TIMEOUT_MS, everyMs: 50 },
      ).finally(() => expect(lines.join('\n')).toContain(text)),
    apiUrl: () => lines.join('\n').match(/openpool api listening on (\S+)/)?.[1] ?? 'none:',
  };
}

function configuration(parts: PoolParts, { wallet, changes = {} }: PoolProcessOptions): object {
  return {
    sources: [
      // Nobody listens there.
      {
        id: 'silent',
        region: 'eu',
        nodeType: 'ai',
        from: 'beginning',
        options: { endpoint: 'http://127.0.0.1:9' },
      },
    ],
    database: { url: parts.database?.url },
    temporal: { address: inject('temporalAddress'), namespace: parts.temporal.namespace },
    chain: {
      id: parts.chain.chainId,
      rpcUrls: [parts.chain.rpcUrl],
      confirmations: 2,
      finalityConfirmations: 6,
      maxFeePerGas: '50 gwei',
      maxPriorityFeePerGas: '1 gwei',
      pollInterval: '100ms',
    },
    wallet,
    api: { port: 0 },
    ...changes,
  };
}
