/**
 * Adopts transactions that were signed with the wallet's key but not by this ledger: it finds them on the chain,
 * judges them, and books them. After that nobody is paid twice, and no nonce stays open.
 */

import { readInclusions } from '../chain/inclusions.js';
import type { GivenOrder } from '../orders/rules/order-kinds.js';
import { describeForeign } from '../payouts/rules/foreign-verdict.js';
import {
  type Found,
  judgeSent,
  recoveredOf,
  searchSent,
} from '../payouts/settling/unknown-transactions.js';
import { type OpenSlot, openSlots } from '../payouts/store/open-slots.js';
import {
  findWallet,
  reopenWallet,
  requireHalted,
  type WalletOpening,
} from '../payouts/store/wallet/wallets.js';
import { requireOwnChain } from '../payouts/wallet/ledger-chain.js';
import { type MoneyDeps, walletKeyOf } from '../payouts/wallet/money-deps.js';
import { type FinalPoint, openingAt, requireFinalPoint } from '../payouts/wallet/quorum-views.js';
import type { AdoptionReport } from './rules/check-reports.js';
import { adopt, type ForeignTransaction, unclaimedPayments } from './store/foreign-transactions.js';

/** One run examines at most this many nonces, because its answer passes through Temporal and its booking holds the wallet's lock. */
const MOST_AT_ONCE = 500;

interface Examination {
  readonly found: readonly Found[];
  readonly unclaimed: readonly ForeignTransaction[];
  readonly waiting: string | null;
}

/**
 * An order to adopt one wallet. With `paidFrom` it includes what the wallet sent from that nonce on, although the
 * ledger opened the wallet at a later nonce.
 */
type AdoptionOfWallet = Omit<GivenOrder<'wallet.adopt'>, 'paidFrom'> & {
  readonly paidFrom?: number;
};

/**
 * Examines every unknown transaction that is final, and books it unless this is a dry run. Both are refused while the
 * wallet may sign, and when the endpoints show another chain than the one that the ledger has paid on.
 */
export async function adoptWallet(
  deps: MoneyDeps,
  input: AdoptionOfWallet,
): Promise<AdoptionReport> {
  // Booking checks this again, under the wallet's lock.
  const wallet = await findWallet(deps.db, walletKeyOf(deps));
  if (wallet !== undefined) requireHalted(wallet);
  await requireOwnChain(deps);
  const start = await reopen(deps, input);
  const examination = await examine(deps, new Set(input.vouchedHashes), start);
  const { found, unclaimed, waiting } = examination;
  if (!input.dryRun) {
    const { actor, reason } = input;
    const adoption = { ...adoptionOf(deps, examination), isComplete: waiting === null };
    await adopt(deps.db, walletKeyOf(deps), { ...adoption, actor, reason });
  }
  return {
    applied: !input.dryRun,
    complete: waiting === null,
    waiting,
    findings: [
      ...found.map(({ facts, verdict, slot }) => ({
        nonce: facts.nonce,
        hash: facts.hash,
        to: facts.to,
        valueWei: facts.valueWei.toString(),
        payoutId: slot?.payoutId ?? null,
        verdict,
        words: describeForeign(facts, verdict),
      })),
      ...unclaimed.map(({ nonce, hash, to, valueWei }) => ({
        nonce,
        hash,
        to,
        valueWei: valueWei.toString(),
        payoutId: null,
        verdict: 'payment' as const,
        words: `${hash} paid ${to} before it was known as a payee; booked as paid`,
      })),
    ],
  };
}

/**
 * Moves the wallet's recorded opening back to `paidFrom`. Returns the earlier opening if this is a dry run, which
 * stored nothing, so the search must be told where to begin.
 */
async function reopen(
  deps: MoneyDeps,
  { paidFrom, dryRun, actor, reason }: AdoptionOfWallet,
): Promise<WalletOpening | undefined> {
  if (paidFrom === undefined) return undefined;
  const opening = await openingAt(deps, paidFrom);
  const order = { actor, reason, opening, dryRun };
  const isNew = await reopenWallet(deps.db, walletKeyOf(deps), order);
  return isNew && dryRun ? opening : undefined;
}

