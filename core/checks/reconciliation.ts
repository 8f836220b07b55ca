/**
 * Compares chain and ledger, both ways and to the wei: every nonce that the wallet has used by a final block, and
 * the balance that must be left after them.
 */

import { ChainError } from '../chain/endpoint-error.js';
import { findByNonces, readSent, type SentTransaction } from '../chain/wallet-history.js';
import { haltWallet } from '../payouts/store/wallet/wallets.js';
import { type MoneyDeps, walletKeyOf } from '../payouts/wallet/money-deps.js';
import {
  agreedSent,
  type FinalPoint,
  finalPoint,
  standingAt,
} from '../payouts/wallet/quorum-views.js';
import type { ReconciliationReport } from './rules/check-reports.js';
import {
  compareBalance,
  compareNonce,
  type Discrepancy,
  incomeOf,
  type LedgerRecord,
  spentBy,
} from './rules/discrepancies.js';
import {
  keepReconciliation,
  ledgerRecords,
  minedBeyond,
  type Reconciliation,
  type ReconciliationStart,
  reconciliationStart,
} from './store/reconciliation-records.js';

/** The answer lists at most this many discrepancies, because more would not pass through Temporal. The ledger stores all of them. */
const MOST_TOLD = 500;
/** How many nonces a page has: two batches of requests to each endpoint. */
const PAGE = 200;

/**
 * Reconciles the blocks and nonces since the last interval that added up, and stores the result. Any discrepancy
 * except a payout that is not settled yet halts the wallet.
 */
export async function reconcile(
  deps: MoneyDeps,
  input: { readonly fromOpening: boolean },
  onProgress: (words: string) => void = () => undefined,
): Promise<ReconciliationReport> {
  const key = walletKeyOf(deps);
  const end = await finalPoint(deps);
  if (end === undefined) throw new ChainError('refused', 'the RPC endpoints do not agree');
  const kept = await reconciliationStart(deps.db, key, input);
  if (kept === undefined) throw new ChainError('refused', 'the wallet was not opened yet');
  const start = await startOf(deps, kept);
  if (end.block <= start.block) {
    return toReport(nothingSince(start));
  }
  const result = await reconcileInterval(deps, { start, end, onProgress });
  await keepReconciliation(deps.db, key, result);
  const grave = result.discrepancies.find(({ code }) => code !== 'PAYOUT_NOT_SETTLED');
  if (grave !== undefined) {
    const reason = `${grave.code}: ${grave.message}`;
    await haltWallet(deps.db, key, { code: 'RECONCILIATION_FAILED', reason });
  }
  return toReport(result);
}

/**
 * Asks the chain again for the wallet's nonce and balance at the opening block, because the values read then may come
 * from two different blocks.
 */
async function startOf(deps: MoneyDeps, kept: ReconciliationStart): Promise<ReconciliationStart> {
  if (!kept.isOpening) return kept;
  try {
    const answer = await standingAt(deps, kept.block);
    return answer.agreed ? { ...kept, ...answer.value } : kept;
  } catch (error) {
    // A node that has pruned this block cannot answer, so use the values that were read at the opening.
    if (error instanceof ChainError) return kept;
    throw error;
  }
}

interface Interval {
  readonly start: ReconciliationStart;
  readonly end: FinalPoint;
  readonly onProgress: (words: string) => void;
}

async function reconcileInterval(deps: MoneyDeps, interval: Interval): Promise<Reconciliation> {
  const { start, end, onProgress } = interval;
  const discrepancies: Discrepancy[] = [];
  let outWei = 0n;
  let gasWei = 0n;
  for (let from = start.nonce; from < end.nonce; from += PAGE) {
    onProgress(`nonce ${from} of ${start.nonce} to ${end.nonce}`);
    const page = { from, below: Math.min(from + PAGE, end.nonce) };
    const ledger = await ledgerRecords(deps.db, walletKeyOf(deps), page);
    const chain = await chainRecords(deps, { page, ledger, interval });
    requireTold(page, chain, ledger);
    const spent = spentBy([...chain.values()]);
    outWei += spent.outWei;
    gasWei += spent.gasWei;
    const judged = { ...page, from: Math.max(page.from, start.openingNonce) };
    discrepancies.push(...comparePage(judged, chain, ledger));
  }
  discrepancies.push(...(await compareBeyond(deps, end)));
  const { balanceWei } = end;
  const sheet = { openingWei: start.balanceWei, closingWei: balanceWei, outWei, gasWei };
  const balance = compareBalance(sheet);
  if (balance !== undefined) discrepancies.push(balance);
  return {
    ...nothingSince(start),
    toBlock: end.block,
    toNonce: end.nonce,
    balanceWei,
    outWei,
    gasWei,
    inWei: incomeOf(sheet),
    discrepancies,
  };
}

