/**
 * Ends a process that is stuck: its event loop is blocked, or a loop that has work makes no progress. The supervisor
 * then starts the process again, and everything goes on from Postgres. From outside nobody can see that it is stuck: a
 * blocked process keeps its connections, and one whose loop has stopped still answers every health check.
 */
import { Worker } from 'node:worker_threads';
import { PoolError } from '../core/base/errors/pool-error.js';
import { turns } from '../core/processes/turns.js';
import type { Log } from './log.js';

const LOOK_MS = 1_000;

interface WatchdogOptions {
  readonly log: Log;
  /** Ends the process. @default process.exit */
  readonly exit?: (code: number) => void;
  /** The event loop may be blocked for this many ms. @default 120000 */
  readonly blockedMs?: number;
}

const BLOCKED_MS = 120_000;

/**
 * The code of a second thread that kills a process whose event loop is blocked. It counts its own checks instead of
 * reading the clock: when the machine sleeps or the process is suspended, this thread stops too, so the pause does not
 * count.
 */
const OTHER_THREAD = `
const { workerData } = require('node:worker_threads');
const { beats, most, words } = workerData;
let last = -1;
let looks = 0;
setInterval(() => {
  const now = Atomics.load(beats, 0);
  looks = now === last ? looks + 1 : 0;
  last = now;
  if (looks < most) return;
  require('node:fs').writeSync(2, words + '\\n');
  process.kill(process.pid, 'SIGKILL');
}, ${LOOK_MS});
`;

/** Watches the event loop and all loops with work, until the returned function is called. */
export function startWatchdog({
  log,
  exit = process.exit,
  blockedMs = BLOCKED_MS,
}: WatchdogOptions): () => void {
  const beats = new Int32Array(new SharedArrayBuffer(4));
  const blocked = new PoolError(
    'PROCESS_STUCK',
    `the event loop did not turn for ${blockedMs / 1_000} s: the process ends`,
  );
  const { code, help, message } = blocked;
  const words = JSON.stringify({ level: 'error', code, help, msg: message });
  const thread = new Worker(OTHER_THREAD, {
    eval: true,
    execArgv: [],
    workerData: { beats, words, most: Math.ceil(blockedMs / LOOK_MS) },
  });
  thread.unref();
  // Without this thread, the loops with work are still watched.
  thread.on('error', (error) => log.warn(`the watchdog's thread ended: ${error.message}`));
  const timer = setInterval(() => {
    Atomics.add(beats, 0, 1);
    const [standing] = turns.standing();
    if (standing === undefined) return;
    const { name, standsForMs } = standing;
    const seconds = Math.round(standsForMs / 1_000);
    const stuck = new PoolError(
      'PROCESS_STUCK',
      `${name} has work and has not got on for ${seconds} s: the process ends`,
    );
    log.error({ code: stuck.code, help: stuck.help }, stuck.message);
    exit(1);
  }, LOOK_MS).unref();
  return () => {
    clearInterval(timer);
    void thread.terminate();
  };
}
