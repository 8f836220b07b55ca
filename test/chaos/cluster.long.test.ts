import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { isClusterBuilt } from '../../dev/stack/temporal-cluster.js';
import { compiled } from '../harness/script.js';
import type { ChaosReport } from './chaos-report.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

test.skipIf(!isClusterBuilt())(
  "a storm on Temporal's server on Postgres (npm run setup:cluster builds it) breaks nothing with three workers",
  async () => {
    const flags = ['--seed', '3', '--seconds', '30', '--temporal', 'cluster', '--workers', '3'];
    const args = [compiled('test/chaos/main.ts'), '--json', ...flags];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
    const report = JSON.parse(stdout) as ChaosReport;
    expect(report).toMatchObject({ S: true, L: true, missing: [], violations: [] });
    expect(report).toMatchObject({ doublePaid: 0, openAtEnd: 0, driftWei: '0' });
    expect(report.paid).toBeGreaterThan(20);
  },
  420_000,
);
