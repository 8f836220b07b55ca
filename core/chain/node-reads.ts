import { toQuantity } from 'ethers';
import type { Address } from '../base/address.js';
import { ChainError, saysReverted } from './endpoint-error.js';
import {
  type BlockHeader,
  readBlockOf,
  readCount,
  readHeader,
  readHex,
  readLoggedReceipt,
  readQuantity,
  readReceipt,
  readTransaction,
} from './node-answers.js';
import type { RpcAnswer, RpcCall, RpcEndpoint } from './rpc/rpc-client.js';
import type { UnsignedTransfer } from './signer/signer.js';

/** The wallet and the head, seen in one batch. */
export type WalletView = Awaited<ReturnType<typeof readWalletView>>;
export type TransferRequest = Pick<UnsignedTransfer, 'to' | 'valueWei'> & {
  readonly from: Address;
};

/** A call of a contract that changes nothing, with its encoded arguments in hex. */
export interface ContractCall {
  readonly to: Address;
  readonly data: string;
}

/** Everything that the product asks a chain. Each method is one batch, and throws nothing but ChainErrors. */
export type ChainReads = ReturnType<typeof chainReadsOf>;

/** Builds the reads that ask one endpoint. */
export function chainReadsOf(endpoint: RpcEndpoint) {
  return {
    async chainId() {
      return readCount(await single(endpoint, call('eth_chainId')), 'chain id');
    },
    walletView: (wallet: Address) => readWalletView(endpoint, wallet),
    /** How many nonces the wallet had used by the end of this block. */
    async nonceAt(wallet: Address, blockNumber: number) {
      const request = call('eth_getTransactionCount', wallet, toQuantity(blockNumber));
      return readCount(await single(endpoint, request), 'nonce');
    },
    /** The newest block that the node itself calls final; null when it names none. */
    async finalizedBlock() {
      const [answer] = await endpoint.batch([call('eth_getBlockByNumber', 'finalized', false)]);
      return answer?.ok === true ? (readHeader(answer.result)?.number ?? null) : null;
    },
    /** The canonical headers by number; absent where the node has no such block, or shows none that can be read. */
    async headers(numbers: readonly number[]): Promise<ReadonlyMap<number, BlockHeader>> {
      const wanted = [...new Set(numbers)];
      const calls = wanted.map((number) => call('eth_getBlockByNumber', toQuantity(number), false));
      const found = new Map<number, BlockHeader>();
      for (const [index, answer] of (await endpoint.batch(calls)).entries()) {
        if (!answer.ok) continue;
        const header = readable(() => readHeader(answer.result));
        if (header && header.number === wanted[index]) found.set(header.number, header);
      }
      return found;
    },
    /** Receipts by hash. Null: the node says that there is none. Absent: it did not answer, or not readably. */
    receipts: (hashes: readonly string[]) =>
      byHash(endpoint, { method: 'eth_getTransactionReceipt', hashes, read: readReceipt }),
    /** Receipts like these, with what contracts wrote into the log. */
    loggedReceipts: (hashes: readonly string[]) =>
      byHash(endpoint, { method: 'eth_getTransactionReceipt', hashes, read: readLoggedReceipt }),
    /** Mined transactions by hash. Null: the node says that none is mined. Absent: it did not answer, or not readably. */
    transactions: (hashes: readonly string[]) =>
      byHash(endpoint, { method: 'eth_getTransactionByHash', hashes, read: readTransaction }),
    /** How many nonces the wallet had used by the end of each of these blocks, in their order. */
    async noncesAt(wallet: Address, blocks: readonly number[]) {
      const calls = blocks.map((block) =>
        call('eth_getTransactionCount', wallet, toQuantity(block)),
      );
      return (await endpoint.batch(calls)).map((answer) => readCount(resultOf(answer), 'nonce'));
    },
    async balanceAt(wallet: Address, blockNumber: number) {
      const request = call('eth_getBalance', wallet, toQuantity(blockNumber));
      return readQuantity(await single(endpoint, request), 'balance');
    },
    /** The wallet's transactions in these blocks. */
    async sentIn(wallet: Address, blocks: readonly number[]) {
      const calls = blocks.map((block) => call('eth_getBlockByNumber', toQuantity(block), true));
      return (await endpoint.batch(calls)).flatMap((answer, index) => {
        const sent = readBlockOf(resultOf(answer), wallet);
        if (sent !== null) return sent;
        throw new ChainError('refused', `${endpoint.name} has no block ${blocks[index]}`);
      });
    },
    /**
     * What contracts answer at the head, one call for each: hex, `0x` where there is no code, or null where running the call
     * reverted.
     */
    async callContracts(calls: readonly ContractCall[]): Promise<readonly (string | null)[]> {
      const asked = calls.map((one) => call('eth_call', one, 'latest'));
      return (await endpoint.batch(asked)).map((answer) => {
        if (!answer.ok && saysReverted(answer.error)) return null;
        return readHex(resultOf(answer), 'answer of a contract');
      });
    },
    /** The gas estimate of each transfer, or the error that the node answered instead. */
    async estimateGas(
      transfers: readonly TransferRequest[],
    ): Promise<readonly (bigint | ChainError)[]> {
      const calls = transfers.map(({ from, to, valueWei }) =>
        call('eth_estimateGas', { from, to, value: toQuantity(valueWei) }),
      );
      const answers = await endpoint.batch(calls);
      return answers.map((answer) => {
        if (!answer.ok) return answer.error;
        return (
          readable(() => readQuantity(answer.result, 'gas estimate')) ??
          new ChainError('garbled', `${endpoint.name} gave no gas estimate that can be read`)
        );
      });
    },
  };
}

