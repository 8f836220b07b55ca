import { Wallet } from 'ethers';
import { until } from '../../dev/kit/until.js';
import { type LocalChain, rpc } from '../../dev/stack/chain-node.js';

const GWEI = 10n ** 9n;
const CONFIRMATIONS = 4;
const BATCH = 100;
const TIMEOUT_MS = 900_000;

/**
 * Measures how many transfers a second the chain alone takes to the same depth. They are signed before and sent in
 * batches.
 */
export async function measureAnvilAlone(chain: LocalChain, transfers: number): Promise<number> {
  const key = Wallet.createRandom();
  const funds = `0x${(10n ** 21n).toString(16)}`;
  await rpc(chain.rpcUrl, 'anvil_setBalance', [key.address, funds]);
  const raws: string[] = [];
  for (let nonce = 0; nonce < transfers; nonce += 1) {
    const to = `0x${(nonce + 1).toString(16).padStart(40, '5')}`;
    raws.push(
      await key.signTransaction({
        type: 2,
        chainId: chain.chainId,
        nonce,
        to,
        value: 10n ** 15n,
        gasLimit: 21_000n,
        maxFeePerGas: 20n * GWEI,
        maxPriorityFeePerGas: GWEI,
      }),
    );
  }
  const startedMs = performance.now();
  for (let from = 0; from < raws.length; from += BATCH) {
    await sendBatch(chain.rpcUrl, raws.slice(from, from + BATCH));
  }
  const isOver = () => isDeep(chain.rpcUrl, key.address, transfers);
  await until('the depth of all transfers', isOver, { withinMs: TIMEOUT_MS, everyMs: 20 });
  return transfers / ((performance.now() - startedMs) / 1_000);
}

async function sendBatch(url: string, raws: readonly string[]): Promise<void> {
  const calls = raws.map((raw, id) => ({
    jsonrpc: '2.0',
    id,
    method: 'eth_sendRawTransaction',
    params: [raw],
  }));
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(calls) });
  const answers = (await response.json()) as readonly { readonly error?: { message: string } }[];
  const refused = answers.find(({ error }) => error !== undefined);
  if (refused !== undefined) throw new Error(`anvil refused a transfer: ${refused.error?.message}`);
}

async function isDeep(url: string, address: string, nonce: number): Promise<boolean> {
  const head = Number(await rpc(url, 'eth_blockNumber'));
  const deep = `0x${Math.max(head - CONFIRMATIONS + 1, 0).toString(16)}`;
  return Number(await rpc(url, 'eth_getTransactionCount', [address, deep])) >= nonce;
}
