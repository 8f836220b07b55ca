/** What a finding means, in the words of somebody who owns a GPU and has never run a pool. */
import type { FindingCode } from './finding.js';

/** Null: it does not concern workers, or other words of the pages say it. */
const WORDS: Readonly<Record<FindingCode, string | null>> = {
  SOURCE_READ_TWICE:
    'The pool has stopped reading an orchestrator until a person has looked at it. What you do there is counted afterwards.',
  // The pages say of themselves which orchestrators are not heard.
  SOURCE_FAILING: null,
  SOURCE_LATE: null,
  SOURCE_SILENT:
    'An orchestrator tells of no jobs although workers are connected to it. The pool asks it again and again.',
  SOURCE_EMPTY: 'An orchestrator has not told of any job yet.',
  ZERO_FEE_JOBS: 'Some jobs came with a fee of zero. The orchestrator sets the prices.',
  // The pages count the jobs that credit nobody.
  JOBS_UNMATCHED: null,
  PRICE_JUMP:
    'The price of some kind of work is far from what is usual. The orchestrator sets the prices.',
  CLOCK_AHEAD: null,
  CLOCK_BEHIND: 'An orchestrator tells of jobs late. They are counted when they come.',
  EVENTS_SET_ASIDE:
    'Some of what an orchestrator told could not be counted yet. It is kept, and a person of the pool looks at it.',
  EVENTS_UNKNOWN: null,
  FILES_INCOMPLETE: 'A part of what an orchestrator has written down is still missing.',
  FILES_OVERWRITTEN:
    'A part of what an orchestrator has written down was lost before the pool could read it.',
  // What keeps payouts from being made stands above these sentences.
  PAYOUTS_NOT_TAKEN: 'The network has not taken some of the payouts yet. They are sent again.',
  RPC_SILENT: null,
  POOL_NOT_COVERED:
    'What this program knows of the money of the pool is less than the pool owes. What you have earned stays yours, and is paid when the pool has filled its wallet.',
  // The operator fills the wallet before it is empty; what waits for that says so.
  WALLET_BELOW_WEEK: null,
  CREDITED_ABOVE_REDEEMED: null,
  REDEMPTIONS_UNSEEN: null,
  TERMS_CHANGED: null,
  TERMS_DIFFER: null,
  POLICY_FAILED: null,
  // Signs are for the operator alone: they are no verdicts.
  WORK_TOO_FAST: null,
  JOBS_WITHOUT_TIME: null,
  WORKER_FEES_JUMP: null,
  CONNECTION_SHARED: null,
  BONUS_SPENT: 'The budget of the bonus is spent: there is no bonus until the pool raises it.',
  ROUND_LATE: null,
  ROUND_LEFT_OUT: 'The last payout round left somebody out. The next one tries again.',
  SAGA_STUCK: 'Some payouts do not get on. Their amounts are kept for their owners.',
  AUDIT_LATE: null,
  SHADOW_DIFFERS: null,
};

/** What a finding of this code means to a worker; null when there is nothing to tell. */
export function findingWords(code: FindingCode): string | null {
  return WORDS[code];
}
