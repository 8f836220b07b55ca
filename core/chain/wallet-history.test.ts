import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LocalChain, rpc, startChain } from '../../dev/stack/chain-node.js';
import { ChainError } from './endpoint-error.js';
import { type ChainReads, chainReadsOf } from './node-reads.js';
import { createRpcEndpoint } from './rpc/rpc-client.js';
import { findByNonces, lastBlockBefore, readSent } from './wallet-history.js';

let chain: LocalChain;
beforeAll(async () => {
  chain = await startChain({ blockTimeSeconds: 0 });
});
afterAll(() => chain.stop());

it('treats a mined transaction without a receipt as unknown, not as absent', async () => {
  const [from, to] = (await rpc(chain.rpcUrl, 'eth_accounts')) as readonly `0x${string}`[];
  const wallet = from?.toLowerCase() as `0x${string}`;
  const hash = (await rpc(chain.rpcUrl, 'eth_sendTransaction', [
    { from, to, value: '0x7' },
  ])) as string;
  // The node answers before it mines.
  await expect.poll(() => rpc(chain.rpcUrl, 'eth_getTransactionReceipt', [hash])).not.toBeNull();
  const honest = chainReadsOf(createRpcEndpoint({ url: chain.rpcUrl, timeoutMs: 2_000 }));
  const search = { wallet, nonces: [0], fromBlock: 0, toBlock: 1 };
  const asked = [
    (reads: ChainReads) => readSent(reads, [hash]),
    (reads: ChainReads) => findByNonces(reads, search),
  ];
  const silent = { ...honest, receipts: () => Promise.resolve(new Map<string, null>()) };
  const denying = { ...honest, receipts: () => Promise.resolve(new Map([[hash, null]])) };
  for (const ask of asked) {
    expect(await ask(honest)).toMatchObject([{ hash, nonce: 0, valueWei: 7n, succeeded: true }]);
    for (const reads of [silent, denying]) {
      await expect(ask(reads)).rejects.toThrow('there is no receipt');
    }
  }
});

it('finds the block by which a wallet had sent a number of transactions, without asking for much older states', async () => {
  const wallet = `0x${'a'.repeat(40)}` as const;
  const honest = chainReadsOf(createRpcEndpoint({ url: chain.rpcUrl, timeoutMs: 2_000 }));
  // The blocks of three transactions: two in one block, the third just below the head.
  const sentIn = [123_456, 123_456, 199_999];
  const asked: number[] = [];
  const reads: ChainReads = {
    ...honest,
    nonceAt: (_, block) => {
      asked.push(block);
      if (block < 100_000) return Promise.reject(new ChainError('refused', 'no state'));
      return Promise.resolve(sentIn.filter((one) => one <= block).length);
    },
  };
  const blockOf = (nonce: number) => lastBlockBefore(reads, { wallet, nonce, toBlock: 200_000 });
  expect(await blockOf(3)).toBe(200_000);
  expect(asked).toEqual([200_000]);
  expect(await blockOf(2)).toBe(199_998);
  expect(Math.min(...asked)).toBeGreaterThan(195_000);
  await expect(blockOf(1)).rejects.toThrow('no state; name an endpoint of an archive node');
  const archive: ChainReads = {
    ...reads,
    nonceAt: async (_, block) => sentIn.filter((one) => one <= block).length,
  };
  const search = { wallet, toBlock: 200_000 };
  for (const nonce of [1, 0]) {
    expect(await lastBlockBefore(archive, { ...search, nonce })).toBe(123_455);
  }
});
