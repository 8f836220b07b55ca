/** Checks the rules that hold between the tables at any moment. Each rule is a query that names the rows which break it. */
import { asc, isNotNull, max, type SQL, sql } from 'drizzle-orm';
import type { Reader } from '../../db/database.js';
import { query } from '../../db/query.js';
import type { Discrepancy } from '../rules/discrepancies.js';
import { ledgerPiece } from '../store/tables.js';
import { dayInvariants } from './invariants-days.js';
import {
  type Invariants,
  NO_END,
  type PostingRange,
  payoutMissing,
  postingInvariants,
  SLOW_INVARIANTS,
  SUM_INVARIANTS,
  sumsOf,
} from './invariants-ledger.js';
import {
  ALL_PAYOUTS,
  EVENT_TWICE,
  nonceInvariant,
  PAYOUTS_IN_TURN,
  payoutInvariants,
  RECENT_PAYOUTS,
  STANDING_INVARIANTS,
} from './invariants-payouts.js';

const MOST_OF_EACH = 20;
/** The marker for a checkpoint that moved while it was read, so the range of postings after it is out of date. */
const MOVED = 'CHECKPOINT_MOVED';
const MAX_TRIES = 20;

/**
 * Checks the rules and returns every violation. It starts from the checkpoint of the closed pieces
 * (ledger-pieces.ts), and so takes the same time however long the history is. With the events it also reads every
 * payout and every raw event, which is slow when there are years of them.
 */
export async function checkInvariants(
  reader: Reader,
  options: { readonly withEvents?: boolean } = {},
): Promise<readonly Discrepancy[]> {
  const isWhole = options.withEvents === true;
  const sums = isWhole ? { ...SUM_INVARIANTS, ...SLOW_INVARIANTS } : SUM_INVARIANTS;
  return [
    ...(await checkPostings(reader, sums)),
    ...(await violationsOf(reader, {
      ...STANDING_INVARIANTS,
      ...payoutInvariants(isWhole ? ALL_PAYOUTS : sql`${RECENT_PAYOUTS} UNION ${PAYOUTS_IN_TURN}`),
      ...nonceInvariant(isWhole ? 'all' : 'newest'),
      ...dayInvariants(isWhole ? 'all' : 'in turn'),
      ...(isWhole ? EVENT_TWICE : {}),
    })),
    ...(await brokenPieces(reader)),
  ];
}

/** Reads the checkpoint: all postings up to this id are in closed pieces. */
export async function readCheckpoint(reader: Reader): Promise<bigint> {
  const [piece] = await reader.select({ lastId: max(ledgerPiece.lastId) }).from(ledgerPiece);
  return piece?.lastId ?? 0n;
}

/** Checks each posting since the checkpoint, and the sums of all postings. */
async function checkPostings(reader: Reader, ofSums: Invariants): Promise<readonly Discrepancy[]> {
  for (let tries = 1; ; tries += 1) {
    const after = await readCheckpoint(reader);
    const range: PostingRange = { after, upTo: NO_END };
    const found = await query<Discrepancy>(reader, sumStatement(range, ofSums));
    const isMoved = found.some(({ code }) => code === MOVED);
    if (!isMoved) return [...(await violationsOf(reader, postingInvariants(range))), ...found];
    if (tries === MAX_TRIES) throw new Error('the checkpoint of the ledger moves on and on');
  }
}

/** Builds one statement, so that checkpoint, later postings and balances are read from the same snapshot. */
function sumStatement(range: PostingRange, invariants: Invariants): SQL {
  return sql`WITH sums AS MATERIALIZED (
      SELECT kind, account, remote_worker_id, sum(amount_wei) AS amount_wei FROM (
        SELECT kind, account, remote_worker_id, amount_wei FROM ledger_sum
         UNION ALL ${sumsOf(range)}) parts
       GROUP BY kind, account, remote_worker_id)
    SELECT ${MOVED} AS code, '' AS message
     WHERE (SELECT coalesce(max(last_id), 0) FROM ledger_piece) <> ${range.after.toString()}::bigint
     UNION ALL ${sql.join(Object.entries(invariants).map(limited), sql` UNION ALL `)}`;
}

const limited = ([code, violations]: readonly [string, SQL]): SQL =>
  sql`(SELECT ${code}::text AS code, message FROM (${violations}) found LIMIT ${MOST_OF_EACH})`;

/** Runs these rules and returns what breaks them, at most the first rows of each. */
export async function violationsOf(
  reader: Reader,
  invariants: Invariants,
): Promise<readonly Discrepancy[]> {
  const found: Discrepancy[] = [];
  for (const invariant of Object.entries(invariants)) {
    found.push(...(await query<Discrepancy>(reader, limited(invariant))));
  }
  return found;
}

/** Finds what is still wrong with pieces that a walk found broken, and reports a checkpoint that differs from the sum of its pieces. */
async function brokenPieces(reader: Reader): Promise<readonly Discrepancy[]> {
  const { firstId, lastId, brokenAt } = ledgerPiece;
  const pieces = await reader
    .select({ firstId, lastId })
    .from(ledgerPiece)
    .where(isNotNull(brokenAt))
    .orderBy(asc(lastId))
    .limit(MOST_OF_EACH);
  const found: Discrepancy[] = [];
  for (const piece of pieces) {
    const range = { after: piece.firstId - 1n, upTo: piece.lastId };
    found.push(...(await checkPiece(reader, range)));
  }
  const drift = sql`SELECT drift AS message FROM ledger_audit WHERE drift IS NOT NULL`;
  found.push(...(await violationsOf(reader, { CHECKPOINT_DRIFT: drift })));
  return found;
}

/** Checks a closed piece. Unless a posting was changed, a closed piece can break only the rule that reads another table. */
export async function checkPiece(
  reader: Reader,
  range: PostingRange,
): Promise<readonly Discrepancy[]> {
  const violations = sql`
    SELECT 'postings ' || first_id || ' to ' || last_id || ' are not what they were when they were closed, on ' ||
           to_char(closed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC' AS message
      FROM ledger_piece
     WHERE last_id = ${range.upTo.toString()} AND fingerprint <> ledger_fingerprint(first_id, last_id)`;
  const changed = await violationsOf(reader, { PIECE_CHANGED: violations });
  const rules = changed.length > 0 ? postingInvariants(range) : payoutMissing(range);
  return [...changed, ...(await violationsOf(reader, rules))];
}
