/** The ledger's own rules: for each posting in a range, and for the sums of all postings. */
import { type SQL, sql } from 'drizzle-orm';

/** The postings with ids above `after`, up to and including `upTo`. */
export interface PostingRange {
  readonly after: bigint;
  readonly upTo: bigint;
}

/** A number above every posting's id, used as the end of an open range. */
export const NO_END = 2n ** 63n - 1n;

/** Rules by their codes. Each is a query that selects `message`, one row per violation. */
export type Invariants = Readonly<Record<string, SQL>>;

const entriesOf = ({ after, upTo }: PostingRange): SQL => sql`(
  SELECT posting_id, account, remote_worker_id, amount_wei FROM ledger_entry
   WHERE posting_id > ${after.toString()} AND posting_id <= ${upTo.toString()})`;
const postingsOf = ({ after, upTo }: PostingRange): SQL => sql`(
  SELECT id, kind, payout_id FROM posting
   WHERE id > ${after.toString()} AND id <= ${upTo.toString()})`;

/**
 * Builds the rule that two queries must return the same sum. In `message`, `one` and `other` stand for the two sums.
 */
export const sameSum = (message: SQL, one: SQL, other: SQL): SQL => sql`
  SELECT ${message} AS message
    FROM (SELECT coalesce((${one}), 0) AS one, coalesce((${other}), 0) AS other) both_sums WHERE one <> other`;

/** Adds up the entries of a range by kind, account and remote worker; entries without a posting get the kind "none". */
export const sumsOf = (range: PostingRange): SQL => sql`
  SELECT coalesce(posting.kind, 'none') AS kind, entry.account, entry.remote_worker_id,
         sum(entry.amount_wei) AS amount_wei
    FROM ${entriesOf(range)} entry LEFT JOIN ${postingsOf(range)} posting ON posting.id = entry.posting_id
   GROUP BY 1, 2, 3`;

/** A posting that moves money for a payout must name a payout that exists. */
export const payoutMissing = (range: PostingRange): Invariants => ({
  PAYOUT_MISSING: sql`
    SELECT 'posting ' || posting.id || ' (' || kind || ') is of a payout that is not there' AS message
      FROM ${postingsOf(range)} posting
     WHERE kind IN ('reserve', 'settle', 'release', 'reopen')
       AND NOT EXISTS (SELECT FROM payout WHERE payout.id = posting.payout_id)`,
});

/** Returns the rules that each posting of the range must keep. */
export function postingInvariants(range: PostingRange): Invariants {
  const [entries, postings] = [entriesOf(range), postingsOf(range)];
  return {
    POSTING_UNBALANCED: sql`
      SELECT 'the entries of posting ' || posting_id || ' sum to ' || sum(amount_wei) || ' wei' AS message
        FROM ${entries} entry GROUP BY posting_id HAVING sum(amount_wei) <> 0`,
    PAYOUT_POSTING_LEAKS: sql`
      SELECT 'posting ' || posting.id || ' (' || kind || ') changes what remote worker ' ||
             entry.remote_worker_id || ' is owed by ' || sum(entry.amount_wei) || ' wei' AS message
        FROM ${postings} posting JOIN ${entries} entry ON entry.posting_id = posting.id
       WHERE posting.payout_id IS NOT NULL AND kind IN ('reserve', 'settle', 'release', 'reopen')
       GROUP BY posting.id, kind, entry.remote_worker_id HAVING sum(entry.amount_wei) <> 0`,
    ...payoutMissing(range),
    // Each kind touches only these accounts: without that, gross = net + commission + unattributed could not hold.
    POSTING_ACCOUNT: sql`
      SELECT 'posting ' || posting.id || ' (' || posting.kind || ') touches the account ' || entry.account AS message
        FROM ${postings} posting
        JOIN (VALUES ('jobs', '{revenue,commission,pending}'::text[]),
                     ('late-jobs', '{unattributed,commission,pending}'),
                     ('unattributed', '{revenue,unattributed}'),
                     ('assign', '{unattributed,commission,pending}'),
                     ('absorb', '{unattributed,commission}'),
                     ('adjust', '{adjustment,pending}'),
                     ('opening', '{opening,pending}'),
                     ('bonus', '{commission,pending}'),
                     ('revenue-share', '{commission,pending}')) AS allowed (kind, accounts) USING (kind)
        JOIN ${entries} entry ON entry.posting_id = posting.id
       WHERE NOT entry.account = ANY (allowed.accounts)`,
  };
}

/**
 * The rules that all postings together must keep. They read `sums` (kind, account, remote_worker_id, amount_wei),
 * which is the checkpoint plus what was posted since.
 */
