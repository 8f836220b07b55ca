import { payableAddress } from '../base/address.js';
import { PoolError } from '../base/errors/pool-error.js';
import type { Order } from '../orders/rules/order-kinds.js';
import { reserveManual } from './store/reservations.js';
import { findWallet } from './store/wallet/wallets.js';
import { type MoneyDeps, walletKeyOf } from './wallet/money-deps.js';

/** Reserves the payout that a person ordered. If the same order is carried out again, it returns the payout that the order already made. */
export async function reserveOrdered(deps: MoneyDeps, order: Order<'payout.manual'>) {
  const { id: requestId, args, actor, reason, dryRun } = order;
  if (dryRun) throw new PoolError('REQUEST_INVALID', 'a manual payout has no dry run');
  const payee = payableAddress(args.payee);
  if (payee === undefined) {
    throw new PoolError('ADDRESS_MALFORMED', `"${args.payee}" is no address that can be paid`);
  }
  const wallet = await findWallet(deps.db, walletKeyOf(deps));
  if (wallet !== undefined && wallet.halt !== null) {
    throw new PoolError('WALLET_HALTED', `the wallet is halted: ${wallet.halt.reason}`);
  }
  const { belowThreshold } = args;
  return reserveManual(deps.db, { payee, belowThreshold, requestId, actor, reason });
}
