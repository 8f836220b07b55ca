import type { WalletView } from '../../chain/node-reads.js';
import { recordBalance } from '../store/wallet/seen-balance.js';
import { type MoneyDeps, walletKeyOf } from './money-deps.js';

/** Of several endpoints' views the one that is furthest; there must be one. */
export function furthestView(views: readonly WalletView[]): WalletView {
  return views.reduce((a, b) => (b.head.number > a.head.number ? b : a));
}

/** What a quorum of the views shows at least: one endpoint that knows less outweighs no two others. */
export function agreedBalance(views: readonly WalletView[], quorum: number): bigint {
  const descending = views
    .map(({ balanceWei }) => balanceWei)
    .sort((a, b) => (a < b ? 1 : a > b ? -1 : 0));
  return descending[Math.min(quorum, views.length) - 1] ?? 0n;
}

/** Keeps a balance for people. That it cannot be kept stops nothing. */
export async function noteBalance(
  deps: MoneyDeps,
  { head, balanceWei }: WalletView,
): Promise<void> {
  try {
    await recordBalance(deps.db, walletKeyOf(deps), { wei: balanceWei, block: head.number });
  } catch (error) {
    deps.onTrouble?.(error);
  }
}