interface Page {
  readonly from: number;
  readonly below: number;
}

/**
 * Throws when a nonce is consumed and neither the chain nor the ledger shows by which transaction. Then the endpoints
 * contradict themselves, and an interval that ends on a wrong count would spoil the next one.
 */
function requireTold(
  page: Page,
  chain: ReadonlyMap<number, SentTransaction>,
  ledger: ReadonlyMap<number, LedgerRecord>,
): void {
  for (let nonce = page.from; nonce < page.below; nonce += 1) {
    const { slot, foreignHash = null } = ledger.get(nonce) ?? {};
    if (chain.has(nonce) || (slot?.minedHash ?? foreignHash) !== null) continue;
    throw new ChainError('refused', `nonce ${nonce} is used and no block shows what used it`);
  }
}

function comparePage(
  page: Page,
  chain: ReadonlyMap<number, SentTransaction>,
  ledger: ReadonlyMap<number, LedgerRecord>,
): readonly Discrepancy[] {
  const found: Discrepancy[] = [];
  for (let nonce = page.from; nonce < page.below; nonce += 1) {
    const discrepancy = compareNonce(nonce, chain.get(nonce), ledger.get(nonce));
    if (discrepancy !== undefined) found.push(discrepancy);
  }
  return found;
}

/** Reads the page's transactions by the hashes that the ledger knows, and searches the chain for the nonces that are still missing. */
async function chainRecords(
  deps: MoneyDeps,
  asked: {
    readonly page: Page;
    readonly ledger: ReadonlyMap<number, LedgerRecord>;
    readonly interval: Interval;
  },
): Promise<ReadonlyMap<number, SentTransaction>> {
  const { page, ledger, interval } = asked;
  const hashes = [...ledger.values()].flatMap(
    ({ slot, foreignHash }) => slot?.minedHash ?? foreignHash ?? [],
  );
  const byNonce = new Map<number, SentTransaction>();
  const { address: wallet } = deps.signer;
  const isOurs = (one: SentTransaction) => one.from === wallet;
  const known = await agreedSent(deps, (reads) => readSent(reads, hashes));
  for (const one of known.filter(isOurs)) byNonce.set(one.nonce, one);
  const nonces: number[] = [];
  for (let nonce = page.from; nonce < page.below; nonce += 1) {
    if (!byNonce.has(nonce)) nonces.push(nonce);
  }
  const { block: fromBlock } = interval.start;
  const search = { wallet, nonces, fromBlock, toBlock: interval.end.block };
  const sought = await agreedSent(deps, (reads) => findByNonces(reads, search));
  for (const one of sought) byNonce.set(one.nonce, one);
  return byNonce;
}

/** Reports the nonces that the ledger calls mined although the chain has not consumed them. */
async function compareBeyond(deps: MoneyDeps, end: FinalPoint): Promise<readonly Discrepancy[]> {
  const key = walletKeyOf(deps);
  const nonces = await minedBeyond(deps.db, key, end);
  const last = nonces.at(-1);
  if (last === undefined) return [];
  const ledger = await ledgerRecords(deps.db, key, { from: end.nonce, below: last + 1 });
  return nonces.flatMap((nonce) => compareNonce(nonce, undefined, ledger.get(nonce)) ?? []);
}

/** Builds the result of an interval in which nothing happened. */
function nothingSince({ block, nonce, balanceWei }: ReconciliationStart): Reconciliation {
  return {
    fromBlock: block,
    toBlock: block,
    fromNonce: nonce,
    toNonce: nonce,
    openingWei: balanceWei,
    balanceWei,
    inWei: 0n,
    outWei: 0n,
    gasWei: 0n,
    discrepancies: [],
  };
}

function toReport(result: Reconciliation): ReconciliationReport {
  return {
    ok: result.discrepancies.length === 0,
    fromBlock: result.fromBlock,
    toBlock: result.toBlock,
    fromNonce: result.fromNonce,
    toNonce: result.toNonce,
    openingWei: result.openingWei.toString(),
    balanceWei: result.balanceWei.toString(),
    inWei: result.inWei.toString(),
    outWei: result.outWei.toString(),
    gasWei: result.gasWei.toString(),
    findings: result.discrepancies.slice(0, MOST_TOLD),
  };
}
