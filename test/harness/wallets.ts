/** More than one key on a ledger, and payers that die before they send. */
import { expect } from 'vitest';
import { openKeystore } from '../../core/chain/signer/keystore.js';
import { createSender } from '../../core/payouts/sending/sending.js';
import type { MoneyDeps } from '../../core/payouts/wallet/money-deps.js';
import type { LocalChain } from '../../dev/stack/chain-node.js';
import { makeKeystore, PASSPHRASE, paidByChain, setBalance, type TestWallet } from './money.js';

const ETH = 10n ** 18n;

/** What a worker of the same pool has that was given another key and has not started yet. */
export async function anotherKey(chain: LocalChain, { deps }: TestWallet): Promise<TestWallet> {
  const { json, key } = await makeKeystore();
  const signer = await openKeystore({ json, passphrase: PASSPHRASE });
  await setBalance(chain, signer.address, 10n * ETH);
  return { deps: { ...deps, signer }, address: signer.address, key, keystore: json };
}

/** Signs and stores a payout, and fails to send it, like a process that dies in between. */
export async function signOnly(deps: MoneyDeps, payoutId: string): Promise<void> {
  const dead = { ...deps.rpc, sendRaw: () => Promise.reject(new Error('dead')) };
  await expect(createSender({ ...deps, rpc: dead }).send(payoutId)).rejects.toThrow('dead');
}

/** What the chain says each destination was paid from all of these wallets. */
export async function paidInAll(
  chain: LocalChain,
  wallets: readonly TestWallet[],
): Promise<ReadonlyMap<string, bigint>> {
  const sums = new Map<string, bigint>();
  for (const { address } of wallets) {
    for (const [to, wei] of await paidByChain(chain, address)) {
      sums.set(to, (sums.get(to) ?? 0n) + wei);
    }
  }
  return sums;
}
