import { setTimeout as sleep } from 'node:timers/promises';
import type { CastContracts } from '../simulator/simulator-cast.js';
import { rpc } from './chain-node.js';

const WEI_PER_ETH = 10n ** 18n;
const FUNDS_WEI = 3_000n * WEI_PER_ETH;
const FUNDS_FLOOR_WEI = 500n * WEI_PER_ETH;

/** The code of a contract that reverts every call. */
const REFUSING_RUNTIME = '60006000fd';
/** The code of a contract that counts its deposits. A transfer to it needs more than 21000 gas. */
const ACCEPTING_RUNTIME = '5f546001015f5500';

/** Deploys the two contracts that are payees. */
export async function deployContracts(rpcUrl: string): Promise<CastContracts> {
  const refusing = await deploy(rpcUrl, REFUSING_RUNTIME);
  const accepting = await deploy(rpcUrl, ACCEPTING_RUNTIME);
  return { refusing, accepting };
}

/** Returns true when the chain is still the one of the kept state. */
export async function hasContracts(rpcUrl: string, contracts: CastContracts): Promise<boolean> {
  const codes = await Promise.all(
    [contracts.refusing, contracts.accepting].map((address) =>
      rpc(rpcUrl, 'eth_getCode', [address, 'latest']),
    ),
  );
  return codes.every((code) => typeof code === 'string' && code.length > 2);
}

/** Fills the hot wallet from one of the chain's rich accounts when it runs low. */
export async function fundWallet(rpcUrl: string, wallet: string): Promise<void> {
  const balance = BigInt(String(await rpc(rpcUrl, 'eth_getBalance', [wallet, 'latest'])));
  if (balance >= FUNDS_FLOOR_WEI) return;
  const [from] = await richAccounts(rpcUrl);
  await mined(rpcUrl, { from, to: wallet, value: `0x${(FUNDS_WEI - balance).toString(16)}` });
}

async function richAccounts(rpcUrl: string): Promise<readonly string[]> {
  const accounts = (await rpc(rpcUrl, 'eth_accounts')) as readonly string[];
  const balances = await Promise.all(
    accounts.map((account) => rpc(rpcUrl, 'eth_getBalance', [account, 'latest'])),
  );
  const rich = accounts.filter((_, at) => BigInt(String(balances[at])) > FUNDS_WEI);
  if (rich.length === 0) throw new Error('the local chain has no rich account left: use --fresh');
  return rich;
}

async function deploy(rpcUrl: string, runtime: string): Promise<string> {
  const size = (runtime.length / 2).toString(16).padStart(2, '0');
  const [from] = await richAccounts(rpcUrl);
  // Copies what follows these twelve bytes into memory and returns it as the contract's code.
  const receipt = await mined(rpcUrl, {
    from,
    data: `0x60${size}600c60003960${size}6000f3${runtime}`,
  });
  return String(receipt['contractAddress']).toLowerCase();
}

async function mined(
  rpcUrl: string,
  transaction: Readonly<Record<string, string | undefined>>,
): Promise<Readonly<Record<string, unknown>>> {
  const hash = await rpc(rpcUrl, 'eth_sendTransaction', [transaction]);
  for (let look = 0; look < 200; look += 1) {
    const receipt = await rpc(rpcUrl, 'eth_getTransactionReceipt', [hash]);
    if (receipt !== null) return receipt as Readonly<Record<string, unknown>>;
    await sleep(50);
  }
  throw new Error(`the local chain did not mine ${String(hash)}`);
}
