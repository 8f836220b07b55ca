/** What a payee can decide about itself, within which bounds, and in which words. */
import type { Address } from '../../base/address.js';
import { formatEth } from '../../base/money.js';
import { nicknameFault } from '../../base/nickname.js';

/** A wish with its value. Null takes back what was wished before. */
export type Wish =
  | { readonly kind: 'threshold'; readonly thresholdWei: bigint | null }
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' }
  | { readonly kind: 'nickname'; readonly nickname: string | null }
  | { readonly kind: 'notice-address'; readonly noticeAddress: string | null }
  | { readonly kind: 'destination'; readonly destination: Address }
  | { readonly kind: 'revoke-destination' };

export type WishKind = Wish['kind'];

export const WISH_KINDS = [
  'threshold',
  'pause',
  'resume',
  'nickname',
  'notice-address',
  'destination',
  'revoke-destination',
] as const satisfies readonly WishKind[];

/** What a payee wished about when it is paid. */
export interface PayoutWishes {
  /** Null: the threshold of the pool's terms. */
  readonly thresholdWei: bigint | null;
  /** Since when the payee wants no payouts; null: it wants them. */
  readonly pausedSince: Date | null;
}

/** The bounds of a threshold that a payee chooses itself. */
export interface ThresholdBounds {
  readonly leastWei: bigint;
  readonly mostWei: bigint;
}

/** Says a wish as one sentence. It is part of what is signed, so that the payee's wallet shows what it agrees to. */
export function wishWords(wish: Wish): string {
  switch (wish.kind) {
    case 'threshold':
      if (wish.thresholdWei === null) return "Pay me from the pool's own threshold on.";
      return `Pay me when ${formatEth(wish.thresholdWei)} ETH is pending.`;
    case 'pause':
      return 'Pause my payouts: what I earn stays pending.';
    case 'resume':
      return 'Resume my payouts.';
    case 'nickname':
      if (wish.nickname === null) return 'Show no nickname of mine.';
      return `Show me as ${wish.nickname}.`;
    case 'notice-address':
      if (wish.noticeAddress === null) return 'Send me no notices.';
      return 'Send my notices to the address below.';
    case 'destination':
      return `Pay me at ${wish.destination} in future.`;
    case 'revoke-destination':
      return 'Revoke my last change of destination.';
  }
}

const MOST_NOTICE_ADDRESS = 500;
const NOTICE_ADDRESS = /^https:\/\/[a-zA-Z0-9.-]+(:\d{1,5})?(\/[\x21\x24-\x7e]*)?$/;

/** Returns why the pool does not take a wish, as the end of a sentence; undefined when it does. */
export function findWishFault(wish: Wish, bounds: ThresholdBounds): string | undefined {
  if (wish.kind === 'threshold' && wish.thresholdWei !== null) {
    const { leastWei, mostWei } = bounds;
    if (wish.thresholdWei >= leastWei && wish.thresholdWei <= mostWei) return undefined;
    return `a threshold is from ${formatEth(leastWei)} to ${formatEth(mostWei)} ETH here`;
  }
  if (wish.kind === 'nickname' && wish.nickname !== null) {
    const fault = nicknameFault(wish.nickname);
    if (fault !== undefined) return `of this nickname, ${fault}`;
    return wish.nickname === wish.nickname.normalize('NFC')
      ? undefined
      : 'a nickname is written with composed letters (NFC)';
  }
  if (wish.kind === 'notice-address' && wish.noticeAddress !== null) {
    const { noticeAddress } = wish;
    if (NOTICE_ADDRESS.test(noticeAddress) && noticeAddress.length <= MOST_NOTICE_ADDRESS) {
      return undefined;
    }
    return `an address of notices begins with https:// and has at most ${MOST_NOTICE_ADDRESS} characters`;
  }
  return undefined;
}
