/** What needs a hand about payouts that wait, and about the wallet that pays them. */
import type { Address } from '../../base/address.js';
import { ethAndWei, formatEth } from '../../base/money.js';
import type { RefusalCode } from '../../payouts/rules/gates.js';
import type { PayoutState, WaitCode } from '../../payouts/rules/payout.js';
import type { Need, NeedAction } from './needs.js';

/** A payout that waits for a person. */
export interface WaitingPayout {
  readonly id: string;
  readonly payee: Address;
  readonly amountWei: bigint;
  readonly state: PayoutState;
  readonly isHeld: boolean;
  readonly holdReason: string | null;
  readonly waitCode: WaitCode | null;
  readonly waitReason: string | null;
  /** Since when it waits for what it waits for now. */
  readonly since: Date;
}

/** All payouts that wait for the same thing, which is about the pool and not about one of them. */
export interface WaitingTogether {
  readonly waitCode: WaitCode;
  readonly payouts: number;
  readonly amountWei: bigint;
  readonly since: Date;
  /** Why one of them waits, which tells of all. */
  readonly waitReason: string;
}

interface Helped {
  readonly safe: string;
  readonly actions: readonly NeedAction[];
}

const UNSIGNED = 'Nothing of it is signed.';

/** What helps a single payout, by the code of its wait. */
const OF_ONE: Partial<Readonly<Record<WaitCode, Helped>>> = {
  PAYOUT_HELD: {
    safe: `${UNSIGNED} It stays promised to its payee until it is resumed or cancelled.`,
    actions: ['payout.resume', 'payout.cancel'],
  },
  PAYOUT_ABOVE_CAP: {
    safe: `${UNSIGNED} It waits until somebody has looked at the amount.`,
    actions: ['payout.approve', 'payout.hold', 'payout.cancel'],
  },
  GAS_SHARE_ABOVE_CAP: {
    safe: `${UNSIGNED} It goes on by itself when gas is cheaper; approving pays the gas of now.`,
    actions: ['payout.approve', 'payout.hold', 'payout.cancel'],
  },
  GAS_ABOVE_CAP: {
    safe: `${UNSIGNED} Its destination asks for more gas than chain.gasLimitCap.`,
    actions: ['payout.hold', 'payout.cancel'],
  },
  PAYEE_IS_WALLET: {
    safe: `${UNSIGNED} A transfer to the pool’s own wallet would only cost gas.`,
    actions: ['payout.cancel'],
  },
  NOT_INVITED: {
    safe: `${UNSIGNED} It goes on by itself when its payee is invited; cancelling gives its amount back to what is pending.`,
    actions: ['payout.cancel'],
  },
  NOT_ADMITTED: {
    safe: `${UNSIGNED} It goes on by itself when the policy admits its payee; cancelling gives its amount back to what is pending.`,
    actions: ['payout.cancel'],
  },
  HELD_BY_POLICY: {
    safe: `${UNSIGNED} It goes on by itself when the policy holds its payee no longer; cancelling gives its amount back to what is pending.`,
    actions: ['payout.cancel'],
  },
  BROADCAST_REFUSED: {
    safe: 'Its bytes are sent again by themselves, under the same nonce: it cannot be paid twice.',
    actions: ['payout.bump'],
  },
  AWAITING_INCLUSION: {
    safe: 'It is sent, and no block has it yet. A higher fee goes out under the same nonce: it cannot be paid twice.',
    actions: ['payout.bump'],
  },
  AWAITING_OPERATOR: {
    safe: 'Nothing more is sent for it. Releasing gives its amount back only where nothing can pay it any longer.',
    actions: ['payout.release', 'payout.bump'],
  },
  WALLET_REPLACED: {
    safe: 'The same bytes go out again and again; nobody here can sign others. Its nonce is taken: it cannot be paid twice.',
    actions: ['payout.release'],
  },
};

/** What helps when many payouts wait for the same thing. */
const OF_ALL: Partial<Readonly<Record<WaitCode, string>>> = {
  WALLET_EMPTY: 'Nothing is signed. Send ETH to the wallet: they go on by themselves.',
  FEE_ABOVE_CAP:
    'Nothing is signed. They go on by themselves when the network is cheaper; raise chain.maxFeePerGas to pay more.',
  DAILY_CAP_REACHED:
    'Nothing is signed. They go on by themselves as the day passes; raise pool.maxPaidPerDay to pay sooner.',
  RPC_UNREACHABLE:
    'Nothing is decided while too few RPC endpoints answer. See chain.rpcUrls and the network.',
  SIGNER_UNREACHABLE: 'Nothing is signed. See that the remote signer runs, and wallet.remote.',
  SIGNER_REFUSED: 'Nothing is signed. See the log of the remote signer.',
};

/** The waits that a person looks at one by one. */
export const WAITS_OF_ONE = Object.keys(OF_ONE);
/** The waits that concern all payouts in the same way. */
export const WAITS_OF_ALL = Object.keys(OF_ALL);
/** A transfer that no block has for this long asks for a higher fee. */
export const INCLUSION_LATE_MS = 30 * 60_000;

