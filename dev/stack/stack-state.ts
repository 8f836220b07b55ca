import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CastContracts } from '../simulator/simulator-cast.js';

/** What a stack keeps between two starts, in addition to the servers' own files. */
export interface StackState {
  readonly seed: number;
  readonly ports: StackPorts;
  readonly contracts: CastContracts | undefined;
}

/** The port of each server. They are kept so that addresses stay the same where possible. */
export interface StackPorts {
  readonly api: number;
  readonly temporal: number;
  readonly temporalUi: number;
  readonly chain: number;
  readonly orchestrators: readonly number[];
}

export function loadState(dir: string): StackState | undefined {
  const path = join(dir, 'stack.json');
  if (!existsSync(path)) return undefined;
  return JSON.parse(readFileSync(path, 'utf8')) as StackState;
}

export function saveState(dir: string, state: StackState): void {
  const path = join(dir, 'stack.json');
  writeFileSync(`${path}.new`, JSON.stringify(state, undefined, 2));
  renameSync(`${path}.new`, path);
}
