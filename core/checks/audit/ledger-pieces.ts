/**
 * Closed pieces of the ledger. The audit closes postings in pieces, adds what they come to to the checkpoint, and goes on from
 * there; and it walks over the closed ones again, some each time, so that the whole history is proved over and over.
 */
import { setTimeout } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { PoolError } from '../../base/errors/pool-error.js';
import type { Database, Reader, Transaction } from '../../db/database.js';
import { query } from '../../db/query.js';
import { transact } from '../../db/transact.js';
import { type Finding, pieceFindings, readCheckpoint, violationsOf } from './invariants.js';
import { type PostingRange, postingInvariants, sumsOf } from './invariants-ledger.js';

/** Postings of one piece: few enough to be read within a second, so that no time-out is ever near. */
export const PIECE_POSTINGS = 50_000;
/** So long is waited for transactions that may still write below the end of a piece. */
const WRITERS_MS = 10_000;
const WRITERS_PAUSE_MS = 50;

/** Where the walk over the closed pieces stands after a step. */
export type WalkStep =
  | { readonly kind: 'piece'; readonly findings: readonly Finding[] }
  | { readonly kind: 'end'; readonly findings: readonly Finding[] };

/**
 * Closes the next piece: each posting of it is held against the rules, and what they come to is added to the checkpoint.
 * False when there are not enough postings for one. What breaks a rule stays open, and is named by each audit.
 */
export async function closePiece(db: Database, size = PIECE_POSTINGS): Promise<boolean> {
  const after = await readCheckpoint(db);
  const next = await nextPiece(db, after, { size, upTo: await lastPosting(db) });
  if (next === undefined || !(await awaitWriters(db))) return false;
  return transact(db, async (tx) => {
    await lockAudit(tx);
    // Another audit was quicker, or somebody closed a shorter one.
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

/** The end of the next piece; undefined: there are too few postings. */
async function nextPiece(
  reader: Reader,
  after: bigint,
  { size, upTo }: { readonly size: number; readonly upTo: bigint },
): Promise<bigint | undefined> {
  const [row] = await query<{ id: string; postings: string }>(
    reader,
    sql`SELECT max(id) AS id, count(*) AS postings FROM (
          SELECT id FROM posting WHERE id > ${after.toString()} AND id <= ${upTo.toString()}
           ORDER BY id LIMIT ${size}) piece`,
  );
  return row !== undefined && Number(row.postings) === size ? BigInt(row.id) : undefined;
}

/** The highest number that was given to a posting; its transaction may still be open. */
async function lastPosting(reader: Reader): Promise<bigint> {
  const [row] = await query<{ id: string }>(
    reader,
    sql`SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('posting', 'id')::regclass), 0) AS id`,
  );
  return BigInt(row?.id ?? 0);
}

/**
 * Waits until everybody has ended who writes postings at this moment: whoever got a number of a posting before has the
 * table's lock since before. False when one of them takes too long: the next audit tries again.
 */
async function awaitWriters(db: Reader): Promise<boolean> {
  let left = new Set(await writers(db));
  for (let waitedMs = 0; left.size > 0; waitedMs += WRITERS_PAUSE_MS) {
    if (waitedMs >= WRITERS_MS) return false;
    await setTimeout(WRITERS_PAUSE_MS);
    const now = new Set(await writers(db));
    left = new Set([...left].filter((one) => now.has(one)));
  }
  return true;
}

async function writers(reader: Reader): Promise<readonly string[]> {
  const rows = await query<{ transaction: string }>(
    reader,
    sql`SELECT virtualtransaction AS transaction FROM pg_locks
         WHERE relation = 'posting'::regclass AND mode = 'RowExclusiveLock' AND granted
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  return rows.map(({ transaction }) => transaction);
}

/**
 * Proves the next closed piece again: its postings are what they were, and keep the rules. After the last one what all of them
 * come to is compared with the checkpoint, and the walk begins again.
 */
export async function walkOn(db: Database): Promise<WalkStep> {
  return transact(db, async (tx) => {
    const { walkId } = await lockAudit(tx);
    const [piece] = await query<{ first_id: string; last_id: string }>(
      tx,
      sql`SELECT first_id, last_id FROM ledger_piece WHERE last_id > ${walkId.toString()}
           ORDER BY last_id LIMIT 1`,
    );
    if (piece === undefined) return { kind: 'end', findings: await endWalk(tx) };
    const range = { after: BigInt(piece.first_id) - 1n, upTo: BigInt(piece.last_id) };
    const findings = await provePiece(tx, range);
    await addSums(tx, 'ledger_walk_sum', range);
    await tx.execute(sql`UPDATE ledger_audit SET walk_id = ${piece.last_id}::bigint`);
    return { kind: 'piece', findings };
  });
}

/** Holds a piece against what it was when it was closed, and against the rules, and keeps what came out. */
export async function provePiece(
  tx: Transaction,
  range: PostingRange,
): Promise<readonly Finding[]> {
  const findings = await pieceFindings(tx, range);
  const isRight = findings.length === 0;
  await tx.execute(sql`
    UPDATE ledger_piece SET proved_at = CASE WHEN ${isRight} THEN now() ELSE proved_at END,
           broken_at = CASE WHEN ${isRight} THEN NULL ELSE coalesce(broken_at, now()) END
     WHERE last_id = ${range.upTo.toString()}`);
  return findings;
}

/** All pieces were proved: together they must come to the checkpoint. One that is broken says enough of why they do not. */
async function endWalk(tx: Transaction): Promise<readonly Finding[]> {
  const [broken] = await query(
    tx,
    sql`SELECT FROM ledger_piece WHERE broken_at IS NOT NULL LIMIT 1`,
  );
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

/** From the first piece on. */
export async function beginWalk(reader: Reader): Promise<void> {
  await reader.execute(sql`DELETE FROM ledger_walk_sum`);
  await reader.execute(sql`UPDATE ledger_audit SET walk_id = 0, walk_began_at = clock_timestamp()`);
}

/** One audit, walk or compaction at a time changes what is closed. */
export async function lockAudit(tx: Transaction): Promise<{ readonly walkId: bigint }> {
  const [row] = await query<{ walk_id: string }>(
    tx,
    sql`SELECT walk_id FROM ledger_audit FOR UPDATE`,
  );
  return { walkId: BigInt(row?.walk_id ?? 0) };
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

/** Postings that no audit has closed yet: more than so many are not summed up while a person waits. */
const MOST_OPEN = 1_000_000;

/** Throws AUDIT_BEHIND when so much is not closed that what a person waits for would run into a time-out. */
export async function refuseBehind(reader: Reader, most = MOST_OPEN): Promise<void> {
  const [row] = await query<{ open: string }>(
    reader,
    sql`SELECT coalesce(max(id), 0) - ${(await readCheckpoint(reader)).toString()}::bigint AS open FROM posting`,
  );
  const open = Number(row?.open ?? 0);
  if (open <= most) return;
  const words = `the audit has not come through ${open} postings yet; before it has, nobody can say in time whether the ledger adds up`;
  throw new PoolError('AUDIT_BEHIND', words);
}
