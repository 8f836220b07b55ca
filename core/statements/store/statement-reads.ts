/** Reads the postings of a payee for a statement, from a cursor of Postgres, in one snapshot. */
import { eq, sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import { type Database, onConnection, type Reader } from '../../db/database.js';
import { orNull, query, rows } from '../../db/query.js';
import { ledgerEntry, posting, remoteWorker } from '../../ledger/store/tables.js';
import { workerRate } from '../../terms/store/tables.js';
import type { StatementEntry } from '../rules/statement-lines.js';

/** A period of booking: from one time up to, and without, another. Null: from the beginning, or up to now. */
export interface Period {
  readonly from: Date | null;
  readonly to: Date | null;
}

/** What the ledger has for a payee, in wei. */
export interface PayeeBalances {
  readonly pendingWei: bigint;
  readonly reservedWei: bigint;
  readonly paidWei: bigint;
}

export interface StatementReading {
  /** Before the period, and at its end. */
  readonly opening: PayeeBalances;
  readonly closing: PayeeBalances;
  /** Whether no transaction can add to the period any more. */
  readonly isFinal: boolean;
  /** The reasons of the payee's rates, by their ids. */
  readonly rateReasons: ReadonlyMap<number, string>;
  readonly entries: AsyncGenerator<readonly StatementEntry[]>;
}

/** More rows at once would live long enough to keep the garbage collector busy with copying them. */
const ROWS_AT_ONCE = 500;
/** A posting has the time at which its transaction began. None lasts for so many minutes. */
const LONGEST_WRITING_MINUTES = 60;

/** Opens the statement and passes it to `use`, which reads the entries; the snapshot ends with the generator. */
export async function* readStatement<Part>(
  db: Database,
  { payee, period }: { readonly payee: Address; readonly period: Period },
  use: (reading: StatementReading) => AsyncGenerator<Part>,
): AsyncGenerator<Part> {
  const client = await db.$client.connect();
  let isWell = false;
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    // Everything is read, so the plan that begins soonest is not the best one.
    await client.query('SET LOCAL cursor_tuple_fraction = 1');
    const reader = onConnection(client);
    const opening = await balancesBefore(reader, payee, period.from);
    const closing =
      period.to === null
        ? await balancesNow(reader, payee)
        : await balancesBefore(reader, payee, period.to);
    const isFinal = await isOver(reader, period);
    const rateReasons = await readRateReasons(reader, payee);
    const entries = readEntries(reader, payee, period);
    yield* use({ opening, closing, isFinal, rateReasons, entries });
    await client.query('COMMIT');
    isWell = true;
  } finally {
    // A reader who leaves early leaves the cursor open: such a connection is not used again.
    client.release(!isWell);
  }
}

const SUMS = sql`
  coalesce(sum(e.amount_wei) FILTER (WHERE e.account = 'pending'), 0) AS "pendingWei",
  coalesce(sum(e.amount_wei) FILTER (WHERE e.account = 'reserved'), 0) AS "reservedWei",
  coalesce(sum(e.amount_wei) FILTER (WHERE e.account = 'paid'), 0) AS "paidWei"`;
const WEI = ledgerEntry.amountWei;
const BALANCES = { pendingWei: WEI, reservedWei: WEI, paidWei: WEI };
const NOTHING: PayeeBalances = { pendingWei: 0n, reservedWei: 0n, paidWei: 0n };

async function balancesNow(reader: Reader, payee: Address): Promise<PayeeBalances> {
  const [found] = await rows(
    reader,
    BALANCES,
    sql`SELECT ${SUMS} FROM remote_worker w JOIN balance e ON e.remote_worker_id = w.id WHERE w.payee = ${payee}`,
  );
  return found ?? NOTHING;
}

async function balancesBefore(
  reader: Reader,
  payee: Address,
  at: Date | null,
): Promise<PayeeBalances> {
  if (at === null) return NOTHING;
  const [found] = await rows(
    reader,
    BALANCES,
    sql`SELECT ${SUMS}
          FROM remote_worker w JOIN ledger_entry e ON e.remote_worker_id = w.id
          JOIN posting p ON p.id = e.posting_id
         WHERE w.payee = ${payee} AND p.created_at < ${at.toISOString()}::timestamptz`,
  );
  return found ?? NOTHING;
}

