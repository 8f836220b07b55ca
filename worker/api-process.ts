/** The API as a process beside the worker: its readers share no loop with what counts and pays. */
import { type ChildProcess, fork } from 'node:child_process';
import { extname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { PoolError } from '../core/base/errors/pool-error.js';
import type { Service, ServiceContext } from '../start/service.js';

/** TypeScript from a checkout, JavaScript from a build. */
const ENTRY = fileURLToPath(
  new URL(`../api/main${extname(fileURLToPath(import.meta.url))}`, import.meta.url),
);
/** Its own requests get five seconds. */
const STOP_GRACE_MS = 10_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** One that ran for so long has not failed at its start. */
const STEADY_MS = 60_000;

interface RunningChild {
  readonly process: ChildProcess;
  /** Resolves when it listens, or has ended without. */
  readonly started: Promise<boolean>;
  /** Resolves with words about its end. */
  readonly ended: Promise<string>;
}

/**
 * Starts the API with the flags of this process; resolves when it listens. Its log goes where this one's goes. One
 * that ends is started again: paying does not end with it. It ends when this process does, however that ends.
 */
export async function serveApiProcess({ log, signal }: ServiceContext): Promise<Service> {
  let child = startChild();
  if (!(await child.started)) {
    const words = `the API did not start: ${await child.ended}`;
    throw new PoolError('API_ENDED', words);
  }
  const stopping = new AbortController();
  const isOver = () => stopping.signal.aborted || signal.aborted;
  const keepRunning = async (): Promise<void> => {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      const startedMs = performance.now();
      const ending = await child.ended;
      if (isOver()) return;
      if (performance.now() - startedMs > STEADY_MS) pauseMs = FIRST_PAUSE_MS;
      const words = `the API has ended (${ending}): it is started again in ${pauseMs / 1_000} s`;
      log.error({ code: 'API_ENDED' }, words);
      await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (isOver()) return;
      child = startChild();
    }
  };
  const kept = keepRunning();
  return {
    done: new Promise(() => undefined),
    async stop() {
      stopping.abort();
      await stopChild(child);
      await kept;
    },
  };
}

function startChild(): RunningChild {
  const child = fork(ENTRY, process.argv.slice(2), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = new Promise<string>((resolve) => {
    child.once('error', ({ message }) => resolve(message));
    child.once('exit', (code, killedBy) => resolve(killedBy ?? `exit code ${code}`));
  });
  const listens = new Promise<boolean>((resolve) => {
    child.once('message', () => resolve(true));
  });
  return {
    process: child,
    ended,
    started: Promise.race([listens, ended.then(() => false)]),
  };
}

/** Lets go of it: it ends by itself then. A signal would be a second one where a terminal has sent the first. */
async function stopChild({ process: child, ended }: RunningChild): Promise<void> {
  if (child.connected) child.disconnect();
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS);
  await ended;
  clearTimeout(timer);
}
