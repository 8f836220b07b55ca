/** Reads from the ledger which credits a payout settles. Nothing is kept for it: the postings and their order say it. */
import { sql } from 'drizzle-orm';
import { largerWei, smallerWei } from '../../base/money.js';
import type { Database, Reader } from '../../db/database.js';
import { list, orNull, rows } from '../../db/query.js';
import { ledgerEntry, type PostingKind, posting } from '../../ledger/store/tables.js';
import { payout } from '../../payouts/store/tables.js';
import {
  type PendingStep,
  type Settled,
  type Stretch,
  settleCredits,
} from '../rules/settled-credits.js';

/** A posting of which a payout settles all or a part. */
export interface CreditLine {
  readonly remoteWorkerId: number;
  readonly postingId: bigint;
  readonly kind: PostingKind;
  readonly sourceId: string | null;
  /** The batches whose events it was made from; null for a posting of no batch. */
  readonly batches: { readonly from: number; readonly to: number } | null;
  readonly termsId: number | null;
  readonly rateId: number | null;
  readonly reference: string | null;
  readonly reason: string | null;
  readonly bookedAt: Date;
  /** The times of its first and last event; null when no event made it, or an older version did not keep them. */
  readonly firstDt: Date | null;
  readonly lastDt: Date | null;
  /** What the posting credits, in wei; negative for a deduction. */
  readonly postingWei: bigint;
  /** The part that the payout settles, in wei: what lies before it was settled by earlier payouts. */
  readonly beforeWei: bigint;
  readonly amountWei: bigint;
}

export interface PayoutCredits {
  /** In the order of the workers, and of the postings of each. */
  readonly lines: readonly CreditLine[];
  /** See `Settled`. */
  readonly missingWei: bigint;
  readonly isReturned: boolean;
}

/** Reads the credits of a payout. It must exist, else there are none. */
export async function readPayoutCredits(db: Database, payoutId: string): Promise<PayoutCredits> {
  // One snapshot: the postings must be those by which the payouts are sorted out.
  const settings = { isolationLevel: 'repeatable read', accessMode: 'read only' } as const;
  return db.transaction(async (tx) => {
    const moves = await readMoves(tx, payoutId);
    const sums = await readSums(tx, payoutId, moves);
    const settled = settleAll(moves, sums, payoutId);
    const lines: CreditLine[] = [];
    for (const [workerId, one] of settled) {
      const ofWorker = sums.filter(({ remoteWorkerId }) => remoteWorkerId === workerId);
      const context = { workerId, moves, sums: ofWorker };
      const credits = await readLines(tx, one.credits, { ...context, sign: 1n });
      const deductions = await readLines(tx, one.deductions, { ...context, sign: -1n });
      lines.push(...[...credits, ...deductions].sort(byPosting));
    }
    const all = [...settled.values()];
    return {
      lines,
      missingWei: all.reduce((sum, { missingWei }) => sum + missingWei, 0n),
      isReturned: all.some(({ isReturned }) => isReturned),
    };
  }, settings);
}

function byPosting(a: CreditLine, b: CreditLine): number {
  if (a.postingId !== b.postingId) return a.postingId < b.postingId ? -1 : 1;
  return a.beforeWei < b.beforeWei ? -1 : 1;
}

/** Reads which postings reserved or released payouts of the payee, for each of its workers. */
function readMoves(reader: Reader, payoutId: string) {
  return rows(
    reader,
    {
      id: posting.id,
      kind: posting.kind,
      payoutId: payout.id,
      remoteWorkerId: ledgerEntry.remoteWorkerId,
      amountWei: ledgerEntry.amountWei,
    },
    sql`SELECT p.id, p.kind, p.payout_id AS "payoutId", e.remote_worker_id AS "remoteWorkerId",
               e.amount_wei AS "amountWei"
          FROM payout o
          JOIN posting p ON p.payout_id = o.id AND p.kind IN ('reserve', 'release')
          JOIN ledger_entry e ON e.posting_id = p.id AND e.account = 'pending'
         WHERE o.payee = (SELECT payee FROM payout WHERE id = ${payoutId}::uuid)
         ORDER BY p.id, e.remote_worker_id`,
  );
}

