/** Imports the first manager's file: reads it, asks the chain about its payouts, names every difference, books it once. */
import { createHash } from 'node:crypto';
import type { Address } from '../base/address.js';
import { counted } from '../base/counted.js';
import { PoolError } from '../base/errors/pool-error.js';
import { ethAndWei } from '../base/money.js';
import type { Database } from '../db/database.js';
import { rehearse, transact } from '../db/transact.js';
import type { Decision } from '../ledger/store/audit-log.js';
import { readTermsHistory } from '../terms/store/recorded-terms.js';
import type { FirstManagerFile } from './first-manager-file.js';
import { compareWithLog } from './log-comparing.js';
import { type ProofDeps, provePayouts } from './payout-proofs.js';
import { differencesOf } from './rules/books.js';
import { type Acceptable, blocking, type Difference } from './rules/differences.js';
import { type LogSummary, summarizeLog } from './rules/first-manager.js';
import { type Balances, type ImportPlan, planImport } from './rules/import-plan.js';
import { bookImport, type ImportBooking, requireFit } from './store/imports.js';
import { endShadow } from './store/shadows.js';

export interface ImportDeps extends ProofDeps {
  readonly db: Database;
}

export interface ImportOrder extends Decision {
  readonly file: FirstManagerFile;
  readonly balances: Balances;
  /** The first manager's PoolCommissionRate, in basis points. */
  readonly commissionBps: number;
  /** The time of the last event in the balances, for a file without events; null takes it from the file. */
  readonly until: Date | null;
  /** Names of differences that a person takes as they are. */
  readonly accepted: readonly Acceptable[];
  readonly dryRun: boolean;
  /** True to end shadow mode in the same transaction. */
  readonly isPromotion?: boolean;
  /** The hash of the plan that a dry run showed: another plan is not booked. */
  readonly planHash: string | null;
}

export interface ImportReport {
  readonly applied: boolean;
  readonly plan: ImportPlan;
  readonly planHash: string;
  readonly countedTo: Date;
  /** Differences that stop the import. */
  readonly blocking: readonly Difference[];
  readonly words: string;
}

/**
 * Imports the file, or in a dry run only says what would be booked. Throws IMPORT_PLAN_DIFFERS when the plan is not the one
 * that was looked at, IMPORT_BLOCKED while a difference is neither known nor accepted, and what `requireFit` throws.
 */
export async function importFile(deps: ImportDeps, order: ImportOrder): Promise<ImportReport> {
  const { file, balances, dryRun } = order;
  const { inForce } = await readTermsHistory(deps.db);
  const { commissionBps } = order;
  const log = summarizeLog(file.log(), { commissionBps, share: inForce });
  const countedTo = lastEvent(order, log);
  const proofs = await provePayouts(deps, file.payouts);
  const books =
    balances === 'earned' && log.events > 0
      ? await compareWithLog(deps.db, { file, log, commissionBps })
      : [];
  const missing = new Map(
    books.map(({ payee, causes }) => [payee, -(causes.get('missing-here') ?? 0n)]),
  );
  const { byHash, unlisted } = proofs;
  const planned = planImport({ balances, ...file, log, missing, proofs: byHash, unlisted });
  const plan = { ...planned, differences: [...planned.differences, ...differencesOf(books)] };
  const planHash = hashOf(plan, order, countedTo);
  const stops = blocking(plan.differences, order.accepted);
  const { accepted, actor, reason } = order;
  const booking: ImportBooking = {
    chainId: deps.chain.chainId,
    file: { name: file.name, sha256: file.sha256 },
    balances,
    countedTo,
    plan,
    planHash,
    accepted,
    sent: proofs.sent,
    actor,
    reason,
  };
  if (!dryRun) refuse(order, planHash, stops);
  const run = dryRun ? rehearse : transact;
  await run(deps.db, async (tx) => {
    await requireFit(tx, booking);
    await bookImport(tx, booking);
    if (order.isPromotion === true) await endShadow(tx, booking);
    return true;
  });
  const words = describe(plan, order, stops);
  return { applied: !dryRun, plan, planHash, countedTo, blocking: stops, words };
}

function lastEvent({ file, until }: ImportOrder, { lastMs }: LogSummary): Date {
  if (lastMs !== null) return new Date(lastMs);
  if (until !== null) return until;
  const words = `${file.name} has no events: say with --until up to which time its balances count them`;
  throw new PoolError('REQUEST_INVALID', words);
}

function refuse(order: ImportOrder, planHash: string, stops: readonly Difference[]): void {
  if (order.planHash !== planHash) {
    const words =
      order.planHash === null
        ? 'nobody has looked at what it would book: run it with --dry-run first, then with --plan and what that printed'
        : `the plan is ${planHash} now, and not ${order.planHash}`;
    throw new PoolError('IMPORT_PLAN_DIFFERS', words);
  }
  if (stops.length === 0) return;
  const names = [...new Set(stops.map(({ name }) => name))].join(', ');
  const first = stops[0]?.words ?? '';
  throw new PoolError(
    'IMPORT_BLOCKED',
    `${counted(stops.length, 'difference')} (${names}): ${first}`,
  );
}

/** The hash of everything that would be booked, in hex: what a person looked at is what is booked. */
function hashOf(plan: ImportPlan, { file, balances }: ImportOrder, countedTo: Date): string {
  const { openings, payments } = plan;
  const text = JSON.stringify(
    [file.sha256, balances, countedTo, openings, payments],
    (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value),
  );
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function describe(
  { openings, payments, totals, workers }: ImportPlan,
  { dryRun, file }: ImportOrder,
  stops: readonly Difference[],
): string {
  const payees = new Set<Address>(workers.map(({ payee }) => payee));
  const verb = dryRun ? 'would be' : 'are';
  const what =
    `${file.name}: ${ethAndWei(totals.openedPendingWei)} ${verb} opened as pending for ${counted(payees.size, 'payee')}, ` +
    `${counted(payments.length, 'payment')} of ${ethAndWei(totals.paidOnChainWei)} ${verb} booked as paid ` +
    `(${counted(openings.length, 'opening entry').replace('entrys', 'entries')})`;
  if (stops.length === 0) return what;
  return `${what}; ${counted(stops.length, 'difference')} must be accepted first`;
}
