/** Asks the policy about payees: when they are paid, whether they are admitted, and how they are shown. */
import type { Address } from '../base/address.js';
import { largerWei, smallerWei } from '../base/money.js';
import { NO_RULE } from '../payouts/rules/payee-rule.js';
import type { RecordedAdmission, RecordedRule } from '../payouts/store/payee-rules.js';
import type { TermsVersion } from '../terms/rules/terms.js';
import type { Asker } from './asking.js';
import type { PoliciesInUse } from './policies-in-use.js';
import { type Bounds, checkAdmit, checkDue, checkShow } from './rules/answer-checks.js';
import type { PolicyStanding } from './rules/questions.js';
import type { PayeeLook } from './store/looks.js';

export interface AskedPayees {
  readonly asker: Asker;
  /** The terms whose policy this is. */
  readonly version: TermsVersion;
  readonly payees: readonly PolicyStanding[];
  /** From when the answers hold. */
  readonly from: Date;
  readonly thresholdBounds: Bounds;
}

/** The address that stands for everybody of whom the policy was not asked yet. */
const NOBODY: Address = '0x0000000000000000000000000000000000000000';

/** A payee that nobody knows. What is answered about it holds for whoever is first seen before the policy is asked again. */
export function nobody(daysBefore: string): PolicyStanding {
  return {
    address: NOBODY,
    nodeType: null,
    region: null,
    firstSeenAt: null,
    nickname: null,
    isInvited: false,
    daysBefore,
    lastDays: [],
    payeeDays: [],
    pendingWei: 0n,
    dueSince: null,
    lastPaidAt: null,
    state: 'good',
  };
}

/** Whether a policy may look at since when enough is pending: the built-in one does not. */
export function looksAtDue(asker: Asker | null): boolean {
  return asker?.looksAt === 'presence' && asker.answers.includes('due');
}

/** Returns what the policy says about when these payees are paid; those for whom it fails are left out. */
export async function askDue(
  asked: AskedPayees,
  policies: PoliciesInUse,
): Promise<readonly RecordedRule[]> {
  const { asker, payees, version, thresholdBounds } = asked;
  if (!asker.answers.includes('due')) {
    return payees.map((payee) => ({ ...answerOf(asked, payee), ...NO_RULE, reason: 'default' }));
  }
  // The pool's own threshold is always allowed.
  const bounds = {
    leastWei: smallerWei(thresholdBounds.leastWei, version.thresholdWei),
    mostWei: largerWei(thresholdBounds.mostWei, version.thresholdWei),
  };
  const questions = payees.map((payee) => [payee, asked.from.toISOString()] as const);
  const answers = await policies.ask(asker, { about: 'due', questions }, (answer) =>
    checkDue(answer, bounds),
  );
  return payees.flatMap((payee, i): readonly RecordedRule[] => {
    const answer = answers[i] ?? null;
    if (answer === null) return [];
    return [
      {
        ...answerOf(asked, payee),
        thresholdWei: answer.thresholdWei ?? null,
        minIntervalMs: answer.minIntervalMs ?? null,
        maxGasShareBps: answer.maxGasShareBps ?? null,
        latestAfterMs: answer.latestAfterMs ?? null,
        holdReason: answer.hold ?? null,
        reason: answer.reason,
      },
    ];
  });
}

/** Returns which of these payees the policy admits; those for whom it fails are left out. */
export async function askAdmit(
  asked: AskedPayees,
  policies: PoliciesInUse,
): Promise<readonly RecordedAdmission[]> {
  const { asker, payees, from } = asked;
  const hasAdmit = asker.answers.includes('admit');
  const questions = hasAdmit ? payees.map((payee) => [payee, from.toISOString()] as const) : [];
  const answers = await policies.ask(asker, { about: 'admit', questions }, checkAdmit);
  return payees.flatMap((payee, i): readonly RecordedAdmission[] => {
    const answer = hasAdmit ? answers[i] : ({ admitted: true } as const);
    if (answer === undefined || answer === null) return [];
    const known = { ...answerOf(asked, payee), invited: payee.isInvited };
    return [
      answer.admitted ? { ...known, ...answer, reason: 'admitted' } : { ...known, ...answer },
    ];
  });
}

/** Returns how the policy shows these payees; those for whom it fails are left out. */
export async function askShow(
  { asker, payees }: Pick<AskedPayees, 'asker' | 'payees'>,
  policies: PoliciesInUse,
): Promise<readonly PayeeLook[]> {
  const plain = { tier: null, badge: null };
  if (!asker.answers.includes('show')) {
    return payees.map(({ address, nickname }) => ({ payee: address, nickname, ...plain }));
  }
  const questions = payees.map((payee) => [payee] as const);
  const answers = await policies.ask(asker, { about: 'show', questions }, checkShow);
  return payees.flatMap(({ address }, i): readonly PayeeLook[] => {
    const answer = answers[i] ?? null;
    if (answer === null) return [];
    const { nickname = null, tier = null, badge = null } = answer;
    return [{ payee: address, nickname, tier, badge }];
  });
}

function answerOf({ asker, from }: AskedPayees, { address }: PolicyStanding) {
  const payee = address === NOBODY ? null : address;
  const { name: policy, version: policyVersion, optionsHash } = asker;
  return { payee, from, policy, policyVersion, optionsHash };
}
