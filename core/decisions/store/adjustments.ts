/** Adjustments: a person adds to a payee's pending fees or subtracts from them, for reasons that no event records. */
import { and, asc, eq, sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import { PoolError } from '../../base/errors/pool-error.js';
import { ethAndWei, sumWei } from '../../base/money.js';
import { type RemoteWorker, remoteWorkerKey } from '../../base/remote-worker.js';
import type { Database, Transaction } from '../../db/database.js';
import { LOCKS } from '../../db/locks.js';
import { transact } from '../../db/transact.js';
import { recordDecision } from '../../ledger/store/audit-log.js';
import { balance, ledgerEntry, posting, remoteWorker } from '../../ledger/store/tables.js';
import type { GivenOrder } from '../../orders/rules/order-kinds.js';
import { markOrdered, refuseAboveDay } from '../../orders/store/ordered-day.js';
import {
  ensureWorkers,
  fits,
  namesOf,
  requirePayee,
  requireRow,
  rowsOfPayee,
} from '../../payees/store/named-workers.js';

type Ordered = GivenOrder<'ledger.adjust'>;

/** An adjustment as a person ordered it, once its payee and its amount are known to be well-formed. */
export interface Adjustment extends Omit<Ordered, 'payee' | 'amountWei' | 'newPayee'> {
  readonly payee: Address;
  /** In wei; negative when it is subtracted from the pending fees. */
  readonly amountWei: bigint;
  readonly isNewPayee: boolean;
  /** The limit on what orders may move within 24 hours. */
  readonly maxPerDayWei: bigint;
}

/** Books an adjustment once, even when several people order it at the same time. */
export async function adjustPending(db: Database, adjustment: Adjustment) {
  return transact(db, async (tx) => {
    const { payee, amountWei, reference } = adjustment;
    await tx.execute(
      sql`SELECT pg_advisory_xact_lock(${LOCKS.adjustmentReference}::int, hashtext(${reference}))`,
    );
    const booked = await findAdjustment(tx, reference);
    if (booked !== undefined) {
      const worker = refuseOther(booked, adjustment);
      return { already: true, worker, pendingWei: await lockPending(tx, payee) };
    }
    await requirePayee(tx, payee, adjustment);
    const before = await lockPending(tx, payee);
    const worker = await chooseWorker(tx, adjustment);
    const pendingWei = before + amountWei;
    refuseDebt(adjustment, pendingWei);
    await refuseAboveDay(tx, { addWei: amountWei, capWei: adjustment.maxPerDayWei });
    if (!adjustment.dryRun) await post(tx, worker, adjustment);
    return { already: false, worker, pendingWei };
  });
}

async function findAdjustment(tx: Transaction, reference: string) {
  const { payee, nodeType, region } = remoteWorker;
  const isPending = and(eq(ledgerEntry.postingId, posting.id), eq(ledgerEntry.account, 'pending'));
  const [booked] = await tx
    .select({ worker: { payee, nodeType, region }, amountWei: ledgerEntry.amountWei })
    .from(posting)
    .innerJoin(ledgerEntry, isPending)
    .innerJoin(remoteWorker, eq(remoteWorker.id, ledgerEntry.remoteWorkerId))
    .where(and(sql`${posting.kind} = 'adjust'`, eq(posting.reference, reference)));
  return booked;
}

type Booked = NonNullable<Awaited<ReturnType<typeof findAdjustment>>>;

/** Returns the row on which the adjustment was booked; throws when the reference belongs to a different adjustment. */
function refuseOther({ worker, amountWei }: Booked, asked: Adjustment): RemoteWorker {
  const isSamePayment = worker.payee === asked.payee && amountWei === asked.amountWei;
  if (isSamePayment && fits(worker, asked)) return worker;
  const { reference } = asked;
  const what = `${ethAndWei(amountWei)} for ${worker.payee}`;
  const words = `"${reference}" names an adjustment of ${what} (${worker.nodeType}, ${worker.region})`;
  throw new PoolError('ADJUSTMENT_REFERENCE_USED', words, { reference });
}

/** Reads the payee's pending fees over all rows, and locks them in the same order as a payout round. */
async function lockPending(tx: Transaction, payee: Address): Promise<bigint> {
  await tx.execute(sql`SELECT FROM payee WHERE address = ${payee} FOR NO KEY UPDATE`);
  const balances = await tx
    .select({ amountWei: balance.amountWei })
    .from(balance)
    .innerJoin(remoteWorker, eq(remoteWorker.id, balance.remoteWorkerId))
    .where(and(eq(balance.account, 'pending'), eq(remoteWorker.payee, payee)))
    .orderBy(asc(balance.remoteWorkerId))
    .for('no key update', { of: balance });
  return sumWei(balances.map(({ amountWei }) => amountWei));
}

/** Returns the row that the person named, or the only one that fits; throws when that is not clear. */
async function chooseWorker(tx: Transaction, asked: Adjustment): Promise<RemoteWorker> {
  const { payee, nodeType, region, isNewPayee } = asked;
  if (nodeType !== null && region !== null) {
    const named = { payee, nodeType, region };
    await requireRow(tx, named, { isNewPayee });
    return named;
  }
  const known = await rowsOfPayee(tx, payee);
  const [only, ...others] = known.filter((row) => fits(row, asked));
  if (only !== undefined && others.length === 0) return only;
  const missing =
    known.length === 0
      ? `${payee} has no row yet: the node type and the region of its first one are both needed`
      : `${payee} has no such row, but ${namesOf(known)}`;
  const words = only === undefined ? missing : `${payee} has several rows: ${namesOf(known)}`;
  throw new PoolError('WORKER_NOT_NAMED', words, { payee });
}

function refuseDebt({ payee, amountWei, allowDebt }: Adjustment, pendingWei: bigint): void {
  if (amountWei > 0n || pendingWei >= 0n || allowDebt) return;
  const words =
    `${ethAndWei(pendingWei - amountWei)} are pending for ${payee}: ` +
    `it would owe the pool ${ethAndWei(-pendingWei)}`;
  throw new PoolError('ADJUSTMENT_BELOW_ZERO', words, { payee });
}

async function post(
  tx: Transaction,
  worker: RemoteWorker,
  { actor, reason, reference, amountWei }: Adjustment,
): Promise<void> {
  const ids = await ensureWorkers(tx, [worker]);
  await markOrdered(tx, worker.payee);
  const workerId = ids.get(remoteWorkerKey(worker));
  if (workerId === undefined) throw new RangeError(`${worker.payee} has no worker row`);
  await tx.execute(sql`
    WITH made AS (
      INSERT INTO posting (kind, remote_worker_id, reference, reason)
      VALUES ('adjust', ${workerId}::bigint, ${reference}, ${reason}) RETURNING id)
    INSERT INTO ledger_entry (posting_id, account, remote_worker_id, amount_wei)
    SELECT made.id, side.account, side.worker, side.sign * ${amountWei.toString()}::numeric
      FROM made CROSS JOIN (VALUES ('adjustment', 0, -1), ('pending', ${workerId}::bigint, 1))
        AS side (account, worker, sign)`);
  const { payee, nodeType, region } = worker;
  const detail = { reference, amountWei: amountWei.toString(), nodeType, region };
  await recordDecision(tx, { actor, reason, action: 'ledger.adjust', subject: payee, detail });
}