async function readWalletView(endpoint: RpcEndpoint, wallet: Address) {
  const [block, latest, pending, balance] = (
    await endpoint.batch([
      call('eth_getBlockByNumber', 'latest', false),
      call('eth_getTransactionCount', wallet, 'latest'),
      call('eth_getTransactionCount', wallet, 'pending'),
      call('eth_getBalance', wallet, 'latest'),
    ])
  ).map(resultOf);
  const head = readHeader(block);
  if (head === null) throw new ChainError('garbled', `${endpoint.name} has no latest block`);
  return {
    head,
    /** How many nonces the wallet has used up to the head. */
    latestNonce: readCount(latest, 'nonce'),
    /** How many it has used including the transactions that wait in the node's mempool. */
    pendingNonce: readCount(pending, 'nonce'),
    balanceWei: readQuantity(balance, 'balance'),
  };
}

async function byHash<T extends { readonly hash: string }>(
  endpoint: RpcEndpoint,
  asked: {
    readonly method: string;
    readonly hashes: readonly string[];
    readonly read: (value: unknown) => T | null;
  },
): Promise<ReadonlyMap<string, T | null>> {
  const answers = await endpoint.batch(asked.hashes.map((hash) => call(asked.method, hash)));
  const found = new Map<string, T | null>();
  for (const [index, answer] of answers.entries()) {
    const hash = asked.hashes[index];
    if (hash === undefined || !answer.ok) continue;
    const value = readable(() => asked.read(answer.result));
    if (value === null || value?.hash === hash) found.set(hash, value);
  }
  return found;
}

/** Returns undefined when an answer cannot be read: the other answers of its batch still count. */
function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ChainError)) throw error;
    return undefined;
  }
}

async function single(endpoint: RpcEndpoint, request: RpcCall): Promise<unknown> {
  const [answer] = await endpoint.batch([request]);
  if (answer === undefined) throw new ChainError('garbled', `${endpoint.name} answered nothing`);
  return resultOf(answer);
}

function resultOf(answer: RpcAnswer): unknown {
  if (!answer.ok) throw answer.error;
  return answer.result;
}

function call(method: string, ...params: readonly unknown[]): RpcCall {
  return { method, params };
}
