/** Combines what several endpoints show of a wallet. */
import { PoolError } from '../../base/errors/pool-error.js';
import { ChainError } from '../../chain/endpoint-error.js';
import type { ChainReads, WalletView } from '../../chain/node-reads.js';
import type { SentTransaction } from '../../chain/wallet-history.js';
import { recordBalance } from '../store/wallet/wallets.js';
import { type MoneyDeps, walletKeyOf } from './money-deps.js';

/** Returns the view of the endpoint with the highest block; there must be at least one view. */
export function furthestView(views: readonly WalletView[]): WalletView {
  return views.reduce((a, b) => (b.head.number > a.head.number ? b : a));
}

/** Returns the highest balance that at least a quorum of the views reaches, so one endpoint that lags does not lower it. */
export function agreedBalance(views: readonly WalletView[], quorum: number): bigint {
  const descending = views
    .map(({ balanceWei }) => balanceWei)
    .sort((a, b) => (a < b ? 1 : a > b ? -1 : 0));
  return descending[Math.min(quorum, views.length) - 1] ?? 0n;
}

/** Stores a balance for people to see. When storing fails, the error is only reported. */
export async function noteBalance(
  deps: MoneyDeps,
  { head, balanceWei }: WalletView,
): Promise<void> {
  try {
    await recordBalance(deps.db, walletKeyOf(deps), {
      wei: balanceWei,
      block: head.number,
      baseFeeWei: head.baseFeePerGasWei,
    });
  } catch (error) {
    deps.onTrouble?.(error);
  }
}

/**
 * Reads transactions and returns what a quorum of endpoints agrees on; throws when they do not agree. A transaction
 * that was signed for another chain cannot be on ours, so endpoints that show one are on another chain
 * (CHAIN_NOT_OURS).
 */
export async function agreedSent(
  deps: MoneyDeps,
  read: (reads: ChainReads) => Promise<readonly SentTransaction[]>,
): Promise<readonly SentTransaction[]> {
  const answer = await deps.rpc.agreed(read);
  if (!answer.agreed) {
    throw new ChainError('refused', `what was sent cannot be told: ${answer.reason}`);
  }
  const { chainId } = deps.chain;
  const strange = answer.value.find(({ signedFor }) => (signedFor ?? chainId) !== chainId);
  if (strange === undefined) return answer.value;
  const words = `${strange.hash} is signed for chain ${strange.signedFor}, and the endpoints show it as mined on chain ${chainId}`;
  throw new PoolError('CHAIN_NOT_OURS', words);
}
