import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type LocalProcess, startProcess } from '../kit/process.js';
import { until } from '../kit/until.js';

/** One of the manager's own processes, started again whenever it dies. */
export interface StackChild {
  readonly name: string;
  /** Resolves when it is up for the first time. */
  readonly ready: Promise<void>;
  /** How often it was started again. */
  restarts(): number;
  kill(signal: NodeJS.Signals): void;
  stop(): Promise<void>;
}

export interface StackChildOptions {
  readonly name: string;
  /** Relative to the project. */
  readonly script: string;
  readonly configPath: string;
  /** The line's beginning that says it is up. */
  readonly readyLine: string;
  readonly logPath: string;
  readonly say: (line: string) => void;
  readonly onStart: (process: LocalProcess) => void;
}

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const START_TIMEOUT_MS = 90_000;
const STOP_GRACE_MS = 15_000;
const RESTART_PAUSE_MS = 300;
/** A child that dies at this age again and again is broken. It is not started any more, since that would hide the fault. */
const YOUNG_MS = 5_000;
const YOUNG_DEATHS = 4;

/** Starts `node --import tsx <script> --config <path>`. */
export function startChild(options: StackChildOptions): StackChild {
  mkdirSync(dirname(options.logPath), { recursive: true });
  let stopping = false;
  let restarts = 0;
  let youngDeaths = 0;
  let current = launch(options);

  const watch = (launched: Launched) => {
    const bornMs = Date.now();
    void launched.process.ended.then(async (outcome) => {
      if (stopping) return;
      youngDeaths = Date.now() - bornMs < YOUNG_MS ? youngDeaths + 1 : 0;
      if (youngDeaths >= YOUNG_DEATHS) {
        options.say(`${options.name} keeps dying (${outcome}); left alone. Its last words:`);
        options.say(launched.process.tail());
        return;
      }
      options.say(`${options.name} ended (${outcome}); starting it again`);
      await sleep(RESTART_PAUSE_MS);
      if (stopping) return;
      restarts += 1;
      current = launch(options);
      watch(current);
    });
  };

  const ready = until(options.name, () => current.isReady(), {
    withinMs: START_TIMEOUT_MS,
    everyMs: 50,
    process: current.process,
  }).then(() => watch(current));
  return {
    name: options.name,
    ready,
    restarts: () => restarts,
    kill: (signal) => current.process.kill(signal),
    async stop() {
      stopping = true;
      await current.process.stop(STOP_GRACE_MS);
    },
  };
}

interface Launched {
  readonly process: LocalProcess;
  isReady(): boolean;
}

function launch(options: StackChildOptions): Launched {
  let ready = false;
  const process_ = startProcess({
    name: options.name,
    command: process.execPath,
    args: ['--import', 'tsx', join(root, options.script), '--config', options.configPath],
    cwd: root,
    onLine(line) {
      appendFileSync(options.logPath, `${line}\n`);
      if (line.includes(options.readyLine)) ready = true;
    },
  });
  options.onStart(process_);
  return { process: process_, isReady: () => ready };
}
