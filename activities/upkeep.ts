import type { WalletView } from '../chain/chain-reads.js';
import { bumpedFees } from '../domain/fees.js';
import { restlessAttempts, slotsToBump } from '../store/attempts.js';
import { bumpSlot } from '../store/slots.js';
import { type MoneyDeps, walletKeyOf } from './money-deps.js';
import { broadcast, broadcastUnsent, feeLimits } from './sending.js';
import { checkedSign } from './signing.js';

/** Never: for a chain that makes no blocks a higher fee is no help. */
const NEVER_MS = 1e12;

/** Sends again what got lost, and raises the fee of what is stuck, within the cap. */
export async function keepMoving(
  deps: MoneyDeps,
  view: WalletView & { readonly chainStalled: boolean },
): Promise<void> {
  const key = walletKeyOf(deps);
  const stuck = await slotsToBump(deps.db, key, {
    lowestNonce: view.latestNonce,
    bumpAfterMs: view.chainStalled ? NEVER_MS : deps.chain.bumpAfterMs,
  });
  for (const slot of stuck) {
    const fees = bumpedFees(slot, view.head.baseFeePerGasWei, feeLimits(deps));
    if (fees === undefined) continue;
    const bump = { ...fees, nonce: slot.nonce, replaces: slot.n };
    await bumpSlot(deps.db, { wallet: key, bump, sign: checkedSign(deps) });
  }
  if (stuck.length > 0) await broadcastUnsent(deps);
  const restless = await restlessAttempts(deps.db, key, {
    latestNonce: view.latestNonce,
    pendingNonce: view.pendingNonce,
    resendAfterMs: Math.max(2_000, 4 * deps.chain.pollIntervalMs),
  });
  await broadcast(deps, restless, { everywhere: true });
}
