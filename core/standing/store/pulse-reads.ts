/**
 * Short texts that change whenever something changes that public pages show. One statement reads them for everybody who
 * watches, so their number costs little. What only ages, such as "3 min ago", changes nothing here.
 */
import { type SQL, sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import type { Reader } from '../../db/database.js';
import { list, rows } from '../../db/query.js';
import { payee } from '../../ledger/store/tables.js';
import { liveConnections } from '../../payees/store/remote-worker-reads.js';
import { isBlocking, isOpen } from '../../payouts/store/tables.js';

/** What an open payout `o` shows of itself. */
const PAYOUT: SQL = sql`
  concat_ws(' ', o.id, o.state, o.settlement_no, o.wait_code, o.wait_reason, o.held_at, o.approved_at)`;
const ONLINE: SQL = sql`EXISTS (SELECT ${liveConnections(1)})`;

/** Reads the pulse of what the pages of the pool as a whole show. */
export async function readPoolPulse(db: Reader): Promise<string> {
  const [pulse] = await rows(
    db,
    { text: String },
    sql`SELECT md5(concat_ws('|',
      (SELECT string_agg(concat(account, wei), ',' ORDER BY account)
         FROM (SELECT account, sum(amount_wei) AS wei FROM balance GROUP BY account) sums),
      (SELECT string_agg(${PAYOUT}, ',' ORDER BY o.id) FROM payout o WHERE ${isOpen(sql`o.state`)}),
      (SELECT concat_ws(' ', max(started_at), max(finished_at)) FROM payout_round),
      (SELECT concat_ws(' ', count(*), count(*) FILTER (WHERE ${ONLINE})) FROM remote_worker w),
      (SELECT string_agg(concat_ws(' ', id, last_error_code, removed_at), ',' ORDER BY id) FROM source),
      (SELECT count(*) FROM unmatched_job WHERE role = 'processed'),
      (SELECT count(*) FROM set_aside WHERE resolved_at IS NULL),
      (SELECT string_agg(concat_ws(' ', code, source_id, subject, acknowledged_at), ',' ORDER BY code, source_id, subject)
         FROM finding WHERE resolved_at IS NULL),
      ${POOL_STATE})) AS text`,
  );
  return pulse?.text ?? '';
}

/** What stops everybody, and the terms. */
const POOL_STATE: SQL = sql`
  (SELECT string_agg(concat_ws(' ', wallet, code, reason), ',' ORDER BY wallet, code) FROM wallet_halt),
  (SELECT max(no) FROM paying_wallet),
  (SELECT concat_ws(' ', count(*), max(id)) FROM terms)`;

/** Reads the pulse of each of these payees' pages. A payee that was never seen has one too. */
export async function readPayeePulses(
  db: Reader,
  payees: readonly Address[],
): Promise<ReadonlyMap<Address, string>> {
  const found = await rows(
    db,
    { address: payee.address, text: String },
    sql`SELECT a.address, md5(concat_ws('|',
      (SELECT string_agg(concat_ws(' ', w.id, w.jobs, ${ONLINE}, b.account, b.amount_wei), ',' ORDER BY w.id, b.account)
         FROM remote_worker w LEFT JOIN balance b ON b.remote_worker_id = w.id WHERE w.payee = a.address),
      (SELECT string_agg(${PAYOUT}, ',' ORDER BY o.id) FROM payout o
        WHERE o.payee = a.address AND ${isBlocking(sql`o.state`)}),
      (SELECT concat_ws(' ', p.unpayable_code, p.gas_limit) FROM payee p WHERE p.address = a.address),
      (SELECT max(started_at) FROM payout_round),
      ${POOL_STATE})) AS text
      FROM unnest(${list(payees)}::text[]) AS a (address)`,
  );
  return new Map(found.map(({ address, text }) => [address, text]));
}
