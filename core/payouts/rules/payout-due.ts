import { ethAndWei } from '../../base/money.js';
import { firstShut, type Gate, type NotDueCode, type Opener, type RefusalCode } from './gates.js';
import {
  type Admission,
  type Lifter,
  latestAt,
  NOT_INVITED,
  type PayeeTerms,
  type PayeeVerdicts,
  type PayoutTerms,
  type ThresholdBounds,
  termsOfPayee,
} from './payee-rule.js';
import type { PayeeStanding } from './payout.js';

/** What a round goes by, besides the standing of each payee. */
export interface DueRules {
  readonly now: Date;
  readonly terms: PayoutTerms;
  readonly bounds: ThresholdBounds;
  /** What a unit of gas costs at the base fee that was seen last; null when none was seen. */
  readonly gasPriceWei: bigint | null;
}

/** What a person who orders one payout decides to look past. */
export interface Despite {
  /** Threshold, minimum interval and the payee's own gas share: they exist to save gas. */
  readonly amount: boolean;
  /** What the policy says against the payee, and the payee's own pause. */
  readonly refusal: boolean;
}

const NOTHING: Despite = { amount: false, refusal: false };

/** The reason shown for a payee whose address is a wallet of the pool itself, which is never paid. */
export const OWN_WALLET_WORDS =
  'this address is a wallet of the pool itself: a transfer would only cost gas; take what is pending with `openpool adjust`';

export type DueVerdict =
  | { readonly due: true }
  | { readonly due: false; readonly code: NotDueCode; readonly reason: string };

/** Decides whether a payee is paid now, and says why not. */
export function decideDue(
  standing: PayeeStanding,
  rules: DueRules,
  despite: Despite = NOTHING,
): DueVerdict {
  const shut = firstShut(dueGates(standing, rules, despite));
  return shut === undefined ? { due: true } : { due: false, code: shut.code, reason: shut.reason };
}

/** Lists the gates between what is pending and a payout, in the order in which a round looks at them. */
export function dueGates(
  standing: PayeeStanding,
  rules: DueRules,
  despite: Despite = NOTHING,
): readonly Gate<NotDueCode>[] {
  const { underWay, isWallet, unpayableReason, verdicts } = standing;
  const own = termsOfPayee(verdicts, rules.terms, rules.bounds);
  const gates: readonly Gate<NotDueCode>[] = [
    {
      name: 'open-payout',
      code: underWay === null ? null : 'OPEN_PAYOUT',
      reason: underWay === null ? 'no payout is under way' : 'a payout is already under way',
      measured: null,
      opensByItself: true,
      opener: 'nobody',
    },
    {
      name: 'own-wallet',
      code: isWallet ? 'PAYEE_IS_WALLET' : null,
      reason: isWallet ? OWN_WALLET_WORDS : 'this address is no wallet of the pool',
      measured: null,
      opensByItself: false,
      opener: 'pool',
    },
    {
      name: 'payable',
      code: unpayableReason === null ? null : 'UNPAYABLE',
      reason: unpayableReason ?? 'no earlier payout to this address was refused',
      measured: null,
      opensByItself: false,
      opener: 'pool',
    },
    ...(despite.refusal ? [] : refusalGates(verdicts)),
    thresholdGate(standing.pendingWei, despite.amount ? 0n : own.thresholdWei),
  ];
  if (despite.amount) return gates;
  const interval = intervalGate(standing.lastPayoutAt, own.minIntervalMs, rules.now);
  const gas = gasGate(standing, own, rules);
  return [...gates, interval, ...gas];
}

/**
 * Lists the gates of what the policy and the payee itself decide, whatever is pending. A payout that is reserved passes
 * them again before it is signed.
 */
export function refusalGates({
  admission,
  rule,
  wishes,
}: PayeeVerdicts): readonly Gate<RefusalCode>[] {
  const { holdReason } = rule;
  const { pausedSince } = wishes;
  const isPaused = pausedSince !== null;
  return [
    admissionGate(admission),
    {
      name: 'policy-hold',
      code: holdReason === null ? null : 'HELD_BY_POLICY',
      reason:
        holdReason === null ? 'the policy does not hold it' : `the policy holds it: ${holdReason}`,
      measured: null,
      opensByItself: false,
      opener: 'pool',
    },
    {
      name: 'pause',
      code: isPaused ? 'PAUSED_BY_PAYEE' : null,
      reason: isPaused
        ? `the payee has paused its payouts since ${pausedSince.toISOString()}`
        : 'the payee has not paused its payouts',
      measured: null,
      opensByItself: false,
      opener: 'payee',
    },
  ];
}

const OPENERS: Readonly<Record<Lifter, Opener>> = { you: 'payee', pool: 'pool', nobody: 'nobody' };

