/** Broadcasts transfers that are signed and stored. */
import { recordSends, unsentAttempts } from '../store/nonces/attempts.js';
import { walletsOfLedger } from '../wallet/ledger-wallets.js';
import { type MoneyDeps, walletKeyOf } from '../wallet/money-deps.js';

/** Sends stored bytes to the chain in nonce order, and stores what the endpoints answered. */
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

/** Sends the bytes of every open slot that were never sent, whichever saga and wallet of the ledger they belong to. */
export async function broadcastUnsent(deps: MoneyDeps): Promise<void> {
  for (const each of await walletsOfLedger(deps)) {
    const attempts = await unsentAttempts(each.db, walletKeyOf(each));
    await broadcast(each, attempts, { everywhere: false });
  }
}
