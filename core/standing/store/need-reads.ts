/** Reads what waits for a person: payouts, unpayable payees, jobs and events that credit nobody. */
import { count, desc, eq, isNull, min, sql } from 'drizzle-orm';
import type { Reader } from '../../db/database.js';
import { list, rows } from '../../db/query.js';
import { setAside, unmatchedJob } from '../../events/store/tables.js';
import { balance, payee } from '../../ledger/store/tables.js';
import { firstShut, type RefusalCode } from '../../payouts/rules/gates.js';
import { NO_VERDICTS } from '../../payouts/rules/payee-rule.js';
import { refusalGates } from '../../payouts/rules/payout-due.js';
import { payeeVerdicts } from '../../payouts/store/payees/payee-verdicts.js';
import { payout, SHOWS_WAIT } from '../../payouts/store/tables.js';
import {
  INCLUSION_LATE_MS,
  type KeptMoney,
  type Runway,
  runwayOf,
  type UnpayablePayee,
  WAITS_OF_ALL,
  WAITS_OF_ONE,
  type WaitingPayout,
  type WaitingTogether,
} from '../rules/needs-of-payouts.js';
import type { UnattributedJobs } from '../rules/needs-of-pool.js';

/** Of each kind at most this many are read, those with the most money times age. */
const MOST = 50;

const SINCE = sql`coalesce(p.held_at, p.wait_began_at, p.created_at)`;
const URGENCY = sql`p.amount_wei * extract(epoch FROM now() - ${SINCE})::numeric`;

/** Reads the payouts that a person looks at one by one, those with the most money times age first. */
export async function waitingPayouts(reader: Reader): Promise<readonly WaitingPayout[]> {
  const late = sql`now() - ${INCLUSION_LATE_MS} * interval '1 millisecond'`;
  return rows(
    reader,
    {
      id: payout.id,
      payee: payout.payee,
      amountWei: payout.amountWei,
      state: payout.state,
      isHeld: Boolean,
      holdReason: payout.holdReason,
      waitCode: payout.waitCode,
      waitReason: payout.waitReason,
      since: payout.createdAt,
    },
    sql`SELECT p.id, p.payee, p.amount_wei AS "amountWei", p.state, p.held_at IS NOT NULL AS "isHeld",
               p.hold_reason AS "holdReason", p.wait_code AS "waitCode", p.wait_reason AS "waitReason",
               ${SINCE} AS since
          FROM payout p
         WHERE p.state IN ('reserved', 'signed', 'reopened') AND ${SHOWS_WAIT}
           AND (p.held_at IS NOT NULL OR p.wait_code = ANY(${list(WAITS_OF_ONE)}::text[]))
           AND (p.wait_code IS DISTINCT FROM 'AWAITING_INCLUSION' OR ${SINCE} < ${late})
         ORDER BY ${URGENCY} DESC, p.id LIMIT ${MOST}`,
  );
}

/** Reads the payouts that wait for something that concerns them all, by what it is. */
export async function waitingTogether(reader: Reader): Promise<readonly WaitingTogether[]> {
  return rows(
    reader,
    {
      waitCode: (code: WaitingTogether['waitCode']) => code,
      payouts: Number,
      amountWei: payout.amountWei,
      since: payout.createdAt,
      waitReason: String,
    },
    sql`SELECT p.wait_code AS "waitCode", count(*) AS payouts, sum(p.amount_wei) AS "amountWei",
               min(coalesce(p.wait_began_at, p.created_at)) AS since,
               coalesce(min(p.wait_reason), '') AS "waitReason"
          FROM payout p
         WHERE p.state IN ('reserved', 'signed', 'reopened') AND p.held_at IS NULL
           AND p.wait_code = ANY(${list(WAITS_OF_ALL)}::text[])
         GROUP BY p.wait_code ORDER BY p.wait_code`,
  );
}

