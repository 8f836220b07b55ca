/**
 * Decides what an import books, and names every difference. A payee is owed what it has earned by the first manager's word,
 * less what the chain shows as paid: the word alone pays nobody and takes nothing away.
 */
import { type Address, payableAddress } from '../../base/address.js';
import { counted } from '../../base/counted.js';
import { listOf } from '../../base/lists.js';
import { ethAndWei, largerWei, smallerWei, sumWei } from '../../base/money.js';
import { type RemoteWorker, remoteWorkerKey } from '../../base/remote-worker.js';
import { formulaOf, statedByAddress } from './books.js';
import type { Difference, DifferenceName } from './differences.js';
import {
  type CreditFormula,
  type LogSummary,
  NO_CREDIT,
  type StatedPayout,
  type StatedWorker,
} from './first-manager.js';

/** What a quorum of endpoints says about the transaction of a payout. */
export type Proof =
  | { readonly kind: 'paid'; readonly to: Address | null; readonly valueWei: bigint }
  | { readonly kind: 'failed' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unknown'; readonly why: string };

/**
 * - `stated`: each payee is owed what the file says, to the wei. Events up to the file's last one are never counted here.
 * - `earned`: each payee is owed what the ledger credited for the events, by its own terms. Only payments are taken over.
 */
export type Balances = 'stated' | 'earned';

export interface ImportFacts {
  readonly balances: Balances;
  readonly workers: readonly StatedWorker[];
  readonly payouts: readonly StatedPayout[];
  /** By hash in lower case. */
  readonly proofs: ReadonlyMap<string, Proof>;
  readonly log: LogSummary;
  /** With `earned`: what the first manager credited for jobs that this ledger does not have, by payee. */
  readonly missing: ReadonlyMap<Address, bigint>;
  /** Transactions of each wallet that paid which the file does not have. */
  readonly unlisted: readonly { readonly wallet: Address; readonly transactions: number }[];
}

/** An opening entry: `paid` is taken out again by the payments that prove it, `pending` is what is still owed. */
export interface Opening extends RemoteWorker {
  readonly part: 'paid' | 'pending';
  readonly amountWei: bigint;
  /** The rows of `remote_workers` that it comes from. */
  readonly rows: readonly number[];
}

export interface ImportPlan {
  readonly workers: readonly RemoteWorker[];
  readonly openings: readonly Opening[];
  /** Hashes of the transactions to book as paid. */
  readonly payments: readonly string[];
  readonly differences: readonly Difference[];
  readonly totals: ImportTotals;
}

/** Sums over the file and the plan, in wei. With `stated`: pending = opened - failed + paid twice + of nobody. */
export interface ImportTotals {
  readonly statedPendingWei: bigint;
  readonly statedPaidWei: bigint;
  readonly openedPendingWei: bigint;
  readonly paidOnChainWei: bigint;
  /** Payouts that the chain says paid nobody: they are owed again. */
  readonly failedWei: bigint;
  /** Paid on the chain although it stands among what is pending. */
  readonly notCountedWei: bigint;
  /** Stands as pending for an address that cannot be paid. */
  readonly nobodyWei: bigint;
}

interface WorkerRow extends RemoteWorker {
  readonly rows: readonly number[];
  readonly pendingWei: bigint;
  readonly paidWei: bigint;
}

export function planImport(facts: ImportFacts): ImportPlan {
  const differences: Difference[] = [];
  const tell = (name: DifferenceName, rest: Omit<Difference, 'name'>) =>
    differences.push({ name, ...rest });
  const rows = mergeRows(facts.workers, tell);
  const byPayee = new Map<Address, WorkerRow[]>();
  for (const row of rows) listOf(byPayee, row.payee).push(row);
  const payments = judgePayouts(facts, byPayee, tell);
  const openings: Opening[] = [];
  let [failedWei, notCountedWei] = [0n, 0n];
  for (const [payee, own] of byPayee) {
    const settled = settle(payee, own, payments.get(payee) ?? NO_PAYMENTS, tell);
    failedWei += settled.owedAgainWei;
    notCountedWei += settled.notCountedWei;
    openings.push(
      ...(facts.balances === 'stated'
        ? openStated(own, settled)
        : openEarned(own, settled, facts.missing.get(payee) ?? 0n)),
    );
  }
  explainByLog(facts, byPayee, tell);
  for (const { wallet, transactions } of facts.unlisted) {
    if (transactions === 0) continue;
    const words = `${wallet} sent ${counted(transactions, 'transaction')} that the file does not have: they may have paid workers`;
    tell('wallet-sent-more', { payee: null, amountWei: null, place: null, words });
  }
  const pendingOf = (ones: readonly { readonly pendingWei: bigint }[]) =>
    sumWei(ones.map(({ pendingWei }) => pendingWei));
  const statedPendingWei = pendingOf(facts.workers);
  return {
    workers: rows.map(({ payee, nodeType, region }) => ({ payee, nodeType, region })),
    openings: openings.filter(({ amountWei }) => amountWei !== 0n),
    payments: [...payments.values()].flatMap(({ paid }) => paid.map(({ hash }) => hash)),
    differences,
    totals: {
      statedPendingWei,
      statedPaidWei: sumWei(facts.workers.map(({ paidWei }) => paidWei)),
      openedPendingWei: sumWei(
        openings.flatMap((one) => (one.part === 'pending' ? [one.amountWei] : [])),
      ),
      paidOnChainWei: sumWei(
        [...payments.values()].flatMap(({ paid }) => paid.map(({ valueWei }) => valueWei)),
      ),
      failedWei,
      notCountedWei,
      nobodyWei: statedPendingWei - pendingOf(rows),
    },
  };
}

type Tell = (name: DifferenceName, rest: Omit<Difference, 'name'>) => void;

/** Adds rows up that are one remote worker, and leaves those out that nobody can be paid for. */
function mergeRows(stated: readonly StatedWorker[], tell: Tell): readonly WorkerRow[] {
  const merged = new Map<string, WorkerRow>();
  const spelled = new Map<string, string>();
  for (const one of stated) {
    const payee = payableAddress(one.address);
    const place = `remote_workers, row ${one.row}`;
    if (payee === undefined) {
      if (one.pendingWei === 0n && one.paidWei === 0n) continue;
      const words = `${ethAndWei(one.pendingWei)} are pending and ${ethAndWei(one.paidWei)} were paid to "${one.address}", which is no address that can be paid: not taken over`;
      tell('address-unpayable', { payee: null, amountWei: -one.pendingWei, place, words });
      continue;
    }
    const worker = { payee, nodeType: one.nodeType, region: one.region };
    const known = merged.get(remoteWorkerKey(worker));
    if (known !== undefined && spelled.get(payee) !== one.address) {
      const words = `${one.address} stands in several spellings; its rows are added up`;
      tell('address-twice', { payee, amountWei: null, place, words });
    }
    spelled.set(payee, one.address);
    merged.set(remoteWorkerKey(worker), {
      ...worker,
      rows: [...(known?.rows ?? []), one.row],
      pendingWei: (known?.pendingWei ?? 0n) + one.pendingWei,
      paidWei: (known?.paidWei ?? 0n) + one.paidWei,
    });
  }
  return [...merged.values()];
}

interface Payments {
  /** Proved by the chain. */
  readonly paid: readonly { readonly hash: string; readonly valueWei: bigint }[];
  /** What the chain says was not paid although the file has a payout for it. */
  readonly unpaidWei: bigint;
}

const NO_PAYMENTS: Payments = { paid: [], unpaidWei: 0n };

function judgePayouts(
  { payouts, proofs }: ImportFacts,
  known: ReadonlyMap<Address, unknown>,
  tell: Tell,
): ReadonlyMap<Address, Payments> {
  const byPayee = new Map<Address, Payments>();
  const seen = new Set<string>();
  for (const { row, address, txHash, feesWei } of payouts) {
    const place = `pool_payouts, row ${row}`;
    const payee = payableAddress(address);
    const hash = txHash.toLowerCase();
    const say = (name: DifferenceName, amountWei: bigint | null, words: string) =>
      tell(name, { payee: payee ?? null, amountWei, place, words: `${hash}: ${words}` });
    if (payee === undefined || !known.has(payee)) {
      say('payout-without-worker', null, `it paid "${address}", which has no row: not booked`);
      continue;
    }
    if (seen.has(hash)) {
      say('transaction-twice', null, 'two payouts name it; it counts once');
      continue;
    }
    seen.add(hash);
    const before = byPayee.get(payee) ?? NO_PAYMENTS;
    const proof = proofs.get(hash) ?? { kind: 'unknown', why: 'nobody was asked about it' };
    const found = verdictOf(proof, { payee, feesWei });
    if (found.name !== null) say(found.name, found.unpaidWei, found.words);
    byPayee.set(payee, {
      paid:
        found.paidWei === null ? before.paid : [...before.paid, { hash, valueWei: found.paidWei }],
      unpaidWei: before.unpaidWei + found.unpaidWei,
    });
  }
  return byPayee;
}

function verdictOf(
  proof: Proof,
  { payee, feesWei }: { readonly payee: Address; readonly feesWei: bigint },
): {
  readonly name: DifferenceName | null;
  readonly words: string;
  /** What the chain paid; null: nothing. */
  readonly paidWei: bigint | null;
  readonly unpaidWei: bigint;
} {
  const unpaid = (name: DifferenceName, words: string) => {
    return { name, words, paidWei: null, unpaidWei: feesWei };
  };
  switch (proof.kind) {
    case 'failed':
      return unpaid('transaction-failed', `it failed: ${ethAndWei(feesWei)} are owed again`);
    case 'absent':
      return unpaid(
        'transaction-absent',
        `no endpoint knows it. Accepted, ${ethAndWei(feesWei)} are owed again`,
      );
    case 'unknown':
      return unpaid('transaction-unknown', `the endpoints cannot tell: ${proof.why}`);
    case 'paid': {
      if (proof.to !== payee) {
        const words = `it paid ${proof.to}, and the file says ${payee}. Accepted, ${ethAndWei(feesWei)} are owed again`;
        return unpaid('transaction-differs', words);
      }
      const paidWei = proof.valueWei;
      if (paidWei === feesWei) return { name: null, words: '', paidWei, unpaidWei: 0n };
      const words = `it carried ${ethAndWei(paidWei)}, and the file says ${ethAndWei(feesWei)}. Accepted, the chain counts`;
      return { name: 'transaction-differs', words, paidWei, unpaidWei: 0n };
    }
  }
}

interface Settled {
  readonly paidWei: bigint;
  /** Added to what is pending: the chain says that it was not paid. */
  readonly owedAgainWei: bigint;
  /** Taken from what is pending: the chain says that it was paid. */
  readonly notCountedWei: bigint;
  /** Paid by the file's word alone. */
  readonly unprovenWei: bigint;
}

function settle(
  payee: Address,
  own: readonly WorkerRow[],
  { paid, unpaidWei }: Payments,
  tell: Tell,
): Settled {
  const saidWei = sumWei(own.map((row) => row.paidWei));
  const paidWei = sumWei(paid.map(({ valueWei }) => valueWei));
  const listedWei = paidWei + unpaidWei;
  const unprovenWei = largerWei(saidWei - listedWei, 0n);
  const notCountedWei = largerWei(listedWei - saidWei, 0n);
  const place = `remote_workers, row ${own.flatMap(({ rows }) => rows).join(', ')}`;
  if (unprovenWei > 0n) {
    const words = `${ethAndWei(unprovenWei)} more are said to be paid than the payouts come to. Accepted, they count as paid`;
    tell('paid-without-transaction', { payee, amountWei: null, place, words });
  }
  if (notCountedWei > 0n) {
    const words = `its payouts come to ${ethAndWei(notCountedWei)} more than is said to be paid: so much less is owed`;
    tell('payout-not-counted', { payee, amountWei: -notCountedWei, place, words });
  }
  return { paidWei, owedAgainWei: unpaidWei, notCountedWei, unprovenWei };
}

/** Opens what the chain proves as paid, and what is still owed, on the rows that the file has them on. */
function openStated(own: readonly WorkerRow[], settled: Settled): readonly Opening[] {
  const paidFirst = [...own].sort((a, b) => (a.paidWei < b.paidWei ? 1 : -1));
  const saidWei = sumWei(own.map((row) => row.paidWei));
  let tooMuchWei = saidWei - settled.paidWei;
  let againWei = settled.owedAgainWei - settled.notCountedWei;
  return paidFirst.flatMap((row) => {
    // The first row takes what the payments come to beyond all rows; each row gives up what was not paid.
    const cutWei = tooMuchWei < 0n ? tooMuchWei : smallerWei(tooMuchWei, row.paidWei);
    tooMuchWei -= cutWei;
    const pendingWei = row.pendingWei + againWei;
    againWei = 0n;
    return [opening(row, 'paid', row.paidWei - cutWei), opening(row, 'pending', pendingWei)];
  });
}

/**
 * Opens what a person accepted beyond the ledger's own credits: jobs that this ledger does not have, as the first manager
 * credited them, less what was paid by its word alone.
 */
function openEarned(
  own: readonly WorkerRow[],
  settled: Settled,
  missingWei: bigint,
): readonly Opening[] {
  const [largest] = [...own].sort((a, b) => (a.paidWei < b.paidWei ? 1 : -1));
  return largest === undefined
    ? []
    : [opening(largest, 'pending', missingWei - settled.unprovenWei)];
}

function opening(row: WorkerRow, part: Opening['part'], amountWei: bigint): Opening {
  const { payee, nodeType, region, rows } = row;
  return { payee, nodeType, region, rows, part, amountWei };
}

/** Names what the log explains of the balances, and what it does not. */
function explainByLog(
  { workers, log, balances }: ImportFacts,
  byPayee: ReadonlyMap<Address, readonly WorkerRow[]>,
  tell: Tell,
): void {
  const ofFile = { payee: null, amountWei: null, place: null };
  if (log.events === 0) {
    const words =
      'the file has no events: its balances are taken as they stand, and nothing can explain them';
    return void tell('no-log', { ...ofFile, words });
  }
  if (log.unreadable > 0) {
    const words = `${counted(log.unreadable, 'job')} had fees that Go could not read: the first manager credited nobody for them`;
    tell('fees-unreadable', { ...ofFile, words });
  }
  // The ledger's own jobs explain more than the log does: `compareWithLog`.
  if (balances === 'earned') return;
  const said = statedByAddress(workers);
  const formula = formulaOf(said, log);
  // Where the log's sum is the file's sum and some of it stands under the empty address, a restart has cut jobs in two.
  const loggedWei = sumWei([...log.byAddress.values()].map((one) => one.byFormula[formula]));
  const isAllThere = loggedWei === sumWei(said.values());
  for (const payee of byPayee.keys()) {
    const logged = log.byAddress.get(payee) ?? NO_CREDIT;
    const creditedWei = logged.byFormula[formula];
    const restWei = creditedWei - (said.get(payee) ?? 0n);
    if (restWei !== 0n) {
      const words = `its log credits ${ethAndWei(creditedWei)}, its row says ${ethAndWei(creditedWei - restWei)}`;
      const name = isAllThere && restWei > 0n ? 'credited-to-nobody' : 'unexplained';
      tell(name, { payee, amountWei: restWei, place: null, words });
    }
    tellFormula(payee, { ...logged, creditedWei, formula }, tell);
  }
}

function tellFormula(
  payee: Address,
  logged: {
    readonly creditedWei: bigint;
    readonly poolShareWei: bigint;
    readonly netWei: bigint;
    readonly formula: CreditFormula;
  },
  tell: Tell,
): void {
  const { creditedWei, poolShareWei, netWei, formula } = logged;
  if (formula !== 'pools-share') return;
  if (netWei !== poolShareWei) {
    const words = `the terms give ${ethAndWei(netWei)} for its jobs, the first manager credited the pool's share, ${ethAndWei(poolShareWei)}`;
    tell('pools-share', { payee, amountWei: netWei - poolShareWei, place: null, words });
  }
  const floatsWei = poolShareWei - creditedWei;
  if (floatsWei === 0n) return;
  const words = `floating point made ${ethAndWei(creditedWei)} of ${ethAndWei(poolShareWei)}`;
  tell('floats', { payee, amountWei: floatsWei, place: null, words });
}
