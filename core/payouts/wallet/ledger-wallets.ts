/**
 * The wallets that a ledger still works with: the one whose key this process holds, and earlier ones whose signed
 * transfers are not settled for good. Settling and sending again need no key, because the bytes are stored.
 */
import type { Address } from '../../base/address.js';
import { PoolError } from '../../base/errors/pool-error.js';
import type { Signer } from '../../chain/signer/signer.js';
import { walletsAtWork } from '../store/wallet/paying-wallet.js';
import type { MoneyDeps } from './money-deps.js';

/** Returns the dependencies for another wallet of the ledger: everything works except signing, which is refused. */
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
