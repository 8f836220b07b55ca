import { describe, expect, it } from 'vitest';
import type { PayeeStanding } from './payout.js';
import { decideDue } from './payout-due.js';

const now = new Date('2025-02-03T12:00:00Z');
const terms = { thresholdWei: 100n, minIntervalMs: 3_600_000 };
const underWay = {
  id: 'p',
  state: 'signed',
  waitCode: 'WALLET_EMPTY',
  waitReason: 'top it up',
} as const;
const standing: PayeeStanding = {
  payee: '0x00000000000000000000000000000000000000aa',
  pendingWei: 100n,
  underWay: null,
  unpayableReason: null,
  isWallet: false,
  lastPayoutAt: null,
};

describe('a payee', () => {
  it('is due from the threshold on', () => {
    expect(decideDue(standing, terms, now)).toEqual({ due: true });
    expect(decideDue({ ...standing, pendingWei: 10n ** 30n }, terms, now)).toEqual({ due: true });
  });

  it('is due again when the minimum interval has passed', () => {
    const lastPayoutAt = new Date(now.getTime() - terms.minIntervalMs);
    expect(decideDue({ ...standing, lastPayoutAt }, terms, now)).toEqual({ due: true });
  });

  it.each<[string, Partial<PayeeStanding>, RegExp]>([
    ['OPEN_PAYOUT', { underWay }, /under way/],
    ['UNPAYABLE', { unpayableReason: 'it refused in 0xab' }, /it refused in 0xab/],
    ['PAYEE_IS_WALLET', { isWallet: true }, /a wallet of the pool itself/],
    ['NEGATIVE', { pendingWei: -1n }, /owes the pool/],
    ['NOTHING_PENDING', { pendingWei: 0n }, /nothing/],
    [
      'BELOW_THRESHOLD',
      { pendingWei: 99n },
      /0.000000000000000099 ETH \(99 wei\) pending is below/,
    ],
    ['TOO_SOON', { lastPayoutAt: new Date(now.getTime() - 1) }, /2025-02-03T12:59:59.999Z/],
    ['TOO_SOON', { lastPayoutAt: new Date(now.getTime() + 5) }, /minimum interval/],
  ])('is not due, and told why: %s', (code, change, words) => {
    const decision = decideDue({ ...standing, ...change }, terms, now);
    expect(decision).toMatchObject({ due: false, code, reason: expect.stringMatching(words) });
  });
});
