/** Checks what the ledger's other wallets have sent, before a newly named wallet pays and when a person asks for it. */

import { PoolError } from '../../base/errors/pool-error.js';
import { ChainError } from '../../chain/endpoint-error.js';
import { lastBlockBefore } from '../../chain/wallet-history.js';
import { beforeAnotherPays } from '../rules/waits.js';
import { keepCompared, namingToCompare, openedWallets } from '../store/wallet/paying-wallet.js';
import { haltWallet, NONCE_AHEAD, type WalletOpening } from '../store/wallet/wallets.js';
import { finalPoint } from './final-point.js';
import { depsWithoutKey } from './ledger-wallets.js';
import { type MoneyDeps, walletKeyOf } from './money-deps.js';
import { readNonceAhead } from './nonce-ahead.js';

/**
 * Compares the other wallets with the chain before a newly named wallet pays. After an older backup was restored,
 * they may have sent payments that this ledger does not know and would make again, and no later check would find
 * them. Halts when there are any. Throws a ChainError while too few endpoints answer; nothing is signed until then.
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
  const reason = beforeAnotherPays(ahead);
  await haltWallet(other.db, walletKeyOf(other), { code: NONCE_AHEAD, reason });
}

/** Finds the block and the balance at which a wallet had sent this many transactions, as agreed by a quorum of endpoints. */
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
