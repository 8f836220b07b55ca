/** Totals of the pool as a whole. They come from sums that are kept up to date, never from a scan of events. */
import { max, sql } from 'drizzle-orm';
import { PoolError } from '../../base/errors/pool-error.js';
import type { Reader } from '../../db/database.js';
import { rows } from '../../db/query.js';
import { type Account, balance } from '../../ledger/store/tables.js';
import { liveConnections } from '../../payees/store/remote-worker-reads.js';
import { isOpen, payoutRound } from '../../payouts/store/tables.js';

export type PoolTotals = Awaited<ReturnType<typeof readPoolTotals>>;

export async function readPoolTotals(db: Reader) {
  const { account, amountWei } = balance;
  const [sums, [counts]] = await Promise.all([
    db
      .select({ account, wei: sql`sum(${amountWei})`.mapWith(amountWei) })
      .from(balance)
      .groupBy(account),
    rows(
      db,
      {
        workers: Number,
        workersOnline: Number,
        payees: Number,
        openPayouts: Number,
        unattributedJobs: Number,
        setAsideEvents: Number,
      },
      sql`SELECT (SELECT count(*) FROM remote_worker) AS workers,
        (SELECT count(*) FROM remote_worker w WHERE EXISTS (SELECT ${liveConnections(1)})) AS "workersOnline",
        (SELECT count(*) FROM payee) AS payees,
        (SELECT count(*) FROM payout WHERE ${isOpen()}) AS "openPayouts",
        (SELECT count(*) FROM unmatched_job WHERE role = 'processed') AS "unattributedJobs",
        (SELECT count(*) FROM set_aside WHERE resolved_at IS NULL) AS "setAsideEvents"`,
    ),
  ]);
  if (counts === undefined) throw new RangeError('Postgres gave no counts');
  const balances = new Map(sums.map((sum) => [sum.account, sum.wei]));
  const of = (name: Account): bigint => balances.get(name) ?? 0n;
  return {
    // All earnings are booked against the revenue account, and so its balance is negative.
    grossWei: -of('revenue'),
    commissionWei: of('commission'),
    unattributedWei: of('unattributed'),
    pendingWei: of('pending'),
    reservedWei: of('reserved'),
    paidWei: of('paid'),
    ...counts,
  };
}

/** Throws when Postgres does not answer or does not accept writes. */
export async function pingDatabase(db: Reader): Promise<void> {
  const [session] = await rows(
    db,
    { isReadOnly: Boolean },
    sql`SELECT current_setting('transaction_read_only') = 'on' AS "isReadOnly"`,
  );
  if (session?.isReadOnly === true) {
    throw new PoolError('DATABASE_READ_ONLY', 'Postgres takes no writes on this connection.');
  }
}

/** Reads when the newest scheduled payout round began: one that a person ordered says nothing of when the next is due. */
export async function lastRoundAt(db: Reader): Promise<Date | null> {
  const [row] = await db
    .select({ at: max(payoutRound.startedAt) })
    .from(payoutRound)
    .where(sql`NOT EXISTS (SELECT FROM operator_order o WHERE o.id = ${payoutRound.id})`);
  return row?.at ?? null;
}
