/** What must hold between the tables at any moment; each query names the rows that break it. */
import { type SQL, sql } from 'drizzle-orm';
import type { Reader } from './database.js';
import { query } from './query.js';

export interface Finding {
  readonly code: string;
  readonly message: string;
}

interface Invariant {
  readonly code: string;
  /** Selects `message`, one row per violation. */
  readonly violations: SQL;
}

const LEDGER: readonly Invariant[] = [
  {
    code: 'POSTING_UNBALANCED',
    violations: sql`
      SELECT 'the entries of posting ' || posting_id || ' sum to ' || sum(amount_wei) || ' wei' AS message
        FROM ledger_entry GROUP BY posting_id HAVING sum(amount_wei) <> 0`,
  },
  {
    code: 'BALANCE_DRIFT',
    violations: sql`
      SELECT 'balance ' || account || ' of remote worker ' || remote_worker_id || ' is ' ||
             coalesce(balance.amount_wei, 0) || ' wei, its entries sum to ' || coalesce(entries.total, 0) AS message
        FROM balance FULL JOIN (
             SELECT account, remote_worker_id, sum(amount_wei) AS total
               FROM ledger_entry GROUP BY account, remote_worker_id) entries
             USING (account, remote_worker_id)
       WHERE coalesce(balance.amount_wei, 0) <> coalesce(entries.total, 0)`,
  },
  {
    code: 'PAYOUT_POSTING_LEAKS',
    violations: sql`
      SELECT 'posting ' || posting.id || ' (' || kind || ') changes what remote worker ' ||
             entry.remote_worker_id || ' is owed by ' || sum(entry.amount_wei) || ' wei' AS message
        FROM posting JOIN ledger_entry entry ON entry.posting_id = posting.id
       WHERE posting.payout_id IS NOT NULL AND kind IN ('reserve', 'settle', 'release', 'reopen')
       GROUP BY posting.id, kind, entry.remote_worker_id HAVING sum(entry.amount_wei) <> 0`,
  },
  {
    // What the kinds may touch is why sum gross = sum net + commission + unattributed can hold at all.
    code: 'POSTING_ACCOUNT',
    violations: sql`
      SELECT 'posting ' || posting.id || ' (' || posting.kind || ') touches the account ' || entry.account AS message
        FROM posting
        JOIN (VALUES ('jobs', '{revenue,commission,pending}'::text[]),
                     ('late-jobs', '{unattributed,commission,pending}'),
                     ('unattributed', '{revenue,unattributed}'),
                     ('assign', '{unattributed,commission,pending}'),
                     ('absorb', '{unattributed,commission}'),
                     ('adjust', '{adjustment,pending}')) AS allowed (kind, accounts) USING (kind)
        JOIN ledger_entry entry ON entry.posting_id = posting.id
       WHERE NOT entry.account = ANY (allowed.accounts)`,
  },
  {
    code: 'FEES_DRIFT',
    violations: sql`
      SELECT 'jobs came to ' || -sums.revenue || ' wei; net, commission and unattributed are ' ||
             sums.net || ' + ' || sums.commission || ' + ' || sums.unattributed AS message
        FROM (SELECT coalesce(sum(amount_wei) FILTER (WHERE account = 'revenue'), 0) AS revenue,
                     coalesce(sum(amount_wei) FILTER (WHERE account = 'pending'), 0) AS net,
                     coalesce(sum(amount_wei) FILTER (WHERE account = 'commission'), 0) AS commission,
                     coalesce(sum(amount_wei) FILTER (WHERE account = 'unattributed'), 0) AS unattributed
                FROM ledger_entry entry JOIN posting ON posting.id = entry.posting_id
               WHERE posting.kind IN ('jobs', 'late-jobs', 'unattributed', 'assign', 'absorb')) sums
       WHERE -sums.revenue <> sums.net + sums.commission + sums.unattributed`,
  },
  {
    code: 'UNATTRIBUTED_DRIFT',
    violations: sql`
      SELECT 'unattributed are ' || booked.total || ' wei, the jobs that wait come to ' || waiting.total AS message
        FROM (SELECT coalesce(sum(amount_wei), 0) AS total FROM balance WHERE account = 'unattributed') booked,
             (SELECT coalesce(sum(gross_wei), 0) AS total FROM unmatched_job WHERE role = 'processed') waiting
       WHERE booked.total <> waiting.total`,
  },
  {
    code: 'DECIDED_TWICE',
    violations: sql`
      SELECT 'the job ' || waiting.event_id || ' of ' || waiting.dt || ' from ' || waiting.source_id ||
             ' was decided and still waits' AS message
        FROM decided_job JOIN unmatched_job waiting USING (source_id, dt, event_id)`,
  },
  {
    code: 'DECIDED_DRIFT',
    violations: sql`
      SELECT 'by decision ' || coalesce(posted.kind, decided.decision) || ' were taken ' ||
             coalesce(decided.gross, 0) || ' wei of jobs, posted are ' || coalesce(posted.gross, 0) ||
             ', of which commission ' || coalesce(decided.commission, 0) || ' and ' ||
             coalesce(posted.commission, 0) AS message
        FROM (SELECT decision, sum(gross_wei) AS gross, sum(commission_wei) AS commission
                FROM decided_job WHERE gross_wei > 0 GROUP BY decision) decided
        FULL JOIN (
             SELECT kind, -sum(amount_wei) FILTER (WHERE account = 'unattributed') AS gross,
                    coalesce(sum(amount_wei) FILTER (WHERE account = 'commission'), 0) AS commission
               FROM posting JOIN ledger_entry entry ON entry.posting_id = posting.id
              WHERE kind IN ('assign', 'absorb') GROUP BY kind) posted ON posted.kind = decided.decision
       WHERE decided.gross IS DISTINCT FROM posted.gross
          OR decided.commission IS DISTINCT FROM posted.commission`,
  },
];

