/** Reads what a node answered. Whatever is not exactly as specified throws a ChainError. */
import { type Address, isHexAddress } from '../base/address.js';
import { ChainError } from './endpoint-error.js';
import type { Receipt } from './rules/receipt.js';

export type BlockHeader = NonNullable<ReturnType<typeof readHeader>>;
export type MinedTransaction = NonNullable<ReturnType<typeof readTransaction>>;

export function readQuantity(value: unknown, what: string): bigint {
  if (typeof value === 'string' && /^0x[0-9a-fA-F]{1,64}$/.test(value)) return BigInt(value);
  throw garbled(what, value);
}

/** Reads a block number, a nonce or the like. These are far below 2^53: a larger one is nonsense. */
export function readCount(value: unknown, what: string): number {
  const count = readQuantity(value, what);
  if (count > BigInt(Number.MAX_SAFE_INTEGER)) throw garbled(what, value);
  return Number(count);
}

export function readHash(value: unknown, what: string): string {
  if (typeof value === 'string' && /^0x[0-9a-fA-F]{64}$/.test(value)) return value.toLowerCase();
  throw garbled(what, value);
}

/** Reads bytes in hex; `0x` is none. */
export function readHex(value: unknown, what: string): string {
  if (typeof value === 'string' && /^0x([0-9a-fA-F]{2})*$/.test(value)) return value.toLowerCase();
  throw garbled(what, value);
}

function readAddress(value: unknown, what: string): Address {
  if (typeof value === 'string' && isHexAddress(value)) return value.toLowerCase() as Address;
  throw garbled(what, value);
}

/** Reads a block's header; null when the node does not have that block. */
export function readHeader(value: unknown) {
  if (value === null) return null;
  const block = fieldsOf(value, 'block');
  return {
    number: readCount(block['number'], 'block number'),
    hash: readHash(block['hash'], 'block hash'),
    baseFeePerGasWei: readQuantity(block['baseFeePerGas'] ?? '0x0', 'base fee'),
    /** The block's timestamp. */
    atMs: readCount(block['timestamp'], 'block time') * 1_000,
  };
}

/** Reads a receipt; null when the node says that it has none. It may not have it yet, may have lost it, or may be wrong. */
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

/** Something that a contract wrote into the log of a transaction. Hex, in lower case. */
export interface EventLog {
  readonly contract: Address;
  readonly topics: readonly string[];
  readonly data: string;
}

/** Reads a receipt with its log, in the order in which it was written; null when the node says that it has none. */
export function readLoggedReceipt(value: unknown) {
  const receipt = readReceipt(value);
  if (receipt === null) return null;
  const { logs } = fieldsOf(value, 'receipt');
  if (!Array.isArray(logs)) throw garbled('logs', logs);
  return { ...receipt, logs: logs.map(readLog) };
}

function readLog(value: unknown): EventLog {
  const log = fieldsOf(value, 'log');
  const { topics } = log;
  if (!Array.isArray(topics)) throw garbled('topics', topics);
  return {
    contract: readAddress(log['address'], 'contract'),
    topics: topics.map((topic) => readHash(topic, 'topic')),
    data: readHex(log['data'], 'data'),
  };
}

/** Reads a mined transaction; null when the node does not know it, or when it is not in a block yet. */
export function readTransaction(value: unknown) {
  if (value === null) return null;
  const transaction = fieldsOf(value, 'transaction');
  const block = transaction['blockNumber'] ?? null;
  if (block === null) return null;
  const { to, input } = transaction;
  if (typeof input !== 'string') throw garbled('input', input);
  return {
    hash: readHash(transaction['hash'], 'transaction hash'),
    from: readAddress(transaction['from'], 'sender'),
    nonce: readCount(transaction['nonce'], 'nonce'),
    /** Null when the transaction created a contract. */
    to: (to ?? null) === null ? null : readAddress(to, 'destination'),
    valueWei: readQuantity(transaction['value'], 'value'),
    data: input,
    blockNumber: readCount(block, 'block number'),
    /** The node's whole answer, from which the signed bytes can be rebuilt. */
    fields: transaction,
  };
}

/** Reads one sender's transactions from a block with all its transactions; null when the node does not have the block. */
export function readBlockOf(value: unknown, sender: Address): readonly MinedTransaction[] | null {
  if (value === null) return null;
  const { transactions } = fieldsOf(value, 'block');
  if (!Array.isArray(transactions)) throw garbled('transactions', transactions);
  return transactions.flatMap((one: unknown) => {
    // Other senders may use kinds of transactions that this program does not know.
    const from = fieldsOf(one, 'transaction')['from'];
    if (typeof from !== 'string' || from.toLowerCase() !== sender) return [];
    return readTransaction(one) ?? [];
  });
}

function fieldsOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  const fields = recordOf(value);
  if (fields === undefined) throw garbled(what, value);
  return fields;
}

/** Returns a value as an object whose fields are unknown; undefined when it is no object. */
export function recordOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null
    ? (value as Record<string, unknown>)
    : undefined;
}

/** Parses a JSON text; undefined when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function garbled(what: string, value: unknown): ChainError {
  const shown = (JSON.stringify(value) ?? 'nothing').slice(0, 60);
  return new ChainError('garbled', `the node gave ${shown} as ${what}`);
}
