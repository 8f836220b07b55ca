import { describe, expect, it } from 'vitest';
import {
  changeWords,
  freeMoment,
  judgeFile,
  type TermsValues,
  type TermsVersion,
  termsAt,
  termsWords,
} from './terms.js';

const share = { commissionBps: 2500, rounding: 'commission-floor' } as const;
const VERSIONS = [
  { id: 1, fromMs: -1e12, ...share },
  { id: 2, fromMs: 1000, ...share },
  { id: 3, fromMs: 2000, ...share, isWithdrawn: true },
];

describe('dated terms', () => {
  it('hold from their first moment on and never before', () => {
    expect(termsAt(VERSIONS, 999).id).toBe(1);
    expect(termsAt(VERSIONS, 1000).id).toBe(2);
  });

  it('stay in force when the versions after them were withdrawn', () => {
    expect(termsAt(VERSIONS, 9e12).id).toBe(2);
  });

  it('throw an error when there are no versions', () => {
    expect(() => termsAt([], 0)).toThrow(RangeError);
  });
});

const values = (commissionBps: number): TermsValues => ({
  ...{ commissionBps, rounding: 'commission-floor' },
  ...{ thresholdWei: 5_000_000_000_000_000n, minIntervalMs: 3_600_000 },
});
const version = (id: number, commissionBps: number, times: Partial<TermsVersion>): TermsVersion => {
  const fromMs = times.fromMs ?? 0;
  const own = { id, fromMs, namedMs: fromMs, recordedMs: 0, isWithdrawn: false };
  return { ...values(commissionBps), ...own, ...times };
};

describe('a file compared with the ledger', () => {
  // The ledger has 25 % from the beginning, 5 % since 1000, 10 % announced for 9000, and 1 % that was announced for
  // 8000 and withdrawn.
  const ledger = [
    version(1, 2_500, {}),
    version(2, 500, { fromMs: 1_000, namedMs: 900 }),
    version(3, 100, { fromMs: 8_000, isWithdrawn: true }),
    version(4, 1_000, { fromMs: 9_000 }),
  ];
  const judge = (commissionBps: number, namedMs: number | null, nowMs = 5_000) =>
    judgeFile({ values: values(commissionBps), namedMs }, ledger, nowMs);

  it('agrees when it says what is in force or announced, whatever its date', () => {
    for (const [bps, namedMs] of [
      [500, null],
      [500, 900],
      [500, 500],
      [1_000, null],
      [1_000, 9_000],
    ] as const) {
      expect(judge(bps, namedMs), `${bps} from ${namedMs}`).toEqual({ kind: 'agrees' });
    }
  });

  it('is older when it has values that held before or were withdrawn, with their date, an earlier one or none', () => {
    expect(judge(2_500, null)).toMatchObject({ kind: 'older', version: { id: 1 } });
    expect(judge(2_500, 0)).toMatchObject({ kind: 'older', version: { id: 1 } });
    expect(judge(2_500, 800)).toMatchObject({ kind: 'older', version: { id: 1 } });
    expect(judge(100, 8_000)).toMatchObject({ kind: 'older', version: { id: 3 } });
    expect(judge(500, 900, 9_000)).toMatchObject({ kind: 'older', version: { id: 2 } });
    // This act was not carried out while it was the latest.
    expect(judge(7_777, 700)).toEqual({ kind: 'older', version: null });
    // An act with a later time is already announced, and only a command can replace it.
    expect(judge(7_777, 6_000)).toEqual({ kind: 'older', version: null });
  });

  it('is undated when it has new values without a date, and an act when its date is later than all', () => {
    expect(judge(7_777, null)).toEqual({ kind: 'undated' });
    expect(judge(7_777, 9_001)).toEqual({ kind: 'act', namedMs: 9_001, fromMs: 9_001 });
    // Somebody returns on purpose to values that held before.
    expect(judge(2_500, 9_001)).toEqual({ kind: 'act', namedMs: 9_001, fromMs: 9_001 });
  });

  it('never lets an act apply to the past: one whose time has passed holds from now on', () => {
    expect(judge(7_777, 9_001, 20_000)).toEqual({ kind: 'act', namedMs: 9_001, fromMs: 20_000 });
  });

  it('is refused when its time is another act’s', () => {
    expect(judge(7_777, 900)).toMatchObject({ kind: 'conflict', version: { id: 2 } });
    expect(judge(7_777, 8_000)).toMatchObject({ kind: 'conflict', version: { id: 3 } });
  });
});

describe('a free moment for new terms', () => {
  it('is later than what came into force at once, even if the clock was set back, but may be before what is announced', () => {
    const held = version(2, 500, { fromMs: 5_000, recordedMs: 5_000 });
    const announced = version(3, 500, { fromMs: 90_000, recordedMs: 5_000 });
    expect(freeMoment([held, announced], 1_000)).toBe(5_001);
    expect(freeMoment([held, announced], 90_000)).toBe(90_001);
  });
});

describe('the description of terms', () => {
  it('has all values as in a configuration, and for a change only those that changed', () => {
    expect(termsWords(values(250))).toBe(
      'commission 2.5%, threshold 0.005 ETH (5000000000000000 wei), minimum interval 1h, rounding commission-floor',
    );
    const after = { ...values(500), minIntervalMs: 90_000, rounding: 'net-floor' } as const;
    expect(changeWords(values(2_500), after)).toBe(
      'commission 25% → 5%, minimum interval 1h → 90s, rounding commission-floor → net-floor',
    );
    expect(changeWords(values(500), values(500))).toBe('nothing but the date');
  });
});