const PAYOUTS: readonly Invariant[] = [
  {
    code: 'ALLOCATION_DRIFT',
    violations: sql`
      SELECT 'payout ' || payout.id || ' is ' || payout.amount_wei || ' wei, its allocations ' ||
             coalesce(sum(part.amount_wei), 0) AS message
        FROM payout LEFT JOIN payout_allocation part ON part.payout_id = payout.id
       GROUP BY payout.id HAVING payout.amount_wei <> coalesce(sum(part.amount_wei), 0)`,
  },
  {
    code: 'RESERVED_DRIFT',
    violations: sql`
      SELECT 'reserved are ' || held.total || ' wei, open payouts promise ' || open.total AS message
        FROM (SELECT coalesce(sum(amount_wei), 0) AS total FROM balance WHERE account = 'reserved') held,
             (SELECT coalesce(sum(amount_wei), 0) AS total FROM payout
               WHERE state IN ('reserved', 'signed', 'reopened')) open
       WHERE held.total <> open.total`,
  },
  {
    code: 'SETTLED_DRIFT',
    violations: sql`
      SELECT 'settled less re-opened are ' || booked.total || ' wei, paid payouts ' || paid.total AS message
        FROM (SELECT coalesce(sum(entry.amount_wei), 0) AS total
                FROM ledger_entry entry JOIN posting ON posting.id = entry.posting_id
               WHERE entry.account = 'paid' AND posting.kind IN ('settle', 'reopen')) booked,
             (SELECT coalesce(sum(amount_wei), 0) AS total FROM payout WHERE state = 'paid') paid
       WHERE booked.total <> paid.total`,
  },
  {
    code: 'SLOT_STATE',
    violations: sql`
      SELECT 'payout ' || payout.id || ' is ' || payout.state || ' with ' || count(slot.nonce) FILTER (
               WHERE slot.state = 'open') || ' open and ' || count(slot.nonce) FILTER (
               WHERE slot.state = 'mined') || ' mined slots' AS message
        FROM payout LEFT JOIN nonce_slot slot ON slot.payout_id = payout.id
       GROUP BY payout.id
      HAVING count(slot.nonce) FILTER (WHERE slot.state = 'open')
               <> (payout.state IN ('signed', 'reopened'))::int
          OR count(slot.nonce) FILTER (WHERE slot.state = 'mined') <> (payout.state = 'paid')::int`,
  },
  {
    // Slots of a version that gave payouts a second nonce are marked, and can pay nobody.
    code: 'SECOND_NONCE',
    violations: sql`
      SELECT 'payout ' || payout_id || ' has ' || count(*) || ' nonces' AS message
        FROM nonce_slot WHERE NOT earlier GROUP BY payout_id HAVING count(*) > 1`,
  },
  {
    code: 'NONCE_GAP',
    violations: sql`
      SELECT 'wallet ' || wallet.address || ' stands at nonce ' || wallet.next_nonce || ', from ' ||
             wallet.opening_nonce || ' on it keeps ' || count(known.nonce) || ' slots and foreign transactions' AS message
        FROM wallet LEFT JOIN (
             SELECT chain_id, wallet, nonce FROM nonce_slot
              UNION SELECT chain_id, sender, nonce FROM foreign_transaction) known
          ON known.chain_id = wallet.chain_id AND known.wallet = wallet.address
         AND known.nonce >= wallet.opening_nonce AND known.nonce < wallet.next_nonce
       GROUP BY wallet.chain_id, wallet.address
      HAVING count(known.nonce) <> wallet.next_nonce - wallet.opening_nonce`,
  },
  {
    code: 'ADOPTED_DRIFT',
    violations: sql`
      SELECT 'adopted are ' || booked.total || ' wei, foreign payments came to ' || paid.total AS message
        FROM (SELECT coalesce(sum(entry.amount_wei), 0) AS total
                FROM ledger_entry entry JOIN posting ON posting.id = entry.posting_id
               WHERE entry.account = 'paid' AND posting.kind = 'adopt') booked,
             (SELECT coalesce(sum(value_wei), 0) AS total FROM foreign_transaction
               WHERE verdict = 'payment') paid
       WHERE booked.total <> paid.total`,
  },
  {
    code: 'SLOT_WITHOUT_ATTEMPT',
    violations: sql`
      SELECT 'slot ' || slot.nonce || ' of payout ' || slot.payout_id || ' has no stored attempt' ||
             CASE WHEN slot.state = 'mined' THEN ' with the hash that was mined' ELSE '' END AS message
        FROM nonce_slot slot
       WHERE NOT EXISTS (
             SELECT FROM attempt WHERE attempt.chain_id = slot.chain_id AND attempt.wallet = slot.wallet
                AND attempt.nonce = slot.nonce
                AND (slot.state <> 'mined' OR attempt.hash = slot.mined_hash))`,
  },
];

