/** Storms as tests play them. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { compiled } from '../harness/script.js';
import type { ChaosReport } from './chaos-report.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
export const STORM_TIMEOUT_MS = 420_000;

export interface Outcome {
  readonly code: number | null;
  readonly report: ChaosReport;
  readonly told: string;
}

/** Plays a storm in a process of its own, compiled as the image runs it. */
export function playStorm(flags: readonly string[]): Promise<Outcome> {
  const args = [compiled('test/chaos/main.ts'), '--json', ...flags];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, told] = ['', ''];
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    told += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once('close', (code) => {
      try {
        resolve({ code, report: JSON.parse(out) as ChaosReport, told });
      } catch {
        reject(new Error(`the storm gave no report:\n${told}`));
      }
    });
  });
}
