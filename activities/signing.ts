import { signerOf, transferFault } from '../chain/transfer.js';
import { PoolError } from '../domain/pool-error.js';
import type { SignTransfer } from '../store/slots.js';
import type { MoneyDeps } from './money-deps.js';

/** Signs, and looks at what the signer gave before anything is stored or sent. */
export function checkedSign(deps: MoneyDeps): SignTransfer {
  return async (order) => {
    const signed = await deps.signer.sign(order);
    const fault =
      transferFault(signed, order) ??
      (signerOf(signed.raw) === deps.signer.address ? undefined : 'another key signed it');
    if (fault === undefined) return signed;
    throw new PoolError('TRANSACTION_MISMATCH', `the signer gave something else: ${fault}`);
  };
}
