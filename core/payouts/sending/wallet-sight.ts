/** Reads the paying wallet from the endpoints right before something is signed with its key. */
import { ChainError } from '../../chain/endpoint-error.js';
import type { WalletView } from '../../chain/node-reads.js';
import type { MoneyDeps } from '../wallet/money-deps.js';
import { compareOtherWallets } from '../wallet/other-wallets.js';
import { agreedBalance, furthestView, noteBalance } from '../wallet/quorum-views.js';

export interface WalletSight {
  /** The view of the endpoint with the highest block. */
  readonly view: WalletView;
  /** The highest nonce count that any endpoint reports. */
  readonly claimedNonce: number;
  /** The wallet's balance according to a quorum of endpoints. */
  readonly agreedWei: bigint;
}

/** Reads the wallet's state; throws a ChainError while too few endpoints answer. */
export async function readWalletSight(deps: MoneyDeps): Promise<WalletSight> {
  await compareOtherWallets(deps);
  const { address } = deps.signer;
  const answers = await deps.rpc.everyEndpoint((reads) => reads.walletView(address));
  // After an older backup was restored, a lagging endpoint alone would hide nonces that are already used.
  if (answers.length < deps.rpc.quorum) {
    const why = [`only ${answers.length} RPC endpoint answers`, ...deps.rpc.faults()];
    throw new ChainError('unreachable', why.join('; '));
  }
  const views = answers.map(({ value }) => value);
  const view = furthestView(views);
  await noteBalance(deps, view);
  const counts = views.flatMap(({ latestNonce, pendingNonce }) => [latestNonce, pendingNonce]);
  const agreedWei = agreedBalance(views, deps.rpc.quorum);
  return { view, claimedNonce: Math.max(...counts), agreedWei };
}
