/** Checks whether the ledger's wallets have sent transactions that the ledger does not know. */
import { ChainError } from '../../chain/endpoint-error.js';
import type { Wait } from '../rules/payout.js';
import {
  beforeAnotherPays,
  keyUsedElsewhere,
  NONCE_NOT_CONFIRMED,
  walletHalted,
} from '../rules/waits.js';
import { keepCompared, namingToCompare, openedWallets } from '../store/wallet/paying-wallet.js';
import { findWallet, haltWallet, NONCE_AHEAD } from '../store/wallet/wallets.js';
import { awaitOwnChain } from './ledger-chain.js';
import { depsWithoutKey, type MoneyDeps, walletKeyOf } from './money-deps.js';
import { furthestView, noteBalance, walletViews } from './quorum-views.js';

const LOOKS = 3;
const PAUSE_MS = 300;

/**
 * Checks a claim that the chain has used more nonces of the wallet than this ledger handed out, which means that
 * somebody else uses the key. Halts the wallet when a quorum of endpoints says so several times in a row.
 */
export async function haltWhenNonceAhead(deps: MoneyDeps): Promise<Wait> {
  for (let look = 1; ; look += 1) {
    const reason = await readNonceAhead(deps);
    if (reason === undefined) return NONCE_NOT_CONFIRMED;
    if (look === LOOKS) {
      await haltWallet(deps.db, walletKeyOf(deps), { code: NONCE_AHEAD, reason });
      return walletHalted(reason);
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/**
 * Returns how far a quorum of endpoints sees the chain ahead of the ledger; undefined when it is not ahead. Throws a
 * ChainError when they show another chain, because then nobody has used the key. With `isAskedOnce` it also throws
 * while no quorum says that the chain is not ahead, because nobody would ask again.
 */
export async function readNonceAhead(
  deps: MoneyDeps,
  { isAskedOnce = false }: { readonly isAskedOnce?: boolean } = {},
): Promise<string | undefined> {
  const key = walletKeyOf(deps);
  const views = await walletViews(deps);
  if (views.length > 0) await noteBalance(deps, furthestView(views));
  // Read after the chain, so that all nonces of ours that were mined by then are counted here.
  const wallet = await findWallet(deps.db, key);
  if (wallet === undefined) return undefined;
  // Count transactions in the node's pool too: after an older backup was restored they may be ours and unknown here.
  const ahead = views
    .map(({ latestNonce, pendingNonce }) => Math.max(latestNonce, pendingNonce))
    .filter((nonce) => nonce > wallet.nextNonce);
  if (ahead.length < deps.rpc.quorum) {
    if (isAskedOnce) requireNotAhead(deps, views.length - ahead.length);
    return undefined;
  }
  await awaitOwnChain(deps);
  return keyUsedElsewhere(key.address, Math.min(...ahead), wallet.nextNonce);
}

function requireNotAhead(deps: MoneyDeps, sayNotAhead: number): void {
  const { quorum } = deps.rpc;
  if (sayNotAhead >= quorum) return;
  const whose = `what ${deps.signer.address} has sent`;
  const words = `${sayNotAhead} of ${quorum} endpoints that are needed know of nothing more than the ledger`;
  throw new ChainError('unreachable', `${whose} is not known: ${words}`);
}

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