async function readRateReasons(
  reader: Reader,
  payee: Address,
): Promise<ReadonlyMap<number, string>> {
  const { id: rateId, reason: why } = workerRate;
  const found = await reader
    .select({ rateId, why })
    .from(workerRate)
    .where(eq(workerRate.payee, payee));
  return new Map(found.map((rate) => [rate.rateId, rate.why]));
}

async function isOver(reader: Reader, { to }: Period): Promise<boolean> {
  if (to === null) return false;
  const [row] = await query<{ over: boolean }>(
    reader,
    sql`SELECT ${to.toISOString()}::timestamptz < now() - make_interval(mins => ${LONGEST_WRITING_MINUTES}) AS over`,
  );
  return row?.over === true;
}

const { id, kind, createdAt, termsId, rateId, payoutId, reference, reason, firstDt, lastDt } =
  posting;
const FIELDS = {
  postingId: id,
  kind,
  bookedAt: createdAt,
  remoteWorkerId: remoteWorker.id,
  nodeType: remoteWorker.nodeType,
  region: remoteWorker.region,
  termsId,
  rateId,
  changeWei: WEI,
  commissionWei: orNull(WEI),
  eventsFrom: firstDt,
  eventsTo: lastDt,
  payoutId,
  txHash: orNull(String),
  destination: orNull((text: Address) => text),
  reference,
  reason,
};

/**
 * Yields what changed what the pool owes. Reserving and releasing a payout do not: the pool owes its amount as before. The
 * order is that of days and then of numbers, so that a period of whole days is a piece of it.
 */
async function* readEntries(
  reader: Reader,
  payee: Address,
  { from, to }: Period,
): AsyncGenerator<readonly StatementEntry[]> {
  await reader.execute(sql`
    DECLARE statement NO SCROLL CURSOR FOR
    SELECT p.id AS "postingId", p.kind, p.created_at AS "bookedAt", w.id AS "remoteWorkerId",
           w.node_type AS "nodeType", w.region, p.terms_id AS "termsId", p.rate_id AS "rateId", e.change AS "changeWei",
           CASE WHEN p.kind IN ('jobs', 'late-jobs', 'assign') THEN coalesce(c.amount_wei, 0) END AS "commissionWei",
           p.first_dt AS "eventsFrom", p.last_dt AS "eventsTo", p.payout_id AS "payoutId",
           CASE p.kind WHEN 'adopt' THEN p.reference
                       WHEN 'settle' THEN coalesce(p.tx_hash, (
                         SELECT mined_hash FROM nonce_slot WHERE payout_id = p.payout_id AND state = 'mined')) END AS "txHash",
           -- Where it went: it never changes, so that a past statement stays the same.
           CASE p.kind WHEN 'settle' THEN (SELECT destination FROM payout WHERE id = p.payout_id)
                       WHEN 'reopen' THEN (SELECT destination FROM payout WHERE id = p.payout_id)
                       WHEN 'adopt' THEN (SELECT destination FROM foreign_transaction WHERE hash = p.reference LIMIT 1)
           END AS destination,
           p.reference, p.reason
      FROM (SELECT w.id, e.posting_id, sum(e.amount_wei) AS change
              FROM remote_worker w JOIN ledger_entry e ON e.remote_worker_id = w.id
             WHERE w.payee = ${payee} AND e.account IN ('pending', 'reserved')
             GROUP BY w.id, e.posting_id HAVING sum(e.amount_wei) <> 0) e
      JOIN remote_worker w ON w.id = e.id
      JOIN posting p ON p.id = e.posting_id
      LEFT JOIN ledger_entry c ON c.posting_id = p.id AND c.account = 'commission' AND c.remote_worker_id = 0
     WHERE p.created_at >= coalesce(${from?.toISOString() ?? null}::timestamptz, '-infinity')
       AND p.created_at < coalesce(${to?.toISOString() ?? null}::timestamptz, 'infinity')
     ORDER BY date_trunc('day', p.created_at, 'UTC'), p.id, w.id`);
  const fetchSome = () =>
    rows(reader, FIELDS, sql`FETCH ${sql.raw(String(ROWS_AT_ONCE))} FROM statement`);
  let next = fetchSome();
  for (;;) {
    const some = await next;
    if (some.length === 0) return;
    // Postgres reads ahead while these are written. When the reader leaves, the connection ends under it.
    next = fetchSome();
    next.catch(() => undefined);
    yield some;
  }
}
