/** The commands about the wallet that pays, and about whether it and the chain agree with the ledger. */
import { runReconciliation } from '../../client/long-work.js';
import { resumedWords } from '../../client/views.js';
import type { Address } from '../../core/base/address.js';
import { counted } from '../../core/base/counted.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { parseAddress, withChecksums } from '../../core/chain/checksums.js';
import type { ReconciliationReport } from '../../core/checks/rules/check-reports.js';
import { resumeWallet } from '../../core/checks/store/resuming.js';
import type { OrderArgs } from '../../core/orders/rules/order-kinds.js';
import {
  findPayingWallet,
  type PayingWallet,
} from '../../core/payouts/store/reads/wallet-reads.js';
import { replaceWallet } from '../../core/payouts/store/wallet/wallet-replacement.js';
import { haltWallet } from '../../core/payouts/store/wallet/wallets.js';
import { misuse, type PoolCommand, requireForm } from '../command.js';
import { type CliContext, DRY_RUN } from '../context.js';
import {
  type Fact,
  formatAddress,
  formatAmount,
  formatFacts,
  formatFindings,
  formatTable,
} from '../output.js';

/** Adds the commands. Halt and resume only write to Postgres, so they work while Temporal and the worker are down. */
export function addWalletCommands(program: PoolCommand): void {
  const wallet = program.add('wallet', 'the wallet that pays');
  wallet
    .add('show', 'its balance as last seen, its nonce, what is on the way, and why it is halted')
    .run(show);
  wallet
    .add('halt', 'stop everything that it would sign or send, before the next broadcast')
    .withReason()
    .run(halt);
  wallet
    .add('resume', 'let a halted wallet go on')
    .withReason()
    .withDryRun('show what would still stop it, and do nothing')
    .run(resume);
  wallet
    .add(
      'replace',
      'pay from another wallet from now on; what this one signed is settled as before',
    )
    .requiredOption('--to <address>', 'the address of the new key')
    .withRehearsal()
    .run(replace);
  wallet
    .add('adopt', 'book what the key did outside of this ledger; the wallet must be halted')
    .option('--vouch <hash...>', 'a call that you looked at: it paid nobody of this pool', [])
    .option(
      '--from <nonce>',
      'after an older backup: this pool has paid from the wallet from this nonce on',
    )
    .option('--wallet <address>', 'the wallet that --from is about; without it the one that pays')
    .withRehearsal()
    .run(adopt);
  program
    .add('reconcile', 'hold the chain against the ledger, to the wei')
    .option('--full', 'from the opening of the wallet on', false)
    .run(reconcile);
}

async function show(context: CliContext): Promise<void> {
  const wallet = await requireWallet(context);
  context.answer(walletFacts(wallet), wallet);
}

export function walletFacts(wallet: PayingWallet): string {
  const { replacedBy } = wallet;
  return formatFacts([
    ['wallet', formatAddress(wallet.address)],
    ['chain', wallet.chainId],
    ['balance', balanceWords(wallet)],
    ['next nonce', wallet.nextNonce],
    ['on the way', `${counted(wallet.openTransfers, 'transfer')}, ${formatAmount(wallet.openWei)}`],
    ['oldest of them', wallet.oldestOpenAt],
    ...(replacedBy === null ? [] : [replacement(replacedBy)]),
    ...wallet.earlier.map(
      ({ address, openTransfers, openWei }): Fact => [
        'earlier wallet',
        `${formatAddress(address)}: ${counted(openTransfers, 'transfer')} under way, ${formatAmount(openWei)}`,
      ],
    ),
    ...haltFacts(wallet),
  ]);
}

const replacement = (address: Address): Fact => [
  'replaced by',
  `${formatAddress(address)}: start the workers with its key`,
];

function haltFacts({ halts }: PayingWallet): readonly Fact[] {
  if (halts.length === 0) return [['halted', 'no']];
  return halts.flatMap(({ at, code, reason }): readonly Fact[] => [
    ['halted', `since ${at.toISOString()}: ${code}`],
    ['why', withChecksums(reason)],
  ]);
}

function balanceWords({ balance }: PayingWallet): string {
  if (balance === null) return 'not seen yet';
  return `${formatAmount(balance.wei)}, seen ${balance.at.toISOString()}`;
}

async function halt(context: CliContext): Promise<void> {
  const decision = context.decide();
  const { chainId, address } = await requireWallet(context);
  const why = { code: 'HALTED_BY_OPERATOR', ...decision };
  const changed = await haltWallet(context.db, { chainId, address }, why);
  const text = changed
    ? 'halted: nothing is signed or sent until `openpool wallet resume`'
    : 'it was halted before, and still is';
  context.answer(text, { changed, halted: true });
}

async function resume(context: CliContext): Promise<void> {
  const decision = context.decide();
  const { dryRun } = decision;
  const { chainId, address } = await requireWallet(context);
  const { changed, remaining } = await resumeWallet(context.db, { chainId, address }, decision);
  const value = { changed, dryRun, remaining, halted: remaining.length > 0 };
  context.answerChange(resumedWords({ changed, remaining }), value);
}

async function replace(context: CliContext<{ readonly to: string }>): Promise<void> {
  const decision = context.decide();
  const { dryRun } = decision;
  const to = parseAddress(context.options.to);
  const replaced = await replaceWallet(context.db, { to, ...decision });
  context.answerChange(withChecksums(replaced.words), { ...replaced, dryRun });
}

interface AdoptOptions {
  readonly vouch: readonly string[];
  readonly from?: string;
  readonly wallet?: string;
}

async function adopt(context: CliContext<AdoptOptions>): Promise<number> {
  const vouchedHashes = context.options.vouch.map(requireHash);
  const paidFrom = paidFromOf(context.options);
  const args = { vouchedHashes, ...(paidFrom && { paidFrom }) };
  const report = await context.order('wallet.adopt', 'wallet', args);
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
  return context.answer(`${table}\n\n${words}`, report, report.complete);
}

function paidFromOf({ from, wallet }: AdoptOptions): OrderArgs['wallet.adopt']['paidFrom'] {
  if (from === undefined) {
    if (wallet === undefined) return undefined;
    throw misuse('--wallet needs --from: from which nonce on has this pool paid from it?');
  }
  const nonce = requireForm(from, /^\d{1,15}$/, 'nonce: a whole number, the wallet’s first is 0');
  return { wallet: wallet === undefined ? null : parseAddress(wallet), nonce: Number(nonce) };
}

async function reconcile(context: CliContext<{ readonly full: boolean }>): Promise<number> {
  await requireWallet(context);
  const report = await runReconciliation(context.deps, { fromOpening: context.options.full });
  return context.answer(reconciliationText(report), report, report.ok);
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
  const findings = withChecksums(report.findings);
  return `${facts}\n\n${formatFindings(findings, 'what does not fit')}`;
}

export function requireHash(text: string): string {
  const thing = 'transaction hash: 0x and 64 hex digits';
  return requireForm(text, /^0x[0-9a-fA-F]{64}$/, thing).toLowerCase();
}

async function requireWallet({ db, config }: CliContext): Promise<PayingWallet> {
  const wallet = await findPayingWallet(db, config.chain.chainId);
  if (wallet !== undefined) return wallet;
  throw new PoolError('WALLET_UNKNOWN', 'no worker has opened the wallet yet');
}
