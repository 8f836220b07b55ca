/** What a payee can decide about itself. */
import type { Address } from '../../base/address.js';

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

/** What a payee wished about when it is paid. */
export interface PayoutWishes {
  /** Null: the threshold of the pool's terms. */
  readonly thresholdWei: bigint | null;
  /** Since when the payee wants no payouts; null: it wants them. */
  readonly pausedSince: Date | null;
}
