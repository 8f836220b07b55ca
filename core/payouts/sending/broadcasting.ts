/** Offers what is signed and stored to the chain. */
import { recordSends, unsentAttempts } from '../store/nonces/attempts.js';
import { walletsOfLedger } from '../wallet/ledger-wallets.js';
import { type MoneyDeps, walletKeyOf } from '../wallet/money-deps.js';

/** Offers stored bytes to the chain in nonce order, and keeps what was said. */
export async function broadcast(
  deps: MoneyDeps,
  attempts: readonly { readonly hash: string; readonly raw: Uint8Array }[],
  options: { readonly everywhere: boolean },
): Promise<void> {
  if (attempts.length === 0) return;
  const answers = await deps.rpc.sendRaw(
    attempts.map((attempt) => attempt.raw),
    options,
  );
  await recordSends(
    deps.db,
    attempts.map(({ hash }, index) => ({ hash, answer: answers[index] ?? 'no answer' })),
  );
}

/** Every open slot's bytes that were never sent, whichever saga and wallet they belong to. */
export async function broadcastUnsent(deps: MoneyDeps): Promise<void> {
  for (const each of await walletsOfLedger(deps)) {
    const attempts = await unsentAttempts(each.db, walletKeyOf(each));
    await broadcast(each, attempts, { everywhere: false });
  }
}
