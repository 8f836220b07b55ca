import type { ChainClient } from '../../chain/quorum.js';
import type { ChainConfig } from '../../chain/settings.js';
import type { Signer } from '../../chain/signer/signer.js';
import type { Database } from '../../db/database.js';
import type { PayoutLimits } from '../rules/payout-limits.js';
import type { WalletKey } from '../store/wallet/paying-wallet.js';

/** The dependencies of all code that moves money. */
export interface MoneyDeps {
  readonly db: Database;
  readonly rpc: ChainClient;
  readonly signer: Signer;
  readonly chain: ChainConfig;
  readonly limits: PayoutLimits;
  /** Called with errors after which the caller waits and tries again, to log them. */
  readonly onTrouble?: (error: unknown) => void;
}

export function walletKeyOf(deps: MoneyDeps): WalletKey {
  return { chainId: deps.chain.chainId, address: deps.signer.address };
}
