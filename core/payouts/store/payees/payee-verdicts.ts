/** Reads what holds for payees besides their money: the policy's last words, their invitations, and their own wishes. */
import { sql } from 'drizzle-orm';
import type { Address } from '../../../base/address.js';
import type { Reader } from '../../../db/database.js';
import { orNull, prepared } from '../../../db/query.js';
import { wishesOf } from '../../../self-service/store/wishes.js';
import { firstShut } from '../../rules/gates.js';
import {
  admissionNow,
  NO_RULE,
  NO_VERDICTS,
  type PayeeRule,
  type PayeeVerdicts,
  type SaidAdmission,
} from '../../rules/payee-rule.js';
import type { Wait } from '../../rules/payout.js';
import { refusalGates } from '../../rules/payout-due.js';
import { inForce } from '../payee-rules.js';

type RuleText = Omit<PayeeRule, 'thresholdWei'> & { readonly thresholdWei: string | null };

const SAID = {
  payee: (payee: Address) => payee,
  rule: orNull(
    ({ thresholdWei: wei, ...rule }: RuleText): PayeeRule => ({
      ...rule,
      thresholdWei: wei === null ? null : BigInt(wei),
    }),
  ),
  admission: orNull((admission: SaidAdmission) => admission),
  isInvited: Boolean,
};

const readSaid = prepared(
  'payee_verdicts',
  SAID,
  ['payees'],
  ({ payees }) => sql`
    SELECT asked.payee,
           CASE WHEN rule.id IS NOT NULL THEN json_build_object(
             'thresholdWei', rule.threshold_wei::text, 'minIntervalMs', rule.min_interval_ms,
             'maxGasShareBps', rule.max_gas_share_bps, 'latestAfterMs', rule.latest_after_ms,
             'holdReason', rule.hold_reason, 'reason', rule.reason) END AS rule,
           CASE WHEN admission.id IS NOT NULL THEN json_build_object(
             'admitted', admission.admitted, 'invited', admission.invited, 'code', admission.code,
             'reason', admission.reason, 'liftedBy', admission.lifted_by) END AS admission,
           EXISTS (SELECT FROM invitation WHERE payee = asked.payee AND withdrawn_at IS NULL) AS "isInvited"
      FROM unnest(${payees}::text[]) AS asked (payee)
      LEFT JOIN LATERAL (${inForce('payee_rule', sql`asked.payee`)}) rule ON true
      LEFT JOIN LATERAL (${inForce('payee_admission', sql`asked.payee`)}) admission ON true
     WHERE rule.id IS NOT NULL OR admission.id IS NOT NULL`,
);

/** Reads the verdicts about these payees. Those of whom nothing was said, and who wish nothing, are left out. */
export async function payeeVerdicts(
  reader: Reader,
  payees: readonly Address[],
): Promise<ReadonlyMap<Address, PayeeVerdicts>> {
  if (payees.length === 0) return new Map();
  const [said, wishes] = await Promise.all([
    readSaid(reader, { payees }),
    wishesOf(reader, payees),
  ]);
  const found = new Map<Address, PayeeVerdicts>();
  for (const [payee, wished] of wishes) found.set(payee, { ...NO_VERDICTS, wishes: wished });
  for (const { payee, rule, admission, isInvited } of said) {
    found.set(payee, {
      rule: rule ?? NO_RULE,
      admission: admissionNow(admission, isInvited),
      wishes: wishes.get(payee) ?? NO_VERDICTS.wishes,
    });
  }
  return found;
}

/** What is known of a reserved payout before it is judged. */
interface Judgeable {
  readonly payee: Address;
  readonly origin: 'round' | 'manual';
  readonly overridesRules: boolean;
  /** For how long the payee's amount has been at its threshold. */
  readonly ripeForMs: number;
}

/** What the policy and the payee say about a reserved payout. */
export interface PayoutVerdict {
  /** Why it is not signed now, although money and gas may allow it; undefined when nothing is said against it. */
  readonly refusal: Wait | undefined;
  /** The gas share of the payee's own terms; null when it has none, or it holds nothing back any more. */
  readonly ownGasShareBps: number | null;
}

/** An SQL expression over the table `payout`: the field `ripeForMs`. */
export const RIPE_FOR_MS = sql<number>`
  (extract(epoch FROM now() - coalesce(payout.ripe_at, payout.created_at)) * 1000)::float8`;

/** Adds to each reserved payout what holds for its payee at this moment: the last word counts, not that of its reservation. */
export async function judgePayouts<T extends Judgeable>(
  reader: Reader,
  payouts: readonly T[],
): Promise<readonly (T & PayoutVerdict)[]> {
  const verdicts = await payeeVerdicts(reader, [...new Set(payouts.map(({ payee }) => payee))]);
  return payouts.map((payout) => ({
    ...payout,
    ...judge(payout, verdicts.get(payout.payee) ?? NO_VERDICTS),
  }));
}

function judge(payout: Judgeable, verdicts: PayeeVerdicts): PayoutVerdict {
  const shut = payout.overridesRules ? undefined : firstShut(refusalGates(verdicts));
  const { maxGasShareBps, latestAfterMs } = verdicts.rule;
  const isLate = latestAfterMs !== null && payout.ripeForMs >= latestAfterMs;
  // Whoever orders a payout by hand decides to spend its gas; the pool's own limit still counts.
  const holdsBack = payout.origin === 'round' && !isLate;
  return {
    refusal: shut && { code: shut.code, reason: shut.reason },
    ownGasShareBps: holdsBack ? maxGasShareBps : null,
  };
}
