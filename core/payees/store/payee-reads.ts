/** Payees with what they are owed, added up over all their worker rows. */

import { type SQL, sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import type { Reader } from '../../db/database.js';
import {
  CURSOR_PART,
  type Page,
  type PageRequest,
  readCursor,
  rowsToAskFor,
  toDate,
  toDateOrNull,
  toPage,
} from '../../db/paging.js';
import { OWN_WALLET_WORDS } from '../../payouts/rules/payout-due.js';
import { isBlocking } from '../../payouts/store/tables.js';
import { isWalletOfLedger } from '../../payouts/store/wallet/paying-wallet.js';
import { WORKER_BALANCES } from './remote-worker-reads.js';

export interface PayeeSummary {
  readonly address: Address;
  readonly workers: number;
  readonly jobs: string;
  readonly pendingWei: bigint;
  readonly reservedWei: bigint;
  readonly paidWei: bigint;
  readonly openPayoutId: string | null;
  readonly unpayable: {
    readonly code: string;
    readonly reason: string | null;
    readonly at: Date | null;
  } | null;
  readonly lastEventAt: Date | null;
  readonly createdAt: Date;
}

type PayeeRow = {
  address: Address;
  workers: number;
  jobs: string;
  pending_wei: string;
  reserved_wei: string;
  paid_wei: string;
  open_payout_id: string | null;
  unpayable_code: string | null;
  unpayable_reason: string | null;
  unpayable_at: string | null;
  is_wallet: boolean;
  last_event_at: string | null;
  created_at: string;
};

const PAYEE_COLUMNS: SQL = sql`
  p.address, p.unpayable_code, p.unpayable_reason, p.unpayable_at, p.created_at, owed.*,
  ${isWalletOfLedger(sql`p.address`)} AS is_wallet,
  (SELECT o.id FROM payout o WHERE o.payee = p.address AND ${isBlocking(sql`o.state`)})
    AS open_payout_id`;

const PAYEE_BALANCES: SQL = sql`
  SELECT count(*)::int AS workers, coalesce(sum(w.jobs), 0)::bigint AS jobs,
         max(w.last_event_at) AS last_event_at,
         coalesce(sum(b.pending_wei), 0) AS pending_wei,
         coalesce(sum(b.reserved_wei), 0) AS reserved_wei,
         coalesce(sum(b.paid_wei), 0) AS paid_wei
    FROM remote_worker w CROSS JOIN LATERAL (${WORKER_BALANCES}) b WHERE w.payee = p.address`;

/** In the order of their addresses. */
export async function listPayees(db: Reader, page: PageRequest): Promise<Page<PayeeSummary>> {
  const [afterAddress] = readCursor(page.cursor, [CURSOR_PART.address]) ?? [];
  const { rows } = await db.execute<PayeeRow>(sql`
    SELECT ${PAYEE_COLUMNS} FROM (
      SELECT * FROM payee WHERE ${afterAddress === undefined ? sql`true` : sql`address > ${afterAddress}`}
      ORDER BY address LIMIT ${rowsToAskFor(page)}) p
    CROSS JOIN LATERAL (${PAYEE_BALANCES}) owed ORDER BY p.address`);
  return toPage(rows, page, { item: toPayee, cursorParts: (row) => [row.address] });
}

/** One payee, or undefined when no worker with this address was ever seen. */
export async function findPayee(db: Reader, address: Address): Promise<PayeeSummary | undefined> {
  const { rows } = await db.execute<PayeeRow>(sql`
    SELECT ${PAYEE_COLUMNS} FROM payee p CROSS JOIN LATERAL (${PAYEE_BALANCES}) owed
     WHERE p.address = ${address}`);
  return rows[0] === undefined ? undefined : toPayee(rows[0]);
}

function unpayableOf(row: PayeeRow): PayeeSummary['unpayable'] {
  if (row.is_wallet) return { code: 'PAYEE_IS_WALLET', reason: OWN_WALLET_WORDS, at: null };
  const { unpayable_code: code, unpayable_reason: reason, unpayable_at: at } = row;
  return code === null ? null : { code, reason, at: toDateOrNull(at) };
}

function toPayee(row: PayeeRow): PayeeSummary {
  return {
    address: row.address,
    workers: row.workers,
    jobs: row.jobs,
    pendingWei: BigInt(row.pending_wei),
    reservedWei: BigInt(row.reserved_wei),
    paidWei: BigInt(row.paid_wei),
    openPayoutId: row.open_payout_id,
    unpayable: unpayableOf(row),
    lastEventAt: toDateOrNull(row.last_event_at),
    createdAt: toDate(row.created_at),
  };
}
