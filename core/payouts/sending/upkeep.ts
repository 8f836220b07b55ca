import type { WalletView } from '../../chain/node-reads.js';
import { bumpedGasFees, gasLimitFor } from '../../chain/rules/gas-fees.js';
import { type LatestAttempt, restlessAttempts, slotsToBump } from '../store/nonces/attempts.js';
import { bumpSlot } from '../store/nonces/nonces.js';
import { type MoneyDeps, walletKeyOf } from '../wallet/money-deps.js';
import { broadcast, broadcastUnsent } from './broadcasting.js';
import { feeLimits } from './sending.js';
import { withSigner } from './signing.js';

/** Never: for a chain that makes no blocks a higher fee is no help. */
const NEVER_MS = 1e12;

/** Sends again what got lost, and raises the fee of what is stuck, within the cap, where there is a key for it. */
export async function keepMoving(
  deps: MoneyDeps,
  view: WalletView & { readonly chainStalled: boolean; readonly hasKey: boolean },
): Promise<void> {
  if (view.hasKey) await raiseStuck(deps, view);
  const restless = await restlessAttempts(deps.db, walletKeyOf(deps), {
    latestNonce: view.latestNonce,
    pendingNonce: view.pendingNonce,
    resendAfterMs: Math.max(2_000, 4 * deps.chain.pollIntervalMs),
  });
  await broadcast(deps, restless, { everywhere: true });
}

async function raiseStuck(
  deps: MoneyDeps,
  view: WalletView & { readonly chainStalled: boolean },
): Promise<void> {
  const key = walletKeyOf(deps);
  const stuck = await slotsToBump(deps.db, key, {
    lowestNonce: view.latestNonce,
    bumpAfterMs: view.chainStalled ? NEVER_MS : deps.chain.bumpAfterMs,
  });
  const gasLimits = await gasLimitsNow(deps, stuck);
  for (const [index, slot] of stuck.entries()) {
    const gasLimit = gasLimits[index] ?? slot.gasLimit;
    const raised = bumpedGasFees(slot, view.head.baseFeePerGasWei, feeLimits(deps));
    // At the cap the fee stays; a limit that has become too low is refused by every node for ever.
    if (raised === undefined && gasLimit <= slot.gasLimit) continue;
    const { maxFeePerGasWei, maxPriorityFeePerGasWei } = raised ?? slot;
    const fees = { maxFeePerGasWei, maxPriorityFeePerGasWei };
    const bump = { ...fees, gasLimit, nonce: slot.nonce, replaces: slot.n };
    const signing = await withSigner(deps, (sign, refused) =>
      refused.size > 0 ? Promise.resolve(false) : bumpSlot(deps.db, { wallet: key, bump, sign }),
    );
    // What is signed already goes out all the same.
    if (signing.kind === 'waiting') break;
  }
  if (stuck.length > 0) await broadcastUnsent(deps);
}

/** What each transfer needs by now, never less than before: on Arbitrum a part of it follows L1's price. */
async function gasLimitsNow(
  deps: MoneyDeps,
  slots: readonly LatestAttempt[],
): Promise<readonly bigint[]> {
  if (slots.length === 0) return [];
  const from = deps.signer.address;
  const transfers = slots.map(({ destination, amountWei }) => ({
    ...{ from, to: destination, valueWei: amountWei },
  }));
  const estimates = await deps.rpc.estimateGas(transfers);
  return slots.map(({ gasLimit }, index) => {
    const estimate = estimates[index];
    if (typeof estimate !== 'bigint') return gasLimit;
    const needed = gasLimitFor({ estimate, atLeast: gasLimit, cap: deps.chain.gasLimitCap });
    return needed > gasLimit && estimate > gasLimit ? needed : gasLimit;
  });
}
