/** Repairs: each has a dry run, and a reason that is kept. */
import type { Command } from 'commander';
import { runReconciliation } from '../../client/checks.js';
import { carryOut } from '../../client/orders.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { parseAddress, withChecksums } from '../../core/chain/checksums.js';
import type { ReconciliationReport } from '../../core/checks/rules/check-reports.js';
import type { OrderArgs } from '../../core/orders/rules/order-kinds.js';
import { type CliContext, EXIT, withContext } from '../context.js';
import { formatAmount, formatFacts, formatTable } from '../output.js';
import { type Repair, subcommandOf, withRepair } from '../repair-options.js';
import { ACTOR, DRY_RUN, requireId } from './payout-commands.js';
import { requireReason, requireWallet } from './wallet-commands.js';

export function addRepairCommands(program: Command): void {
  withRepair(
    subcommandOf(program, 'wallet')
      .command('adopt')
      .description('book what the key did outside of this ledger; the wallet must be halted')
      .option('--vouch <hash...>', 'a call that you looked at: it paid nobody of this pool', [])
      .option(
        '--from <nonce>',
        'after an older backup: this pool has paid from the wallet from this nonce on',
      )
      .option(
        '--wallet <address>',
        'the wallet that --from is about; without it the one that pays',
      ),
  ).action((options: AdoptOptions, command: Command) =>
    withContext(command, (context) => adopt(context, options)),
  );
  withRepair(
    subcommandOf(program, 'payout')
      .command('release <id>')
      .description('give its amount back to pending, where nothing can pay it any more'),
  ).action((id: string, options: Repair, command: Command) =>
    withContext(command, (context) => release(context, id, options)),
  );
  withRepair(
    subcommandOf(program, 'payout')
      .command('paid-elsewhere <id>')
      .description('book a payment that you made from another wallet; the chain has to prove it')
      .requiredOption('--tx <hash>', 'the transaction that paid'),
  ).action((id: string, options: Repair & { readonly tx: string }, command: Command) =>
    withContext(command, (context) => payElsewhere(context, id, options)),
  );
  program
    .command('reconcile')
    .description('hold the chain against the ledger, to the wei')
    .option('--full', 'from the opening of the wallet on', false)
    .action(({ full }: { readonly full: boolean }, command: Command) =>
      withContext(command, (context) => reconcile(context, full)),
    );
}

interface AdoptOptions extends Repair {
  readonly vouch: readonly string[];
  readonly from?: string;
  readonly wallet?: string;
}

async function adopt({ deps, answer }: CliContext, options: AdoptOptions): Promise<number> {
  requireReason(options.reason);
  const vouchedHashes = options.vouch.map(requireHash);
  const paidFrom = paidFromOf(options);
  const report = await carryOut(deps, {
    ...{
      kind: 'wallet.adopt',
      subject: 'wallet',
      args: { vouchedHashes, ...(paidFrom && { paidFrom }) },
    },
    ...given(options),
  });
  const table = formatTable(
    ['nonce', 'transaction', 'amount', 'what it is'],
    report.findings.map(({ nonce, hash, valueWei, words }) => [
      ...[nonce, hash, formatAmount(BigInt(valueWei))],
      withChecksums(words),
    ]),
  );
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

async function release({ deps, answer }: CliContext, id: string, options: Repair): Promise<void> {
  requireReason(options.reason);
  requireId(id);
  const report = await carryOut(deps, {
    ...{ kind: 'payout.release', subject: id, args: { payoutId: id } },
    ...given(options),
  });
  answer(wordsOf(report), report);
}

async function payElsewhere(
  { deps, answer }: CliContext,
  id: string,
  options: Repair & { readonly tx: string },
): Promise<void> {
  requireReason(options.reason);
  requireId(id);
  const txHash = requireHash(options.tx);
  const report = await carryOut(deps, {
    ...{ kind: 'payout.paid-elsewhere', subject: id, args: { payoutId: id, txHash } },
    ...given(options),
  });
  answer(wordsOf(report), report);
}

const given = ({ reason, dryRun }: Repair) => ({ reason, dryRun, actor: ACTOR });

const wordsOf = (report: { readonly applied: boolean; readonly words: string }): string =>
  withChecksums(report.applied ? report.words : `${report.words}\n${DRY_RUN}`);

async function reconcile(context: CliContext, fromOpening: boolean): Promise<number> {
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
  const rows = report.findings.map((finding) => [finding.code, withChecksums(finding.message)]);
  const found = report.ok ? 'everything adds up' : formatTable(['code', 'what does not fit'], rows);
  return `${facts}\n\n${found}`;
}

function requireHash(text: string): string {
  if (/^0x[0-9a-fA-F]{64}$/.test(text)) return text.toLowerCase();
  throw new PoolError('REQUEST_INVALID', `"${text}" is no transaction hash: 0x and 64 hex digits`);
}
