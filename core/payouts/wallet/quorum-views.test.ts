import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LocalChain, rpc, startChain } from '../../../dev/stack/chain-node.js';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.js';
import {
  CONTRACTS,
  createTestWallet,
  deploy,
  sendForeign,
  type TestWallet,
} from '../../../test/harness/money.js';
import { readInclusions } from '../../chain/inclusions.js';
import { deepPoint, finalPoint } from './quorum-views.js';

let chain: LocalChain;
let database: TestDatabase;
let wallet: TestWallet;
beforeAll(async () => {
  chain = await startChain({ blockTimeSeconds: 0, finalityLag: 20 });
});
afterAll(() => chain.stop());
beforeEach(async () => {
  database = await createTestDatabase();
  wallet = await createTestWallet(database.db, chain);
  return () => database.close();
});

const mine = (blocks: number) => rpc(chain.rpcUrl, 'anvil_mine', [`0x${blocks.toString(16)}`]);
const head = async () => Number(await rpc(chain.rpcUrl, 'eth_blockNumber'));

describe('a final block', () => {
  it('is as deep as configured, and not above what the node itself calls final', async () => {
    await sendForeign(chain, wallet, 0);
    await mine(60);
    // The configuration asks for only six blocks, so the node's own final block decides here.
    const final = await finalPoint(wallet.deps);
    expect(final?.block).toBe((await head()) - 20);
    const patient = { ...wallet.deps, chain: { ...wallet.deps.chain, finalityConfirmations: 41 } };
    expect((await finalPoint(patient))?.block).toBe((await head()) - 40);
    expect((await deepPoint(wallet.deps))?.block).toBe((await head()) - 1);
  });

  it('is needed before a failure counts as a refusal', async () => {
    const refusing = await deploy(chain, CONTRACTS.refusing);
    const raw = await wallet.key.signTransaction({
      ...{ type: 2, chainId: chain.chainId, nonce: 0, to: refusing, value: 1n },
      ...{ gasLimit: 50_000n, maxFeePerGas: 50n * 10n ** 9n, maxPriorityFeePerGas: 10n ** 9n },
    });
    const hash = String(await rpc(chain.rpcUrl, 'eth_sendRawTransaction', [raw]));
    const depth = async () => {
      const { byHash } = await readInclusions(wallet.deps.rpc, [hash], wallet.deps.chain);
      return byHash.get(hash)?.depth;
    };
    await expect.poll(depth).toBe('shallow');
    await mine(8);
    expect(await depth()).toBe('deep');
    await mine(20);
    expect(await depth()).toBe('final');
  });
});
