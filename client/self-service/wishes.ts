/** What a payee decides itself: the message to sign, and taking it when it is signed. */

import type { Address } from '../../core/base/address.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { toChecksum, withChecksums } from '../../core/chain/checksums.js';
import { type ChainClient, createChainClient } from '../../core/chain/quorum.js';
import { findLedger } from '../../core/ledger/store/identity.js';
import { findPayee } from '../../core/payees/store/payee-reads.js';
import { readWish, requireInBounds } from '../../core/self-service/rules/reading.js';
import { type TypedData, typedDataOf } from '../../core/self-service/rules/typed-data.js';
import type { Wish } from '../../core/self-service/rules/wish.js';
import { recordWish } from '../../core/self-service/store/recording.js';
import { readSettings } from '../../core/self-service/store/wishes.js';
import { verifyWish } from '../../core/self-service/verifying.js';
import { nowOf, type RunningPool } from '../running-pool.js';
import { amount, amountOrNull } from '../views.js';

/** A message is valid for an hour, unless it is asked for otherwise. */
export const USUAL_VALIDITY_S = 3_600;
export const LONGEST_VALIDITY_S = 30 * 86_400;

/** A message as a client sends it back. */
export interface SignedWish {
  readonly typedData: unknown;
  readonly signature: string;
}

/** Everything about the wishes of payees that a running pool does. It asks the chain about contract wallets alone. */
export type WishDesk = ReturnType<typeof createWishDesk>;

export function createWishDesk(pool: RunningPool) {
  const { db, config, poolId } = pool;
  const { chainId } = config.chain;
  const bounds = config.pool.terms.thresholdBounds;
  let opened: Promise<ChainClient> | undefined;
  const open = async () => {
    const known = await findLedger(db);
    return createChainClient(config.chain, { anchor: known?.anchor ?? null });
  };
  const chain: Pick<ChainClient, 'agreed'> = {
    async agreed(read) {
      opened ??= open().catch((error: unknown) => {
        // Postgres may be back for the next message.
        opened = undefined;
        throw error;
      });
      return (await opened).agreed(read);
    },
  };
  const requireKnown = async (payee: Address) => {
    if ((await findPayee(db, payee)) !== undefined) return;
    throw new PoolError('PAYEE_UNKNOWN', `${toChecksum(payee)} is not known here.`);
  };
  return {
    /** Makes the message of a payee's next wish. Throws PAYEE_UNKNOWN and WISH_OUT_OF_BOUNDS. */
    async message(payee: Address, wish: Wish, validForS = USUAL_VALIDITY_S): Promise<TypedData> {
      await requireKnown(payee);
      requireInBounds(wish, bounds);
      const { nextNonce: nonce } = await readSettings(db, payee);
      const issuedAt = Math.floor(nowOf(pool).getTime() / 1_000);
      const expiresAt = issuedAt + validForS;
      return typedDataOf({ wish, payee, poolId, chainId, nonce, issuedAt, expiresAt });
    },
    /** Takes a signed wish; it throws all that can be wrong with one. */
    async receive(payee: Address, { typedData, signature }: SignedWish): Promise<Wish> {
      const signed = readWish(typedData, { payee, poolId, chainId, bounds, now: nowOf(pool) });
      await requireKnown(payee);
      const proof = await verifyWish(signed, signature, chain);
      await recordWish(db, signed, { signature, proof });
      return signed.wish;
    },
    /** What the payee decided, as it is shown to everybody. Throws PAYEE_UNKNOWN. */
    async settings(payee: Address) {
      await requireKnown(payee);
      const own = await readSettings(db, payee);
      const { leastWei, mostWei } = bounds;
      return withChecksums({
        payee,
        nickname: own.nickname,
        ...amountOrNull('threshold', own.thresholdWei),
        ...amount('leastThreshold', leastWei),
        ...amount('mostThreshold', mostWei),
        pausedSince: own.pausedSince,
        hasNoticeAddress: own.noticeAddress !== null,
        destination: own.destination,
        pendingDestination: own.pending,
        refusedDestination: own.refused,
        coolDownMs: config.selfService.destinationCoolDownMs,
        nextNonce: own.nextNonce,
      });
    },
  };
}
