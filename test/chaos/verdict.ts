/** Judges safety and liveness from the chain, the tables and what the storm itself did. */
import type { SeenTransaction } from './chain-scan.js';
import type { LedgerLook, Promised, Slot } from './ledger-look.js';

export interface Sight {
  /** Transfers on the chain. They are read before the tables, so the tables must know all of them. */
  readonly chain: readonly SeenTransaction[];
  readonly ledger: LedgerLook;
  /** Transactions of the wallet's key that the storm signed itself. */
  readonly foreignHashes: ReadonlySet<string>;
  readonly payees: readonly string[];
  /** The least that the storm has credited to each payee. Nobody else credits anything. */
  readonly earned: ReadonlyMap<string, bigint>;
  /** Returns when this transaction was first seen on the chain. */
  readonly firstSeenMs: ReadonlyMap<string, number>;
}

export interface Fault {
  /** What the fault is about. The same fault seen again is not counted twice. */
  readonly subject: string;
  readonly words: string;
}

/** What breaks S now. All lists are empty while S holds. */
export interface SafetyFaults {
  /** Payouts with two successful transfers of the pool's own, and destinations that got more than was promised. */
  readonly doublePaid: readonly Fault[];
  /** The pool's transactions on the chain that no attempt row from before knows. */
  readonly unrecorded: readonly Fault[];
  /** Payees to whom the ledger owes or has paid more than the storm credited: somebody moved money without an order. */
  readonly unearned: readonly Fault[];
  /** Nonces that were given up although no foreign transaction has taken them. */
  readonly unproven: readonly Fault[];
}

export interface LivenessFaults {
  readonly open: readonly string[];
  readonly drift: readonly string[];
  readonly driftWei: bigint;
  readonly unbooked: readonly string[];
}

const OPEN_STATES: readonly string[] = ['reserved', 'signed', 'reopened'];
const NOTHING: Promised = { pendingWei: 0n, paidWei: 0n, reservedWei: 0n, adoptedWei: 0n };

/** An adopted foreign payment is deducted from the pending amount, so the sum stays the same. */
function owedIn({ pendingWei, paidWei, reservedWei }: Promised): bigint {
  return pendingWei + paidWei + reservedWei;
}

export function ownOf({ chain, foreignHashes }: Sight): readonly SeenTransaction[] {
  return chain.filter(({ hash }) => !foreignHashes.has(hash));
}

export function judgeSafety(sight: Sight): SafetyFaults {
  const { ledger, firstSeenMs } = sight;
  const own = ownOf(sight);
  const successful = own.filter(({ succeeded }) => succeeded);
  const twice = paidTwice(successful, ledger);
  const isKnown = (to: string) => twice.some((one) => one.to === to);
  const overpaid = [...sumByDestination(successful)].flatMap(([to, sentWei]) => {
    const { paidWei, reservedWei, adoptedWei } = ledger.promised.get(to) ?? NOTHING;
    const moreWei = sentWei - (paidWei - adoptedWei + reservedWei);
    if (moreWei <= 0n || isKnown(to)) return [];
    return [{ subject: to, words: `${to} has ${moreWei} wei more than it was promised` }];
  });
  const slotOf = ({ wallet, nonce }: Slot) => `${wallet}/${nonce}`;
  const foreignSlots = new Set(
    sight.chain
      .filter(({ hash }) => sight.foreignHashes.has(hash))
      .map(({ from: wallet, nonce }) => slotOf({ wallet, nonce })),
  );
  return {
    doublePaid: [...twice, ...overpaid],
    unrecorded: own.flatMap((transfer) => {
      const words = recordFault(transfer, ledger, firstSeenMs.get(transfer.hash));
      return words === undefined ? [] : [{ subject: transfer.hash, words }];
    }),
    unearned: [...ledger.promised].flatMap(([to, promised]) => {
      const moreWei = owedIn(promised) - (sight.earned.get(to) ?? 0n);
      return moreWei > 0n
        ? [{ subject: to, words: `${to} was given ${moreWei} wei that nobody earned` }]
        : [];
    }),
    unproven: ledger.superseded
      .filter((slot) => !foreignSlots.has(slotOf(slot)))
      .map((slot) => ({
        subject: slotOf(slot),
        words: `nonce ${slot.nonce} was given up and no foreign transaction has taken it`,
      })),
  };
}

