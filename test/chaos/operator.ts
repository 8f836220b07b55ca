/**
 * The robot operator: where the design halts and asks, it reads the help of what is said, and follows it, with the
 * documented commands only. It is a careless one: it never looks at an explorer first.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type pg from 'pg';
import type { CatalogueEntry } from '../../core/base/errors/catalogue.js';
import { CATALOGUE } from '../../core/base/errors/catalogue.js';
import { scriptArgs } from '../../dev/kit/script.js';
import { pause } from './rpc-weather.js';

export interface CommandOutcome {
  readonly code: number | null;
  readonly out: string;
  readonly told: string;
}

export interface Operator {
  /** Deals with halts until the signal. */
  serve(signal: AbortSignal): Promise<void>;
  run(...words: readonly string[]): Promise<CommandOutcome>;
  /** Returns how often each command was run, and how often it succeeded. */
  commands(): Readonly<Record<string, { readonly run: number; readonly done: number }>>;
}

export interface OperatorOptions {
  readonly configPath: string;
  readonly pool: pg.Pool;
  readonly say: (line: string) => void;
}

const ADOPT = '`openpool wallet adopt`';
const LOOK_EVERY_MS = 1_000;
const REASON = 'the storm used the key itself';

export function createOperator(options: OperatorOptions): Operator {
  const counts = new Map<string, { run: number; done: number }>();

  async function run(...words: readonly string[]): Promise<CommandOutcome> {
    const name = words.slice(0, 2).join(' ');
    const count = counts.get(name) ?? { run: 0, done: 0 };
    counts.set(name, count);
    count.run += 1;
    const outcome = await runCommand(options.configPath, words);
    if (outcome.code === 0) count.done += 1;
    return outcome;
  }

  async function attend(): Promise<void> {
    const { rows } = await options.pool.query<{ code: string }>('SELECT code FROM wallet_halt');
    const helps = rows.map(({ code }) => helpOf(code));
    if (!helps.some((help) => help.includes(ADOPT))) return;
    const shown = await run('wallet', 'adopt', '--dry-run', '--reason', REASON);
    if (shown.code !== 0) {
      options.say(`adopt, dry run: ${lastLine(shown.told)}`);
      return;
    }
    const adopted = await run('wallet', 'adopt', '--reason', REASON);
    const report = parse(adopted.out) as
      | { readonly complete?: boolean; readonly waiting?: string }
      | undefined;
    if (report?.complete !== true) {
      options.say(`adopt: ${report?.waiting ?? lastLine(adopted.told)}`);
      return;
    }
    const resumed = await run('wallet', 'resume', '--reason', REASON);
    options.say(`adopted and resumed: ${resumed.code === 0 ? 'yes' : lastLine(resumed.told)}`);
  }

  return {
    run,
    async serve(signal) {
      while (!signal.aborted) {
        // Postgres is away, so an operator could do nothing.
        await attend().catch(() => undefined);
        await pause(LOOK_EVERY_MS, signal);
      }
    },
    commands: () => Object.fromEntries(counts),
  };
}

/** Returns what the product's help says is to be done. */
function helpOf(code: string): string {
  const entries: Readonly<Record<string, CatalogueEntry>> = CATALOGUE;
  return entries[code]?.help ?? '';
}

const COMMAND_TIMEOUT_MS = 40_000;
const running = new Set<ChildProcess>();

process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

function runCommand(configPath: string, words: readonly string[]): Promise<CommandOutcome> {
  const args = [...scriptArgs('cli/main.ts'), '--config', configPath, '--json', ...words];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: COMMAND_TIMEOUT_MS,
  });
  running.add(child);
  let [out, told] = ['', ''];
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    told += chunk;
  });
  return new Promise((resolve) => {
    child.once('close', (code) => {
      running.delete(child);
      resolve({ code, out, told });
    });
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Returns the code of the error that a command printed as JSON. */
export function codeOf(text: string): string | undefined {
  return (parse(text) as { readonly code?: string } | undefined)?.code;
}

export function lastLine(text: string): string {
  const { message } = (parse(text) ?? {}) as { readonly message?: string };
  return message ?? text.trimEnd().split('\n').at(-1) ?? '';
}