type Move = Awaited<ReturnType<typeof readMoves>>[number];

const idsOf = (moves: readonly Move[]): readonly bigint[] => [
  ...new Set(moves.map(({ id }) => id)),
];

/**
 * Adds up what was credited and deducted between the moves, for each worker that has part in the payout. `after` is how
 * many of the moves came before.
 */
async function readSums(reader: Reader, payoutId: string, moves: readonly Move[]) {
  const ids = list(idsOf(moves));
  const workers = list([...new Set(movedWorkers(moves, payoutId))]);
  return rows(
    reader,
    {
      remoteWorkerId: Number,
      after: Number,
      creditWei: ledgerEntry.amountWei,
      deductionWei: ledgerEntry.amountWei,
    },
    sql`SELECT e.remote_worker_id AS "remoteWorkerId", width_bucket(e.posting_id, ${ids}::bigint[]) AS after,
               coalesce(sum(e.amount_wei) FILTER (WHERE e.amount_wei > 0), 0) AS "creditWei",
               coalesce(-sum(e.amount_wei) FILTER (WHERE e.amount_wei < 0), 0) AS "deductionWei"
          FROM ledger_entry e
         WHERE e.remote_worker_id = ANY(${workers}::bigint[]) AND e.account = 'pending'
           AND e.posting_id <> ALL(${ids}::bigint[])
         GROUP BY 1, 2 ORDER BY 1, 2`,
  );
}

type SumRow = Awaited<ReturnType<typeof readSums>>[number];

const movedWorkers = (moves: readonly Move[], payoutId: string): readonly number[] =>
  moves.filter((move) => move.payoutId === payoutId).map(({ remoteWorkerId }) => remoteWorkerId);

/** Returns what the payout settles of each of its workers. */
function settleAll(
  moves: readonly Move[],
  sums: readonly SumRow[],
  payoutId: string,
): ReadonlyMap<number, Settled> {
  const ids = idsOf(moves);
  const workers = [...new Set(movedWorkers(moves, payoutId))].sort((a, b) => a - b);
  const moveAt = new Map(moves.map((move) => [`${move.remoteWorkerId}/${move.id}`, move]));
  const sumAt = new Map(sums.map((sum) => [`${sum.remoteWorkerId}/${sum.after}`, sum]));
  const settled = new Map<number, Settled>();
  for (const workerId of workers) {
    const steps: PendingStep[] = [];
    for (let after = 0; after <= ids.length; after += 1) {
      const { creditWei = 0n, deductionWei = 0n } = sumAt.get(`${workerId}/${after}`) ?? {};
      if (creditWei > 0n) steps.push({ kind: 'credit', amountWei: creditWei });
      if (deductionWei > 0n) steps.push({ kind: 'credit', amountWei: -deductionWei });
      const move = moveAt.get(`${workerId}/${ids[after]}`);
      if (move !== undefined) steps.push(stepOf(move));
    }
    const own = settleCredits(steps).get(payoutId);
    if (own !== undefined) settled.set(workerId, own);
  }
  return settled;
}

function stepOf({ kind, payoutId, amountWei }: Move): PendingStep {
  return kind === 'release'
    ? { kind, payoutId }
    : { kind: 'reserve', payoutId, amountWei: -amountWei };
}

interface LineOrder {
  readonly workerId: number;
  readonly moves: readonly Move[];
  /** Of this worker. */
  readonly sums: readonly SumRow[];
  /** 1 for credits, -1 for deductions. */
  readonly sign: 1n | -1n;
}

/** Reads the postings that lie on these stretches of a worker's line. */
async function readLines(
  reader: Reader,
  stretches: readonly Stretch[],
  { workerId, moves, sums, sign }: LineOrder,
): Promise<readonly CreditLine[]> {
  const ids = idsOf(moves);
  const lines: CreditLine[] = [];
  let fromWei = 0n;
  for (const { after, creditWei, deductionWei } of sums) {
    const part = { fromWei, toWei: fromWei + (sign > 0n ? creditWei : deductionWei) };
    fromWei = part.toWei;
    const own = stretches.filter((one) => one.fromWei < part.toWei && one.toWei > part.fromWei);
    if (own.length === 0) continue;
    const range = { workerId, sign, after: ids[after - 1] ?? 0n, before: ids[after] ?? null };
    let atWei = part.fromWei;
    for (const posted of await readPostings(reader, range)) {
      const postingWei = sign * posted.entryWei;
      const endWei = atWei + postingWei;
      for (const stretch of own) {
        const startWei = largerWei(stretch.fromWei, atWei);
        const stopWei = smallerWei(stretch.toWei, endWei);
        if (stopWei <= startWei) continue;
        lines.push(
          toLine(posted, { workerId, startWei: startWei - atWei, stopWei: stopWei - atWei, sign }),
        );
      }
      atWei = endWei;
    }
  }
  return lines;
}

