/** More than one key on a ledger, and payers that die before they send. */
import { expect } from 'vitest';
import { openKeystore } from '../../core/chain/signer/keystore.js';
import { createSender } from '../../core/payouts/sending/sending.js';
import { checkedSign } from '../../core/payouts/sending/signing.js';
import { allocateSlots } from '../../core/payouts/store/nonces/nonces.js';
import { type MoneyDeps, walletKeyOf } from '../../core/payouts/wallet/money-deps.js';
import type { LocalChain } from '../../dev/stack/chain-node.js';
import {
  makeKeystore,
  PASSPHRASE,
  paidByChain,
  paidByLedger,
  setBalance,
  type TestWallet,
} from './money.js';

const ETH = 10n ** 18n;
const GWEI = 10n ** 9n;

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

/** Signs and stores payouts with this gas limit, like a process that is killed before it sends. */
export async function allocateOnly(
  { deps }: TestWallet,
  payoutIds: readonly string[],
  gasLimit = 26_250n,
): Promise<void> {
  const view = await deps.rpc.walletView(deps.signer.address);
  await allocateSlots(deps.db, {
    wallet: walletKeyOf(deps),
    orders: payoutIds.map((payoutId) => ({ payoutId, gasLimit, gasCostWei: 0n })),
    limits: deps.limits,
    fees: { maxFeePerGasWei: 20n * GWEI, maxPriorityFeePerGasWei: GWEI },
    chainNonce: view.latestNonce,
    claimedNonce: view.latestNonce,
    balanceWei: view.balanceWei,
    keepInWalletWei: 0n,
    sign: checkedSign(deps),
  });
}

/** Expects that chain and ledger know one payment of this amount to each of the payees, and no other from this wallet. */
export async function expectEachPaid(
  chain: LocalChain,
  { deps, address }: TestWallet,
  { payees, amountWei }: { readonly payees: readonly string[]; readonly amountWei: bigint },
): Promise<void> {
  const onChain = await paidByChain(chain, address);
  const inLedger = await paidByLedger(deps.db);
  for (const payee of payees) {
    expect(onChain.get(payee)).toBe(amountWei);
    expect(inLedger.get(payee)).toBe(amountWei);
  }
  expect(onChain.size).toBe(payees.length);
}

/** Returns what each destination was paid from all of these wallets, as the chain has it. */
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
