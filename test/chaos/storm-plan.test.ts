import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRandom } from '../../local/simulator-random.js';
import { type Deed, planStorm } from './storm-plan.js';

const KINDS: readonly Deed['kind'][] = [
  ...(['killWorker', 'killBackends', 'postgresDown', 'killTemporal', 'rpcDown'] as const),
  ...(['reorg', 'stall', 'raiseBaseFee', 'emptyPool', 'foreign'] as const),
];

test('every seed does everything at least once, within its time, and no reorg is as deep as a settlement', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 20, max: 90 }), (seed, seconds) => {
      const plan = planStorm({ seconds, confirmations: 4, random: createRandom(seed) });
      const kinds = new Set(plan.map(({ deed }) => deed.kind));
      expect(KINDS.filter((kind) => !kinds.has(kind))).toEqual([]);
      expect(plan.every(({ atMs }) => atMs >= 0 && atMs < seconds * 1_000)).toBe(true);
      const depths = plan.flatMap(({ deed }) => (deed.kind === 'reorg' ? [deed.depth] : []));
      expect(Math.max(...depths)).toBeLessThan(4);
      const to = plan.flatMap(({ deed }) => (deed.kind === 'foreign' ? [deed.to] : []));
      expect(new Set(to)).toEqual(new Set(['payee', 'stranger']));
    }),
  );
});
