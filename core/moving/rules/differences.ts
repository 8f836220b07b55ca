/** What is different between the first manager's books and the ledger, each by a name that stays. */
import type { Address } from '../../base/address.js';

/**
 * - `pools-share`: the worker was credited the pool's share of the fees instead of its own.
 * - `floats`: what was lost or won because fees were multiplied in floating point.
 * - `rounding`: an older edition takes the commission in whole percent, and rounds what each job earns down.
 * - `fees-unreadable`: jobs whose fees do not fit into Go's int64 were credited to nobody.
 * - `credited-to-nobody`: AI jobs that the first manager could not bind to a worker stand under the empty address.
 * - `lost-events`: the orchestrator has events that the first manager never saw, as in the second of a poll, or at a restart.
 * - `missing-here`: the first manager has events that this ledger has not.
 * - `not-read-yet`: one of the two has read some newer events.
 * - `before-shadow`: a constant amount from before the ledger's first event.
 * - `no-log`: the file has no events that could explain its balances.
 * - `unexplained`: none of these explains it.
 * - `address-unpayable`: an empty, zero or malformed address has fees. They are nobody's and are not taken over.
 * - `address-twice`: one address in two spellings; its rows are added up.
 * - `transaction-failed`: the chain says that the payout failed: what it was for is still owed.
 * - `transaction-absent`: no endpoint knows the transaction.
 * - `transaction-unknown`: the endpoints cannot tell, or not yet.
 * - `transaction-differs`: the chain shows another amount or another destination than the file.
 * - `transaction-twice`: two payouts name one transaction; it counts once.
 * - `paid-without-transaction`: more is said to be paid than the payouts of the file come to.
 * - `payout-not-counted`: the payouts come to more than is said to be paid, so too much is said to be pending.
 * - `payout-without-worker`: a payout went to an address that has no row.
 * - `wallet-sent-more`: the paying wallet sent transactions that the file does not have; they may have paid workers.
 */
export type DifferenceName =
  | 'pools-share'
  | 'floats'
  | 'rounding'
  | 'fees-unreadable'
  | 'credited-to-nobody'
  | 'lost-events'
  | 'missing-here'
  | 'not-read-yet'
  | 'before-shadow'
  | 'no-log'
  | 'unexplained'
  | 'address-unpayable'
  | 'address-twice'
  | 'transaction-failed'
  | 'transaction-absent'
  | 'transaction-unknown'
  | 'transaction-differs'
  | 'transaction-twice'
  | 'paid-without-transaction'
  | 'payout-not-counted'
  | 'payout-without-worker'
  | 'wallet-sent-more';

/** These stop an import until a person accepts them by name: nobody but a person can say what is true. */
export const ACCEPTABLE = [
  'unexplained',
  'missing-here',
  'transaction-absent',
  'transaction-differs',
  'paid-without-transaction',
  'payout-without-worker',
  'wallet-sent-more',
] as const satisfies readonly DifferenceName[];

export type Acceptable = (typeof ACCEPTABLE)[number];

export interface Difference {
  readonly name: DifferenceName;
  /** Whom it is about; null for the file or the pool as a whole. */
  readonly payee: Address | null;
  /** In wei, from the worker's side: positive when the ledger gives it more than the first manager. Null: no amount. */
  readonly amountWei: bigint | null;
  /** Table and row of the file; null when it has no single one. */
  readonly place: string | null;
  readonly words: string;
}

/** Lists the differences that stop an import: those that nobody may accept, and those that nobody has accepted. */
export function blocking(
  differences: readonly Difference[],
  accepted: readonly Acceptable[],
): readonly Difference[] {
  const names: ReadonlySet<DifferenceName> = new Set(ACCEPTABLE);
  const taken: ReadonlySet<DifferenceName> = new Set(accepted);
  return differences.filter(
    ({ name }) => name === 'transaction-unknown' || (names.has(name) && !taken.has(name)),
  );
}
