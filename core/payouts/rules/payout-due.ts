import { ethAndWei } from '../../base/money.js';
import { firstShut, type Gate, type NotDueCode } from './gates.js';
import type { PayeeStanding } from './payout.js';

export interface PayoutTerms {
  readonly thresholdWei: bigint;
  readonly minIntervalMs: number;
}

/** The reason shown for a payee whose address is a wallet of the pool itself, which is never paid. */
export const OWN_WALLET_WORDS =
  'this address is a wallet of the pool itself: a transfer would only cost gas; take what is pending with `openpool adjust`';

export type DueVerdict =
  | { readonly due: true }
  | { readonly due: false; readonly code: NotDueCode; readonly reason: string };

/** Decides whether a payee is paid now, and says why not. */
export function decideDue(standing: PayeeStanding, terms: PayoutTerms, now: Date): DueVerdict {
  const shut = firstShut(dueGates(standing, terms, now));
  return shut === undefined ? { due: true } : { due: false, code: shut.code, reason: shut.reason };
}

/** Lists the gates between what is pending and a payout, in the order in which a round looks at them. */
export function dueGates(
  standing: PayeeStanding,
  terms: PayoutTerms,
  now: Date,
): readonly Gate<NotDueCode>[] {
  const { underWay, isWallet, unpayableReason } = standing;
  return [
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
    thresholdGate(standing.pendingWei, terms.thresholdWei),
    intervalGate(standing.lastPayoutAt, terms.minIntervalMs, now),
  ];
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