function admissionGate(admission: Admission): Gate<RefusalCode> {
  const { reason } = admission;
  const gate = { name: 'admission', measured: null, opensByItself: false } as const;
  if (admission.admitted) return { ...gate, code: null, reason, opener: 'pool' };
  const { code, liftedBy } = admission;
  const opener = OPENERS[liftedBy];
  if (code === NOT_INVITED) return { ...gate, code, reason, opener };
  return { ...gate, code: 'NOT_ADMITTED', reason: `${code}: ${reason}`, opener };
}

function thresholdGate(pendingWei: bigint, thresholdWei: bigint): Gate<NotDueCode> {
  const [code, reason] = thresholdVerdict(pendingWei, thresholdWei);
  return {
    name: 'threshold',
    code,
    reason,
    measured: { unit: 'wei', value: pendingWei, limit: thresholdWei },
    opensByItself: true,
    opener: 'payee',
  };
}

function thresholdVerdict(pendingWei: bigint, thresholdWei: bigint): [NotDueCode | null, string] {
  const pending = `${ethAndWei(pendingWei)} pending`;
  if (pendingWei < 0n) return ['NEGATIVE', `${pending}: the payee owes the pool`];
  if (pendingWei === 0n) return ['NOTHING_PENDING', 'nothing is pending'];
  const threshold = `the threshold of ${ethAndWei(thresholdWei)}`;
  if (pendingWei < thresholdWei) return ['BELOW_THRESHOLD', `${pending} is below ${threshold}`];
  return [null, `${pending} reaches ${threshold}`];
}

function intervalGate(
  lastPayoutAt: Date | null,
  minIntervalMs: number,
  now: Date,
): Gate<NotDueCode> {
  const dueAt = lastPayoutAt === null ? null : new Date(lastPayoutAt.getTime() + minIntervalMs);
  const isShut = dueAt !== null && now < dueAt;
  const over = dueAt === null ? 'there was no payout before' : 'the minimum interval is over';
  return {
    name: 'interval',
    code: isShut ? 'TOO_SOON' : null,
    reason: isShut ? `the minimum interval ends at ${dueAt.toISOString()}` : over,
    measured: dueAt === null ? null : { unit: 'time', value: now, limit: dueAt },
    opensByItself: true,
    opener: 'nobody',
  };
}

const BPS_SCALE = 10_000n;

/**
 * The gate of a payee's own gas share; empty when it has none. What is pending goes on growing while gas is too dear,
 * which is why this is asked before a payout is reserved, and not only before it is signed.
 */
function gasGate(
  { pendingWei, gas }: PayeeStanding,
  own: PayeeTerms,
  { gasPriceWei, now }: DueRules,
): readonly Gate<NotDueCode>[] {
  const { maxGasShareBps } = own;
  if (maxGasShareBps === null || gas === null) return [];
  const costWei = gas.burntGasWei + gas.transferGas * (gasPriceWei ?? 0n);
  const limitWei = pendingWei > 0n ? (pendingWei * BigInt(maxGasShareBps)) / BPS_SCALE : 0n;
  const latest = latestAt(own, gas.ripeSince);
  const isLate = latest !== null && now >= latest;
  const isShut = gasPriceWei !== null && costWei > limitWei && !isLate;
  const facts = { costWei, limitWei, maxGasShareBps, latest };
  return [
    {
      name: 'own-gas-share',
      code: isShut ? 'GAS_TOO_DEAR' : null,
      reason: gasWords(facts, { isShut, isLate, isKnown: gasPriceWei !== null }),
      measured: { unit: 'wei', value: costWei, limit: limitWei },
      opensByItself: true,
      opener: 'nobody',
    },
  ];
}

function gasWords(
  facts: {
    readonly costWei: bigint;
    readonly limitWei: bigint;
    readonly maxGasShareBps: number;
    readonly latest: Date | null;
  },
  { isShut, isLate, isKnown }: Readonly<Record<'isShut' | 'isLate' | 'isKnown', boolean>>,
): string {
  const { costWei, limitWei, maxGasShareBps, latest } = facts;
  const share = `${maxGasShareBps / 100}% of what is pending`;
  if (!isKnown) return `the network fee was not seen yet; gas may cost ${share}`;
  if (!isShut && isLate) {
    return `it is paid at the latest from ${latest?.toISOString()} on, whatever gas costs of it`;
  }
  if (!isShut) return `gas costs at most ${share}`;
  const atLatest = latest === null ? '' : `, at the latest from ${latest.toISOString()} on`;
  const than = `${share}, which is ${ethAndWei(limitWei)}`;
  return `gas would cost ${ethAndWei(costWei)} now, more than ${than}: it is paid when gas is cheaper or more is pending${atLatest}`;
}