interface PostingRange {
  readonly workerId: number;
  readonly sign: 1n | -1n;
  /** Between these two postings, without them; null: up to the newest one. */
  readonly after: bigint;
  readonly before: bigint | null;
}

/**
 * Reads the postings in the order of the line: by day, and within a day by source, kind, terms and rate. Those are what compaction
 * puts together, so a payout that takes only a part of them takes the same part afterwards.
 */
function readPostings(reader: Reader, { workerId, sign, after, before }: PostingRange) {
  const { id, kind, sourceId, batch, termsId, rateId } = posting;
  const { reference, reason, createdAt, firstDt, lastDt } = posting;
  return rows(
    reader,
    {
      id,
      kind,
      sourceId,
      batch,
      termsId,
      rateId,
      reference,
      reason,
      createdAt,
      firstDt,
      lastDt,
      entryWei: ledgerEntry.amountWei,
      priorBatch: orNull(Number),
    },
    // A compacted posting stands for all batches since the posting before it of the same kind, source, terms and rate.
    sql`SELECT p.id, p.kind, p.source_id AS "sourceId", p.batch, p.terms_id AS "termsId", p.rate_id AS "rateId", p.reference, p.reason,
               p.created_at AS "createdAt", p.first_dt AS "firstDt", p.last_dt AS "lastDt",
               e.amount_wei AS "entryWei",
               CASE WHEN p.stands_for IS NOT NULL THEN coalesce((
                 SELECT prior.batch FROM ledger_entry d JOIN posting prior ON prior.id = d.posting_id
                  WHERE d.remote_worker_id = e.remote_worker_id AND d.posting_id < e.posting_id
                    AND prior.kind = p.kind AND prior.source_id = p.source_id AND prior.terms_id = p.terms_id
                    AND prior.rate_id IS NOT DISTINCT FROM p.rate_id
                  ORDER BY d.posting_id DESC LIMIT 1), 0) END AS "priorBatch"
          FROM ledger_entry e JOIN posting p ON p.id = e.posting_id
         WHERE e.remote_worker_id = ${workerId} AND e.account = 'pending'
           AND sign(e.amount_wei) = ${sign.toString()}::numeric
           AND e.posting_id > ${after.toString()}::bigint
           AND (${before?.toString() ?? null}::bigint IS NULL OR e.posting_id < ${before?.toString() ?? null}::bigint)
         ORDER BY date_trunc('day', p.created_at, 'UTC'), p.source_id NULLS FIRST, p.kind, p.terms_id, p.rate_id NULLS FIRST, e.posting_id`,
  );
}

type Posted = Awaited<ReturnType<typeof readPostings>>[number];

function toLine(
  posted: Posted,
  part: {
    readonly workerId: number;
    readonly startWei: bigint;
    readonly stopWei: bigint;
    readonly sign: 1n | -1n;
  },
): CreditLine {
  const { id, batch, priorBatch, createdAt, entryWei } = posted;
  const { sourceId, kind, termsId, rateId, reference, reason, firstDt, lastDt } = posted;
  return {
    remoteWorkerId: part.workerId,
    postingId: id,
    kind,
    sourceId,
    batches:
      batch === null ? null : { from: priorBatch === null ? batch : priorBatch + 1, to: batch },
    termsId,
    rateId,
    reference,
    reason,
    bookedAt: createdAt,
    firstDt,
    lastDt,
    postingWei: entryWei,
    beforeWei: part.startWei,
    amountWei: part.sign * (part.stopWei - part.startWei),
  };
}