/**
 * Payouts that more than one successful transfer paid. A transfer's payout is that of its attempt row;
 * without one it is told by destination and amount, which are as good as unique here.
 */
function paidTwice(
  successful: readonly SeenTransaction[],
  ledger: LedgerLook,
): readonly (Fault & { readonly to: string })[] {
  const sameOf = ({ to, valueWei }: { readonly to: string; readonly valueWei: bigint }) =>
    `${to} ${valueWei}`;
  const allowed = new Map<string, number>();
  for (const { destination: to, amountWei: valueWei } of ledger.payouts.values()) {
    const same = sameOf({ to, valueWei });
    allowed.set(same, (allowed.get(same) ?? 0) + 1);
  }
  const groups = new Map<string, SeenTransaction[]>();
  for (const transfer of successful) {
    const payout = ledger.attempts.get(transfer.hash)?.payoutId ?? sameOf(transfer);
    groups.set(payout, [...(groups.get(payout) ?? []), transfer]);
  }
  return [...groups].flatMap(([payout, transfers]) => {
    const [first] = transfers;
    const isOne = transfers.length <= (ledger.payouts.has(payout) ? 1 : (allowed.get(payout) ?? 1));
    if (first === undefined || isOne) return [];
    const words = `payout ${payout} was paid ${transfers.length} times`;
    return [{ subject: payout, to: first.to, words }];
  });
}

function recordFault(
  transfer: SeenTransaction,
  ledger: LedgerLook,
  seenMs: number | undefined,
): string | undefined {
  const { hash, nonce } = transfer;
  const attempt = ledger.attempts.get(hash);
  if (attempt === undefined) return `${hash} (nonce ${nonce}) has no attempt row`;
  if (seenMs !== undefined && attempt.createdAtMs > seenMs) {
    return `${hash} (nonce ${nonce}) was on the chain before its attempt row`;
  }
  const payout = ledger.payouts.get(attempt.payoutId);
  const isOwed = payout?.destination === transfer.to && payout.amountWei === transfer.valueWei;
  return isOwed ? undefined : `${hash} (nonce ${nonce}) is not what its payout promised`;
}

/** Returns what breaks L after all faults have ended. */
export function judgeLiveness(sight: Sight): LivenessFaults {
  const { ledger, foreignHashes } = sight;
  const successful = sight.chain.filter(({ succeeded }) => succeeded);
  const ownWei = sumByDestination(successful.filter(({ hash }) => !foreignHashes.has(hash)));
  const foreignWei = sumByDestination(successful.filter(({ hash }) => foreignHashes.has(hash)));
  const destinations = new Set([...ownWei.keys(), ...ledger.promised.keys(), ...sight.payees]);
  const gaps = [...destinations].flatMap((to) => {
    const { paidWei, adoptedWei } = ledger.promised.get(to) ?? NOTHING;
    const own = (ownWei.get(to) ?? 0n) - (paidWei - adoptedWei);
    const foreign = (foreignWei.get(to) ?? 0n) - adoptedWei;
    return [
      { gapWei: own, words: `${to}: sent less booked as paid is ${own} wei` },
      { gapWei: foreign, words: `${to}: foreign payments less adopted are ${foreign} wei` },
    ];
  });
  const lost = [...sight.earned].map(([to, earnedWei]) => {
    const gapWei = earnedWei - owedIn(ledger.promised.get(to) ?? NOTHING);
    return { gapWei, words: `${to}: earned less owed or paid is ${gapWei} wei` };
  });
  const wrong = [...gaps, ...lost].filter(({ gapWei }) => gapWei !== 0n);
  const open = [...ledger.payouts.values()].filter(({ state }) => OPEN_STATES.includes(state));
  return {
    open: open.map(({ id, state }) => `payout ${id} is still ${state}`),
    drift: wrong.map(({ words }) => words),
    driftWei: wrong.reduce((sum, { gapWei }) => sum + (gapWei < 0n ? -gapWei : gapWei), 0n),
    unbooked: sight.chain
      .filter(({ hash }) => foreignHashes.has(hash) && !ledger.foreign.has(hash))
      .map(({ hash, nonce }) => `foreign ${hash} (nonce ${nonce}) was never adopted`),
  };
}

function sumByDestination(
  transfers: readonly { readonly to: string; readonly valueWei: bigint }[],
): ReadonlyMap<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const { to, valueWei } of transfers) sums.set(to, (sums.get(to) ?? 0n) + valueWei);
  return sums;
}
