/** Whether the wallet covers what the pool owes now. */
import { ethAndWei } from '../../base/money.js';

export interface MoneyDue {
  readonly balanceWei: bigint;
  /** Payouts never take the wallet below this. */
  readonly keepInWalletWei: bigint;
  /** What payouts under way have reserved, signed or not. */
  readonly reservedWei: bigint;
  /** What the next round would reserve. */
  readonly dueWei: bigint;
}

export interface BalanceVerdict {
  readonly verdict: 'pass' | 'warn' | 'fail';
  readonly code: 'WALLET_EMPTY' | 'WALLET_SHORT' | null;
  readonly what: string;
}

/**
 * Judges the balance. It fails when payouts wait for money now, and warns when the next round's would, or when an empty
 * wallet has nothing to pay yet. Gas is left out: it is a small share, and its price is not known before signing.
 */
export function judgeBalance(due: MoneyDue): BalanceVerdict {
  const { balanceWei, keepInWalletWei, reservedWei, dueWei } = due;
  const freeWei = balanceWei - keepInWalletWei;
  const owed = `${ethAndWei(reservedWei)} are reserved, the next round would reserve ${ethAndWei(dueWei)}`;
  const holds = `the wallet holds ${ethAndWei(balanceWei)}, of which ${ethAndWei(keepInWalletWei)} stay there`;
  const what = `${holds}; ${owed}`;
  const isOwing = reservedWei + dueWei > 0n;
  if (freeWei <= 0n) return { verdict: isOwing ? 'fail' : 'warn', code: 'WALLET_EMPTY', what };
  if (freeWei < reservedWei) return { verdict: 'fail', code: 'WALLET_SHORT', what };
  if (freeWei < reservedWei + dueWei) return { verdict: 'warn', code: 'WALLET_SHORT', what };
  return { verdict: 'pass', code: null, what };
}
