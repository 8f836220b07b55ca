import { Transaction } from 'ethers';
import type { Address } from '../base/address.js';
import type { GasFees } from './rules/gas-fees.js';
import type { UnsignedTransfer } from './signer/signer.js';

/** What the signed bytes of an attempt must say. Gas limit and gas fees are checked when they are given. */
type TransferTerms = Pick<UnsignedTransfer, 'chainId' | 'nonce' | 'to' | 'valueWei'> &
  Partial<UnsignedTransfer>;

/** Returns why these bytes are not the transfer that was asked for, or undefined when they are. */
export function transferFault(
  signed: { readonly raw: Uint8Array; readonly hash: string },
  terms: TransferTerms,
): string | undefined {
  const transaction = parse(signed.raw);
  if (transaction === undefined) return 'the bytes are no transaction';
  if (transaction.hash !== signed.hash) return 'the hash is another one';
  if (transaction.to?.toLowerCase() !== terms.to) return 'the destination is another one';
  if (transaction.value !== terms.valueWei) return 'the amount is another one';
  if (transaction.nonce !== terms.nonce) return 'the nonce is another one';
  if (transaction.chainId !== BigInt(terms.chainId)) return 'the chain is another one';
  if (transaction.data !== '0x') return 'it carries data';
  return burnFault(transaction, terms);
}

function burnFault(transaction: Transaction, terms: TransferTerms): string | undefined {
  const { gasLimit, maxFeePerGasWei: fee, maxPriorityFeePerGasWei: tip } = terms;
  const differs = (given: bigint | null, wanted: bigint | undefined) =>
    wanted !== undefined && given !== wanted;
  if (differs(transaction.gasLimit, gasLimit)) return 'the gas limit is another one';
  if (differs(transaction.maxFeePerGas, fee)) return 'the fee is another one';
  if (differs(transaction.maxPriorityFeePerGas, tip)) return 'the tip is another one';
  if ((transaction.accessList?.length ?? 0) > 0) return 'it carries an access list';
  return undefined;
}

/** Recovers the signer's address, which takes some milliseconds. */
export function signerOf(raw: Uint8Array): Address | undefined {
  return parse(raw)?.from?.toLowerCase() as Address | undefined;
}

function parse(raw: Uint8Array): Transaction | undefined {
  try {
    return Transaction.from(`0x${Buffer.from(raw).toString('hex')}`);
  } catch {
    return undefined;
  }
}

/**
 * Rebuilds the signed bytes of a mined transaction from a node's answer. Undefined unless they have the right hash: then the
 * signature itself proves who sent it, and the node need not be believed.
 */
export function rebuildRaw(
  fields: Readonly<Record<string, unknown>>,
  hash: string,
): Uint8Array | undefined {
  try {
    const text = (name: string) => String(fields[name]);
    const type = Number(fields['type'] ?? 0);
    const price =
      type === 2
        ? {
            maxFeePerGas: text('maxFeePerGas'),
            maxPriorityFeePerGas: text('maxPriorityFeePerGas'),
          }
        : { gasPrice: text('gasPrice') };
    const transaction = Transaction.from({
      ...price,
      ...(type === 0 ? {} : { accessList: fields['accessList'] as [] }),
      ...(fields['chainId'] === undefined ? {} : { chainId: text('chainId') }),
      type,
      to: (fields['to'] as string | null) ?? null,
      nonce: Number(fields['nonce']),
      value: text('value'),
      data: text('input'),
      gasLimit: text('gas'),
      signature: {
        r: text('r').replace(/^0x/, '').padStart(64, '0').replace(/^/, '0x'),
        s: text('s').replace(/^0x/, '').padStart(64, '0').replace(/^/, '0x'),
        v: Number(fields['yParity'] ?? fields['v']),
      },
    });
    return transaction.hash === hash
      ? Buffer.from(transaction.serialized.slice(2), 'hex')
      : undefined;
  } catch {
    return undefined;
  }
}

/** Returns the id of the chain on which the signature is valid; null when it names none, and so is valid on every chain. */
export function chainIdOf(raw: Uint8Array): number | null {
  const chainId = Number(parse(raw)?.chainId ?? 0n);
  return chainId === 0 ? null : chainId;
}

/** Reads gas limit and gas fees from the signed bytes. */
export function gasFeesOf(raw: Uint8Array): GasFees & { readonly gasLimit: bigint } {
  const transaction = parse(raw);
  const price = transaction?.gasPrice ?? 0n;
  return {
    gasLimit: transaction?.gasLimit ?? 0n,
    maxFeePerGasWei: transaction?.maxFeePerGas ?? price,
    maxPriorityFeePerGasWei: transaction?.maxPriorityFeePerGas ?? price,
  };
}
