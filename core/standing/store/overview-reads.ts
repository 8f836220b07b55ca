/** What the public overview shows of the pool: who is there, what was paid last, what payouts wait for, who earned most. */
import { desc, sql } from 'drizzle-orm';
import type { Reader } from '../../db/database.js';
import { orNull, rows } from '../../db/query.js';
import { balance, remoteWorker } from '../../ledger/store/tables.js';
import { liveConnections } from '../../payees/store/remote-worker-reads.js';
import { isOpen, payout, payoutRound, SHOWS_WAIT } from '../../payouts/store/tables.js';

/** Counts the remote workers by region and node type, in the order of these. */
export function countWorkersByPlace(db: Reader) {
  return rows(
    db,
    {
      region: remoteWorker.region,
      nodeType: remoteWorker.nodeType,
      workers: Number,
      online: Number,
    },
    sql`SELECT w.region, w.node_type AS "nodeType", count(*) AS workers,
               count(*) FILTER (WHERE EXISTS (SELECT ${liveConnections(1)})) AS online
          FROM remote_worker w GROUP BY 1, 2 ORDER BY 1, 2`,
  );
}

/** Counts the open payouts by what they wait for; a payout that an operator holds counts as PAYOUT_HELD. */
export function countWaits(db: Reader) {
  return rows(
    db,
    { code: payout.waitCode, payouts: Number, amountWei: payout.amountWei },
    sql`SELECT CASE WHEN p.held_at IS NULL THEN p.wait_code ELSE 'PAYOUT_HELD' END AS code,
               count(*) AS payouts, sum(p.amount_wei) AS "amountWei"
          FROM payout p WHERE ${isOpen(sql`p.state`)} AND ${SHOWS_WAIT} GROUP BY 1 ORDER BY 1`,
  );
}

/** Lists the payout rounds, the newest first. */
export function lastRounds(db: Reader, limit: number) {
  const { startedAt, finishedAt, payouts, reservedWei } = payoutRound;
  return db
    .select({ startedAt, finishedAt, payouts, reservedWei })
    .from(payoutRound)
    .orderBy(desc(startedAt))
    .limit(limit);
}

export type Leader = Awaited<ReturnType<typeof topPayees>>[number];

/** Lists the payees that have earned most since the pool began. It adds up all balances. */
export function topPayees(db: Reader, limit: number) {
  return rows(
    db,
    { payee: remoteWorker.payee, earnedWei: balance.amountWei, nickname: orNull(String) },
    sql`SELECT top.*, look.nickname
          FROM (SELECT w.payee, sum(b.amount_wei) AS "earnedWei"
                  FROM balance b JOIN remote_worker w ON w.id = b.remote_worker_id
                 WHERE b.account IN ('pending', 'reserved', 'paid')
                 GROUP BY w.payee ORDER BY "earnedWei" DESC, w.payee LIMIT ${limit}) top
          LEFT JOIN payee_look look ON look.payee = top.payee
         ORDER BY "earnedWei" DESC, payee`,
  );
}
