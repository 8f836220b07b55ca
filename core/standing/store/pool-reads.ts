/** The pool as a whole. Everything here comes from sums that are kept, never from a scan of events. */

import { and, desc, isNull, lte, max, sql } from 'drizzle-orm';
import { PoolError } from '../../base/errors/pool-error.js';
import type { Reader } from '../../db/database.js';
import { query } from '../../db/query.js';
import type { Account } from '../../ledger/store/tables.js';
import { liveConnections } from '../../payees/store/remote-worker-reads.js';
import { isOpen, payoutRound } from '../../payouts/store/tables.js';
import type { TermsValues } from '../../terms/rules/terms.js';
import { terms } from '../../terms/store/tables.js';

export interface PoolTotals {
  /** Fees of all jobs, before commission. */
  readonly grossWei: bigint;
  readonly commissionWei: bigint;
  readonly unattributedWei: bigint;
  readonly pendingWei: bigint;
  readonly reservedWei: bigint;
  readonly paidWei: bigint;
  readonly workers: number;
  readonly workersOnline: number;
  readonly payees: number;
  readonly openPayouts: number;
  readonly unattributedJobs: number;
  readonly setAsideEvents: number;
}

export async function readPoolTotals(db: Reader): Promise<PoolTotals> {
  const [sums, counts] = await Promise.all([
    db.execute<{ account: Account; amount_wei: string }>(
      sql`SELECT account, sum(amount_wei) AS amount_wei FROM balance GROUP BY account`,
    ),
    db.execute<Record<'workers' | 'online' | 'payees' | 'open' | 'unattributed' | 'aside', number>>(
      sql`SELECT (SELECT count(*)::int FROM remote_worker) AS workers,
        (SELECT count(*)::int FROM remote_worker w WHERE EXISTS (SELECT ${liveConnections(1)})) AS online,
        (SELECT count(*)::int FROM payee) AS payees,
        (SELECT count(*)::int FROM payout WHERE ${isOpen()}) AS open,
        (SELECT count(*)::int FROM unmatched_job WHERE role = 'processed') AS unattributed,
        (SELECT count(*)::int FROM set_aside WHERE resolved_at IS NULL) AS aside`,
    ),
  ]);
  const balances = new Map(sums.rows.map((row) => [row.account, BigInt(row.amount_wei)]));
  const of = (account: Account): bigint => balances.get(account) ?? 0n;
  const [count] = counts.rows;
  return {
    // Revenue is the mirror of everything that was earned.
    grossWei: -of('revenue'),
    commissionWei: of('commission'),
    unattributedWei: of('unattributed'),
    pendingWei: of('pending'),
    reservedWei: of('reserved'),
    paidWei: of('paid'),
    workers: count?.workers ?? 0,
    workersOnline: count?.online ?? 0,
    payees: count?.payees ?? 0,
    openPayouts: count?.open ?? 0,
    unattributedJobs: count?.unattributed ?? 0,
    setAsideEvents: count?.aside ?? 0,
  };
}

/** The terms that hold now by the database's clock, or undefined before a worker has recorded any. */
export async function readTerms(db: Reader): Promise<TermsValues | undefined> {
  const [row] = await db
    .select({
      commissionBps: terms.commissionBps,
      thresholdWei: terms.thresholdWei,
      minIntervalMs: terms.minIntervalMs,
      rounding: terms.rounding,
    })
    .from(terms)
    .where(and(lte(terms.fromDt, sql`clock_timestamp()`), isNull(terms.withdrawnAt)))
    .orderBy(desc(terms.fromDt))
    .limit(1);
  return row;
}

/** Throws when Postgres does not answer, or takes no writes. */
export async function pingDatabase(db: Reader): Promise<void> {
  const [row] = await query<{ read_only: string }>(
    db,
    sql`SELECT current_setting('transaction_read_only') AS read_only`,
  );
  if (row?.read_only === 'on') {
    throw new PoolError('DATABASE_READ_ONLY', 'Postgres takes no writes on this connection.');
  }
}

/** When the newest payout round began. */
export async function lastRoundAt(db: Reader): Promise<Date | null> {
  const [row] = await db.select({ at: max(payoutRound.startedAt) }).from(payoutRound);
  return row?.at ?? null;
}
