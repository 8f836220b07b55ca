import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LocalChain, rpc, startChain } from '../local/chain-node.js';
import { type ChainReads, chainReadsOf } from './chain-reads.js';
import { createRpcEndpoint } from './rpc-client.js';
import { findByNonces, readSent } from './wallet-history.js';

let chain: LocalChain;
beforeAll(async () => {
  chain = await startChain({ blockTimeSeconds: 0 });
});
afterAll(() => chain.stop());

it('takes a mined transaction without a receipt for unknown, not for absent', async () => {
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
