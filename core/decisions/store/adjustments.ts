/** What a person adds to somebody's pending fees, or takes from them: for what no event can say. */
import { sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import { PoolError } from '../../base/errors/pool-error.js';
import { ethAndWei, sumWei } from '../../base/money.js';
import { type NodeType, type RemoteWorker, remoteWorkerKey } from '../../base/remote-worker.js';
import type { Database, Transaction } from '../../db/database.js';
import { LOCKS } from '../../db/locks.js';
import { query } from '../../db/query.js';
import { transact } from '../../db/transact.js';
import { type Decision, recordDecision } from '../../ledger/store/audit-log.js';
import { markOrdered, refuseAboveDay } from '../../orders/store/ordered-day.js';
import { ensureWorkers, requirePayee, requireRow } from '../../payees/store/remote-workers.js';

export interface Adjustment extends Decision {
  readonly payee: Address;
  /** Which of the payee's rows; null: its only one. */
  readonly nodeType: NodeType | null;
  readonly region: string | null;
  /** Negative: taken from what is pending. */
  readonly amountWei: bigint;
  /** Names the adjustment in the whole pool: with it, nothing is booked twice. */
  readonly reference: string;
  readonly isNewPayee: boolean;
  /** What is pending for the payee may go below zero: later fees make up for it. */
  readonly allowDebt: boolean;
  readonly dryRun: boolean;
  /** What orders may move within 24 hours. */
  readonly maxPerDayWei: bigint;
}

export interface AdjustmentOutcome {
  /** Booked before under the same reference: nothing was done now. */
  readonly already: boolean;
  readonly worker: RemoteWorker;
  /** For the payee, over all rows, with this adjustment. */
  readonly pendingWei: bigint;
}

/** Books it once, whoever asks at the same time. */
export async function adjustPending(
  db: Database,
  adjustment: Adjustment,
): Promise<AdjustmentOutcome> {
  return transact(db, async (tx) => {
    const { payee, amountWei, reference } = adjustment;
    await tx.execute(
      sql`SELECT pg_advisory_xact_lock(${LOCKS.adjustmentReference}::int, hashtext(${reference}))`,
    );
    const before = await findAdjustment(tx, reference);
    if (before !== undefined) {
      const worker = refuseOther(before, adjustment);
      return { already: true, worker, pendingWei: sumWei((await lockRows(tx, payee)).values()) };
    }
    await requirePayee(tx, payee, adjustment);
    const rows = await lockRows(tx, payee);
    const worker = await chooseWorker(tx, adjustment);
    const pendingWei = sumWei(rows.values()) + amountWei;
    refuseDebt(adjustment, pendingWei);
    await refuseAboveDay(tx, { addWei: amountWei, capWei: adjustment.maxPerDayWei });
    if (!adjustment.dryRun) await post(tx, worker, adjustment);
    return { already: false, worker, pendingWei };
  });
}

interface Booked {
  readonly worker: RemoteWorker;
  readonly amountWei: bigint;
}

async function findAdjustment(tx: Transaction, reference: string): Promise<Booked | undefined> {
  const [row] = await query<{
    payee: Address;
    node_type: NodeType;
    region: string;
    amount: string;
  }>(
    tx,
    sql`SELECT w.payee, w.node_type, w.region, entry.amount_wei AS amount
          FROM posting JOIN ledger_entry entry
            ON entry.posting_id = posting.id AND entry.account = 'pending'
          JOIN remote_worker w ON w.id = entry.remote_worker_id
         WHERE posting.kind = 'adjust' AND posting.reference = ${reference}`,
  );
  if (row === undefined) return undefined;
  const { payee, node_type: nodeType, region } = row;
  return { worker: { payee, nodeType, region }, amountWei: BigInt(row.amount) };
}

/** The row that it was booked on; throws when the same words named something else. */
function refuseOther({ worker, amountWei }: Booked, asked: Adjustment): RemoteWorker {
  const isSame =
    worker.payee === asked.payee &&
    amountWei === asked.amountWei &&
    (asked.nodeType === null || asked.nodeType === worker.nodeType) &&
    (asked.region === null || asked.region === worker.region);
  if (isSame) return worker;
  const { reference } = asked;
  const what = `${ethAndWei(amountWei)} for ${worker.payee}`;
  const words = `"${reference}" names an adjustment of ${what} (${worker.nodeType}, ${worker.region})`;
  throw new PoolError('ADJUSTMENT_REFERENCE_USED', words, { reference });
}

/** What is pending in each of the payee's rows, locked as by a round that reserves. */
async function lockRows(tx: Transaction, payee: Address): Promise<ReadonlyMap<string, bigint>> {
  await tx.execute(sql`SELECT FROM payee WHERE address = ${payee} FOR NO KEY UPDATE`);
  const rows = await query<{ id: string; amount: string }>(
    tx,
    sql`SELECT balance.remote_worker_id AS id, balance.amount_wei AS amount
          FROM balance JOIN remote_worker w ON w.id = balance.remote_worker_id
         WHERE balance.account = 'pending' AND w.payee = ${payee}
         ORDER BY balance.remote_worker_id FOR NO KEY UPDATE OF balance`,
  );
  return new Map(rows.map(({ id, amount }) => [id, BigInt(amount)]));
}

/** The row that is named; when none is, the only one there is. */
async function chooseWorker(
  tx: Transaction,
  { payee, nodeType, region, isNewPayee }: Adjustment,
): Promise<RemoteWorker> {
  if (nodeType !== null && region !== null) {
    const named = { payee, nodeType, region };
    await requireRow(tx, named, { isNewPayee });
    return named;
  }
  const rows = await query<{ node_type: NodeType; region: string }>(
    tx,
    sql`SELECT node_type, region FROM remote_worker
         WHERE payee = ${payee} ORDER BY node_type, region`,
  );
  const fitting = rows.filter(
    (row) =>
      (nodeType === null || row.node_type === nodeType) &&
      (region === null || row.region === region),
  );
  const [only] = fitting;
  if (only !== undefined && fitting.length === 1) {
    return { payee, nodeType: only.node_type, region: only.region };
  }
  const all = rows.map((row) => `${row.node_type} in ${row.region}`).join(', ');
  const missing =
    all === ''
      ? `${payee} has no row yet: the node type and the region of its first one are both needed`
      : `${payee} has no such row, but ${all}`;
  const words = only === undefined ? missing : `${payee} has several rows: ${all}`;
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
  await recordDecision(tx, {
    ...{ actor, reason, action: 'ledger.adjust', subject: worker.payee },
    detail: {
      ...{ reference, amountWei: amountWei.toString() },
      ...{ nodeType: worker.nodeType, region: worker.region },
    },
  });
}
