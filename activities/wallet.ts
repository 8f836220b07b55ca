import { type Address, payableAddress } from '../core/base/address.js';
import { PoolError } from '../core/base/errors/pool-error.js';
import { ChainError } from '../core/chain/endpoint-error.js';
import { adoptWallet } from '../core/checks/adoption.js';
import { auditLedger } from '../core/checks/audit/audit.js';
import type { Finding } from '../core/checks/audit/invariants.js';
import { payElsewhere, releasePayout } from '../core/checks/payout-repairs.js';
import { recheckSettled } from '../core/checks/recheck.js';
import { reconcile } from '../core/checks/reconciliation.js';
import type { AdoptionReport } from '../core/checks/rules/reports.js';
import { type GivenOrder, givenBy } from '../core/orders/rules/order.js';
import {
  openedWallets,
  payingWallet,
  requirePayingWallet,
  walletsAtWork,
} from '../core/payouts/store/wallet/paying-wallet.js';
import {
  acceptUsedWallet,
  findWallet,
  type Halt,
  haltWallet,
  openWalletRow,
  type Wallet,
} from '../core/payouts/store/wallet/wallets.js';
import { depsWithoutKey } from '../core/payouts/wallet/ledger-wallets.js';
import { type MoneyDeps, walletKeyOf } from '../core/payouts/wallet/money-deps.js';
import { readNonceAhead } from '../core/payouts/wallet/nonce-check.js';
import { compareOtherWallets } from '../core/payouts/wallet/other-wallets.js';
import { meetChain } from '../core/payouts/wallet/own-chain.js';
import type { AuditInput, ReconciliationInput, Unscoped } from '../workflows/contract.js';
import { beating, type OnProgress, PAGE_MS, REPAIR_MS } from './beating.js';
import { guarded } from './failure.js';
import { ordered } from './orders.js';

export interface AuditReport {
  readonly ok: boolean;
  readonly findings: readonly Finding[];
}

/**
 * The check at start, before anything is signed: the right chain, and a wallet whose history this ledger
 * knows. What cannot be known halts the wallet and says so; everything else goes on. Throws a ChainError
 * while too few endpoints show our chain.
 */
export async function openWallet(
  deps: MoneyDeps,
  options: { readonly acceptedTransactions: number },
): Promise<Wallet> {
  await meetChain(deps);
  return meetWallet(deps, options.acceptedTransactions);
}

async function meetWallet(deps: MoneyDeps, accepted: number): Promise<Wallet> {
  const key = walletKeyOf(deps);
  const view = await deps.rpc.walletView(key.address);
  const opening = {
    nonce: Math.max(view.latestNonce, view.pendingNonce),
    block: view.head.number,
    balanceWei: view.balanceWei,
  };
  const usedBefore: Halt = {
    code: 'WALLET_USED_BEFORE',
    reason:
      `${key.address} has sent ${opening.nonce} transactions that this ledger knows nothing about: ` +
      'they may have paid what is pending. If this ledger has paid from it before (an older backup): ' +
      `\`openpool wallet adopt --from <nonce>\`; if they paid nobody of this pool: wallet.acceptedTransactions: ${opening.nonce}`,
  };
  // A number, not a yes: left in the configuration it says nothing of a wallet that has sent more since.
  const isAccepted = opening.nonce === accepted;
  const halt = isAccepted ? null : usedBefore;
  await requirePayingWallet(deps.db, key);
  const wallet = await openWalletRow(deps.db, key, { opening, halt });
  await compareOtherWallets(deps);
  if (isAccepted && wallet.halts.some(({ code }) => code === usedBefore.code)) {
    await acceptUsedWallet(deps.db, key, opening);
  }
  const ahead = await readNonceAhead(deps);
  if (ahead !== undefined) {
    await haltWallet(deps.db, key, { code: 'NONCE_AHEAD_OF_LEDGER', reason: ahead });
  }
  return (await findWallet(deps.db, key)) ?? wallet;
}

/**
 * Of every wallet that the ledger has paid from, in one answer, and of one that a person names: the ledger may
 * have paid from it without knowing so, after an older backup.
 */
export async function adoptWallets(
  deps: MoneyDeps,
  { paidFrom, ...input }: GivenOrder<'wallet.adopt'>,
  onProgress: OnProgress = () => undefined,
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

/** The process's own first. One that nothing is under way of may have been used since, and would be asked by nobody else. */
async function everyWallet(
  deps: MoneyDeps,
  named: Address | undefined,
): Promise<readonly MoneyDeps[]> {
  const opened = await openedWallets(deps.db, deps.chain.chainId);
  const all = new Set([...opened, ...(named === undefined ? [] : [named])]);
  all.delete(deps.signer.address);
  return [deps, ...[...all].map((address) => depsWithoutKey(deps, address))];
}

/** What an endpoint cannot tell of a wallet that nothing waits for must not keep the others from being adopted. */
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

const repairing = (words: string) => ({ words, mostMs: REPAIR_MS });

/** The activities that look after the wallet. */
export function createWalletActivities(deps: MoneyDeps) {
  return {
    auditPool: guarded((input: Unscoped<AuditInput>) =>
      beating({ words: 'holding the ledger against itself', mostMs: PAGE_MS }, (onProgress) =>
        auditPool(deps, input, onProgress),
      ),
    ),
    adoptWallet: ordered(deps.db, 'wallet.adopt', (order) =>
      beating(repairing('looking for what the key did'), (onProgress) =>
        adoptWallets(deps, givenBy(order), onProgress),
      ),
    ),
    releasePayout: ordered(deps.db, 'payout.release', (order) =>
      beating(repairing('looking at its transactions'), () => releasePayout(deps, givenBy(order))),
    ),
    payElsewhere: ordered(deps.db, 'payout.paid-elsewhere', (order) =>
      beating(repairing('looking for the proof'), () => payElsewhere(deps, givenBy(order))),
    ),
    recheckSettled: guarded(() =>
      beating({ words: 'looking again at what is paid', mostMs: PAGE_MS }, (onProgress) =>
        recheckSettled(deps, onProgress),
      ),
    ),
    reconcileWallet: guarded((input: Unscoped<ReconciliationInput>) =>
      beating({ words: 'holding the chain against the ledger', mostMs: PAGE_MS }, (onProgress) =>
        reconcile(deps, input, onProgress),
      ),
    ),
  };
}

/** Ledger against itself, chain nonce against the slots. What is broken halts the wallet. */
async function auditPool(
  deps: MoneyDeps,
  { withEvents }: Unscoped<AuditInput>,
  onProgress: OnProgress,
): Promise<AuditReport> {
  const key = walletKeyOf(deps);
  const broken = await auditLedger(deps.db, { isWhole: withEvents, onProgress });
  const [first] = broken;
  if (first !== undefined) {
    const reason = `${first.code}: ${first.message}`;
    await haltWallet(deps.db, key, { code: 'INVARIANT_BROKEN', reason });
  }
  const findings = [...broken, ...(await auditNonce(deps))];
  return { ok: findings.length === 0, findings };
}

async function auditNonce(deps: MoneyDeps): Promise<readonly Finding[]> {
  try {
    const ahead = await readNonceAhead(deps);
    if (ahead === undefined) return [];
    const halt = { code: 'NONCE_AHEAD_OF_LEDGER', reason: ahead };
    await haltWallet(deps.db, walletKeyOf(deps), halt);
    return [{ code: halt.code, message: ahead }];
  } catch (error) {
    if (!(error instanceof ChainError)) throw error;
    return [{ code: 'CHAIN_UNREACHABLE', message: error.message }];
  }
}
