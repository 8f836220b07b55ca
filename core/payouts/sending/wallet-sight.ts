/** What the endpoints show of the paying wallet right before something is signed with its key. */
import { ChainError } from '../../chain/endpoint-error.js';
import type { WalletView } from '../../chain/node-reads.js';
import type { MoneyDeps } from '../wallet/money-deps.js';
import { compareOtherWallets } from '../wallet/other-wallets.js';
import { agreedBalance, furthestView, noteBalance } from '../wallet/quorum-views.js';

export interface WalletSight {
  /** The view of the endpoint that is furthest. */
  readonly view: WalletView;
  /** The highest count of nonces that any endpoint gives. */
  readonly claimedNonce: number;
  /** The wallet's balance, as a quorum of endpoints sees it. */
  readonly agreedWei: bigint;
}

/** Throws a ChainError while too few endpoints answer. */
export async function readWalletSight(deps: MoneyDeps): Promise<WalletSight> {
  await compareOtherWallets(deps);
  const { address } = deps.signer;
  const answers = await deps.rpc.everyEndpoint((reads) => reads.walletView(address));
  // After an older backup was restored, an endpoint that lags would hide nonces that are used already.
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
