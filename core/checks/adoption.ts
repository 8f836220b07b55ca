/**
 * Adopts transactions that were signed with the wallet's key but not by this ledger: it finds them on the chain,
 * judges them, and books them. After that nobody is paid twice, and no nonce stays open.
 */

import { type Address, payableAddress } from '../base/address.js';
import { PoolError } from '../base/errors/pool-error.js';
import { ChainError } from '../chain/endpoint-error.js';
import { readInclusions } from '../chain/inclusions.js';
import { range } from '../chain/wallet-history.js';
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
  openedWallets,
  payingWallet,
  walletsAtWork,
} from '../payouts/store/wallet/paying-wallet.js';
import {
  findWallet,
  reopenWallet,
  requireHalted,
  type WalletOpening,
} from '../payouts/store/wallet/wallets.js';
import { requireOwnChain } from '../payouts/wallet/ledger-chain.js';
import { depsWithoutKey, type MoneyDeps, walletKeyOf } from '../payouts/wallet/money-deps.js';
import { type FinalPoint, openingAt, requireFinalPoint } from '../payouts/wallet/quorum-views.js';
import type { AdoptionReport } from './rules/check-reports.js';
import { adopt, type ForeignTransaction, unclaimedPayments } from './store/foreign-transactions.js';

/** One run examines at most this many nonces, because its answer passes through Temporal and its booking holds the wallet's lock. */
const MOST_AT_ONCE = 500;

/**
 * Adopts what every wallet of this ledger sent without the ledger's knowledge, and reports on all of them in one
 * answer. A person may name one more wallet: a ledger restored from an older backup may have paid from a wallet that
 * it does not know.
 */
export async function adoptWallets(
  deps: MoneyDeps,
  { paidFrom, ...input }: GivenOrder<'wallet.adopt'>,
  onProgress: (words: string) => void = () => undefined,
): Promise<AdoptionReport> {
  const reports: AdoptionReport[] = [];
  const asked = new Set(await walletsAtWork(deps.db, deps.chain.chainId)).add(deps.signer.address);
  const named = paidFrom && (await namedWallet(deps, paidFrom.wallet));
  for (const each of await everyWallet(deps, named)) {
    const { address } = each.signer;
    onProgress(`looking for what ${address} did`);
    const isAsked = asked.has(address) || address === named;
    const start = paidFrom !== undefined && address === named ? { paidFrom: paidFrom.nonce } : {};
    const adopting = adoptWallet(each, { ...input, ...start });
    const report = await (isAsked ? adopting : adopting.catch((error) => untold(input, error)));
    reports.push(address === deps.signer.address ? report : sayWhose(report, address));
  }
  return {
    applied: !input.dryRun,
    complete: reports.every(({ complete }) => complete),
    waiting: reports.find(({ waiting }) => waiting !== null)?.waiting ?? null,
    findings: reports.flatMap(({ findings }) => findings),
  };
}

async function namedWallet(deps: MoneyDeps, said: string | null): Promise<Address> {
  const address = said ?? (await payingWallet(deps.db))?.address;
  const named = payableAddress(address);
  if (named !== undefined) return named;
  throw new PoolError('ADDRESS_MALFORMED', `"${address}" is no address of a wallet`);
}

/** Lists every wallet that was ever opened, this process's own first: any may have been used since. */
async function everyWallet(
  deps: MoneyDeps,
  named: Address | undefined,
): Promise<readonly MoneyDeps[]> {
  const opened = await openedWallets(deps.db, deps.chain.chainId);
  const all = new Set([...opened, ...(named === undefined ? [] : [named])]);
  all.delete(deps.signer.address);
  return [deps, ...[...all].map((address) => depsWithoutKey(deps, address))];
}

/** Builds the report for a wallet of which the endpoints tell nothing, so that the other wallets are adopted. */
function untold({ dryRun }: { readonly dryRun: boolean }, error: unknown): AdoptionReport {
  if (!(error instanceof ChainError)) throw error;
  const waiting = `what it has sent cannot be told: ${error.message}`;
  return { applied: !dryRun, complete: false, waiting, findings: [] };
}

function sayWhose(report: AdoptionReport, wallet: Address): AdoptionReport {
  const whose = (words: string) => `${wallet}: ${words}`;
  return {
    ...report,
    waiting: report.waiting === null ? null : whose(report.waiting),
    findings: report.findings.map((one) => ({ ...one, words: whose(one.words) })),
  };
}

/** With `paidFrom` it includes what was sent from that nonce on, although the ledger opened the wallet later. */
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
      ...found.map(({ facts, verdict, slot }) => {
        const words = describeForeign(facts, verdict);
        return finding(facts, { payoutId: slot?.payoutId ?? null, verdict, words });
      }),
      ...unclaimed.map((paid) => {
        const words = `${paid.hash} paid ${paid.to} before it was known as a payee; booked as paid`;
        return finding(paid, { payoutId: null, verdict: 'payment', words });
      }),
    ],
  };
}

type Finding = AdoptionReport['findings'][number];

const finding = (
  { nonce, hash, to, valueWei }: Pick<ForeignTransaction, 'nonce' | 'hash' | 'to' | 'valueWei'>,
  judged: Pick<Finding, 'payoutId' | 'verdict' | 'words'>,
): Finding => ({ nonce, hash, to, valueWei: valueWei.toString(), ...judged });

/** Moves the wallet's opening back to `paidFrom`. Returns it if this is a dry run, which has stored nothing. */
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
) {
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
    found: found.filter(({ facts }) => gap === undefined || facts.nonce <= gap),
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
  // What waits in an endpoint's pool may still be mined, and pay somebody whom the ledger is about to pay.
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

function adoptionOf(deps: MoneyDeps, { found, unclaimed }: Awaited<ReturnType<typeof examine>>) {
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
