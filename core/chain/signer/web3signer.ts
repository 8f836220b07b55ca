/**
 * Web3signer in its `eth1` mode, or any service that speaks its `eth_signTransaction` and `eth_accounts`.
 * It takes one call per request, no batches, and keeps the chain's id in its own configuration.
 */
import { Transaction, toQuantity } from 'ethers';
import type { Address } from '../../base/address.js';
import { PoolError } from '../../base/errors/pool-error.js';
import { createRpcService, type RpcServiceOptions } from './rpc-service.js';
import type { Signer, UnsignedTransfer } from './signer.js';

export interface Web3signerOptions extends RpcServiceOptions {
  /** The wallet's address, lower case. The service may hold the keys of other addresses, too. */
  readonly address: Address;
}

/** Returns a signer whose key the service holds. Nothing is asked yet. */
export function connectWeb3signer(options: Web3signerOptions): Signer {
  const { address } = options;
  const service = createRpcService(options);
  const unusable = (words: string) =>
    new PoolError('SIGNER_UNREACHABLE', `the signer ${service.name} answered ${words}`);
  return {
    address,
    async sign(transfer) {
      const raw = await service.call('eth_signTransaction', [toParameters(address, transfer)]);
      if (typeof raw !== 'string') throw unusable('with something that is no transaction');
      const hash = hashOf(raw);
      if (hash === null) throw unusable('with something that is no signed transaction');
      return { raw: Buffer.from(raw.slice(2), 'hex'), hash };
    },
    async check() {
      const accounts = await service.call('eth_accounts', []);
      if (!Array.isArray(accounts)) throw unusable('with no list of its accounts');
      if (accounts.some((account) => String(account).toLowerCase() === address)) return;
      const holds = `it holds ${accounts.length} other key${accounts.length === 1 ? '' : 's'}`;
      const message = `the signer ${service.name} has no key of ${address}: ${holds}`;
      throw new PoolError('SIGNER_ADDRESS_MISSING', message);
    },
  };
}

function toParameters(from: Address, transfer: UnsignedTransfer): Readonly<Record<string, string>> {
  return {
    from,
    to: transfer.to,
    gas: toQuantity(transfer.gasLimit),
    maxFeePerGas: toQuantity(transfer.maxFeePerGasWei),
    maxPriorityFeePerGas: toQuantity(transfer.maxPriorityFeePerGasWei),
    value: toQuantity(transfer.valueWei),
    nonce: toQuantity(transfer.nonce),
    data: '0x',
    chainId: toQuantity(transfer.chainId),
  };
}

/** Returns the hash of a signed transaction; null when the bytes are not one. The caller checks who signed what. */
function hashOf(raw: string): string | null {
  try {
    return Transaction.from(raw).hash;
  } catch {
    return null;
  }
}