export function needOfPayout(payout: WaitingPayout): Need {
  const code = payout.isHeld ? 'PAYOUT_HELD' : (payout.waitCode ?? 'AWAITING_OPERATOR');
  const helped = OF_ONE[code] ?? { safe: UNSIGNED, actions: ['payout.hold'] };
  const { amountWei, payee, isHeld, holdReason, waitReason } = payout;
  const why = isHeld ? `held: ${holdReason ?? ''}` : (waitReason ?? code);
  return {
    kind: 'payout',
    subject: payout.id,
    code,
    title: `${formatEth(amountWei)} ETH to ${payee} ${isHeld ? 'is held' : 'waits'}`,
    words: why,
    safe: helped.safe,
    atStakeWei: amountWei,
    isGrave: false,
    since: payout.since,
    actions: helped.actions,
  };
}

export function needOfMany(all: WaitingTogether): Need {
  const { waitCode, payouts, amountWei } = all;
  const [noun, verb] = payouts === 1 ? ['payout', 'waits'] : ['payouts', 'wait'];
  return {
    kind: 'payouts',
    subject: waitCode,
    code: waitCode,
    title: `${payouts} ${noun} of ${formatEth(amountWei)} ETH ${verb} for the same thing`,
    words: all.waitReason,
    safe: OF_ALL[waitCode] ?? 'Nothing is signed.',
    atStakeWei: amountWei,
    isGrave: false,
    since: all.since,
    actions: [],
  };
}

/** How long the wallet lasts, by what it has paid lately. */
export interface Runway {
  /** What the wallet has to spend now; null when its balance was never read. */
  readonly freeWei: bigint | null;
  /** What payouts and their gas cost on an average day of the last seven. */
  readonly perDayWei: bigint;
  /** The days that the balance lasts; null when nothing was paid lately, or the balance is unknown. */
  readonly days: number | null;
}

/** Below this many days the wallet is to be topped up. */
const LOW_DAYS = 7;
const HUNDREDTHS = 100n;

export function runwayOf(freeWei: bigint | null, perDayWei: bigint): Runway {
  if (freeWei === null || perDayWei <= 0n) return { freeWei, perDayWei, days: null };
  const left = freeWei < 0n ? 0n : freeWei;
  return { freeWei, perDayWei, days: Number((left * HUNDREDTHS) / perDayWei) / 100 };
}

/** A wallet that will not last the week. */
export function needOfWallet(
  { freeWei, perDayWei, days }: Runway,
  wallet: { readonly address: Address; readonly seenAt: Date },
): readonly Need[] {
  if (freeWei === null || days === null || days >= LOW_DAYS) return [];
  const weekWei = perDayWei * BigInt(LOW_DAYS);
  const missingWei = weekWei - freeWei;
  const lasts = days === 0 ? 'is used up' : `lasts ${days.toFixed(1)} more days`;
  return [
    {
      kind: 'wallet',
      subject: wallet.address,
      code: 'WALLET_LOW',
      title: `The wallet ${lasts}`,
      words: `It has ${ethAndWei(freeWei)} to spend, and pays ${ethAndWei(perDayWei)} on an average day; for a week it lacks ${ethAndWei(missingWei)}.`,
      safe: `Nothing is lost: payouts wait for it. Send ETH to ${wallet.address}.`,
      atStakeWei: missingWei,
      isGrave: false,
      since: wallet.seenAt,
      actions: [],
    },
  ];
}

/** A payee whose last payout was refused by its destination. */
export interface UnpayablePayee {
  readonly payee: Address;
  readonly code: string;
  readonly reason: string | null;
  readonly pendingWei: bigint;
  readonly since: Date;
}

export const needOfPayee = (one: UnpayablePayee): Need => ({
  kind: 'payee',
  subject: one.payee,
  code: one.code,
  title: `${one.payee} cannot be paid: ${formatEth(one.pendingWei)} ETH is pending`,
  words: one.reason ?? one.code,
  safe: 'What it earns is kept for it. Release it when its contract takes ETH again.',
  atStakeWei: one.pendingWei,
  isGrave: false,
  since: one.since,
  actions: ['payee.release'],
});

/** What is pending for payees that are not paid for the same reason, whatever they earn. */
export interface KeptMoney {
  readonly code: RefusalCode;
  readonly payees: number;
  readonly pendingWei: bigint;
  /** The payee with most, and what is said against it. */
  readonly most: { readonly payee: Address; readonly pendingWei: bigint; readonly reason: string };
  readonly since: Date;
}

const WHAT_LIFTS: Readonly<Record<RefusalCode, string>> = {
  NOT_INVITED: 'An invitation releases what somebody earned.',
  NOT_ADMITTED: 'It is released when the policy admits them.',
  HELD_BY_POLICY: 'It is released when the policy holds them no longer.',
  PAUSED_BY_PAYEE: 'They have paused their payouts themselves.',
};

export function needOfKept({ code, payees, pendingWei, most, since }: KeptMoney): Need {
  const whose = payees === 1 ? '1 payee that is' : `${payees} payees that are`;
  return {
    kind: 'kept',
    subject: code === 'NOT_INVITED' ? most.payee : code,
    code,
    title: `${formatEth(pendingWei)} ETH is kept for ${whose} not paid: ${code}`,
    words: `${most.payee} has most, ${ethAndWei(most.pendingWei)}: ${most.reason}`,
    safe: `Nothing is lost: it stays pending and is counted on. ${WHAT_LIFTS[code]}`,
    atStakeWei: pendingWei,
    isGrave: false,
    since,
    actions: code === 'NOT_INVITED' ? ['payee.invite'] : [],
  };
}
