import { expect, test } from 'vitest';
import { isClusterBuilt } from '../../dev/stack/temporal-cluster.js';
import { playStorm, STORM_TIMEOUT_MS } from './play-storm.js';

test.skipIf(!isClusterBuilt())(
  "a storm on Temporal's server on Postgres (npm run setup:cluster builds it) breaks nothing with three workers",
  async () => {
    const flags = ['--seed', '3', '--seconds', '30', '--temporal', 'cluster', '--workers', '3'];
    const { code, report, told } = await playStorm(flags);
    expect(report, told).toMatchObject({ S: true, L: true, missing: [], violations: [] });
    expect(report).toMatchObject({ doublePaid: 0, openAtEnd: 0, driftWei: '0' });
    expect(report.paid).toBeGreaterThan(20);
    expect(code, told).toBe(0);
  },
  STORM_TIMEOUT_MS,
);
