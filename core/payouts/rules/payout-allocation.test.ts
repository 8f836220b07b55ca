import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sumWei } from '../../base/money.js';
import { allocatePending } from './payout-allocation.js';

const rows = fc
  .array(fc.bigInt({ min: -(2n ** 90n), max: 2n ** 90n }), { maxLength: 12 })
  .map((amounts) => amounts.map((amountWei, index) => ({ remoteWorkerId: index + 1, amountWei })));

describe('the allocations of a payout', () => {
  it('sum to what is pending over all rows, each positive and within its row', () => {
    fc.assert(
      fc.property(rows, (pending) => {
        const total = sumWei(pending.map((row) => row.amountWei));
        const parts = allocatePending(pending);
        expect(sumWei(parts.map((part) => part.amountWei))).toBe(total > 0n ? total : 0n);
        for (const part of parts) {
          const row = pending.find(({ remoteWorkerId }) => remoteWorkerId === part.remoteWorkerId);
          expect(part.amountWei).toBeGreaterThan(0n);
          expect(part.amountWei).toBeLessThanOrEqual(row?.amountWei ?? 0n);
        }
      }),
    );
  });

  it('do not depend on the order of the rows', () => {
    fc.assert(
      fc.property(rows, (pending) => {
        expect(allocatePending([...pending].reverse())).toEqual(allocatePending(pending));
      }),
    );
  });
});
