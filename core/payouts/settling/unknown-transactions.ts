/** Finds and judges transactions that were signed with the wallet's key and whose bytes this ledger does not have. */
import type { Address } from '../../base/address.js';
import { gasFeesOf, signerOf } from '../../chain/transfer.js';
import { findByNonces, type SentTransaction } from '../../chain/wallet-history.js';
import { type ForeignFacts, type ForeignVerdict, judgeForeign } from '../rules/foreign-verdict.js';
import {
  knownPayees,
  type RecoveredAttempt,
  recoverAttempts,
  searchStart,
} from '../store/nonces/recovered-attempts.js';
import type { OpenSlot } from '../store/open-slots.js';
import type { WalletOpening } from '../store/wallet/wallets.js';
import { type MoneyDeps, walletKeyOf } from '../wallet/money-deps.js';
import { agreedSent, deepPoint, type FinalPoint } from '../wallet/quorum-views.js';

export interface Found {
  readonly transaction: SentTransaction;
  readonly facts: ForeignFacts;
  readonly slot: OpenSlot | undefined;
  readonly verdict: ForeignVerdict;
}

/**
 * Searches for the unknown transaction that consumed the slot's nonce. When it is the transfer that was signed for
 * the slot (its bytes were lost with a restored backup), it stores the bytes and returns true.
 */
export async function recoverOurs(deps: MoneyDeps, slot: OpenSlot): Promise<boolean> {
  const end = await deepPoint(deps);
  if (end === undefined || slot.nonce >= end.nonce) return false;
  const sent = await searchSent(deps, [slot.nonce], end);
  const [found] = await judgeSent(deps, sent, { slots: [slot], vouched: new Set() });
  if (found?.verdict !== 'ours') return false;
  await recoverAttempts(deps.db, walletKeyOf(deps), [recoveredOf(found.transaction)]);
  return true;
}

/** Finds what the wallet sent under these nonces, up to a final block; throws when the endpoints do not agree. */
export async function searchSent(
  deps: MoneyDeps,
  nonces: readonly number[],
  end: Pick<FinalPoint, 'block'> & { readonly start?: WalletOpening | undefined },
): Promise<readonly SentTransaction[]> {
  if (nonces.length === 0) return [];
  const key = walletKeyOf(deps);
  const fromBlock = end.start?.block ?? (await searchStart(deps.db, key, Math.min(...nonces)));
  const asked = { wallet: key.address, nonces, fromBlock, toBlock: end.block };
  return agreedSent(deps, (reads) => findByNonces(reads, asked));
}

/** Judges each of these transactions. `slots` are the open slots of payouts that were signed under the same nonces. */
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
  const { raw, signedFor } = transaction;
  const hasBytes = raw !== null && signerOf(Buffer.from(raw, 'hex')) === wallet;
  // Transactions that were signed for another chain were refused before this.
  return { ...transaction, hasBytes, isForOurChain: signedFor !== null };
}

/** Returns the bytes of a transfer of ours in the form in which the ledger stores them. */
export function recoveredOf({ hash, nonce, raw }: SentTransaction): RecoveredAttempt {
  const bytes = Buffer.from(raw ?? '', 'hex');
  return { hash, nonce, raw: bytes, ...gasFeesOf(bytes) };
}
