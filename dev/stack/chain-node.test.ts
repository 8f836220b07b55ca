import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { rpc, startChain } from './chain-node.js';

test('a kept chain has the same first block after every start', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'openpool-chain-'));
  const firstBlocks = new Set<string>();
  for (let start = 0; start < 5; start += 1) {
    const chain = await startChain({ blockTimeSeconds: 0, statePath: join(dir, 'chain.json') });
    await rpc(chain.rpcUrl, 'evm_mine');
    const block = await rpc(chain.rpcUrl, 'eth_getBlockByNumber', ['0x0', false]);
    firstBlocks.add((block as { readonly hash: string }).hash);
    await chain.stop();
  }
  rmSync(dir, { recursive: true });
  expect(firstBlocks.size).toBe(1);
});
