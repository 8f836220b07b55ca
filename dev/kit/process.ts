import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface LocalProcess {
  readonly name: string;
  readonly pid: number;
  /**
   * Resolves with the exit code, or with the signal that ended the process, once the process has ended and its output
   * was read.
   */
  readonly ended: Promise<number | NodeJS.Signals>;
  hasEnded(): boolean;
  /** Sends SIGTERM, and SIGKILL after the grace period. Resolves when the process has ended. */
  stop(graceMs?: number): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  /** Returns the last lines that the process printed, for error messages. */
  tail(): string;
}

export interface LocalProcessOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Runs the process as this user; only root may. */
  readonly uid?: number;
  readonly gid?: number;
  /** Called with each line of output, from stdout and stderr. */
  readonly onLine?: (line: string) => void;
}

const TAIL_LINES = 40;
const LAST_WORDS_MS = 1_000;
const running = new Set<ChildProcess>();

// If this process ends without having stopped its children, it kills them here.
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts a child process that dies with this one. Its output is read line by line. */
export function startProcess(options: LocalProcessOptions): LocalProcess {
  const child = spawn(options.command, [...options.args], {
    cwd: options.cwd,
    env: options.env ?? process.env,
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
    stdio: ['ignore', 'pipe', 'pipe'],
    // The child gets a process group of its own: Ctrl-C in a terminal reaches the parent alone, which then stops its
    // children in order.
    detached: true,
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      if (lines.length > TAIL_LINES) lines.shift();
      options.onLine?.(line);
    });
  }
  running.add(child);
  let over = false;
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    const end = () => {
      over = true;
      running.delete(child);
    };
    child.once('error', (error) => {
      lines.push(error.message);
      end();
      resolve(127);
    });
    child.once('exit', (code, signal) => {
      end();
      const outcome = signal ?? code ?? 0;
      // The last output may still be in the pipe. It is waited for only a moment, because a grandchild may keep the
      // pipe open for long.
      const timer = setTimeout(() => resolve(outcome), LAST_WORDS_MS);
      child.once('close', () => {
        clearTimeout(timer);
        resolve(outcome);
      });
    });
  });
  const kill = (signal: NodeJS.Signals) => {
    if (!over) child.kill(signal);
  };
  return {
    name: options.name,
    pid: child.pid ?? -1,
    ended,
    hasEnded: () => over,
    kill,
    tail: () => lines.join('\n'),
    async stop(graceMs = 10_000) {
      if (over) return;
      kill('SIGTERM');
      const timer = setTimeout(() => kill('SIGKILL'), graceMs);
      await ended;
      clearTimeout(timer);
    },
  };
}

export interface WaitOptions {
  readonly what: string;
  readonly timeoutMs: number;
  readonly intervalMs: number;
  readonly ready: () => Promise<boolean>;
  /** The process that is waited for. If it ends first, the wait fails at once. */
  readonly process?: LocalProcess;
}

/** Polls until `ready` returns true; an error counts as not ready yet. */
export async function waitUntil(options: WaitOptions): Promise<void> {
  const deadline = Date.now() + options.timeoutMs;
  let lastError: unknown;
  while (Date.now() < deadline) {
    if (options.process?.hasEnded()) {
      throw new Error(`${options.what} ended while starting:\n${options.process.tail()}`);
    }
    try {
      if (await options.ready()) return;
    } catch (error) {
      lastError = error;
    }
    await new Promise((resolve) => setTimeout(resolve, options.intervalMs));
  }
  throw new Error(`${options.what} was not ready within ${options.timeoutMs / 1000} s`, {
    cause: lastError,
  });
}
