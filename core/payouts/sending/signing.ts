import { PoolError } from '../../base/errors/pool-error.js';
import { signerOf, transferFault } from '../../chain/transfer.js';
import { turns } from '../../processes/turns.js';
import type { Wait } from '../rules/payout.js';
import { signerGaveOther, signerRefused, signerUnreachable, walletHalted } from '../rules/waits.js';
import type { SignTransfer } from '../store/nonces/nonces.js';
import { haltWallet } from '../store/wallet/wallets.js';
import { type MoneyDeps, walletKeyOf } from '../wallet/money-deps.js';

export type Signing<T> =
  | { readonly kind: 'signed'; readonly result: T; readonly refused: ReadonlyMap<string, Wait> }
  | { readonly kind: 'waiting'; readonly wait: Wait };

/**
 * Runs a transaction that signs. When the signer fails, the transaction is rolled back (nothing was stored or sent)
 * and the payouts wait. When the signer refuses one payout, the transaction runs again without it: it must leave out
 * those in `refused`.
 */
export async function withSigner<T>(
  deps: MoneyDeps,
  work: (sign: SignTransfer, refused: ReadonlyMap<string, Wait>) => Promise<T>,
): Promise<Signing<T>> {
  const refused = new Map<string, Wait>();
  const checked = checkedSign(deps);
  const sign: SignTransfer = async (order) => {
    try {
      return await checked(order);
    } catch (error) {
      if (isRefusal(error)) refused.set(order.payoutId, signerRefused(error.message));
      throw error;
    }
  };
  try {
    // Ask the signer before anything is locked, because a signer that hangs must not delay a halt.
    await deps.signer.check?.();
    for (;;) {
      const known = refused.size;
      try {
        return { kind: 'signed', result: await work(sign, new Map(refused)), refused };
      } catch (error) {
        if (!isRefusal(error) || refused.size === known) throw error;
      }
    }
  } catch (error) {
    const wait = await waitFor(deps, error);
    if (wait === undefined) throw error;
    deps.onTrouble?.(error);
    return { kind: 'waiting', wait };
  }
}

const isRefusal = (error: unknown): error is PoolError =>
  error instanceof PoolError && error.code === 'SIGNER_REFUSED';

/** Makes a signing function that checks the answer before anything is stored or sent. A wrong one throws SIGNER_MISMATCH. */
export function checkedSign(deps: MoneyDeps): SignTransfer {
  return async (order) => {
    const signed = await deps.signer.sign(order);
    // A slow signer may take long for many orders, so each signature counts as progress of the loop that waits for
    // it.
    turns.turned('sending');
    turns.turned('settling');
    const fault =
      transferFault(signed, order) ??
      (signerOf(signed.raw) === deps.signer.address ? undefined : 'another key signed it');
    if (fault === undefined) return signed;
    throw new PoolError('SIGNER_MISMATCH', signerGaveOther(order.payoutId, fault));
  };
}

/** Says why the payouts wait after this error; undefined when the signer did not cause it. */
async function waitFor(deps: MoneyDeps, error: unknown): Promise<Wait | undefined> {
  if (!(error instanceof PoolError)) return undefined;
  const { code, message } = error;
  if (code === 'SIGNER_UNREACHABLE') return signerUnreachable(message);
  if (code === 'SIGNER_REFUSED' || code === 'SIGNER_ADDRESS_MISSING') return signerRefused(message);
  if (code !== 'SIGNER_MISMATCH') return undefined;
  await haltWallet(deps.db, walletKeyOf(deps), { code, reason: message });
  return walletHalted(message);
}
