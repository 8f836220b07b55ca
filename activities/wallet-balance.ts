import type { WalletView } from '../chain/chain-reads.js';
import { recordBalance } from '../store/wallet-balance.js';
import { type MoneyDeps, walletKeyOf } from './money-deps.js';

/** Keeps, for people, the balance of the view that is furthest. That it cannot be kept stops nothing. */
export async function noteBalance(deps: MoneyDeps, views: readonly WalletView[]): Promise<void> {
  const [first, ...rest] = views;
  if (first === undefined) return;
  const { head, balanceWei } = rest.reduce(
    (a, b) => (b.head.number > a.head.number ? b : a),
    first,
  );
  try {
    await recordBalance(deps.db, walletKeyOf(deps), { wei: balanceWei, block: head.number });
  } catch (error) {
    deps.onTrouble?.(error);
  }
}
