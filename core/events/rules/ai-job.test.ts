import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type HalfRole, type JobHalf, matchHalves } from './ai-job.js';

const WINDOW = 100;
const half = (role: HalfRole, dtMs: number, isHeld = false): JobHalf => ({ role, dtMs, isHeld });

describe('matching the halves of AI jobs', () => {
  it('binds one received to one processed, either first, up to the window', () => {
    for (const [r, p] of [
      [0, 100],
      [100, 0],
      [5, 5],
    ] as const) {
      const received = half('received', r);
      const processed = half('processed', p);
      expect(matchHalves([processed, received], WINDOW).pairs).toEqual([{ received, processed }]);
    }
  });

  it('leaves halves open that are farther apart than the window', () => {
    const halves = [half('received', 0), half('processed', 101)];
    expect(matchHalves(halves, WINDOW)).toMatchObject({ pairs: [], ambiguous: [], open: halves });
  });

  it('holds both candidates and the one they compete for', () => {
    const halves = [half('received', 0), half('received', 60), half('processed', 80)];
    expect(matchHalves(halves, WINDOW).ambiguous).toHaveLength(3);
  });

  it('pairs a job that one worker has received twice, and still holds one that two workers have received', () => {
    const named = (role: HalfRole, dtMs: number, worker: string | null) => ({
      ...half(role, dtMs),
      worker,
    });
    const of = (...workers: readonly (string | null)[]) => [
      ...workers.map((worker, i) => named('received', i * 30, worker)),
      named('processed', 80, null),
    ];
    const match = (halves: ReturnType<typeof of>) =>
      matchHalves(halves, WINDOW, ({ worker }) => worker);
    const twice = of('a', 'a');
    expect(match(twice)).toEqual({
      pairs: [{ received: twice[0], processed: twice[2] }],
      ambiguous: [],
      open: [twice[1]],
    });
    expect(match([...twice, named('processed', 90, null)])).toMatchObject({
      pairs: [{}, {}],
      open: [],
    });
    for (const halves of [
      of('a', 'b'),
      of('a', null),
      of(null, null),
      // Two processed halves for one received half: nothing shows which of the two belongs to it.
      [...of('a'), named('processed', 90, null)],
    ]) {
      expect(match(halves)).toMatchObject({ pairs: [], ambiguous: halves });
    }
  });

  it('binds two jobs of one id that lie far apart', () => {
    const halves = [
      half('received', 0),
      half('processed', 9),
      half('received', 500),
      half('processed', 490),
    ];
    expect(matchHalves(halves, WINDOW).pairs).toHaveLength(2);
  });

  it('never binds what was held before', () => {
    const halves = [half('received', 0, true), half('processed', 9)];
    expect(matchHalves(halves, WINDOW)).toMatchObject({ pairs: [], ambiguous: halves });
  });

  it('finds the same as a comparison of all pairs, in any order', () => {
    const anyHalf = fc.record({
      role: fc.constantFrom<HalfRole>('received', 'processed'),
      dtMs: fc.integer({ min: 0, max: 600 }),
      isHeld: fc.constant(false),
    });
    fc.assert(
      fc.property(fc.array(anyHalf, { maxLength: 14 }), fc.integer(), (halves, seed) => {
        const candidates = (of: JobHalf) =>
          halves.filter((h) => h.role !== of.role && Math.abs(h.dtMs - of.dtMs) <= WINDOW);
        const paired = halves.filter((h) => {
          const [only, ...others] = candidates(h);
          return only !== undefined && others.length === 0 && candidates(only).length === 1;
        });
        const open = halves.filter((h) => candidates(h).length === 0);
        const shuffled = [...halves].sort(
          (a, b) => ((a.dtMs * 31 + seed) % 7) - ((b.dtMs * 31 + seed) % 7),
        );
        const matches = matchHalves(shuffled, WINDOW);
        expect(new Set(matches.pairs.flatMap((p) => [p.received, p.processed]))).toEqual(
          new Set(paired),
        );
        expect(new Set(matches.open)).toEqual(new Set(open));
        expect(matches.pairs.length * 2 + matches.open.length + matches.ambiguous.length).toBe(
          halves.length,
        );
      }),
    );
  });
});
