/** What must hold between the tables at any moment; each query names the rows that break it. */
import { type SQL, sql } from 'drizzle-orm';
import type { Reader } from '../../db/database.js';
import { query } from '../../db/query.js';
import {
  type Invariant,
  NO_END,
  type PostingRange,
  payoutMissing,
  postingInvariants,
  REVENUE_INVARIANT,
  SETTLED_INVARIANT,
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

export interface Finding {
  readonly code: string;
  readonly message: string;
}

const MAX_FINDINGS_EACH = 20;
/** The checkpoint moved on while it was read: what was posted since is another range now. */
const MOVED = 'CHECKPOINT_MOVED';
const MAX_TRIES = 20;

/**
 * Checks what must hold and names what does not; empty when all holds. It stands on the checkpoint of the closed
 * pieces (ledger-pieces.ts), and so costs the same however long the history is. With the events it reads
 * every payout and every raw event besides: thorough, and slow with years of them.
 */
export async function checkInvariants(
  reader: Reader,
  options: { readonly withEvents?: boolean } = {},
): Promise<readonly Finding[]> {
  const isWhole = options.withEvents === true;
  const sums = isWhole ? [...SUM_INVARIANTS, SETTLED_INVARIANT, REVENUE_INVARIANT] : SUM_INVARIANTS;
  return [
    ...(await checkPostings(reader, sums)),
    ...(await violationsOf(reader, [
      ...STANDING_INVARIANTS,
      ...payoutInvariants(isWhole ? ALL_PAYOUTS : sql`${RECENT_PAYOUTS} UNION ${PAYOUTS_IN_TURN}`),
      nonceInvariant(isWhole ? 'all' : 'newest'),
      ...(isWhole ? [EVENT_TWICE] : []),
    ])),
    ...(await brokenPieces(reader)),
  ];
}

/** Where the checkpoint stands: all postings up to here are closed. */
export async function readCheckpoint(reader: Reader): Promise<bigint> {
  const [row] = await query<{ id: string }>(
    reader,
    sql`SELECT coalesce(max(last_id), 0) AS id FROM ledger_piece`,
  );
  return BigInt(row?.id ?? 0);
}

/** The rules for each posting since the checkpoint, and for what all of them come to. */
async function checkPostings(
  reader: Reader,
  ofSums: readonly Invariant[],
): Promise<readonly Finding[]> {
  for (let tries = 1; ; tries += 1) {
    const after = await readCheckpoint(reader);
    const range: PostingRange = { after, upTo: NO_END };
    const found = await query<Finding>(reader, sumStatement(range, ofSums));
    const isMoved = found.some(({ code }) => code === MOVED);
    if (!isMoved) return [...(await violationsOf(reader, postingInvariants(range))), ...found];
    if (tries === MAX_TRIES) throw new Error('the checkpoint of the ledger moves on and on');
  }
}

/** One statement, and so one snapshot: checkpoint, what was posted since, and balances belong together. */
function sumStatement(range: PostingRange, invariants: readonly Invariant[]): SQL {
  return sql`WITH sums AS MATERIALIZED (
      SELECT kind, account, remote_worker_id, sum(amount_wei) AS amount_wei FROM (
        SELECT kind, account, remote_worker_id, amount_wei FROM ledger_sum
         UNION ALL ${sumsOf(range)}) parts
       GROUP BY kind, account, remote_worker_id)
    SELECT ${MOVED} AS code, '' AS message
     WHERE (SELECT coalesce(max(last_id), 0) FROM ledger_piece) <> ${range.after.toString()}::bigint
     UNION ALL ${sql.join(invariants.map(limited), sql` UNION ALL `)}`;
}

const limited = ({ code, violations }: Invariant): SQL =>
  sql`(SELECT ${code}::text AS code, message FROM (${violations}) found LIMIT ${MAX_FINDINGS_EACH})`;

/** What breaks these, the first of each. */
export async function violationsOf(
  reader: Reader,
  invariants: readonly Invariant[],
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const invariant of invariants) {
    findings.push(...(await query<Finding>(reader, limited(invariant))));
  }
  return findings;
}

/** Closed pieces that were found wrong, and still are; and a checkpoint that its pieces do not bear out. */
async function brokenPieces(reader: Reader): Promise<readonly Finding[]> {
  const pieces = await query<{ first_id: string; last_id: string }>(
    reader,
    sql`SELECT first_id, last_id FROM ledger_piece WHERE broken_at IS NOT NULL
         ORDER BY last_id LIMIT ${MAX_FINDINGS_EACH}`,
  );
  const findings: Finding[] = [];
  for (const { first_id, last_id } of pieces) {
    const range = { after: BigInt(first_id) - 1n, upTo: BigInt(last_id) };
    findings.push(...(await pieceFindings(reader, range)));
  }
  const drift = sql`SELECT drift AS message FROM ledger_audit WHERE drift IS NOT NULL`;
  return [
    ...findings,
    ...(await violationsOf(reader, [{ code: 'CHECKPOINT_DRIFT', violations: drift }])),
  ];
}

/**
 * What is wrong with a closed piece. As long as it is what it was, it keeps the rules that it was closed by, but for those
 * that look at other tables.
 */
export async function pieceFindings(
  reader: Reader,
  range: PostingRange,
): Promise<readonly Finding[]> {
  const violations = sql`
    SELECT 'postings ' || first_id || ' to ' || last_id || ' are not what they were when they were closed, on ' ||
           to_char(closed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC' AS message
      FROM ledger_piece
     WHERE last_id = ${range.upTo.toString()} AND fingerprint <> ledger_fingerprint(first_id, last_id)`;
  const changed = await violationsOf(reader, [{ code: 'PIECE_CHANGED', violations }]);
  const rules = changed.length > 0 ? postingInvariants(range) : [payoutMissing(range)];
  return [...changed, ...(await violationsOf(reader, rules))];
}
