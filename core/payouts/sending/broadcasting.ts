/** Broadcasts transfers that are signed and stored, sends lost ones again, and raises the fees of stuck ones. */
import type { WalletView } from '../../chain/node-reads.js';
import { bumpedGasFees, gasLimitFor } from '../../chain/rules/gas-fees.js';
import {
  type LatestAttempt,
  recordSends,
  restlessAttempts,
  slotsToBump,
  unsentAttempts,
} from '../store/nonces/attempts.js';
import { bumpSlot } from '../store/nonces/nonces.js';
import { type MoneyDeps, walletKeyOf, walletsOfLedger } from '../wallet/money-deps.js';
import { withSigner } from './signing.js';
import { estimateTransfers, feeLimits } from './transfer-gas.js';

/**
 * A delay, in milliseconds, so long that the fee is never raised. It is used while the chain makes no blocks, because
 * a higher fee does not help then.
 */
const NEVER_MS = 1e12;

/** Sends lost transfers again, and raises the fee of stuck ones up to the cap. Without the wallet's key it only sends again. */
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
  if (stuck.length === 0) return;
  const estimates = await estimateTransfers(deps, stuck);
  for (const [index, slot] of stuck.entries()) {
    const gasLimit = gasLimitNow(deps, slot, estimates[index]);
    const raised = bumpedGasFees(slot, view.head.baseFeePerGasWei, feeLimits(deps));
    // A fee at the cap stays as it is. But a gas limit that has become too low must be raised, because every node
    // refuses it.
    if (raised === undefined && gasLimit <= slot.gasLimit) continue;
    const { maxFeePerGasWei, maxPriorityFeePerGasWei } = raised ?? slot;
    const fees = { maxFeePerGasWei, maxPriorityFeePerGasWei };
    const bump = { ...fees, gasLimit, nonce: slot.nonce, replaces: slot.n };
    const signing = await withSigner(deps, (sign, refused) =>
      refused.size > 0 ? Promise.resolve(false) : bumpSlot(deps.db, { wallet: key, bump, sign }),
    );
    // The bumps that were signed before this one are still broadcast below.
    if (signing.kind === 'waiting') break;
  }
  await broadcastUnsent(deps);
}

/** Returns the gas limit that the transfer needs now, never less than before. On Arbitrum, part of the gas follows the price of L1. */
function gasLimitNow(
  { chain }: MoneyDeps,
  { gasLimit }: LatestAttempt,
  estimate: bigint | Error | undefined,
): bigint {
  if (typeof estimate !== 'bigint') return gasLimit;
  const needed = gasLimitFor({ estimate, atLeast: gasLimit, cap: chain.gasLimitCap });
  return needed > gasLimit && estimate > gasLimit ? needed : gasLimit;
}

/** Sends stored bytes to the chain in nonce order, and stores what the endpoints answered. */
export async function broadcast(
  deps: MoneyDeps,
  attempts: readonly { readonly hash: string; readonly raw: Uint8Array }[],
  options: { readonly everywhere: boolean },
): Promise<void> {
  if (attempts.length === 0) return;
  const answers = await deps.rpc.sendRaw(
    attempts.map((attempt) => attempt.raw),
    options,
  );
  await recordSends(
    deps.db,
    attempts.map(({ hash }, index) => ({ hash, answer: answers[index] ?? 'no answer' })),
  );
}

/** Sends the bytes of every open slot that were never sent, whichever saga and wallet of the ledger they belong to. */
export async function broadcastUnsent(deps: MoneyDeps): Promise<void> {
  for (const each of await walletsOfLedger(deps)) {
    const attempts = await unsentAttempts(each.db, walletKeyOf(each));
    await broadcast(each, attempts, { everywhere: false });
  }
}
