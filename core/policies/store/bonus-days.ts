/** Reads what remote workers did on a day, and books their bonuses. */
import { gt, sql } from 'drizzle-orm';
import type { Database, Reader, Transaction } from '../../db/database.js';
import { list, rows } from '../../db/query.js';
import { giveOutOfCommission } from '../../ledger/store/out-of-commission.js';
import { balance, remoteWorker } from '../../ledger/store/tables.js';
import { bonusBudget } from './tables.js';

const WEI = balance.amountWei;
/** So long after a day was looked at for the first time, jobs that come late still count. */
const LATE_DAYS = 7;

/** Tells whether bonuses of the day can still be booked; a day that nobody looked at before is closed now. */
export async function isOpen(db: Database, day: string, nowMs: number): Promise<boolean> {
  const now = new Date(nowMs).toISOString();
  await db.execute(sql`
    INSERT INTO bonus_closing (day, closed_at) VALUES (${day}::date, ${now}::timestamptz) ON CONFLICT DO NOTHING`);
  const [row] = await rows(
    db,
    { isOpen: Boolean },
    sql`SELECT closed_at > ${now}::timestamptz - make_interval(days => ${LATE_DAYS}) AS "isOpen"
          FROM bonus_closing WHERE day = ${day}::date`,
  );
  return row?.isOpen === true;
}

/** Locks the budget of a bonus until the transaction ends, and returns what is spent of it, in wei. */
export async function lockBudget(
  tx: Transaction,
  since: string,
  budgetWei: bigint,
): Promise<bigint> {
  await tx.insert(bonusBudget).values({ since, budgetWei }).onConflictDoNothing();
  const [row] = await tx
    .select({ spentWei: bonusBudget.spentWei })
    .from(bonusBudget)
    .where(sql`${bonusBudget.since} = ${since}`)
    .for('update');
  if (row === undefined) throw new RangeError(`there is no budget of the bonus since "${since}"`);
  return row.spentWei;
}

export type DayOfWorker = Awaited<ReturnType<typeof listDayOfWorkers>>[number];

/**
 * Lists what workers earned on the day, and which bonus is booked for it, from after the worker `after` on: of workers who
 * earned something, and of whom some source was read to the end after the day, so that it is known whether they were there.
 */
export async function listDayOfWorkers(
  reader: Reader,
  { day, after, limit }: { readonly day: string; readonly after: number; readonly limit: number },
) {
  const { payee, nodeType, region } = remoteWorker;
  return rows(
    reader,
    {
      id: Number,
      payee,
      nodeType,
      region,
      grossWei: WEI,
      commissionWei: WEI,
      bookedWei: WEI,
    },
    sql`SELECT w.id, w.payee, w.node_type AS "nodeType", w.region, d.gross AS "grossWei",
               d.commission AS "commissionWei", coalesce(b.bonus_wei, 0) AS "bookedWei"
          FROM remote_worker w
         CROSS JOIN LATERAL (
               SELECT sum(gross_wei) AS gross, sum(commission_wei) AS commission FROM earning_day
                WHERE remote_worker_id = w.id AND day = ${day}::date) d
          LEFT JOIN bonus_day b ON b.day = ${day}::date AND b.remote_worker_id = w.id
         WHERE w.id > ${after}::bigint AND d.gross > 0 AND EXISTS (
               SELECT FROM source_day seen JOIN source s ON s.id = seen.source_id
                WHERE seen.day > ${day}::date AND seen.good_hours <> 0
                  AND (s.region IS NULL OR s.region = w.region)
                  AND (s.node_type IS NULL OR s.node_type = w.node_type))
         ORDER BY w.id LIMIT ${limit}`,
  );
}

export interface BonusPosting {
  readonly workerId: number;
  readonly wei: bigint;
  readonly rateId: number;
  readonly reason: string;
}

/** Books bonuses of a day. The budget must be locked, and have enough left. */
export async function bookDay(
  tx: Transaction,
  of: {
    readonly day: string;
    readonly since: string;
    readonly termsId: number;
    readonly budgetWei: bigint;
  },
  postings: readonly BonusPosting[],
): Promise<void> {
  if (postings.length === 0) return;
  const { day, since, termsId } = of;
  const totalWei = postings.reduce((sum, { wei }) => sum + wei, 0n);
  await tx.execute(sql`
    UPDATE bonus_budget SET budget_wei = greatest(budget_wei, ${of.budgetWei.toString()}::numeric),
           spent_wei = spent_wei + ${totalWei.toString()}::numeric WHERE since = ${since}`);
  const bookings = await rows(
    tx,
    { workerId: Number, bookings: Number },
    sql`INSERT INTO bonus_day AS b (day, remote_worker_id, bonus_wei, bookings)
        SELECT ${day}::date, given.worker, given.wei, 1
          FROM unnest(${list(postings.map(({ workerId }) => workerId))}::bigint[],
                 ${list(postings.map(({ wei }) => wei))}::numeric[]) AS given (worker, wei)
        ON CONFLICT (day, remote_worker_id) DO UPDATE
          SET bonus_wei = b.bonus_wei + excluded.bonus_wei, bookings = b.bookings + 1
        RETURNING remote_worker_id AS "workerId", bookings`,
  );
  const bookingOf = new Map(bookings.map((one) => [one.workerId, one.bookings]));
  // The number of the booking is in the reference, which no two postings share.
  const gifts = postings.map((posting) => {
    const reference = `${day}/${bookingOf.get(posting.workerId)}`;
    return { ...posting, reference };
  });
  await giveOutOfCommission(tx, { kind: 'bonus', termsId }, gifts);
}

/** Records what could not be booked, by the beginnings of the bonuses; of others nothing is short. */
export async function recordShort(db: Database, short: ReadonlyMap<string, bigint>): Promise<void> {
  await db.execute(sql`
    UPDATE bonus_budget b SET short_wei = coalesce((
             SELECT given.wei FROM unnest(${list([...short.keys()])}::text[],
               ${list([...short.values()].map(String))}::numeric[]) AS given (since, wei) WHERE given.since = b.since), 0)
     WHERE b.short_wei <> 0 OR b.since = ANY(${list([...short.keys()])}::text[])`);
}

/** Reads the budgets that are spent while more is due. */
export async function readSpentBudgets(reader: Reader) {
  return reader.select().from(bonusBudget).where(gt(bonusBudget.shortWei, 0n));
}
