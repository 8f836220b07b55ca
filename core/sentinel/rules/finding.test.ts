import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Condition, compareFindings, type OpenFinding } from './finding.js';

const condition = (over: Partial<Condition> = {}): Condition => ({
  ...{ code: 'ZERO_FEE_JOBS', sourceId: 'one', subject: '', severity: 'warning', measure: 10 },
  ...{ words: 'w', figures: {} },
  ...over,
});
const open = (over: Partial<OpenFinding> = {}): OpenFinding => ({
  ...{ id: 1, code: 'ZERO_FEE_JOBS', sourceId: 'one', subject: '', acknowledged: null },
  ...over,
});
const known = (measure: number | null, severity: 'warning' | 'grave' = 'warning') =>
  open({ acknowledged: { severity, measure } });
const lapses = (finding: OpenFinding, over: Partial<Condition>) =>
  compareFindings([finding], [condition(over)]).seen[0]?.lapses;

describe('findings', () => {
  it('are told apart by code, source and subject', () => {
    const others = [{ code: 'PRICE_JUMP' as const }, { sourceId: 'two' }, { subject: 'x' }];
    const { opened, seen, resolved } = compareFindings(
      [open()],
      [condition(), ...others.map((other) => condition(other))],
    );
    expect(opened).toHaveLength(3);
    expect(seen).toMatchObject([{ id: 1, lapses: false }]);
    expect(resolved).toEqual([]);
  });

  it('lose their acknowledgement when they are twice as bad or grave, and not before', () => {
    expect(lapses(known(10), { measure: 19.9 })).toBe(false);
    expect(lapses(known(10), { measure: 20 })).toBe(true);
    expect(lapses(known(0), { measure: 0 })).toBe(false);
    expect(lapses(known(null), { measure: null, severity: 'grave' })).toBe(true);
    expect(lapses(known(10, 'grave'), { measure: 10, severity: 'grave' })).toBe(false);
    expect(lapses(open(), { measure: 1e9, severity: 'grave' })).toBe(false);
  });

  it('are each opened, seen or resolved, once, whatever comes', () => {
    const keys = fc.record({
      code: fc.constantFrom('PRICE_JUMP', 'CLOCK_AHEAD'),
      sourceId: fc.constantFrom('a', 'a\nb', 'b'),
      subject: fc.constantFrom('', 'b', 'a'),
    }) as fc.Arbitrary<Pick<Condition, 'code' | 'sourceId' | 'subject'>>;
    const keyOf = ({ code, sourceId, subject }: Pick<Condition, 'code' | 'sourceId' | 'subject'>) =>
      JSON.stringify([code, sourceId, subject]);
    const before = fc.uniqueArray(keys, { selector: keyOf });
    fc.assert(
      fc.property(before, fc.array(keys), (was, now) => {
        const changes = compareFindings(
          was.map((key, id) => open({ ...key, id })),
          now.map((key) => condition(key)),
        );
        const after = [...changes.opened, ...changes.seen.map((one) => one.condition)].map(keyOf);
        expect(after.sort()).toEqual([...new Set(now.map(keyOf))].sort());
        expect(changes.seen.length + changes.resolved.length).toBe(was.length);
        const ended = new Set(changes.resolved.map(keyOf));
        expect(now.map(keyOf).filter((key) => ended.has(key))).toEqual([]);
      }),
    );
  });
});