/** Those that read every raw event that is not in a file: for the command, not for a schedule. */
const EVENTS: readonly Invariant[] = [
  {
    code: 'REVENUE_DRIFT',
    violations: sql`
      SELECT 'the events are worth ' || events.gross || ' wei, the ledger took in ' || -revenue.total AS message
        FROM (SELECT coalesce((SELECT sum(gross_wei) FROM pool_event), 0) + coalesce((
                     SELECT sum(gross_wei) FROM event_archive WHERE state = 'archived'), 0) AS gross) events,
             (SELECT coalesce(sum(entry.amount_wei), 0) AS total
                FROM ledger_entry entry JOIN posting ON posting.id = entry.posting_id
               WHERE entry.account = 'revenue'
                 AND posting.kind IN ('jobs', 'late-jobs', 'unattributed', 'correct')) revenue
       WHERE events.gross <> -revenue.total`,
  },
  {
    // Both are added up above, and what was counted twice in the same way stands in both.
    code: 'EVENT_TWICE',
    violations: sql`
      SELECT count(*) || ' events of ' || event.source_id || ' stand in the table of raw events, and their month in ' ||
             file.file AS message
        FROM event_archive file JOIN pool_event event
          ON file.sources ? event.source_id AND event.dt >= file.month
         AND event.dt < (file.month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC'
       WHERE file.state = 'archived' GROUP BY event.source_id, file.file`,
  },
];

const MAX_FINDINGS_EACH = 20;

/** Checks every invariant and names what breaks them; empty when all hold. */
export async function checkInvariants(
  reader: Reader,
  options: { readonly withEvents?: boolean } = {},
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const invariants = [...LEDGER, ...PAYOUTS, ...(options.withEvents === true ? EVENTS : [])];
  for (const { code, violations } of invariants) {
    const rows = await query<{ message: string }>(
      reader,
      sql`SELECT message FROM (${violations}) found LIMIT ${MAX_FINDINGS_EACH}`,
    );
    findings.push(...rows.map(({ message }) => ({ code, message })));
  }
  return findings;
}