export const SUM_INVARIANTS: Invariants = {
  BALANCE_DRIFT: sql`
    SELECT 'balance ' || account || ' of remote worker ' || remote_worker_id || ' is ' ||
           coalesce(balance.amount_wei, 0) || ' wei, its entries sum to ' || coalesce(entries.total, 0) AS message
      FROM balance FULL JOIN (
           SELECT account, remote_worker_id, sum(amount_wei) AS total
             FROM sums GROUP BY account, remote_worker_id) entries
           USING (account, remote_worker_id)
     WHERE coalesce(balance.amount_wei, 0) <> coalesce(entries.total, 0)`,
  DAYS_DRIFT: sql`
    SELECT 'the days of remote worker ' || id || ' come to ' || coalesce(days.total, 0) ||
           ' wei, the ledger says that it has earned ' || coalesce(ledger.total, 0) ||
           ': \`openpool rebuild --apply\` works the days out again' AS message
      FROM (SELECT remote_worker_id AS id, sum(amount_wei) AS total
              FROM sums WHERE account IN ('pending', 'reserved', 'paid') GROUP BY 1) ledger
      FULL JOIN (SELECT remote_worker_id AS id, gross_wei - commission_wei + adjusted_wei AS total
                   FROM worker_earned) days USING (id)
     WHERE coalesce(days.total, 0) <> coalesce(ledger.total, 0)
     UNION ALL
    SELECT 'the days have a commission of ' || days.total || ' wei, the ledger ' || ledger.total ||
           ': \`openpool rebuild --apply\` works the days out again'
      FROM (SELECT coalesce(sum(amount_wei), 0) AS total FROM sums
             WHERE account = 'commission' AND kind IN ('jobs', 'late-jobs', 'assign', 'correct')) ledger,
           (SELECT coalesce(sum(commission_wei), 0) AS total FROM worker_earned) days
     WHERE days.total <> ledger.total`,
  PAID_DAYS_DRIFT: sameSum(
    sql`'the days have payments of ' || one || ' wei, the ledger ' || other ||
        ': \`openpool rebuild --apply\` works the days out again'`,
    sql`SELECT sum(paid_wei) FROM paid_day`,
    sql`SELECT sum(amount_wei) FROM sums WHERE account = 'paid'`,
  ),
  FEES_DRIFT: sql`
    SELECT 'jobs came to ' || -fees.revenue || ' wei; net, commission and unattributed are ' ||
           fees.net || ' + ' || fees.commission || ' + ' || fees.unattributed AS message
      FROM (SELECT coalesce(sum(amount_wei) FILTER (WHERE account = 'revenue'), 0) AS revenue,
                   coalesce(sum(amount_wei) FILTER (WHERE account = 'pending'), 0) AS net,
                   coalesce(sum(amount_wei) FILTER (WHERE account = 'commission'), 0) AS commission,
                   coalesce(sum(amount_wei) FILTER (WHERE account = 'unattributed'), 0) AS unattributed
              FROM sums WHERE kind IN ('jobs', 'late-jobs', 'unattributed', 'assign', 'absorb')) fees
     WHERE -fees.revenue <> fees.net + fees.commission + fees.unattributed`,
  DECIDED_DRIFT: sql`
    SELECT 'by decision ' || coalesce(posted.kind, decided.decision) || ' were taken ' ||
           coalesce(decided.gross, 0) || ' wei of jobs, posted are ' || coalesce(posted.gross, 0) ||
           ', of which commission ' || coalesce(decided.commission, 0) || ' and ' ||
           coalesce(posted.commission, 0) AS message
      FROM (SELECT decision, sum(gross_wei) AS gross, sum(commission_wei) AS commission
              FROM decided_job WHERE gross_wei > 0 GROUP BY decision) decided
      FULL JOIN (
           SELECT kind, -sum(amount_wei) FILTER (WHERE account = 'unattributed') AS gross,
                  coalesce(sum(amount_wei) FILTER (WHERE account = 'commission'), 0) AS commission
             FROM sums WHERE kind IN ('assign', 'absorb') GROUP BY kind) posted ON posted.kind = decided.decision
     WHERE decided.gross IS DISTINCT FROM posted.gross
        OR decided.commission IS DISTINCT FROM posted.commission`,
  BONUS_DRIFT: sql`
    SELECT 'bonuses of ' || posted.total || ' wei are posted, those of the days come to ' || days.total ||
           ', and of the budgets are spent ' || budgets.total AS message
      FROM (SELECT coalesce(sum(amount_wei), 0) AS total FROM sums WHERE account = 'pending' AND kind = 'bonus') posted,
           (SELECT coalesce(sum(bonus_wei), 0) AS total FROM bonus_day) days,
           (SELECT coalesce(sum(spent_wei), 0) AS total FROM bonus_budget) budgets
     WHERE posted.total <> days.total OR posted.total <> budgets.total`,
  SHARES_DRIFT: sql`
    SELECT 'revenue shares of ' || posted.total || ' wei are posted, those of the periods come to ' || periods.total ||
           ', those of the workers to ' || workers.total AS message
      FROM (SELECT coalesce(sum(amount_wei), 0) AS total
              FROM sums WHERE account = 'pending' AND kind = 'revenue-share') posted,
           (SELECT coalesce(sum(shared_wei), 0) AS total FROM revenue_period) periods,
           (SELECT coalesce(sum(share_wei), 0) AS total FROM revenue_share) workers
     WHERE posted.total <> periods.total OR posted.total <> workers.total`,
  REDEEMED_DRIFT: sql`
    SELECT 'period ' || number || ' shares ' || redeemed_wei || ' wei, its redemptions come to ' || coalesce(total, 0) AS message
      FROM revenue_period
      LEFT JOIN (SELECT period AS number, sum(amount_wei) AS total FROM redemption GROUP BY 1) redeemed USING (number)
     WHERE redeemed_wei <> coalesce(total, 0)
    UNION ALL
    SELECT 'period ' || number || ' carries in ' || carried_in_wei || ' wei, the one before left ' || before
      FROM (SELECT number, carried_in_wei, lag(carried_out_wei, 1, 0::numeric) OVER (ORDER BY number) AS before
              FROM revenue_period) carried
     WHERE carried_in_wei <> before`,
  ADOPTED_DRIFT: sameSum(
    sql`'adopted are ' || one || ' wei, foreign payments came to ' || other`,
    sql`SELECT sum(amount_wei) FROM sums WHERE account = 'paid' AND kind = 'adopt'`,
    sql`SELECT sum(value_wei) FROM foreign_transaction WHERE verdict = 'payment'`,
  ),
};

