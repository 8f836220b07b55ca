import { Transaction } from 'ethers';
import type { Address } from '../domain/address.js';

/** What must stand in the bytes of an attempt, whoever wrote them. */
export interface TransferTerms {
  readonly chainId: number;
  readonly nonce: number;
  readonly to: Address;
  readonly valueWei: bigint;
}

/** Why these bytes are not the transfer that was asked for, or undefined when they are. */
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
  return undefined;
}

/** Who signed: costs a key recovery. */
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
