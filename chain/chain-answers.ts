/** Reads what a node answered. Whatever is not exactly as specified throws a ChainError. */
import { type Address, isHexAddress } from '../domain/address.js';
import type { Receipt } from '../domain/settlement.js';
import { ChainError } from './chain-error.js';

export interface BlockHeader {
  readonly number: number;
  readonly hash: string;
  readonly baseFeePerGasWei: bigint;
}

/** A transaction that a node knows, mined or waiting. */
export interface KnownTransaction {
  readonly hash: string;
  readonly from: Address;
  readonly nonce: number;
  /** Null while it waits. */
  readonly blockNumber: number | null;
}

export function readQuantity(value: unknown, what: string): bigint {
  if (typeof value === 'string' && /^0x[0-9a-fA-F]{1,64}$/.test(value)) return BigInt(value);
  throw garbled(what, value);
}

/** Heights and nonces: far below 2^53, or the answer is nonsense. */
export function readCount(value: unknown, what: string): number {
  const count = readQuantity(value, what);
  if (count > BigInt(Number.MAX_SAFE_INTEGER)) throw garbled(what, value);
  return Number(count);
}

export function readHash(value: unknown, what: string): string {
  if (typeof value === 'string' && /^0x[0-9a-fA-F]{64}$/.test(value)) return value.toLowerCase();
  throw garbled(what, value);
}

function readAddress(value: unknown, what: string): Address {
  if (typeof value === 'string' && isHexAddress(value)) return value.toLowerCase() as Address;
  throw garbled(what, value);
}

/** A block's header, or null when the node does not have that block. */
export function readHeader(value: unknown): BlockHeader | null {
  if (value === null) return null;
  const block = fieldsOf(value, 'block');
  return {
    number: readCount(block['number'], 'block number'),
    hash: readHash(block['hash'], 'block hash'),
    baseFeePerGasWei: readQuantity(block['baseFeePerGas'] ?? '0x0', 'base fee'),
  };
}

/** A receipt, or null when the node has none (yet, or any more, or it says so wrongly). */
export function readReceipt(value: unknown): Receipt | null {
  if (value === null) return null;
  const receipt = fieldsOf(value, 'receipt');
  const status = readCount(receipt['status'], 'status');
  if (status > 1) throw garbled('status', receipt['status']);
  return {
    hash: readHash(receipt['transactionHash'], 'transaction hash'),
    from: readAddress(receipt['from'], 'sender'),
    to: receipt['to'] === null ? null : readAddress(receipt['to'], 'destination'),
    succeeded: status === 1,
    blockNumber: readCount(receipt['blockNumber'], 'block number'),
    blockHash: readHash(receipt['blockHash'], 'block hash'),
    gasUsed: readQuantity(receipt['gasUsed'], 'gas used'),
    gasPriceWei: readQuantity(receipt['effectiveGasPrice'], 'gas price'),
  };
}

export function readTransaction(value: unknown): KnownTransaction | null {
  if (value === null) return null;
  const transaction = fieldsOf(value, 'transaction');
  const block = transaction['blockNumber'] ?? null;
  return {
    hash: readHash(transaction['hash'], 'transaction hash'),
    from: readAddress(transaction['from'], 'sender'),
    nonce: readCount(transaction['nonce'], 'nonce'),
    blockNumber: block === null ? null : readCount(block, 'block number'),
  };
}

function fieldsOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  throw garbled(what, value);
}

function garbled(what: string, value: unknown): ChainError {
  const shown = (JSON.stringify(value) ?? 'nothing').slice(0, 60);
  return new ChainError('garbled', `the node gave ${shown} as ${what}`);
}
