import type { ChainClient } from '../../chain/quorum.js';
import type { ChainConfig } from '../../chain/settings.js';
import type { Signer } from '../../chain/signer/signer.js';
import type { Database } from '../../db/database.js';
import type { PayoutLimits } from '../rules/payout-limits.js';
import type { WalletKey } from '../store/wallet/wallets.js';

/** What everything that moves money needs. */
export interface MoneyDeps {
  readonly db: Database;
  readonly rpc: ChainClient;
  readonly signer: Signer;
  readonly chain: ChainConfig;
  readonly limits: PayoutLimits;
  /** Called with errors that are waited out, for the log. */
  readonly onTrouble?: (error: unknown) => void;
}

export function walletKeyOf(deps: MoneyDeps): WalletKey {
  return { chainId: deps.chain.chainId, address: deps.signer.address };
}
