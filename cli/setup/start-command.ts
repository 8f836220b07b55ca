/** `openpool start`: the processes of a pool, for whoever installed the package and has no `npm start`. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { extname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { misuse, type PoolCommand } from '../command.js';
import { action, type Terminal } from '../context.js';

/** The entry of each process, from the project's root. */
const ENTRIES = {
  pool: 'main',
  worker: 'worker/main',
  api: 'api/main',
  'preferred-workers': 'api/preferred/main',
} as const;

type Part = keyof typeof ENTRIES;
const PARTS = Object.keys(ENTRIES) as readonly Part[];

export function addStartCommand(program: PoolCommand): void {
  program
    .add(
      'start [part]',
      `run the pool until it is told to stop: ${PARTS.join(', ')}; the default, pool, is worker and API`,
    )
    .action(action(start));
}

/** Where the entry stands: TypeScript in a checkout, JavaScript in a build. */
export function entryPath(part: Part): string {
  const here = fileURLToPath(import.meta.url);
  return resolve(here, '../../..', `${ENTRIES[part]}${extname(here)}`);
}

/** Runs the process in place of this one: its output, its end, and the signals that this one is sent. */
async function start({ options }: Terminal, part = 'pool'): Promise<number> {
  if (!isPart(part)) throw misuse(`"${part}" is no part of a pool: give ${PARTS.join(', ')}`);
  // A process of its own: the settings of its heap must be made before anything is loaded.
  const child = fork(entryPath(part), ['--config', options.config], { stdio: 'inherit' });
  passOnSignals(child);
  const [code, killedBy] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return code ?? 128 + (killedBy === null ? 0 : constants.signals[killedBy]);
}

const isPart = (part: string): part is Part => Object.hasOwn(ENTRIES, part);

/**
 * The first signal closes the channel to the child, which ends it as the signal would. A Ctrl-C reaches both processes,
 * and the child would take a second signal as "do not wait for a clean stop". The second signal is passed on.
 */
function passOnSignals(child: ChildProcess): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (child.connected) child.disconnect();
      else child.kill(signal);
    });
  }
}
