/** Finds what a wallet has sent on the chain, by its nonces. */
import type { Address } from '../base/address.js';
import { ChainError } from './endpoint-error.js';
import type { MinedTransaction } from './node-answers.js';
import type { ChainReads } from './node-reads.js';
import type { Receipt } from './rules/receipt.js';
import { chainIdOf, rebuildRaw } from './transfer.js';

/** A mined transaction that the wallet sent, with its receipt. */
export interface SentTransaction extends Receipt {
  readonly nonce: number;
  readonly valueWei: bigint;
  readonly data: string;
  /** The signed bytes in hex, rebuilt from the node's answer; null when they cannot be rebuilt. */
  readonly raw: string | null;
  /** Id of the chain that it was signed for; null when its bytes name none, or are not known. */
  readonly signedFor: number | null;
}

export interface NonceSearch {
  readonly wallet: Address;
  readonly nonces: readonly number[];
  /** The nonces were used in blocks between these two. */
  readonly fromBlock: number;
  readonly toBlock: number;
}

/** Ranges no longer than this are read block by block instead of being halved. */
const SMALL_RANGE = 4;
/** At most this many blocks are read one by one when the node keeps no old states; more would take too long. */
const MOST_BLOCKS_READ = 5_000;
const BLOCKS_AT_ONCE = 50;

/** Finds the transactions that used these nonces, sorted by nonce. Throws when the node cannot tell. */
export async function findByNonces(
  reads: ChainReads,
  search: NonceSearch,
): Promise<readonly SentTransaction[]> {
  if (search.nonces.length === 0) return [];
  const blocks = await blocksOf(reads, search);
  const wanted = new Set(search.nonces);
  const found: MinedTransaction[] = [];
  for (let from = 0; from < blocks.length; from += BLOCKS_AT_ONCE) {
    const sent = await reads.sentIn(search.wallet, blocks.slice(from, from + BLOCKS_AT_ONCE));
    found.push(...sent.filter(({ nonce }) => wanted.has(nonce)));
  }
  return withReceipts(reads, found);
}

/** How many blocks the first step of a backward search covers; each further step covers twice as many. */
const FIRST_STEP = 1_024;

/**
 * Finds the newest block up to `toBlock` by which the wallet had sent at most this many transactions. It goes backwards in
 * growing steps, because many nodes keep no states of a chain's first blocks.
 */
export async function lastBlockBefore(
  reads: ChainReads,
  { wallet, nonce, toBlock }: Pick<NonceSearch, 'wallet' | 'toBlock'> & { readonly nonce: number },
): Promise<number> {
  const isBefore = async (block: number) => (await reads.nonceAt(wallet, block)) <= nonce;
  try {
    let after = toBlock + 1;
    let before = toBlock;
    for (let step = FIRST_STEP; before > 0 && !(await isBefore(before)); step *= 2) {
      after = before;
      before = Math.max(before - step, 0);
    }
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      if (await isBefore(middle)) before = middle;
      else after = middle;
    }
    return before;
  } catch (error) {
    if (!(error instanceof ChainError) || error.kind !== 'refused') throw error;
    const words = `${error.message}; name an endpoint of an archive node in chain.rpcUrls`;
    throw new ChainError('refused', words, error.rpcCode, { cause: error });
  }
}

/** Reads the transactions with these hashes and their receipts; a hash that is in no block is left out. */
export async function readSent(
  reads: ChainReads,
  hashes: readonly string[],
): Promise<readonly SentTransaction[]> {
  const known = await reads.transactions(hashes);
  return withReceipts(
    reads,
    [...known.values()].flatMap((transaction) => transaction ?? []),
  );
}

async function withReceipts(
  reads: ChainReads,
  mined: readonly MinedTransaction[],
): Promise<readonly SentTransaction[]> {
  const receipts = await reads.receipts(mined.map(({ hash }) => hash));
  return mined
    .map(({ hash, nonce, valueWei, data, fields }) => {
      const receipt = receipts.get(hash);
      // It is in a block, so it has a receipt. A node without it has lost it: the result is unknown, not absent.
      if (!receipt)
        throw new ChainError('refused', `there is no receipt of ${hash}, which is mined`);
      const raw = rebuildRaw(fields, hash);
      const bytes = raw === undefined ? null : Buffer.from(raw).toString('hex');
      const signedFor = raw === undefined ? null : chainIdOf(raw);
      return { ...receipt, nonce, valueWei, data, raw: bytes, signedFor };
    })
    .sort((a, b) => a.nonce - b.nonce);
}

/** Finds the blocks in which the wallet may have used a wanted nonce. */
async function blocksOf(reads: ChainReads, search: NonceSearch): Promise<readonly number[]> {
  try {
    return await halve(reads, search);
  } catch (error) {
    if (!(error instanceof ChainError) || error.kind !== 'refused') throw error;
    // A node that keeps no old states can still be read block by block.
    const { fromBlock, toBlock } = search;
    const count = toBlock - fromBlock + 1;
    if (count <= MOST_BLOCKS_READ) return range(fromBlock, toBlock + 1);
    const words =
      `${error.message}; without old states ${count} blocks would have to be read: ` +
      'name an endpoint of an archive node in chain.rpcUrls';
    throw new ChainError('refused', words, error.rpcCode, { cause: error });
  }
}

interface Range {
  readonly from: number;
  readonly to: number;
  /** How many nonces the wallet had used before the first block and after the last. */
  readonly before: number;
  readonly after: number;
}

async function halve(reads: ChainReads, search: NonceSearch): Promise<readonly number[]> {
  const { wallet, fromBlock, toBlock } = search;
  const nonces = [...search.nonces].sort((a, b) => a - b);
  const holdsWanted = ({ before, after }: Range) =>
    nonces.some((nonce) => nonce >= before && nonce < after);
  const after = await reads.nonceAt(wallet, toBlock);
  let ranges: readonly Range[] = [{ from: fromBlock, to: toBlock, before: 0, after }];
  const blocks: number[] = [];
  while (ranges.length > 0) {
    const small = ranges.filter(isSmall);
    blocks.push(...small.flatMap(({ from, to }) => range(from, to + 1)));
    const large = ranges.filter((one) => !isSmall(one));
    const middles = large.map(({ from, to }) => Math.floor((from + to) / 2));
    const counts = middles.length === 0 ? [] : await reads.noncesAt(wallet, middles);
    const halves = large.flatMap((one, index) => {
      const [to = one.from, count = 0] = [middles[index], counts[index]];
      return [
        { ...one, to, after: count },
        { ...one, from: to + 1, before: count },
      ];
    });
    ranges = halves.filter(holdsWanted);
  }
  return blocks;
}

const isSmall = ({ from, to }: Range): boolean => to - from < SMALL_RANGE;

/** Lists the whole numbers from `from` up to but not including `below`. */
export function range(from: number, below: number): readonly number[] {
  return Array.from({ length: Math.max(below - from, 0) }, (_, index) => from + index);
}
