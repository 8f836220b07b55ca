/**
 * Closed pieces of the ledger. The audit closes the postings piece by piece, adds the sums of each piece to the
 * checkpoint, and continues from there. A walk checks some of the closed pieces again at each audit, and so covers
 * the whole history over and over.
 */
import { setTimeout } from 'node:timers/promises';
import { asc, gt, isNotNull, max, sql } from 'drizzle-orm';
import { PoolError } from '../../base/errors/pool-error.js';
import type { Database, Reader, Transaction } from '../../db/database.js';
import { orNull, query, rows } from '../../db/query.js';
import { transact } from '../../db/transact.js';
import { posting } from '../../ledger/store/tables.js';
import type { Discrepancy } from '../rules/discrepancies.js';
import { ledgerAudit, ledgerPiece } from '../store/tables.js';
import { checkPiece, readCheckpoint, violationsOf } from './invariants.js';
import { type PostingRange, postingInvariants, sumsOf } from './invariants-ledger.js';

/** How many postings a piece has: few enough to read within a second, far from any time-out. */
export const PIECE_POSTINGS = 50_000;
/** How long, in milliseconds, to wait for transactions that may still write postings below the end of a piece. */
const WRITERS_MS = 10_000;
const WRITERS_PAUSE_MS = 50;

/**
 * Closes the next piece: checks each of its postings, and adds their sums to the checkpoint. Returns false when there
 * are not enough postings for a piece, or when one breaks a rule: then the piece stays open, and each audit names it.
 */
export async function closePiece(db: Database, size = PIECE_POSTINGS): Promise<boolean> {
  const after = await readCheckpoint(db);
  const next = await nextPiece(db, after, { size, upTo: await lastPosting(db) });
  if (next === undefined || !(await awaitWriters(db))) return false;
  return transact(db, async (tx) => {
    await lockAudit(tx);
    // Another audit has closed this piece meanwhile, or a shorter one.
    if ((await readCheckpoint(tx)) !== after) return true;
    const end = await nextPiece(tx, after, { size, upTo: next });
    if (end === undefined) return true;
    const range = { after, upTo: end };
    if ((await violationsOf(tx, postingInvariants(range))).length > 0) return false;
    await tx.execute(sql`
      INSERT INTO ledger_piece (first_id, last_id, postings, fingerprint, ends_at)
      SELECT ${(after + 1n).toString()}::bigint, ${end.toString()}::bigint, count(*),
             ledger_fingerprint(${(after + 1n).toString()}, ${end.toString()}), max(created_at)
        FROM posting WHERE id > ${after.toString()} AND id <= ${end.toString()}`);
    await addSums(tx, 'ledger_sum', range);
    return true;
  });
}

/** Finds the last posting of the next piece; undefined when there are too few postings. */
async function nextPiece(
  reader: Reader,
  after: bigint,
  { size, upTo }: { readonly size: number; readonly upTo: bigint },
): Promise<bigint | undefined> {
  const [piece] = await rows(
    reader,
    { lastId: orNull(posting.id), postings: Number },
    sql`SELECT max(id) AS "lastId", count(*) AS postings FROM (
          SELECT id FROM posting WHERE id > ${after.toString()} AND id <= ${upTo.toString()}
           ORDER BY id LIMIT ${size}) piece`,
  );
  return piece?.postings === size ? (piece.lastId ?? undefined) : undefined;
}

/** Reads the highest id that was given to a posting; its transaction may still be open. */
async function lastPosting(reader: Reader): Promise<bigint> {
  const [row] = await rows(
    reader,
    { id: posting.id },
    sql`SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('posting', 'id')::regclass), 0) AS id`,
  );
  return row?.id ?? 0n;
}

/**
 * Waits until every transaction that is writing postings now has ended. A transaction that already got a posting's id
 * holds the table's lock, and so is among them. Returns false when one takes too long; the next audit tries again.
 */
async function awaitWriters(db: Reader): Promise<boolean> {
  let left = await writers(db);
  for (let waitedMs = 0; left.length > 0; waitedMs += WRITERS_PAUSE_MS) {
    if (waitedMs >= WRITERS_MS) return false;
    await setTimeout(WRITERS_PAUSE_MS);
    const now = await writers(db);
    left = left.filter((one) => now.includes(one));
  }
  return true;
}

