/** What wallets of the ledger have sent that do not pay now: asked before another one pays, and when a person says so. */

import { PoolError } from '../../base/errors/pool-error.js';
import { ChainError } from '../../chain/endpoint-error.js';
import { lastBlockBefore } from '../../chain/wallet-history.js';
import { keepCompared, namingToCompare, openedWallets } from '../store/wallet/paying-wallet.js';
import { haltWallet, type WalletOpening } from '../store/wallet/wallets.js';
import { finalPoint } from './final-point.js';
import { depsWithoutKey } from './ledger-wallets.js';
import { type MoneyDeps, walletKeyOf } from './money-deps.js';
import { readNonceAhead } from './nonce-check.js';

/**
 * Before a wallet pays that was named in place of another one: what the others have sent and this ledger does
 * not know (an older backup) may have paid what this one would pay again, and nobody asks for it later. Halts
 * when there is any. Throws a ChainError while too few endpoints tell: nothing is signed before.
 */
export async function compareOtherWallets(deps: MoneyDeps): Promise<void> {
  const key = walletKeyOf(deps);
  const naming = await namingToCompare(deps.db, key);
  if (naming === undefined) return;
  for (const address of await openedWallets(deps.db, key.chainId)) {
    if (address !== key.address) await compare(depsWithoutKey(deps, address));
  }
  await keepCompared(deps.db, key, naming);
}

async function compare(other: MoneyDeps): Promise<void> {
  const ahead = await readNonceAhead(other, { isAskedOnce: true });
  if (ahead === undefined) return;
  const reason = `${ahead}; another wallet is to pay from now on`;
  await haltWallet(other.db, walletKeyOf(other), { code: 'NONCE_AHEAD_OF_LEDGER', reason });
}

/** Where a wallet stood when it had sent so many transactions, as a quorum of endpoints tells it. */
export async function openingAt(deps: MoneyDeps, nonce: number): Promise<WalletOpening> {
  const { address: wallet } = deps.signer;
  const end = await finalPoint(deps);
  if (end === undefined) throw new ChainError('refused', 'the RPC endpoints do not agree');
  if (nonce > end.claimedNonce) {
    const words = `${wallet} has sent ${end.claimedNonce} transactions: there is no nonce ${nonce} to begin at`;
    throw new PoolError('REQUEST_INVALID', words);
  }
  const answer = await deps.rpc.agreed(async (reads) => {
    const block = await lastBlockBefore(reads, { wallet, nonce, toBlock: end.block });
    return { block, balanceWei: await reads.balanceAt(wallet, block) };
  });
  if (!answer.agreed)
    throw new ChainError('refused', `where it began cannot be told: ${answer.reason}`);
  return { nonce, ...answer.value };
}
