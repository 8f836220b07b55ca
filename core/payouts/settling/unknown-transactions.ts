/** Transactions of the wallet's key that this ledger has no bytes of: found on the chain by their nonces, and judged. */
import type { Address } from '../../base/address.js';
import { gasFeesOf, signerOf } from '../../chain/transfer.js';
import { findByNonces, type SentTransaction } from '../../chain/wallet-history.js';
import { type ForeignFacts, type ForeignVerdict, judgeForeign } from '../rules/foreign-verdict.js';
import {
  knownPayees,
  type RecoveredAttempt,
  recoverAttempts,
} from '../store/nonces/recovered-attempts.js';
import { searchStart } from '../store/reads/wallet-reads.js';
import type { OpenSlot } from '../store/settlements.js';
import type { WalletOpening } from '../store/wallet/wallets.js';
import { agreedSent } from '../wallet/agreed-sent.js';
import { deepPoint, type FinalPoint } from '../wallet/final-point.js';
import { type MoneyDeps, walletKeyOf } from '../wallet/money-deps.js';

export interface Found {
  readonly transaction: SentTransaction;
  readonly facts: ForeignFacts;
  readonly slot: OpenSlot | undefined;
  readonly verdict: ForeignVerdict;
}

/**
 * A consumed nonce whose transaction nobody here knows: when it is the very transfer that was signed
 * for it (bytes that a restored backup has forgotten), these bytes are kept and true is answered.
 */
export async function recoverOurs(deps: MoneyDeps, slot: OpenSlot): Promise<boolean> {
  const end = await deepPoint(deps);
  if (end === undefined || slot.nonce >= end.nonce) return false;
  const [found] = await judgeSent(deps, await searchSent(deps, [slot.nonce], end), {
    slots: [slot],
    vouched: new Set(),
  });
  if (found?.verdict !== 'ours') return false;
  await recoverAttempts(deps.db, walletKeyOf(deps), [recoveredOf(found.transaction)]);
  return true;
}

/** What the wallet sent under these nonces, up to a final block; throws when the endpoints do not agree. */
export async function searchSent(
  deps: MoneyDeps,
  nonces: readonly number[],
  {
    block: toBlock,
    start,
  }: Pick<FinalPoint, 'block'> & { readonly start?: WalletOpening | undefined },
): Promise<readonly SentTransaction[]> {
  if (nonces.length === 0) return [];
  const key = walletKeyOf(deps);
  const fromBlock = start?.block ?? (await searchStart(deps.db, key, Math.min(...nonces)));
  const { address: wallet } = key;
  const asked = { wallet, nonces, fromBlock, toBlock };
  return agreedSent(deps, (reads) => findByNonces(reads, asked));
}

/** What each of them is; `slots` are the payouts that were signed for their nonces and are still open. */
export async function judgeSent(
  deps: MoneyDeps,
  sent: readonly SentTransaction[],
  context: { readonly slots: readonly OpenSlot[]; readonly vouched: ReadonlySet<string> },
): Promise<readonly Found[]> {
  const destinations = sent.flatMap(({ to }) => (to === null ? [] : [to]));
  const payees = await knownPayees(deps.db, destinations);
  return sent.map((transaction) => {
    const facts = factsOf(transaction, deps.signer.address);
    const slot = context.slots.find(({ nonce }) => nonce === facts.nonce);
    const verdict = judgeForeign(facts, {
      slot,
      isPayee: facts.to !== null && payees.has(facts.to),
      isVouchedFor: context.vouched.has(facts.hash),
    });
    return { transaction, facts, slot, verdict };
  });
}

function factsOf(transaction: SentTransaction, wallet: Address): ForeignFacts {
  const { hash, nonce, to, valueWei, data, succeeded, raw, signedFor } = transaction;
  const hasBytes = raw !== null && signerOf(Buffer.from(raw, 'hex')) === wallet;
  // Signed for another chain it would not have come so far.
  const isForOurChain = signedFor !== null;
  return { hash, nonce, to, valueWei, data, succeeded, hasBytes, isForOurChain };
}

/** The bytes of a transfer of ours, as the ledger keeps them. */
export function recoveredOf({ hash, nonce, raw }: SentTransaction): RecoveredAttempt {
  const bytes = Buffer.from(raw ?? '', 'hex');
  return { hash, nonce, raw: bytes, ...gasFeesOf(bytes) };
}
