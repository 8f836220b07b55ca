/** The commands that repair the ledger, and the check that shows whether a repair is needed. */
import type { Command } from 'commander';
import { carryOut } from '../../client/carry-out.js';
import { runReconciliation } from '../../client/long-work.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { parseAddress, withChecksums } from '../../core/chain/checksums.js';
import type { ReconciliationReport } from '../../core/checks/rules/check-reports.js';
import type { OrderArgs } from '../../core/orders/rules/order-kinds.js';
import { type CliContext, EXIT, withContext } from '../context.js';
import {
  DRY_RUN,
  type Rehearsable,
  rehearsalOf,
  rehearsed,
  withRehearsal,
} from '../decision-options.js';
import { formatAmount, formatFacts, formatTable } from '../output.js';
import { requireId } from './payout-commands.js';
import { requireWallet } from './wallet-commands.js';

interface Parents {
  readonly payout: Command;
  readonly wallet: Command;
}

export function addRepairCommands(program: Command, { payout, wallet }: Parents): void {
  const adopting = wallet
    .command('adopt')
    .description('book what the key did outside of this ledger; the wallet must be halted')
    .option('--vouch <hash...>', 'a call that you looked at: it paid nobody of this pool', [])
    .option(
      '--from <nonce>',
      'after an older backup: this pool has paid from the wallet from this nonce on',
    )
    .option('--wallet <address>', 'the wallet that --from is about; without it the one that pays');
  withRehearsal(adopting).action(withContext(adopt));
  const releasing = payout
    .command('release <id>')
    .description('give its amount back to pending, where nothing can pay it any more');
  withRehearsal(releasing).action(withContext(release));
  const paidElsewhere = payout
    .command('paid-elsewhere <id>')
    .description('book a payment that you made from another wallet; the chain has to prove it')
    .requiredOption('--tx <hash>', 'the transaction that paid');
  withRehearsal(paidElsewhere).action(withContext(payElsewhere));
  program
    .command('reconcile')
    .description('hold the chain against the ledger, to the wei')
    .option('--full', 'from the opening of the wallet on', false)
    .action(withContext(reconcile));
}

interface AdoptOptions extends Rehearsable {
  readonly vouch: readonly string[];
  readonly from?: string;
  readonly wallet?: string;
}

async function adopt({ deps, answer }: CliContext, options: AdoptOptions): Promise<number> {
  const decision = rehearsalOf(options);
  const vouchedHashes = options.vouch.map(requireHash);
  const paidFrom = paidFromOf(options);
  const args = { vouchedHashes, ...(paidFrom && { paidFrom }) };
  const order = { kind: 'wallet.adopt', subject: 'wallet', args, ...decision } as const;
  const report = await carryOut(deps, order);
  const table = formatTable(report.findings, {
    nonce: (one) => one.nonce,
    transaction: (one) => one.hash,
    amount: (one) => formatAmount(BigInt(one.valueWei)),
    'what it is': (one) => withChecksums(one.words),
  });
  const done = report.applied
    ? 'booked; all is accounted for: `openpool wallet resume --reason …` lets payouts go on'
    : `${DRY_RUN}; without --dry-run all would be accounted for`;
  const partly = report.applied ? 'booked' : DRY_RUN;
  const words = report.waiting === null ? done : `${partly}, but not complete: ${report.waiting}`;
  answer(`${table}\n\n${words}`, report);
  return report.complete ? 0 : EXIT.found;
}

function paidFromOf({ from, wallet }: AdoptOptions): OrderArgs['wallet.adopt']['paidFrom'] {
  if (from === undefined) {
    if (wallet === undefined) return undefined;
    throw new PoolError(
      'REQUEST_INVALID',
      '--wallet needs --from: from which nonce on has this pool paid from it?',
    );
  }
  if (!/^\d{1,15}$/.test(from)) {
    throw new PoolError(
      'REQUEST_INVALID',
      `"${from}" is no nonce: a whole number, the wallet’s first is 0`,
    );
  }
  return { wallet: wallet === undefined ? null : parseAddress(wallet), nonce: Number(from) };
}

async function release(
  { deps, answer }: CliContext,
  payoutId: string,
  options: Rehearsable,
): Promise<void> {
  const decision = rehearsalOf(options);
  requireId(payoutId);
  const args = { payoutId };
  const order = { kind: 'payout.release', subject: payoutId, args, ...decision } as const;
  const report = await carryOut(deps, order);
  answer(rehearsed(withChecksums(report.words), !report.applied), report);
}

async function payElsewhere(
  { deps, answer }: CliContext,
  payoutId: string,
  options: Rehearsable & { readonly tx: string },
): Promise<void> {
  const decision = rehearsalOf(options);
  requireId(payoutId);
  const args = { payoutId, txHash: requireHash(options.tx) };
  const order = { kind: 'payout.paid-elsewhere', subject: payoutId, args, ...decision } as const;
  const report = await carryOut(deps, order);
  answer(rehearsed(withChecksums(report.words), !report.applied), report);
}

async function reconcile(
  context: CliContext,
  { full: fromOpening }: { readonly full: boolean },
): Promise<number> {
  await requireWallet(context);
  const report = await runReconciliation(context.deps, { fromOpening });
  context.answer(reconciliationText(report), report);
  return report.ok ? 0 : EXIT.found;
}

function reconciliationText(report: ReconciliationReport): string {
  const facts = formatFacts([
    ['blocks', `${report.fromBlock} to ${report.toBlock}`],
    ['nonces', `${report.fromNonce} up to ${report.toNonce}`],
    ['opening', formatAmount(BigInt(report.openingWei))],
    ['+ in', formatAmount(BigInt(report.inWei))],
    ['- out', formatAmount(BigInt(report.outWei))],
    ['- gas', formatAmount(BigInt(report.gasWei))],
    ['= balance', formatAmount(BigInt(report.balanceWei))],
  ]);
  if (report.ok) return `${facts}\n\neverything adds up`;
  const table = formatTable(report.findings, {
    code: (one) => one.code,
    'what does not fit': (one) => withChecksums(one.message),
  });
  return `${facts}\n\n${table}`;
}

function requireHash(text: string): string {
  if (/^0x[0-9a-fA-F]{64}$/.test(text)) return text.toLowerCase();
  throw new PoolError('REQUEST_INVALID', `"${text}" is no transaction hash: 0x and 64 hex digits`);
}
