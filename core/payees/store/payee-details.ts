/** Payees with their workers and payouts: for many payees it costs hardly more than for one. */
import type { Address } from '../../base/address.js';
import type { Reader } from '../../db/database.js';
import { type PayoutSummary, payoutsOfPayees } from '../../payouts/store/reads/payout-reads.js';
import { findPayees, type PayeeSummary } from './payee-reads.js';
import { type RemoteWorkerSummary, workersOfPayees } from './remote-worker-reads.js';

/** How many of a payee's workers and payouts its details contain. */
const FIRST_WORKERS = 100;
const LATEST_PAYOUTS = 20;

export interface PayeeDetails {
  readonly payee: PayeeSummary;
  /** The first hundred, in the order in which they were seen. */
  readonly workers: readonly RemoteWorkerSummary[];
  /** The newest twenty, newest first. */
  readonly payouts: readonly PayoutSummary[];
}

/** Reads the details of these payees; those that were never seen are missing. */
export async function readPayeeDetails(
  db: Reader,
  addresses: readonly Address[],
): Promise<ReadonlyMap<Address, PayeeDetails>> {
  const [payees, workers, payouts] = await Promise.all([
    findPayees(db, addresses),
    workersOfPayees(db, { payees: addresses, limit: FIRST_WORKERS }),
    payoutsOfPayees(db, { payees: addresses, limit: LATEST_PAYOUTS }),
  ]);
  const [workersOf, payoutsOf] = [byPayee(workers), byPayee(payouts)];
  return new Map(
    payees.map((payee) => {
      const { address } = payee;
      const its = { workers: workersOf.get(address) ?? [], payouts: payoutsOf.get(address) ?? [] };
      return [address, { payee, ...its }];
    }),
  );
}

function byPayee<Row extends { readonly payee: Address }>(
  rows: readonly Row[],
): ReadonlyMap<Address, readonly Row[]> {
  const groups = new Map<Address, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.payee);
    if (group === undefined) groups.set(row.payee, [row]);
    else group.push(row);
  }
  return groups;
}
