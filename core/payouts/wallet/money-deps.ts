import type { Address } from '../../base/address.js';
import { PoolError } from '../../base/errors/pool-error.js';
import type { ChainClient } from '../../chain/quorum.js';
import type { ChainConfig } from '../../chain/settings.js';
import type { Signer } from '../../chain/signer/signer.js';
import type { Database } from '../../db/database.js';
import type { PayoutLimits } from '../rules/payout-limits.js';
import { type WalletKey, walletsAtWork } from '../store/wallet/paying-wallet.js';

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

/**
 * Returns the dependencies for another wallet of the ledger. Signing is refused; settling and sending again work,
 * because the signed bytes are stored.
 */
export function depsWithoutKey(deps: MoneyDeps, address: Address): MoneyDeps {
  const sign: Signer['sign'] = () => {
    const words = `the key of ${address} is not here: another wallet pays for this ledger`;
    return Promise.reject(new PoolError('WALLET_REPLACED', words));
  };
  return { ...deps, signer: { address, sign } };
}

/** Returns the process's own wallet first, then the others that still need work. */
export async function walletsOfLedger(deps: MoneyDeps): Promise<readonly MoneyDeps[]> {
  const atWork = await walletsAtWork(deps.db, deps.chain.chainId);
  const others = atWork.filter((address) => address !== deps.signer.address);
  return [deps, ...others.map((address) => depsWithoutKey(deps, address))];
}
