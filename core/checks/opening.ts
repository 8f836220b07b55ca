import { requirePayingWallet } from '../payouts/store/wallet/paying-wallet.js';
import {
  acceptUsedWallet,
  findWallet,
  type Halt,
  haltWallet,
  openWalletRow,
  type Wallet,
} from '../payouts/store/wallet/wallets.js';
import { meetChain } from '../payouts/wallet/ledger-chain.js';
import { type MoneyDeps, walletKeyOf } from '../payouts/wallet/money-deps.js';
import { compareOtherWallets, readNonceAhead } from '../payouts/wallet/nonce-ahead.js';

/**
 * Checks the wallet when a worker starts, before it signs anything: the endpoints must show the right chain, and
 * this ledger must know the wallet's history. A history that the ledger does not know halts the wallet and stops
 * nothing else. Throws a ChainError while too few endpoints show our chain.
 */
export async function openWallet(
  deps: MoneyDeps,
  options: { readonly acceptedTransactions: number },
): Promise<Wallet> {
  await meetChain(deps);
  return meetWallet(deps, options.acceptedTransactions);
}

async function meetWallet(deps: MoneyDeps, accepted: number): Promise<Wallet> {
  const key = walletKeyOf(deps);
  const view = await deps.rpc.walletView(key.address);
  const opening = {
    nonce: Math.max(view.latestNonce, view.pendingNonce),
    block: view.head.number,
    balanceWei: view.balanceWei,
  };
  const usedBefore: Halt = {
    code: 'WALLET_USED_BEFORE',
    reason:
      `${key.address} has sent ${opening.nonce} transactions that this ledger knows nothing about: ` +
      'they may have paid what is pending. If this ledger has paid from it before (an older backup): ' +
      `\`openpool wallet adopt --from <nonce>\`; if they paid nobody of this pool: wallet.acceptedTransactions: ${opening.nonce}`,
  };
  // The configuration names a number instead of a yes. If it stays in the file, it accepts nothing that is sent
  // later.
  const isAccepted = opening.nonce === accepted;
  const halt = isAccepted ? null : usedBefore;
  await requirePayingWallet(deps.db, key);
  const wallet = await openWalletRow(deps.db, key, { opening, halt });
  await compareOtherWallets(deps);
  if (isAccepted && wallet.halts.some(({ code }) => code === usedBefore.code)) {
    await acceptUsedWallet(deps.db, key, opening);
  }
  const ahead = await readNonceAhead(deps);
  if (ahead !== undefined) {
    await haltWallet(deps.db, key, { code: 'NONCE_AHEAD_OF_LEDGER', reason: ahead });
  }
  return (await findWallet(deps.db, key)) ?? wallet;
}
