/** Processes that a bench starts: each reports in lines on its standard output. */

import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type LocalProcess, startProcess } from '../dev/kit/process.js';
import { until } from '../dev/kit/until.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const START_TIMEOUT_MS = 90_000;

export interface ScriptOptions {
  /** Relative to the project. */
  readonly script: string;
  readonly args: readonly string[];
  /** For Node itself, before the script. */
  readonly nodeArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly onLine?: (line: string) => void;
}

export function startScript(options: ScriptOptions): LocalProcess {
  const { script, args, nodeArgs = [], env = {}, onLine } = options;
  const loader = script.endsWith('.ts') ? ['--import', 'tsx'] : [];
  return startProcess({
    name: script,
    command: process.execPath,
    args: [...loader, ...nodeArgs, join(root, script), ...args],
    cwd: root,
    env: { ...process.env, ...env },
    ...(onLine === undefined ? {} : { onLine }),
  });
}

/** Starts a script that keeps running; resolves with the text after `mark` in the line in which it says that it is up. */
export async function startUntil(
  options: Omit<ScriptOptions, 'onLine'> & { readonly mark: string },
): Promise<{ readonly said: string; readonly process: LocalProcess }> {
  const { mark, script } = options;
  let said: string | undefined;
  const process_ = startScript({
    ...options,
    onLine: (line) => {
      if (line.includes(mark)) said ??= line.slice(line.indexOf(mark) + mark.length).trim();
    },
  });
  await until(script, () => said !== undefined, {
    withinMs: START_TIMEOUT_MS,
    everyMs: 50,
    process: process_,
  });
  return { said: said ?? '', process: process_ };
}

/** Runs a script to its end; resolves with the JSON of its last line. */
export async function runForJson<T>(options: Omit<ScriptOptions, 'onLine'>): Promise<T> {
  let last = '';
  const process_ = startScript({
    ...options,
    onLine: (line) => {
      if (line.startsWith('{')) last = line;
    },
  });
  const outcome = await process_.ended;
  if (outcome === 0 && last !== '') return JSON.parse(last) as T;
  throw new Error(`${options.script} ended (${outcome}):\n${process_.tail()}`);
}
