/** The manager's workers as a supervisor would run them: whatever ends one, it is started again. */

import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type LocalProcess, startProcess } from '../../dev/kit/process.js';
import { until } from '../../dev/kit/until.js';

export interface WorkerFleet {
  /** Resolves when each has been up. */
  readonly ready: Promise<void>;
  /** kill -9 of one that is up; false when none is. */
  kill(): boolean;
  /** Ends all in their own way, and resolves when each is up again. */
  restart(): Promise<void>;
  /** As above, with something done while none runs. */
  whileStopped(work: () => Promise<void>): Promise<void>;
  restarts(): number;
  stop(): Promise<void>;
}

export interface WorkerFleetOptions {
  readonly count: number;
  /** Relative to the project. */
  readonly script: string;
  readonly configPath: string;
  readonly env: NodeJS.ProcessEnv;
  readonly logDir: string;
  readonly onStart: (process: LocalProcess) => void;
}

interface Member {
  process: LocalProcess;
  isUp: boolean;
  hasBeenUp: boolean;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const READY_LINE = 'openpool worker ready';
const READY_TIMEOUT_MS = 90_000;
const RESTART_PAUSE_MS = 500;
const STOP_GRACE_MS = 5_000;

export function startWorkerFleet(options: WorkerFleetOptions): WorkerFleet {
  mkdirSync(options.logDir, { recursive: true });
  let stopping = false;
  let gate: Promise<void> = Promise.resolve();
  let restarts = 0;
  let nextVictim = 0;
  const members = Array.from({ length: options.count }, (_, index) => enlist(index));

  function enlist(index: number): Member {
    const member: Member = { process: launch(), isUp: false, hasBeenUp: false };
    function launch(): LocalProcess {
      const launched = startProcess({
        name: `worker-${index + 1}`,
        command: process.execPath,
        args: ['--import', 'tsx', join(root, options.script), '--config', options.configPath],
        cwd: root,
        env: options.env,
        onLine(line) {
          appendFileSync(join(options.logDir, `worker-${index + 1}.log`), `${line}\n`);
          if (line.includes(READY_LINE)) Object.assign(member, { isUp: true, hasBeenUp: true });
        },
      });
      options.onStart(launched);
      void launched.ended.then(async () => {
        member.isUp = false;
        if (stopping) return;
        await sleep(RESTART_PAUSE_MS);
        await gate;
        if (stopping) return;
        restarts += 1;
        member.process = launch();
      });
      return launched;
    }
    return member;
  }

  const untilAll = (again: string, isSo: (member: Member) => boolean) =>
    until(
      `${options.count} workers ${again} (${dirname(options.logDir)})`,
      async () => stopping || members.every(isSo),
      { withinMs: READY_TIMEOUT_MS },
    );

  async function whileStopped(work: () => Promise<void>): Promise<void> {
    let open = () => {};
    gate = new Promise((resolve) => {
      open = resolve;
    });
    try {
      for (const member of members) member.isUp = false;
      await Promise.all(members.map((member) => member.process.stop(STOP_GRACE_MS)));
      await work();
    } finally {
      open();
    }
    await untilAll('again', ({ isUp }) => isUp);
  }

  return {
    ready: untilAll('', ({ hasBeenUp }) => hasBeenUp),
    kill() {
      const turn = [...members.slice(nextVictim), ...members.slice(0, nextVictim)];
      const victim = turn.find(({ isUp }) => isUp);
      if (victim === undefined) return false;
      nextVictim = (members.indexOf(victim) + 1) % members.length;
      victim.isUp = false;
      victim.process.kill('SIGKILL');
      return true;
    },
    restart: () => whileStopped(async () => undefined),
    whileStopped,
    restarts: () => restarts,
    async stop() {
      stopping = true;
      await Promise.all(members.map((member) => member.process.stop(STOP_GRACE_MS)));
    },
  };
}
