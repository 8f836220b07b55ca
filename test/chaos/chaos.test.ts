import { describe, expect, test } from 'vitest';
import { playStorm, STORM_TIMEOUT_MS } from './play-storm.js';

/** Both tests play the same storm: the product survives it, and the control breaks in it. */
const STORM = ['--seed', '1', '--seconds', '30'];

describe.sequential('a storm', () => {
  test(
    'breaks neither safety nor liveness, and leaves no class of fault out',
    async () => {
      const { code, report, told } = await playStorm(STORM);
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
      const { code, report, told } = await playStorm([...STORM, '--control', 'naive']);
      expect(report, told).toMatchObject({ control: 'naive', S: false });
      expect(report.doublePaid).toBeGreaterThan(0);
      expect(code).toBe(1);
    },
    STORM_TIMEOUT_MS,
  );
});
