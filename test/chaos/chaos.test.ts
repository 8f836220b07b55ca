import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { compiled } from '../harness/script.js';
import type { ChaosReport } from './chaos-report.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const STORM_TIMEOUT_MS = 420_000;
/** Both tests play the same storm: the product survives it, and the control breaks in it. */
const STORM = ['--seed', '1', '--seconds', '30'];

interface Outcome {
  readonly code: number | null;
  readonly report: ChaosReport;
  readonly told: string;
}

function runStorm(...flags: string[]): Promise<Outcome> {
  const args = [compiled('test/chaos/main.ts'), '--json', ...STORM, ...flags];
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

describe.sequential('a storm', () => {
  test(
    'breaks neither safety nor liveness, and leaves no class of fault out',
    async () => {
      const { code, report, told } = await runStorm();
      expect(report, told).toMatchObject({
        S: true,
        L: true,
        missing: [],
        violations: [],
        doublePaid: 0,
        unrecordedTransfers: 0,
        openAtEnd: 0,
        driftWei: '0',
      });
      expect(report.paid).toBeGreaterThan(40);
      expect(report.refused).toBeGreaterThan(0);
      expect(report.transfers).toBe(report.paid);
      expect(report.witnessedSends).toBeGreaterThan(40);
      expect(report.superseded).toBeLessThanOrEqual(report.foreign);
      expect(code, told).toBe(0);
    },
    STORM_TIMEOUT_MS,
  );

  test(
    'makes a saga pay twice that takes an error for "not sent"',
    async () => {
      const { code, report, told } = await runStorm('--control', 'naive');
      expect(report, told).toMatchObject({ control: 'naive', S: false });
      expect(report.doublePaid).toBeGreaterThan(0);
      expect(code).toBe(1);
    },
    STORM_TIMEOUT_MS,
  );
});
