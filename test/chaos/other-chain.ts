/**
 * Another chain, on which the same keys have paid the same payees: more often than the pool has, so that
 * whoever takes it for the pool's own finds every nonce used, and everybody paid.
 */
import { type LocalChain, rpc, rpcBatch, startChain } from '../../dev/stack/chain-node.js';
import type { StormWallet } from './chaos-config.js';
import { quietPort } from './restartable.js';

const CHAIN_ID = 31_338;
const TRANSFERS = 300;
const FUNDS_WEI = 10_000n * 10n ** 18n;
const FEE_WEI = 100n * 10n ** 9n;

export async function startOtherChain(
  wallets: readonly StormWallet[],
  payees: readonly string[],
): Promise<LocalChain> {
  const chain = await startChain({
    chainId: CHAIN_ID,
    port: await quietPort(),
    blockTimeSeconds: 1,
  });
  const { rpcUrl } = chain;
  for (const { address, key } of wallets) {
    await rpc(rpcUrl, 'anvil_setBalance', [address, `0x${FUNDS_WEI.toString(16)}`]);
    const raws = Array.from({ length: TRANSFERS }, async (_, nonce) => [
      await key.signTransaction({
        type: 2,
        chainId: CHAIN_ID,
        nonce,
        to: payees[nonce % payees.length] ?? null,
        gasLimit: 21_000n,
        value: 1_000_000_007n,
        maxFeePerGas: FEE_WEI,
        maxPriorityFeePerGas: 1n,
      }),
    ]);
    await rpcBatch(rpcUrl, 'eth_sendRawTransaction', await Promise.all(raws));
  }
  await rpc(rpcUrl, 'anvil_mine', ['0x200']);
  return chain;
}
