/** Signatures of typed data (EIP-712), by keys and by contracts (EIP-1271). */
import { AbiCoder, concat, recoverAddress, Signature, TypedDataEncoder, Wallet } from 'ethers';
import type { Address } from '../base/address.js';
import type { ContractCall } from './node-reads.js';

/** Typed data as wallets take it, with the type of its domain among its types. */
export interface TypedDataToSign {
  readonly types: Readonly<
    Record<string, readonly { readonly name: string; readonly type: string }[]>
  >;
  readonly domain: { readonly name: string; readonly version: string; readonly chainId: number };
  readonly message: Readonly<Record<string, string | number>>;
}

/** `isValidSignature(bytes32,bytes)`; a contract that accepts a signature answers with the same four bytes. */
const IS_VALID_SIGNATURE = '0x1626ba7e';
const WORD_DIGITS = 64;

/** Returns the hash that is signed. */
export function digestOf(data: TypedDataToSign): string {
  const [domain, types, message] = partsOf(data);
  return TypedDataEncoder.hash(domain, types, message);
}

/** Returns the address whose key made the signature; undefined when the bytes are no signature of a key. */
export function signerOf(digest: string, signature: string): Address | undefined {
  try {
    return recoverAddress(digest, Signature.from(signature)).toLowerCase() as Address;
  } catch {
    return undefined;
  }
}

/** Makes the call that asks a contract whether it accepts the signature. */
export function signatureQuestion(to: Address, digest: string, signature: string): ContractCall {
  const asked = AbiCoder.defaultAbiCoder().encode(['bytes32', 'bytes'], [digest, signature]);
  return { to, data: concat([IS_VALID_SIGNATURE, asked]) };
}

/** Reads the contract's answer to that call. Anything but the exact word means that it does not accept it. */
export function acceptsSignature(answer: string | null): boolean {
  return answer === IS_VALID_SIGNATURE.padEnd(2 + WORD_DIGITS, '0');
}

/** Signs typed data with a key. */
export function signTypedData(privateKey: string, data: TypedDataToSign): Promise<string> {
  const [domain, types, message] = partsOf(data);
  return new Wallet(privateKey).signTypedData(domain, types, message);
}

function partsOf({ types, domain, message }: TypedDataToSign) {
  // The library adds the type of the domain itself.
  const { EIP712Domain: _, ...own } = types;
  const fields = Object.entries(own).map(
    ([name, list]) => [name, list.map((one) => ({ ...one }))] as const,
  );
  return [domain, Object.fromEntries(fields), message] as const;
}
