import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lengthOf, type PendingStep, settleCredits } from './settled-credits.js';

const credit = (amountWei: bigint): PendingStep => ({ kind: 'credit', amountWei });
const reserve = (payoutId: string, amountWei: bigint): PendingStep => ({
  kind: 'reserve',
  payoutId,
  amountWei,
});
const release = (payoutId: string): PendingStep => ({ kind: 'release', payoutId });

describe('the credits of a payout', () => {
  it('are the oldest ones, cut at the boundary to the wei', () => {
    const settled = settleCredits([
      credit(60n),
      credit(60n),
      reserve('a', 100n),
      reserve('b', 20n),
    ]);
    expect(settled.get('a')).toEqual({
      credits: [{ fromWei: 0n, toWei: 100n }],
      deductions: [],
      missingWei: 0n,
      isReturned: false,
    });
    expect(settled.get('b')?.credits).toEqual([{ fromWei: 100n, toWei: 120n }]);
  });

  it('go back to their place when it is released, and the next payout settles them first', () => {
    const settled = settleCredits([
      credit(100n),
      reserve('a', 100n),
      credit(50n),
      reserve('b', 50n),
      release('a'),
      credit(30n),
      reserve('c', 120n),
    ]);
    expect(settled.get('a')).toMatchObject({ isReturned: true });
    expect(settled.get('c')?.credits).toEqual([
      { fromWei: 0n, toWei: 100n },
      { fromWei: 150n, toWei: 170n },
    ]);
  });

  it('bear every deduction that is open, also one that came later than they', () => {
    const settled = settleCredits([
      credit(100n),
      credit(-30n),
      reserve('a', 50n),
      credit(10n),
      reserve('b', 30n),
    ]);
    expect(settled.get('a')).toMatchObject({
      credits: [{ fromWei: 0n, toWei: 80n }],
      deductions: [{ fromWei: 0n, toWei: 30n }],
    });
    expect(settled.get('b')).toMatchObject({ credits: [{ fromWei: 80n, toWei: 110n }] });
  });

  it('say what is missing, and take what appears later in the ledger before anybody else', () => {
    const early = [credit(10n), reserve('a', 25n)];
    expect(settleCredits(early).get('a')?.missingWei).toBe(15n);
    const settled = settleCredits([...early, credit(40n), reserve('b', 25n)]);
    expect(settled.get('a')).toMatchObject({
      credits: [{ fromWei: 0n, toWei: 25n }],
      missingWei: 0n,
    });
    expect(settled.get('b')?.credits).toEqual([{ fromWei: 25n, toWei: 50n }]);
  });

  it('come to its amount, and each wei is in one payout at most, in any history', () => {
    const amount = fc.bigInt({ min: 1n, max: 1_000n });
    const step = fc.oneof(
      amount.map((amountWei) => ({ kind: 'credit' as const, amountWei })),
      amount.map((amountWei) => ({ kind: 'credit' as const, amountWei: -amountWei / 3n })),
      fc.record({ kind: fc.constant('reserve' as const), share: fc.integer({ min: 1, max: 4 }) }),
      fc.record({ kind: fc.constant('release' as const), which: fc.nat(20) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (drawn) => {
        const steps: PendingStep[] = [];
        const amounts: bigint[] = [];
        const returned = new Set<number>();
        let pendingWei = 0n;
        for (const one of drawn) {
          if (one.kind === 'credit') {
            pendingWei += one.amountWei;
            if (one.amountWei !== 0n) steps.push(one);
          } else if (one.kind === 'reserve') {
            const amountWei = pendingWei / BigInt(one.share);
            if (amountWei <= 0n) continue;
            steps.push(reserve(String(amounts.length), amountWei));
            amounts.push(amountWei);
            pendingWei -= amountWei;
          } else if (one.which < amounts.length && !returned.has(one.which)) {
            steps.push(release(String(one.which)));
            returned.add(one.which);
            pendingWei += amounts[one.which] ?? 0n;
          }
        }
        const settled = settleCredits(steps);
        for (const line of ['credits', 'deductions'] as const) {
          const held = [...settled.values()]
            .filter(({ isReturned }) => !isReturned)
            .flatMap((one) => one[line])
            .sort((a, b) => (a.fromWei < b.fromWei ? -1 : 1));
          for (const [i, stretch] of held.entries()) {
            expect(stretch.fromWei).toBeGreaterThanOrEqual(held[i - 1]?.toWei ?? 0n);
          }
        }
        for (const [n, amountWei] of amounts.entries()) {
          const one = settled.get(String(n));
          expect(one?.isReturned).toBe(returned.has(n));
          expect(one?.missingWei).toBe(0n);
          expect(lengthOf(one?.credits ?? []) - lengthOf(one?.deductions ?? [])).toBe(amountWei);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
