/**
 * Postings of long ago, put together: of each kind, source, remote worker and terms one posting a month
 * instead of one for each batch. What they come to stays, to the wei: the database compares it when the transaction commits.
 */
import { sql } from 'drizzle-orm';
import type { Database, Transaction } from './database.js';
import type { Finding } from './invariants.js';
import { beginWalk, lockAudit, PIECE_POSTINGS, provePiece } from './ledger-pieces.js';
import { query } from './query.js';
import { transact } from './transact.js';

export interface CompactionReport {
  /** Pieces that are compacted now. */
  readonly pieces: number;
  /** So many postings fewer than before. */
  readonly postings: number;
  /** A piece that is not what it was is left alone, and what comes after it: null when there is none. */
  readonly broken: Finding | null;
}

interface Piece {
  readonly firstId: bigint;
  readonly lastId: bigint;
}

/** Compacts closed pieces whose last posting is older than this, the oldest first, a transaction each. */
export async function compactPostings(
  db: Database,
  order: {
    readonly before: Date;
    /** Called, and waited for, before each piece. */
    readonly onProgress: (words: string) => unknown;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<CompactionReport> {
  const report = { pieces: 0, postings: 0 };
  for (;;) {
    order.signal?.throwIfAborted();
    await order.onProgress(`compacting postings: ${report.pieces} pieces so far`);
    const step = await transact(db, (tx) => compactNext(tx, order.before));
    if (step === undefined) return { ...report, broken: null };
    if ('broken' in step) return { ...report, broken: step.broken };
    report.pieces += 1;
    report.postings += step.gone;
  }
}

type Step = { readonly gone: number } | { readonly broken: Finding };

async function compactNext(tx: Transaction, before: Date): Promise<Step | undefined> {
  const { walkId } = await lockAudit(tx);
  const [row] = await query<{ first_id: string; last_id: string; prior_id: string | null }>(
    tx,
    sql`SELECT piece.first_id, piece.last_id, prior.first_id AS prior_id FROM (
          SELECT * FROM ledger_piece WHERE compacted_at IS NULL ORDER BY last_id LIMIT 1) piece
          LEFT JOIN ledger_piece prior
            ON prior.last_id = piece.first_id - 1 AND prior.compacted_at IS NOT NULL
           AND prior.postings < ${PIECE_POSTINGS}
           AND date_trunc('month', prior.ends_at, 'UTC') = date_trunc('month', piece.ends_at, 'UTC')
         WHERE piece.ends_at < ${before.toISOString()}::timestamptz`,
  );
  if (row === undefined) return undefined;
  const piece = { firstId: BigInt(row.first_id), lastId: BigInt(row.last_id) };
  const prior =
    row.prior_id === null ? [] : [{ firstId: BigInt(row.prior_id), lastId: piece.firstId - 1n }];
  for (const { firstId, lastId } of [...prior, piece]) {
    const [broken] = await provePiece(tx, { after: firstId - 1n, upTo: lastId });
    if (broken !== undefined) return { broken };
  }
  const whole = { firstId: prior[0]?.firstId ?? piece.firstId, lastId: piece.lastId };
  const left = await rewrite(tx, whole);
  const taken = await joinPieces(tx, whole);
  // The walk has added up a part of what is one piece now.
  if (walkId >= whole.firstId && walkId < whole.lastId) await beginWalk(tx);
  return { gone: taken - left };
}

/** Jobs of batches only: what a person ordered, and what belongs to a payout, stays as it was written. */
const MANY = sql`kind IN ('jobs', 'late-jobs', 'unattributed') AND batch IS NOT NULL
  AND payout_id IS NULL AND reference IS NULL AND reason IS NULL`;
const GROUP = sql`kind, source_id, remote_worker_id, terms_id`;

/** Puts the postings of each group together in the last of them; resolves with how many postings there are now. */
async function rewrite(tx: Transaction, { firstId, lastId }: Piece): Promise<number> {
  const [first, last] = [firstId.toString(), lastId.toString()];
  await tx.execute(
    sql`INSERT INTO ledger_compaction (first_id, last_id) VALUES (${first}, ${last})`,
  );
  await tx.execute(sql`
    CREATE TEMP TABLE compacted ON COMMIT DROP AS
    SELECT ${GROUP}, max(id) AS id, max(batch) AS batch, max(created_at) AS created_at,
           sum(coalesce(stands_for, 1)) AS stands_for, array_agg(id) AS ids
      FROM posting WHERE id BETWEEN ${sql.raw(first)} AND ${sql.raw(last)} AND ${MANY}
     GROUP BY ${GROUP} HAVING count(*) > 1`);
  await tx.execute(sql`
    CREATE TEMP TABLE compacted_entry ON COMMIT DROP AS
    SELECT part.id, entry.account, entry.remote_worker_id, sum(entry.amount_wei) AS amount_wei
      FROM (SELECT id, unnest(ids) AS posting_id FROM compacted) part
      JOIN ledger_entry entry USING (posting_id) GROUP BY 1, 2, 3 HAVING sum(entry.amount_wei) <> 0`);
  await tx.execute(sql`
    DELETE FROM ledger_entry WHERE posting_id IN (SELECT unnest(ids) FROM compacted)`);
  await tx.execute(sql`DELETE FROM posting WHERE id IN (SELECT unnest(ids) FROM compacted)`);
  await tx.execute(sql`
    INSERT INTO posting (id, batch, created_at, stands_for, ${GROUP}) OVERRIDING SYSTEM VALUE
    SELECT id, batch, created_at, stands_for, ${GROUP} FROM compacted ORDER BY id`);
  await tx.execute(sql`
    INSERT INTO ledger_entry (posting_id, account, remote_worker_id, amount_wei)
    SELECT id, account, remote_worker_id, amount_wei FROM compacted_entry ORDER BY id`);
  const [row] = await query<{ postings: string }>(
    tx,
    sql`SELECT count(*) AS postings FROM posting WHERE id BETWEEN ${first} AND ${last}`,
  );
  return Number(row?.postings);
}

/** One piece of what was one or two; resolves with how many postings those had. */
async function joinPieces(tx: Transaction, { firstId, lastId }: Piece): Promise<number> {
  const [first, last] = [firstId.toString(), lastId.toString()];
  const [before] = await query<{ postings: string }>(
    tx,
    sql`SELECT sum(postings) AS postings FROM ledger_piece WHERE first_id >= ${first} AND last_id <= ${last}`,
  );
  await tx.execute(sql`DELETE FROM ledger_piece WHERE first_id >= ${first} AND last_id < ${last}`);
  await tx.execute(sql`
    UPDATE ledger_piece SET first_id = ${first}, fingerprint = ledger_fingerprint(${first}, ${last}),
           postings = (SELECT count(*) FROM posting WHERE id BETWEEN ${first} AND ${last}),
           compacted_at = now(), proved_at = now()
     WHERE last_id = ${last}`);
  return Number(before?.postings);
}