async function writers(reader: Reader): Promise<readonly string[]> {
  const locks = await rows(
    reader,
    { transaction: String },
    sql`SELECT virtualtransaction AS transaction FROM pg_locks
         WHERE relation = 'posting'::regclass AND mode = 'RowExclusiveLock' AND granted
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  return locks.map(({ transaction }) => transaction);
}

/**
 * Checks the next closed piece again: its postings must be unchanged and keep the rules. After the last piece it
 * compares the sums of all pieces with the checkpoint, and begins the walk again: `isEnd` is true.
 */
export async function walkOn(db: Database) {
  return transact(db, async (tx) => {
    const { walkId } = await lockAudit(tx);
    const [piece] = await tx
      .select({ firstId: ledgerPiece.firstId, lastId: ledgerPiece.lastId })
      .from(ledgerPiece)
      .where(gt(ledgerPiece.lastId, walkId))
      .orderBy(asc(ledgerPiece.lastId))
      .limit(1);
    if (piece === undefined) return { isEnd: true, discrepancies: await endWalk(tx) };
    const range = { after: piece.firstId - 1n, upTo: piece.lastId };
    const discrepancies = await provePiece(tx, range);
    await addSums(tx, 'ledger_walk_sum', range);
    await tx.update(ledgerAudit).set({ walkId: piece.lastId });
    return { isEnd: false, discrepancies };
  });
}

/** Compares a piece with its sums from when it was closed, checks the rules, and records whether it is right. */
export async function provePiece(
  tx: Transaction,
  range: PostingRange,
): Promise<readonly Discrepancy[]> {
  const found = await checkPiece(tx, range);
  const isRight = found.length === 0;
  await tx.execute(sql`
    UPDATE ledger_piece SET proved_at = CASE WHEN ${isRight} THEN now() ELSE proved_at END,
           broken_at = CASE WHEN ${isRight} THEN NULL ELSE coalesce(broken_at, now()) END
     WHERE last_id = ${range.upTo.toString()}`);
  return found;
}

/** Compares the sums of all pieces with the checkpoint, unless a broken piece already says why they differ. */
async function endWalk(tx: Transaction): Promise<readonly Discrepancy[]> {
  const { lastId, brokenAt } = ledgerPiece;
  const isBroken = isNotNull(brokenAt);
  const [broken] = await tx.select({ lastId }).from(ledgerPiece).where(isBroken).limit(1);
  const message = broken === undefined ? await checkpointDrift(tx) : null;
  if (broken === undefined) {
    await tx.execute(sql`
      UPDATE ledger_audit SET drift = ${message},
             whole_at = CASE WHEN ${message}::text IS NULL THEN walk_began_at ELSE whole_at END`);
  }
  await beginWalk(tx);
  return message === null ? [] : [{ code: 'CHECKPOINT_DRIFT', message }];
}

async function checkpointDrift(tx: Transaction): Promise<string | null> {
  const [drift] = await query<{ message: string }>(
    tx,
    sql`SELECT 'the checkpoint has ' || coalesce(kept.amount_wei, 0) || ' wei for ' || account ||
               ' of remote worker ' || remote_worker_id || ' (' || kind || '), its pieces come to ' ||
               coalesce(walked.amount_wei, 0) AS message
          FROM ledger_sum kept FULL JOIN ledger_walk_sum walked USING (kind, account, remote_worker_id)
         WHERE coalesce(kept.amount_wei, 0) <> coalesce(walked.amount_wei, 0)
         ORDER BY kind, account, remote_worker_id LIMIT 1`,
  );
  return drift?.message ?? null;
}

/** Starts the walk again at the first piece. */
export async function beginWalk(reader: Reader): Promise<void> {
  await reader.execute(sql`DELETE FROM ledger_walk_sum`);
  await reader.execute(sql`UPDATE ledger_audit SET walk_id = 0, walk_began_at = clock_timestamp()`);
}

/** Locks the audit's state, because only one audit, walk or compaction at a time may change the closed pieces. */
export async function lockAudit(tx: Transaction): Promise<{ readonly walkId: bigint }> {
  const [state] = await tx.select({ walkId: ledgerAudit.walkId }).from(ledgerAudit).for('update');
  return { walkId: state?.walkId ?? 0n };
}

async function addSums(
  tx: Transaction,
  table: 'ledger_sum' | 'ledger_walk_sum',
  range: PostingRange,
): Promise<void> {
  await tx.execute(sql`
    INSERT INTO ${sql.identifier(table)} AS s (kind, account, remote_worker_id, amount_wei) ${sumsOf(range)}
    ON CONFLICT (kind, account, remote_worker_id)
      DO UPDATE SET amount_wei = s.amount_wei + excluded.amount_wei`);
}

/** At most this many postings that no audit has closed yet are summed up while a person waits. */
const MOST_OPEN = 1_000_000;

/** Throws AUDIT_BEHIND when so many postings are not closed yet that a check would run into a time-out. */
export async function refuseBehind(reader: Reader, most = MOST_OPEN): Promise<void> {
  const checkpoint = await readCheckpoint(reader);
  const [last] = await reader.select({ id: max(posting.id) }).from(posting);
  const open = (last?.id ?? 0n) - checkpoint;
  if (open <= most) return;
  const words = `the audit has not come through ${open} postings yet; before it has, nobody can say in time whether the ledger adds up`;
  throw new PoolError('AUDIT_BEHIND', words);
}
