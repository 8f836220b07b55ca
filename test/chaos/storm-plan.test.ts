import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRandom } from '../../dev/kit/random.js';
import { createTally, FAULTS } from './fault-tally.js';
import { type Deed, plannedFaults, planStorm } from './storm-plan.js';

const KINDS: readonly Deed['kind'][] = [
  ...(['killWorker', 'killBackends', 'postgresDown', 'killTemporal', 'rpcDown'] as const),
  ...(['reorg', 'stall', 'raiseBaseFee', 'emptyPool', 'foreign'] as const),
  ...(['stranger', 'moveEndpoints'] as const),
];
/** Each of these needs workers that start anew. */
const LONG_KINDS: readonly Deed['kind'][] = [
  ...(['startSecondPool', 'stopSecondPool', 'replaceWallet', 'halfOpen', 'wedgeSagas'] as const),
];

test('every seed does everything at least once, within its time, and no reorg is as deep as a settlement', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 20, max: 90 }), (seed, seconds) => {
      const plan = planStorm({
        seconds,
        isControl: false,
        confirmations: 4,
        random: createRandom(seed),
      });
      const kinds = new Set(plan.map(({ deed }) => deed.kind));
      expect(KINDS.filter((kind) => !kinds.has(kind))).toEqual([]);
      expect(LONG_KINDS.every((kind) => kinds.has(kind) === seconds >= 45)).toBe(true);
      const stands = plan.flatMap(({ deed }) => (deed.kind === 'standChain' ? [deed.forMs] : []));
      expect(stands.filter((forMs) => forMs >= 45_000)).toHaveLength(seconds >= 60 ? 1 : 0);
      expect(plan.every(({ atMs }) => atMs >= 0 && atMs < seconds * 1_000)).toBe(true);
      const depths = plan.flatMap(({ deed }) => (deed.kind === 'reorg' ? [deed.depth] : []));
      expect(Math.max(...depths)).toBeLessThan(4);
      const to = plan.flatMap(({ deed }) => (deed.kind === 'foreign' ? [deed.to] : []));
      expect(new Set(to)).toEqual(new Set(['payee', 'stranger']));
      const moves = plan.flatMap(({ deed }) => (deed.kind === 'moveEndpoints' ? [deed.how] : []));
      expect(new Set(moves)).toEqual(new Set(['allEndpointsMoved', 'mostEndpointsMoved']));
    }),
  );
});

test('a class that takes longer than a storm has is planned for no storm of that kind', () => {
  const planned = (seconds: number, isControl: boolean) => plannedFaults({ seconds, isControl });
  expect(planned(60, false)).toEqual(FAULTS);
  expect(planned(59, false)).not.toContain('chainStood');
  for (const fault of ['secondPoolStarted', 'walletReplacedUnderWay'] as const) {
    expect(planned(30, false)).not.toContain(fault);
    expect(planned(60, true)).not.toContain(fault);
  }
  expect(planned(30, false)).toContain('strangerStarted');
  const tally = createTally(['reorg', 'rpcDown']);
  tally.note('reorg');
  expect(tally.missing()).toEqual(['rpcDown']);
});
