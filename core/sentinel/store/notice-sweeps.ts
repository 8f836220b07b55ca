/** Reads what only shows by the passing of time: payouts that wait too long, a wallet that runs low, workers that are away. */
import { and, isNull, sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import { sumWei } from '../../base/money.js';
import type { Reader } from '../../db/database.js';
import { list, rows } from '../../db/query.js';
import { remoteWorker } from '../../ledger/store/tables.js';
import { liveConnections } from '../../payees/store/remote-worker-reads.js';
import { WAIT_CODES, type WaitCode } from '../../payouts/rules/payout.js';
import { dueGates } from '../../payouts/rules/payout-due.js';
import {
  payeeStandings,
  type RoundConfig,
  readDueRules,
} from '../../payouts/store/payee-standings.js';
import { isOpen, payout, walletBalance } from '../../payouts/store/tables.js';
import { payingWallet } from '../../payouts/store/wallet/paying-wallet.js';
import { terms } from '../../terms/store/tables.js';

const LATELY_DAYS = 30;
/** With fewer waits than this, nobody knows what is usual. */
const LEAST_WAITS = 20;

/** The halts of a wallet are told by themselves, and stop every payout alike. */
const TOLD_ELSEWHERE: readonly WaitCode[] = ['WALLET_HALTED', 'PAYOUT_HELD'];

export type LongWait = Awaited<ReturnType<typeof readLongWaits>>[number];

/**
 * Reads the open payouts that have waited longer than 95 of 100 waits of the same code did in the last thirty days, and
 * longer than `leastMs`; the longest wait first.
 */
export async function readLongWaits(reader: Reader, leastMs: number) {
  const codes = WAIT_CODES.filter((code) => !TOLD_ELSEWHERE.includes(code));
  return rows(
    reader,
    {
      payoutId: payout.id,
      payee: payout.payee,
      amountWei: String,
      code: (code: WaitCode) => code,
      reason: String,
      since: payout.createdAt,
      p95Ms: Number,
    },
    sql`SELECT p.id AS "payoutId", p.payee, p.amount_wei AS "amountWei", p.wait_code AS code,
               coalesce(p.wait_reason, '') AS reason, p.wait_began_at AS since, usual.p95_ms AS "p95Ms"
          FROM payout p
          JOIN (SELECT code, percentile_cont(0.95) WITHIN GROUP (
                         ORDER BY extract(epoch FROM ended_at - began_at) * 1000)::bigint AS p95_ms
                  FROM payout_wait WHERE ended_at > now() - make_interval(days => ${LATELY_DAYS})
                 GROUP BY code HAVING count(*) >= ${LEAST_WAITS}) usual ON usual.code = p.wait_code
         WHERE ${isOpen(sql`p.state`)} AND p.wait_code = ANY(${list(codes)}::text[])
           AND p.wait_began_at < now() - greatest(usual.p95_ms, ${leastMs}) * interval '1 millisecond'
         ORDER BY p.wait_began_at, p.id`,
  );
}

/**
 * Reads what the paying wallet was last seen to hold, and the sum of what is under way or would be paid as soon as the
 * minimum intervals are over; undefined before it was seen.
 */
export async function readWalletNeed(reader: Reader, config: RoundConfig) {
  const wallet = await payingWallet(reader);
  if (wallet === undefined) return undefined;
  const [seen] = await rows(
    reader,
    { balanceWei: walletBalance.balanceWei, reservedWei: walletBalance.balanceWei },
    sql`SELECT seen.balance_wei AS "balanceWei",
               (SELECT coalesce(sum(amount_wei), 0) FROM balance WHERE account = 'reserved') AS "reservedWei"
          FROM wallet_balance seen
         WHERE seen.chain_id = ${wallet.chainId} AND seen.wallet = ${wallet.address}`,
  );
  if (seen === undefined) return undefined;
  const rules = await readDueRules(reader, config);
  const standings = await payeeStandings(reader, rules);
  const due = standings.filter((standing) => {
    const shut = dueGates(standing, rules).filter(({ code }) => code !== null);
    return shut.every(({ code }) => code === 'TOO_SOON' || code === 'OPEN_PAYOUT');
  });
  const dueWei = seen.reservedWei + sumWei(due.map(({ pendingWei }) => pendingWei));
  return { balanceWei: seen.balanceWei, dueWei, wallet: wallet.address };
}

/** Reads the workers of this payee that are connected nowhere, and when each was last seen. */
export async function readOfflineWorkers(reader: Reader, payee: Address, offlineAfterMs: number) {
  const offlineAfter = sql`${offlineAfterMs} * interval '1 millisecond'`;
  return rows(
    reader,
    {
      id: remoteWorker.id,
      nodeType: remoteWorker.nodeType,
      region: remoteWorker.region,
      lastSeenAt: remoteWorker.createdAt,
    },
    sql`SELECT * FROM (
          SELECT w.id, w.node_type AS "nodeType", w.region, greatest(w.created_at, w.last_event_at,
                   (SELECT max(c.changed_dt) FROM connection c WHERE c.remote_worker_id = w.id),
                   (SELECT max(r.reset_dt) FROM source_reset r
                     WHERE r.region = w.region AND r.node_type = w.node_type)) AS "lastSeenAt"
            FROM remote_worker w
           WHERE w.payee = ${payee} AND NOT EXISTS (SELECT ${liveConnections(1)})) away
         WHERE "lastSeenAt" < now() - ${offlineAfter}
           -- It may have come back while nothing was read: some source was read long enough after it was seen.
           AND EXISTS (SELECT FROM source s WHERE s.removed_at IS NULL AND s.last_success_at > "lastSeenAt" + ${offlineAfter})
           AND NOT EXISTS (SELECT FROM sync_pause)`,
  );
}

/** Reads announced terms that come into force within `withinMs` and were recorded longer than that before. */
export async function readTermsSoon(reader: Reader, withinMs: number) {
  const within = sql`${withinMs} * interval '1 millisecond'`;
  return reader
    .select({ id: terms.id, fromDt: terms.fromDt })
    .from(terms)
    .where(
      and(
        isNull(terms.withdrawnAt),
        sql`${terms.fromDt} > now() AND ${terms.fromDt} <= now() + ${within}`,
        sql`${terms.createdAt} < ${terms.fromDt} - 2 * ${within}`,
      ),
    );
}
