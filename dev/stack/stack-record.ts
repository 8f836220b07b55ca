import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { birthOf } from '../../core/processes/process-birth.js';
import type { LocalProcess } from '../kit/process.js';

interface Recorded {
  readonly name: string;
  readonly pid: number;
  readonly birth: string | undefined;
}

interface Running {
  readonly owner: Recorded;
  readonly processes: readonly Recorded[];
}

/** Keeps a state directory to one owner, and its processes from outliving that owner. */
export interface StackRecord {
  /** Notes a process that must end with the owner, until it has. */
  watch(process: LocalProcess): void;
  release(): void;
}

export const RECORD_FILE = 'running.json';
const LEFTOVER_GRACE_MS = 8_000;

/**
 * Takes a state directory. Refuses when its owner still lives; ends what a killed owner left behind,
 * after checking that the recorded pids still are those processes.
 */
export async function claimState(dir: string, say: (line: string) => void): Promise<StackRecord> {
  mkdirSync(dir, { recursive: true });
  const path = join(dir, RECORD_FILE);
  const before = readRunning(path);
  if (before !== undefined && isAlive(before.owner)) {
    throw new Error(
      `${dir} is in use by process ${before.owner.pid}: end that one (Ctrl-C in its terminal) first`,
    );
  }
  const leftovers = before?.processes.filter(isAlive) ?? [];
  if (leftovers.length > 0) {
    say(`ending what an earlier run left behind: ${leftovers.map((one) => one.name).join(', ')}`);
    await endAll(leftovers);
  }
  const guardian = startGuardian();
  const owner = { name: 'owner', pid: process.pid, birth: birthOf(process.pid) };
  let processes: readonly Recorded[] = [];
  const write = () => {
    writeFileSync(`${path}.new`, JSON.stringify({ owner, processes } satisfies Running));
    renameSync(`${path}.new`, path);
  };
  write();
  return {
    watch({ name, pid, ended }) {
      processes = [...processes, { name, pid, birth: birthOf(pid) }];
      write();
      guardian.tell(`+ ${pid} ${endSignal(name)}`);
      void ended.then(() => {
        processes = processes.filter((one) => one.pid !== pid);
        guardian.tell(`- ${pid}`);
        if (existsSync(path)) write();
      });
    },
    release() {
      rmSync(path, { force: true });
      guardian.dismiss();
    },
  };
}

/** The signal at which a server ends at once and in order. */
function endSignal(name: string): NodeJS.Signals {
  // Postgres takes SIGTERM as "when all clients have left".
  return name === 'postgres' ? 'SIGINT' : 'SIGTERM';
}

function readRunning(path: string): Running | undefined {
  if (!existsSync(path)) return undefined;
  return JSON.parse(readFileSync(path, 'utf8')) as Running;
}

function isAlive({ pid, birth }: Recorded): boolean {
  return birth !== undefined && birthOf(pid) === birth;
}

async function endAll(leftovers: readonly Recorded[]): Promise<void> {
  for (const one of leftovers) signalIfAlive(one, endSignal(one.name));
  const deadline = Date.now() + LEFTOVER_GRACE_MS;
  while (leftovers.some(isAlive) && Date.now() < deadline) await sleep(100);
  for (const one of leftovers) signalIfAlive(one, 'SIGKILL');
}

function signalIfAlive(one: Recorded, signal: NodeJS.Signals): void {
  try {
    if (isAlive(one)) process.kill(one.pid, signal);
  } catch {
    // It ended after we looked and before the signal.
  }
}

function startGuardian(): { tell(line: string): void; dismiss(): void } {
  const script = fileURLToPath(new URL(`./guardian${extname(import.meta.url)}`, import.meta.url));
  const loader = script.endsWith('.ts') ? ['--import', 'tsx'] : [];
  const guardian = spawn(process.execPath, [...loader, script], {
    // The loader is found from here.
    cwd: dirname(script),
    stdio: ['pipe', 'ignore', 'ignore'],
    // Out of the terminal's group: neither Ctrl-C nor a kill of the group may reach it.
    detached: true,
  });
  guardian.unref();
  // Without a guardian, the record still lets the next start clean up.
  guardian.on('error', () => undefined);
  guardian.stdin.on('error', () => undefined);
  return {
    tell: (line) => void guardian.stdin.write(`${line}\n`),
    dismiss: () => void guardian.stdin.end(),
  };
}
