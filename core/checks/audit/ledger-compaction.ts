/**
 * Compacts old postings: for each kind, source, remote worker, terms and rate it leaves one posting a day instead of one for
 * each batch. The sums stay the same to the wei; the database checks that when the transaction commits. Statements and
 * the credits of payouts read the postings as well, so what they show must stay the same, too: postings of two days are
 * never put together, nor postings between which something else was posted for the payee, such as a payout.
 */
import { type SQL, sql } from 'drizzle-orm';
import type { Database, Transaction } from '../../db/database.js';
import { orNull, rows } from '../../db/query.js';
import { transact } from '../../db/transact.js';
import type { Discrepancy } from '../rules/discrepancies.js';
import { ledgerPiece } from '../store/tables.js';
import { beginWalk, lockAudit, PIECE_POSTINGS, provePiece } from './ledger-pieces.js';

type Piece = Pick<typeof ledgerPiece.$inferSelect, 'firstId' | 'lastId'>;

/**
 * Compacts closed pieces whose last posting is older than `before`: the oldest first, each in its own transaction. A piece
 * that has changed since it was closed is `broken`: it and all later ones are left alone.
 */
export async function compactPostings(
  db: Database,
  order: {
    readonly before: Date;
    /** Called and awaited before each piece. */
    readonly onProgress: (words: string) => unknown;
    readonly signal?: AbortSignal | undefined;
  },
) {
  /** How many pieces were compacted, and by how many the number of postings fell. */
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

type Step = { readonly gone: number } | { readonly broken: Discrepancy };

async function compactNext(tx: Transaction, before: Date): Promise<Step | undefined> {
  const { walkId } = await lockAudit(tx);
  const [piece] = await rows(
    tx,
    {
      firstId: ledgerPiece.firstId,
      lastId: ledgerPiece.lastId,
      priorId: orNull(ledgerPiece.firstId),
      postings: Number,
    },
    sql`SELECT piece.first_id AS "firstId", piece.last_id AS "lastId", prior.first_id AS "priorId",
               piece.postings + coalesce(prior.postings, 0) AS postings FROM (
          SELECT * FROM ledger_piece WHERE compacted_at IS NULL ORDER BY last_id LIMIT 1) piece
          LEFT JOIN ledger_piece prior
            ON prior.last_id = piece.first_id - 1 AND prior.compacted_at IS NOT NULL
           AND prior.postings < ${PIECE_POSTINGS}
           AND date_trunc('month', prior.ends_at, 'UTC') = date_trunc('month', piece.ends_at, 'UTC')
         WHERE piece.ends_at < ${before.toISOString()}::timestamptz`,
  );
  if (piece === undefined) return undefined;
  const { firstId, lastId, priorId, postings } = piece;
  const ranges = [{ after: firstId - 1n, upTo: lastId }];
  if (priorId !== null) ranges.unshift({ after: priorId - 1n, upTo: firstId - 1n });
  for (const range of ranges) {
    const [broken] = await provePiece(tx, range);
    if (broken !== undefined) return { broken };
  }
  const whole = { firstId: priorId ?? firstId, lastId };
  await rewrite(tx, whole);
  const left = await joinPieces(tx, whole);
  // The walk has already summed a part of the joined piece, so it starts again.
  if (walkId >= whole.firstId && walkId < whole.lastId) await beginWalk(tx);
  return { gone: postings - left };
}

/** Selects jobs that came in batches. Postings that a person ordered or that belong to a payout stay as they are. */
const IS_OF_BATCH = sql`(posting.kind IN ('jobs', 'late-jobs', 'unattributed') AND posting.batch IS NOT NULL
  AND posting.payout_id IS NULL AND posting.reference IS NULL AND posting.reason IS NULL)`;
const GROUP = sql`kind, source_id, remote_worker_id, terms_id, rate_id`;

/**
 * Selects for each posting of a batch its day and its stretch: how many other postings of the range were written for its
 * payee before it. Postings of jobs of nobody have no payee, and all are of one stretch.
 */
function stretches(first: string, last: string): SQL {
  return sql`
    WITH marked AS (
      SELECT DISTINCT posting.id, worker.payee, ${IS_OF_BATCH} AS is_of_batch
        FROM posting
        JOIN ledger_entry entry ON entry.posting_id = posting.id AND entry.remote_worker_id <> 0
        JOIN remote_worker worker ON worker.id = entry.remote_worker_id
       WHERE posting.id BETWEEN ${sql.raw(first)} AND ${sql.raw(last)}),
    counted AS (
      SELECT id, is_of_batch,
             count(*) FILTER (WHERE NOT is_of_batch) OVER (PARTITION BY payee ORDER BY id) AS stretch
        FROM marked)
    SELECT posting.*, (posting.created_at AT TIME ZONE 'UTC')::date AS day, coalesce(counted.stretch, 0) AS stretch
      FROM posting LEFT JOIN counted ON counted.id = posting.id AND counted.is_of_batch
     WHERE posting.id BETWEEN ${sql.raw(first)} AND ${sql.raw(last)} AND ${IS_OF_BATCH}`;
}

/** Merges the postings of each group into the last of them. */
async function rewrite(tx: Transaction, { firstId, lastId }: Piece): Promise<void> {
  const [first, last] = [firstId.toString(), lastId.toString()];
  await tx.execute(
    sql`INSERT INTO ledger_compaction (first_id, last_id) VALUES (${first}, ${last})`,
  );
  await tx.execute(sql`
    CREATE TEMP TABLE compacted ON COMMIT DROP AS
    SELECT ${GROUP}, max(id) AS id, max(batch) AS batch, max(created_at) AS created_at,
           sum(coalesce(stands_for, 1)) AS stands_for, array_agg(id) AS ids,
           CASE WHEN count(*) = count(first_dt) THEN min(first_dt) END AS first_dt,
           CASE WHEN count(*) = count(last_dt) THEN max(last_dt) END AS last_dt
      FROM (${stretches(first, last)}) posting
     GROUP BY ${GROUP}, day, stretch HAVING count(*) > 1`);
  await tx.execute(sql`
    CREATE TEMP TABLE compacted_entry ON COMMIT DROP AS
    SELECT part.id, entry.account, entry.remote_worker_id, sum(entry.amount_wei) AS amount_wei
      FROM (SELECT id, unnest(ids) AS posting_id FROM compacted) part
      JOIN ledger_entry entry USING (posting_id) GROUP BY 1, 2, 3 HAVING sum(entry.amount_wei) <> 0`);
  await tx.execute(sql`
    DELETE FROM ledger_entry WHERE posting_id IN (SELECT unnest(ids) FROM compacted)`);
  await tx.execute(sql`DELETE FROM posting WHERE id IN (SELECT unnest(ids) FROM compacted)`);
  await tx.execute(sql`
    INSERT INTO posting (id, batch, created_at, stands_for, first_dt, last_dt, ${GROUP}) OVERRIDING SYSTEM VALUE
    SELECT id, batch, created_at, stands_for, first_dt, last_dt, ${GROUP} FROM compacted ORDER BY id`);
  await tx.execute(sql`
    INSERT INTO ledger_entry (posting_id, account, remote_worker_id, amount_wei)
    SELECT id, account, remote_worker_id, amount_wei FROM compacted_entry ORDER BY id`);
}

/** Joins one or two pieces into one; returns how many postings it has. */
async function joinPieces(tx: Transaction, { firstId, lastId }: Piece): Promise<number> {
  const [first, last] = [firstId.toString(), lastId.toString()];
  await tx.execute(sql`DELETE FROM ledger_piece WHERE first_id >= ${first} AND last_id < ${last}`);
  const [joined] = await rows(
    tx,
    { postings: Number },
    sql`UPDATE ledger_piece SET first_id = ${first}, fingerprint = ledger_fingerprint(${first}, ${last}),
               postings = (SELECT count(*) FROM posting WHERE id BETWEEN ${first} AND ${last}),
               compacted_at = now(), proved_at = now()
         WHERE last_id = ${last} RETURNING postings`,
  );
  return joined?.postings ?? 0;
}
