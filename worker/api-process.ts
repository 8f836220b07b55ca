/** Runs the API in a child process, so that its readers never block the event loop that counts and pays. */
import { fork } from 'node:child_process';
import { extname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { PoolError } from '../core/base/errors/pool-error.js';
import type { Service, ServiceContext } from '../start/service.js';

/** The API's entry file: TypeScript in a checkout, JavaScript in a build. */
const ENTRY = fileURLToPath(
  new URL(`../api/main${extname(fileURLToPath(import.meta.url))}`, import.meta.url),
);
/** On a stop, the API has this many ms before we kill it; it gives five seconds of these to requests under way. */
const STOP_GRACE_MS = 10_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** An API that ran this many ms did not fail at its start, so the pause before its next start is short again. */
const STEADY_MS = 60_000;

/**
 * Starts the API with this process's flags, and resolves when it listens. Both processes log to the same place. An API
 * that ends is started again, and payouts go on meanwhile. The API ends with this process, even when this process is
 * killed.
 */
export async function serveApiProcess({ log, signal }: ServiceContext): Promise<Service> {
  let child = startChild();
  if (!(await child.started)) {
    throw new PoolError('API_ENDED', `the API did not start: ${await child.ended}`);
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

function startChild() {
  const child = fork(ENTRY, process.argv.slice(2), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  /** Resolves when the API has ended, with the reason. */
  const ended = new Promise<string>((resolve) => {
    child.once('error', ({ message }) => resolve(message));
    child.once('exit', (code, killedBy) => resolve(killedBy ?? `exit code ${code}`));
  });
  const listens = new Promise<boolean>((resolve) => {
    child.once('message', () => resolve(true));
  });
  /** Resolves with true when the API listens, and with false when it ended before that. */
  const started = Promise.race([listens, ended.then(() => false)]);
  return { process: child, started, ended };
}

/**
 * Stops the API by closing the channel to it. We send no signal: a Ctrl-C in a terminal reaches both processes, and on
 * a second signal the API would end without finishing its requests.
 */
async function stopChild({ process: child, ended }: ReturnType<typeof startChild>) {
  if (child.connected) child.disconnect();
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS);
  await ended;
  clearTimeout(timer);
}
