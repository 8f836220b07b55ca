import { ChainError } from '../../chain/endpoint-error.js';
import type { Wait } from '../rules/payout.js';
import { rpcUnreachable, walletHalted } from '../rules/waits.js';
import { findWallet, haltWallet } from '../store/wallet/wallets.js';
import { furthestView, noteBalance } from './balance-views.js';
import { type MoneyDeps, walletKeyOf } from './money-deps.js';
import { awaitOwnChain } from './own-chain.js';

const LOOKS = 3;
const PAUSE_MS = 300;

/**
 * The chain's count of the wallet's nonces is above what this ledger handed out: somebody else uses the
 * key. Believed, and the wallet halted, when a quorum of endpoints says so several times in a row.
 */
export async function haltWhenNonceAhead(deps: MoneyDeps): Promise<Wait> {
  try {
    return await haltUnlessPassing(deps);
  } catch (error) {
    if (error instanceof ChainError) return rpcUnreachable(error.message);
    throw error;
  }
}

async function haltUnlessPassing(deps: MoneyDeps): Promise<Wait> {
  for (let look = 0; look < LOOKS; look += 1) {
    const ahead = await readNonceAhead(deps);
    if (ahead === undefined) {
      return rpcUnreachable('it answered with a nonce that the wallet cannot have');
    }
    if (look === LOOKS - 1) {
      await haltWallet(deps.db, walletKeyOf(deps), {
        code: 'NONCE_AHEAD_OF_LEDGER',
        reason: ahead,
      });
      return walletHalted(ahead);
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return rpcUnreachable('it was not looked at');
}

/**
 * In words, how far a quorum of endpoints sees the chain ahead of the ledger; undefined when not. Throws
 * a ChainError when what they show is another chain: then nobody has used the key. Of what is asked once
 * and never again it also throws while no quorum says that the chain is not ahead.
 */
export async function readNonceAhead(
  deps: MoneyDeps,
  { isAskedOnce = false }: { readonly isAskedOnce?: boolean } = {},
): Promise<string | undefined> {
  const key = walletKeyOf(deps);
  const views = await deps.rpc.everyEndpoint((reads) => reads.walletView(key.address));
  if (views.length > 0) await noteBalance(deps, furthestView(views.map(({ value }) => value)));
  // Read after the chain: what is mined by then and ours was allocated before.
  const wallet = await findWallet(deps.db, key);
  if (wallet === undefined) return undefined;
  // What waits in the pool counts: after an older backup it may be ours, and unknown here.
  const ahead = views
    .map(({ value }) => Math.max(value.latestNonce, value.pendingNonce))
    .filter((nonce) => nonce > wallet.nextNonce);
  if (ahead.length < deps.rpc.quorum) {
    if (isAskedOnce) requireNotAhead(deps, views.length - ahead.length);
    return undefined;
  }
  await awaitOwnChain(deps);
  const chainNonce = Math.min(...ahead);
  return (
    `the chain has used ${chainNonce} nonces of ${key.address}, this ledger knows of ` +
    `${wallet.nextNonce}: the key was used elsewhere`
  );
}

function requireNotAhead(deps: MoneyDeps, sayNotAhead: number): void {
  const { quorum } = deps.rpc;
  if (sayNotAhead >= quorum) return;
  const whose = `what ${deps.signer.address} has sent`;
  const words = `${sayNotAhead} of ${quorum} endpoints that are needed know of nothing more than the ledger`;
  throw new ChainError('unreachable', `${whose} is not known: ${words}`);
}