async function examine(
  deps: MoneyDeps,
  vouched: ReadonlySet<string>,
  start: WalletOpening | undefined,
): Promise<Examination> {
  const key = walletKeyOf(deps);
  const end = await requireFinalPoint(deps);
  const wallet = await findWallet(deps.db, key);
  const nextNonce = start?.nonce ?? wallet?.nextNonce ?? 0;
  const { slots, untold } = await unseenSlots(deps, end);
  const last = Math.min(end.nonce, nextNonce + MOST_AT_ONCE);
  const ahead = range(nextNonce, last);
  const wanted = [...slots.map(({ nonce }) => nonce), ...ahead];
  const sent = await searchSent(deps, wanted, { ...end, start });
  const found = await judgeSent(deps, sent, { slots, vouched });
  const known = new Set(
    found.flatMap((one) => (one.verdict === 'unclear' ? [] : [one.facts.nonce])),
  );
  const gap = ahead.find((nonce) => !known.has(nonce));
  const lost = slots.filter(({ nonce }) => found.every(({ facts }) => facts.nonce !== nonce));
  return {
    found: found.filter(
      ({ facts }) => gap === undefined || facts.nonce < gap || facts.nonce === gap,
    ),
    unclaimed: await unclaimedPayments(deps.db, key),
    waiting: waitingFor(found, { gap: gap ?? lost[0]?.nonce, untold, end, nextNonce }),
  };
}

function waitingFor(
  found: readonly Found[],
  sight: {
    readonly gap: number | undefined;
    readonly untold: OpenSlot | undefined;
    readonly end: FinalPoint;
    readonly nextNonce: number;
  },
): string | null {
  const { gap, untold, end, nextNonce } = sight;
  const unclear = found.find(({ verdict }) => verdict === 'unclear');
  if (unclear !== undefined) return `${unclear.facts.hash} is unclear: look at it, then --vouch`;
  if (gap !== undefined) return `the transaction of nonce ${gap} was not found: try again`;
  if (untold !== undefined) {
    const what = `what took nonce ${untold.nonce}, signed for payout ${untold.payoutId},`;
    return `${what} is not final or not told alike by the endpoints yet: run it again`;
  }
  const rest = end.nonce - nextNonce - MOST_AT_ONCE;
  if (rest > 0) return `${rest} more transactions are to be looked at: run it again`;
  const known = Math.max(end.nonce, nextNonce);
  // Transactions that wait in an endpoint's pool may still be mined, and may pay somebody whom the ledger is about to
  // pay.
  if (end.claimedNonce <= known) return null;
  return (
    `${end.claimedNonce - known} more transactions of the wallet are not final yet: ` +
    'run it again when they are'
  );
}

/**
 * Finds the open slots whose nonce is finally consumed although none of their attempts was mined, and the first slot
 * about which the endpoints cannot say that yet (`untold`).
 */
async function unseenSlots(
  deps: MoneyDeps,
  end: FinalPoint,
): Promise<{ readonly slots: readonly OpenSlot[]; readonly untold: OpenSlot | undefined }> {
  const below = Math.max(end.nonce, end.minedNonce);
  const open = await openSlots(deps.db, walletKeyOf(deps), { from: 0, below, limit: 10_000 });
  const hashes = open.flatMap((slot) => slot.attempts.map(({ hash }) => hash));
  const { byHash, absent } = await readInclusions(deps.rpc, hashes, deps.chain);
  const unseen = open.filter((slot) => slot.attempts.every(({ hash }) => !byHash.has(hash)));
  const isAbsent = ({ nonce, attempts }: OpenSlot) =>
    nonce < end.nonce && attempts.every(({ hash }) => absent.has(hash));
  return { slots: unseen.filter(isAbsent), untold: unseen.find((slot) => !isAbsent(slot)) };
}

function adoptionOf(deps: MoneyDeps, examination: Examination) {
  const { found, unclaimed } = examination;
  const foreign = (verdict: Found['verdict']) =>
    found
      .filter((one) => one.verdict === verdict)
      .map(({ transaction }) => ({ ...transaction, sender: deps.signer.address }));
  return {
    ours: found
      .filter(({ verdict }) => verdict === 'ours')
      .map(({ transaction }) => recoveredOf(transaction)),
    payments: [...foreign('payment'), ...unclaimed],
    paysNobody: foreign('pays-nobody'),
  };
}

function range(from: number, below: number): readonly number[] {
  return Array.from({ length: Math.max(below - from, 0) }, (_, index) => from + index);
}