/**
 * The rules for all postings that are slow, because they read every paid payout, or every raw event that is not
 * archived.
 */
export const SLOW_INVARIANTS: Invariants = {
  SHARE_UNEVEN: sql`
    SELECT 'remote worker ' || s.remote_worker_id || ' got ' || s.share_wei || ' wei of period ' || s.period ||
           ', and its part of the work is worth ' || div((p.shared_wei + p.carried_out_wei) * s.weight_wei, p.weight_wei) AS message
      FROM revenue_share s JOIN revenue_period p ON p.number = s.period
     WHERE p.weight_wei = 0 OR s.share_wei <> div((p.shared_wei + p.carried_out_wei) * s.weight_wei, p.weight_wei)
    UNION ALL
    SELECT 'period ' || number || ' is divided by ' || weight_wei || ' wei of work, and that of its workers comes to ' || coalesce(total, 0)
      FROM revenue_period
      LEFT JOIN (SELECT period AS number, sum(weight_wei) AS total FROM revenue_share GROUP BY 1) workers USING (number)
     WHERE weight_wei <> coalesce(total, 0)
    UNION ALL
    SELECT 'of period ' || number || ' workers get ' || share_wei || ' of ' || redeemed_wei || ' wei, more than any terms say'
      FROM revenue_period
     WHERE share_wei * 10000 > redeemed_wei * (
           SELECT coalesce(max((policy -> 'options' -> 'revenueShare' ->> 'shareBps')::integer), 0) FROM terms)`,
  WEIGHTS_DRIFT: sql`
    SELECT 'the work of remote worker ' || remote_worker_id || ' in period ' || period || ' comes to ' ||
           coalesce(days.total, 0) || ' wei, it was divided by ' || coalesce(weight_wei, 0) AS message
      FROM revenue_share
      FULL JOIN (SELECT period, remote_worker_id, sum(weight_wei) AS total FROM revenue_weight GROUP BY 1, 2) days
           USING (period, remote_worker_id)
     WHERE coalesce(days.total, 0) <> coalesce(weight_wei, 0)`,
  SETTLED_DRIFT: sameSum(
    sql`'settled less re-opened are ' || one || ' wei, paid payouts ' || other`,
    sql`SELECT sum(amount_wei) FROM sums WHERE account = 'paid' AND kind IN ('settle', 'reopen')`,
    sql`SELECT sum(amount_wei) FROM payout WHERE state = 'paid'`,
  ),
  REVENUE_DRIFT: sameSum(
    sql`'the events are worth ' || one || ' wei, the ledger took in ' || other`,
    sql`SELECT coalesce((SELECT sum(gross_wei) FROM pool_event), 0) + coalesce((
                    SELECT sum(gross_wei) FROM event_archive WHERE state = 'archived'), 0)`,
    sql`SELECT -sum(amount_wei) FROM sums
                WHERE account = 'revenue' AND kind IN ('jobs', 'late-jobs', 'unattributed', 'correct')`,
  ),
};
