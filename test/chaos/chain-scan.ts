/** Reads all transactions of some senders from the node, block by block. */
import { rpcBatch } from '../../dev/stack/chain-node.js';

/** A transaction in a block that is canonical now. */
export interface SeenTransaction {
  readonly hash: string;
  readonly from: string;
  readonly nonce: number;
  readonly to: string;
  readonly valueWei: bigint;
  readonly succeeded: boolean;
  readonly gasUsed: bigint;
  readonly gasLimit: bigint;
}

export interface ChainScan {
  /** Returns every transaction of the senders from the first block to the head; all blocks belong to one fork. */
  read(): Promise<readonly SeenTransaction[]>;
}

interface ScannedBlock {
  readonly number: number;
  readonly hash: string;
  readonly parentHash: string;
  readonly sent: readonly SeenTransaction[];
}

type Fields = Readonly<Record<string, string>>;

const BLOCKS_AT_ONCE = 100;
const MOST_TRIES = 20;

/** Creates a scan that keeps the blocks it has read, and reads those again that a reorg has replaced. */
export function createChainScan(rpcUrl: string, senders: readonly string[]): ChainScan {
  const blocks: ScannedBlock[] = [];

  async function extend(): Promise<void> {
    const head = Number(await rpcBatch(rpcUrl, 'eth_blockNumber', [[]]).then(([first]) => first));
    while (blocks.length <= head) {
      const from = blocks.length;
      const size = Math.min(BLOCKS_AT_ONCE, head - from + 1);
      const read = await readBlocks(rpcUrl, senders, { from, size });
      for (const block of read) {
        const parent = blocks.at(-1);
        if (parent !== undefined && parent.hash !== block.parentHash) {
          // A reorg has replaced the block below, so both are read again.
          blocks.pop();
          break;
        }
        blocks.push(block);
      }
    }
    // A reorg may have replaced the head without making the chain longer.
    const tip = blocks.at(-1);
    const [now] = await rpcBatch(rpcUrl, 'eth_getBlockByNumber', [[hex(blocks.length - 1), false]]);
    if (tip === undefined || (now as Fields | null)?.['hash'] === tip.hash) return;
    blocks.pop();
    throw new Error('the head was replaced while it was read');
  }

  return {
    async read() {
      for (let tries = 1; ; tries += 1) {
        try {
          await extend();
          return blocks.flatMap(({ sent }) => sent);
        } catch (error) {
          if (tries >= MOST_TRIES) throw error;
        }
      }
    },
  };
}

async function readBlocks(
  rpcUrl: string,
  senders: readonly string[],
  range: { readonly from: number; readonly size: number },
): Promise<readonly ScannedBlock[]> {
  const params = Array.from({ length: range.size }, (_, index) => [hex(range.from + index), true]);
  const found = (await rpcBatch(rpcUrl, 'eth_getBlockByNumber', params)) as readonly (Fields & {
    readonly transactions: readonly Fields[];
  })[];
  const isOwn = ({ from }: Fields) => senders.includes(from ?? '');
  const own = found.flatMap((block) => block.transactions.filter(isOwn));
  const receipts = (await rpcBatch(
    rpcUrl,
    'eth_getTransactionReceipt',
    own.map(({ hash }) => [hash]),
  )) as readonly (Fields | null)[];
  const byHash = new Map(receipts.map((receipt) => [receipt?.['transactionHash'], receipt]));
  return found.map((block) => ({
    number: Number(block['number']),
    hash: block['hash'] ?? '',
    parentHash: block['parentHash'] ?? '',
    sent: block.transactions.filter(isOwn).map((transaction) => {
      const receipt = byHash.get(transaction['hash']);
      if (receipt?.['blockHash'] !== block['hash']) throw new Error('a reorg went through it');
      return seenOf(transaction, receipt);
    }),
  }));
}

function seenOf(transaction: Fields, receipt: Fields | null | undefined): SeenTransaction {
  return {
    hash: transaction['hash'] ?? '',
    from: transaction['from'] ?? '',
    nonce: Number(transaction['nonce']),
    to: transaction['to'] ?? '',
    valueWei: BigInt(transaction['value'] ?? '0'),
    succeeded: receipt?.['status'] === '0x1',
    gasUsed: BigInt(receipt?.['gasUsed'] ?? '0'),
    gasLimit: BigInt(transaction['gas'] ?? '0'),
  };
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
