/** Payees with the fees they are owed, added up over all of their worker rows. */
import { type SQL, sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import type { Reader } from '../../db/database.js';
import { allOf, Keyset, type Page, type PageRequest, rowsToAskFor } from '../../db/paging.js';
import { orNull, prepared, rows } from '../../db/query.js';
import { balance, payee, remoteWorker } from '../../ledger/store/tables.js';
import { OWN_WALLET_WORDS } from '../../payouts/rules/payout-due.js';
import { isBlocking, payout } from '../../payouts/store/tables.js';
import { isWalletOfLedger } from '../../payouts/store/wallet/paying-wallet.js';
import { WORKER_BALANCES } from './remote-worker-reads.js';

const FIELDS = {
  address: payee.address,
  workers: Number,
  jobs: String,
  pendingWei: balance.amountWei,
  reservedWei: balance.amountWei,
  paidWei: balance.amountWei,
  openPayoutId: orNull(payout.id),
  lastEventAt: remoteWorker.lastEventAt,
  createdAt: payee.createdAt,
  isWallet: Boolean,
  code: payee.unpayableCode,
  reason: payee.unpayableReason,
  at: payee.unpayableAt,
  nickname: orNull(String),
  tier: orNull(String),
  badge: orNull(String),
};

const PAYEE_COLUMNS: SQL = sql`
  p.address, p.unpayable_code AS code, p.unpayable_reason AS reason, p.unpayable_at AS at, p.created_at AS "createdAt",
  owed.*, look.nickname, look.tier, look.badge, ${isWalletOfLedger(sql`p.address`)} AS "isWallet",
  (SELECT o.id FROM payout o WHERE o.payee = p.address AND ${isBlocking(sql`o.state`)}) AS "openPayoutId"`;

const PAYEE_BALANCES: SQL = sql`
  SELECT count(*)::int AS workers, coalesce(sum(w.jobs), 0)::bigint AS jobs,
         max(w.last_event_at) AS "lastEventAt",
         coalesce(sum(b."pendingWei"), 0) AS "pendingWei",
         coalesce(sum(b."reservedWei"), 0) AS "reservedWei",
         coalesce(sum(b."paidWei"), 0) AS "paidWei"
    FROM remote_worker w CROSS JOIN LATERAL (${WORKER_BALANCES}) b WHERE w.payee = p.address`;

const BY_ADDRESS = new Keyset('ASC', { address: { column: payee.address, kind: 'address' } });

/** Lists payees in the order of their addresses. */
export async function listPayees(db: Reader, page: PageRequest): Promise<Page<PayeeSummary>> {
  const found = await readPayees(
    db,
    sql`SELECT * FROM payee WHERE ${allOf([BY_ADDRESS.after(page)])}
         ORDER BY ${BY_ADDRESS.order} LIMIT ${rowsToAskFor(page)}`,
  );
  return BY_ADDRESS.page(found, page, toPayee);
}

/** Finds one payee; undefined when no worker with this address was ever seen. */
export async function findPayee(db: Reader, address: Address): Promise<PayeeSummary | undefined> {
  const [found] = await findPayees(db, [address]);
  return found;
}

/** Finds payees, in the order of their addresses; those that were never seen are missing. */
export async function findPayees(
  db: Reader,
  payees: readonly Address[],
): Promise<readonly PayeeSummary[]> {
  return (await findRows(db, { payees })).map(toPayee);
}

const selectPayees = (chosen: SQL): SQL => sql`
  SELECT ${PAYEE_COLUMNS} FROM (${chosen}) p
    CROSS JOIN LATERAL (${PAYEE_BALANCES}) owed
    LEFT JOIN payee_look look ON look.payee = p.address ORDER BY p.address`;

const readPayees = (db: Reader, chosen: SQL) => rows(db, FIELDS, selectPayees(chosen));

const findRows = prepared('payees', FIELDS, ['payees'], ({ payees }) =>
  selectPayees(sql`SELECT * FROM payee WHERE address = ANY(${payees}::text[])`),
);

type PayeeRow = Awaited<ReturnType<typeof readPayees>>[number];
export type PayeeSummary = ReturnType<typeof toPayee>;

function toPayee({ isWallet, code, reason, at, ...summary }: PayeeRow) {
  const own = { code: 'PAYEE_IS_WALLET', reason: OWN_WALLET_WORDS, at: null };
  const marked = code === null ? null : { code, reason, at };
  return { ...summary, unpayable: isWallet ? own : marked };
}
