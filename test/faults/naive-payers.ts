/**
 * The control: payers as they are often written, with the chain and the books in two steps and nothing
 * signed kept. Under the same kills one pays twice and the other not at all.
 */
import { sql } from 'drizzle-orm';
import { openPayouts } from '../../core/payouts/store/payout-progress.js';
import { type MoneyDeps, walletKeyOf } from '../../core/payouts/wallet/money-deps.js';

const GWEI = 10n ** 9n;

/** `sends first` broadcasts, sees it mined and then records; `records first` the other way round. */
export async function payNaively(
  deps: MoneyDeps,
  habit: 'sends first' | 'records first',
): Promise<void> {
  // They know nothing of signed payouts, and go from reserved to paid.
  await deps.db.execute(sql`ALTER TABLE payout DISABLE TRIGGER payout_moves_one_way`);
  for (const payout of await openPayouts(deps.db, {})) {
    const record = () =>
      deps.db.execute(sql`UPDATE payout SET state = 'paid' WHERE id = ${payout.payoutId}`);
    if (habit === 'records first') await record();
    await transfer(deps, payout);
    if (habit === 'sends first') await record();
  }
}

async function transfer(
  deps: MoneyDeps,
  { payee, amountWei }: { readonly payee: `0x${string}`; readonly amountWei: bigint },
): Promise<void> {
  const { chainId, address } = walletKeyOf(deps);
  const { pendingNonce } = await deps.rpc.walletView(address);
  const { raw, hash } = await deps.signer.sign({
    chainId,
    nonce: pendingNonce,
    to: payee,
    valueWei: amountWei,
    gasLimit: 21_000n,
    maxFeePerGasWei: 20n * GWEI,
    maxPriorityFeePerGasWei: GWEI,
  });
  await deps.rpc.sendRaw([raw]);
  while (((await deps.rpc.first((reads) => reads.receipts([hash]))).get(hash) ?? null) === null) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