/** Reads how long the wallet lasts, by what was paid and burnt in the last seven days. */
export async function readRunway(reader: Reader, freeWei: bigint | null): Promise<Runway> {
  const [spent] = await rows(
    reader,
    { perDayWei: payout.amountWei },
    sql`SELECT div(coalesce(sum(p.amount_wei), 0) + coalesce((
                 SELECT sum(gas_used::numeric * gas_price_wei) FROM nonce_slot
                  WHERE closed_at > now() - interval '7 days'), 0), 7) AS "perDayWei"
          FROM payout p
         WHERE p.state = 'paid' AND p.closed_at > now() - interval '7 days'`,
  );
  return runwayOf(freeWei, spent?.perDayWei ?? 0n);
}

/** Reads payees that have earned something and cannot be paid. */
export async function unpayablePayees(reader: Reader): Promise<readonly UnpayablePayee[]> {
  return rows(
    reader,
    {
      payee: payee.address,
      code: String,
      reason: payee.unpayableReason,
      pendingWei: balance.amountWei,
      since: payout.createdAt,
    },
    sql`SELECT payee.address AS payee, payee.unpayable_code AS code, payee.unpayable_reason AS reason,
               owed.pending AS "pendingWei", coalesce(payee.unpayable_at, payee.created_at) AS since
          FROM payee CROSS JOIN LATERAL (
               SELECT coalesce(sum(balance.amount_wei), 0) AS pending
                 FROM balance JOIN remote_worker worker ON worker.id = balance.remote_worker_id
                WHERE balance.account = 'pending' AND worker.payee = payee.address) owed
         WHERE payee.unpayable_code IS NOT NULL AND owed.pending > 0
         ORDER BY owed.pending DESC, payee.address LIMIT ${MOST}`,
  );
}

/** Reads the sum of the jobs that credit nobody; undefined when there are none. */
export async function unattributedJobs(reader: Reader): Promise<UnattributedJobs | undefined> {
  const { grossWei, createdAt, role } = unmatchedJob;
  const [found] = await reader
    .select({
      jobs: count(),
      grossWei: sql`coalesce(sum(${grossWei}), 0)`.mapWith(grossWei),
      since: min(createdAt),
    })
    .from(unmatchedJob)
    .where(eq(role, 'processed'));
  if (found === undefined || found.since === null) return undefined;
  return { ...found, since: found.since };
}

/** Counts the events that are set aside, by why. */
export async function setAsideGroups(reader: Reader) {
  const { code, firstSeenAt, resolvedAt } = setAside;
  const events = count();
  return reader
    .select({ code, events, since: sql`min(${firstSeenAt})`.mapWith(firstSeenAt) })
    .from(setAside)
    .where(isNull(resolvedAt))
    .groupBy(code)
    .orderBy(desc(events), code)
    .limit(MOST);
}

/**
 * Adds up what is pending for payees that the policy does not admit or holds, by why. Those that have paused themselves
 * need nobody's hand.
 */
export async function keptMoney(reader: Reader): Promise<readonly KeptMoney[]> {
  const owed = await rows(
    reader,
    { payee: payee.address, pendingWei: balance.amountWei, since: payee.createdAt },
    sql`SELECT payee.address AS payee, owed.pending AS "pendingWei", payee.created_at AS since
          FROM (SELECT worker.payee, sum(balance.amount_wei) AS pending
                  FROM balance JOIN remote_worker worker ON worker.id = balance.remote_worker_id
                 WHERE balance.account = 'pending' AND balance.remote_worker_id <> 0
                 GROUP BY worker.payee HAVING sum(balance.amount_wei) > 0) owed
          JOIN payee ON payee.address = owed.payee
         ORDER BY owed.pending DESC, payee.address`,
  );
  const verdicts = await payeeVerdicts(
    reader,
    owed.map((one) => one.payee),
  );
  const kept = new Map<RefusalCode, KeptMoney>();
  for (const { since, ...one } of owed) {
    const shut = firstShut(refusalGates(verdicts.get(one.payee) ?? NO_VERDICTS));
    if (shut === undefined || shut.code === 'PAUSED_BY_PAYEE') continue;
    const { code, reason } = shut;
    const before = kept.get(code) ?? {
      code,
      payees: 0,
      pendingWei: 0n,
      most: { ...one, reason },
      since,
    };
    kept.set(code, {
      ...before,
      payees: before.payees + 1,
      pendingWei: before.pendingWei + one.pendingWei,
      since: since < before.since ? since : before.since,
    });
  }
  return [...kept.values()];
}
