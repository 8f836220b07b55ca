import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Address } from '../../base/address.js';
import { sumWei } from '../../base/money.js';
import type { StatedPayout, StatedWorker } from './first-manager.js';
import { type ImportFacts, type Proof, planImport } from './import-plan.js';

const NO_LOG = { events: 0, unreadable: 0, lastMs: null, byAddress: new Map() };
const address = (n: number): Address => `0x${(n + 1).toString(16).padStart(40, '0')}`;
const hash = (n: number) => `0x${n.toString(16).padStart(64, '0')}`;

const wei = fc.bigInt({ min: 0n, max: 2n ** 62n });
const FATES = ['paid', 'failed', 'absent'] as const;
const book = fc.record({
  pending: fc.array(wei, { minLength: 1, maxLength: 6 }),
  payouts: fc.array(fc.record({ to: fc.nat(2), fees: wei, fate: fc.constantFrom(...FATES) }), {
    maxLength: 12,
  }),
});

/** A file in which every row says as paid what its own payouts come to, two rows for each payee. */
function factsOf({
  pending,
  payouts,
}: {
  readonly pending: readonly bigint[];
  readonly payouts: readonly {
    readonly to: number;
    readonly fees: bigint;
    readonly fate: (typeof FATES)[number];
  }[];
}): ImportFacts {
  const workers = pending.map(
    (pendingWei, n): StatedWorker => ({
      row: n + 1,
      address: address(n % 3),
      nodeType: n < 3 ? 'ai' : 'transcode',
      region: 'eu',
      pendingWei,
      paidWei: n < 3 ? sumWei(payouts.flatMap(({ to, fees }) => (to === n ? [fees] : []))) : 0n,
    }),
  );
  const listed = payouts.map(
    ({ to, fees }, n): StatedPayout => ({
      row: n,
      address: address(to),
      txHash: hash(n),
      feesWei: fees,
    }),
  );
  const proofs = new Map(
    payouts.map(({ to, fees, fate }, n): [string, Proof] => [
      hash(n),
      fate === 'paid' ? { kind: fate, to: address(to), valueWei: fees } : { kind: fate },
    ]),
  );
  return {
    balances: 'stated',
    workers,
    payouts: listed,
    proofs,
    log: NO_LOG,
    missing: new Map(),
    unlisted: [],
  };
}

describe('the plan of an import', () => {
  it('owes each payee what is pending and what the chain says was not paid, to the wei', () => {
    fc.assert(
      fc.property(book, (given) => {
        const facts = factsOf(given);
        const { openings, payments, totals } = planImport(facts);
        for (const n of [0, 1, 2]) {
          const own = facts.workers.filter((one) => one.address === address(n));
          if (own.length === 0) continue;
          const payouts = given.payouts.filter(({ to }) => to === n);
          const unpaid = payouts.filter(({ fate }) => fate !== 'paid').map(({ fees }) => fees);
          const paid = payouts.filter(({ fate }) => fate === 'paid').map(({ fees }) => fees);
          const opened = (part: string) =>
            sumWei(
              openings.flatMap((one) =>
                one.payee === address(n) && one.part === part ? [one.amountWei] : [],
              ),
            );
          expect(opened('paid')).toBe(sumWei(paid));
          expect(opened('pending')).toBe(
            sumWei(own.map(({ pendingWei }) => pendingWei)) + sumWei(unpaid),
          );
        }
        expect(totals.openedPendingWei).toBe(
          totals.statedPendingWei - totals.nobodyWei + totals.failedWei - totals.notCountedWei,
        );
        expect(new Set(payments).size).toBe(payments.length);
      }),
    );
  });

  it('takes nothing over for addresses that nobody can be paid at, and says so', () => {
    const facts = factsOf({ pending: [5n], payouts: [] });
    const nobody = {
      row: 9,
      address: '',
      nodeType: 'ai',
      region: 'eu',
      pendingWei: 7n,
      paidWei: 0n,
    } as const;
    const plan = planImport({ ...facts, workers: [...facts.workers, nobody] });
    expect(plan.totals).toMatchObject({ openedPendingWei: 5n, nobodyWei: 7n });
    expect(plan.differences.map(({ name }) => name)).toEqual(['address-unpayable', 'no-log']);
  });

  it('owes less when the chain paid what the books still have as pending', () => {
    const facts = factsOf({ pending: [10n], payouts: [{ to: 0, fees: 4n, fate: 'paid' }] });
    const [worker] = facts.workers;
    if (worker === undefined) throw new Error('there is no worker');
    // The payment was listed, and the row was never changed: the worker would be paid twice.
    const plan = planImport({ ...facts, workers: [{ ...worker, paidWei: 0n }] });
    expect(plan.totals).toMatchObject({
      openedPendingWei: 6n,
      paidOnChainWei: 4n,
      notCountedWei: 4n,
    });
    expect(plan.differences.map(({ name }) => name)).toContain('payout-not-counted');
  });

  it('counts a transaction that two payouts name once', () => {
    const facts = factsOf({ pending: [10n], payouts: [{ to: 0, fees: 4n, fate: 'paid' }] });
    const plan = planImport({ ...facts, payouts: [...facts.payouts, ...facts.payouts] });
    expect(plan.payments).toEqual([hash(0)]);
    expect(plan.totals.paidOnChainWei).toBe(4n);
  });
});
