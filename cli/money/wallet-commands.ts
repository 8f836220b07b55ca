import type { Command } from 'commander';
import { resumedWords } from '../../client/views.js';
import type { Address } from '../../core/base/address.js';
import { counted } from '../../core/base/counted.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { parseAddress, withChecksums } from '../../core/chain/checksums.js';
import { resumeWallet } from '../../core/checks/store/resuming.js';
import {
  findPayingWallet,
  type PayingWallet,
} from '../../core/payouts/store/reads/wallet-reads.js';
import { replaceWallet } from '../../core/payouts/store/wallet/wallet-replacement.js';
import { haltWallet } from '../../core/payouts/store/wallet/wallets.js';
import { type CliContext, withContext } from '../context.js';
import {
  decisionOf,
  type Reasoned,
  type Rehearsable,
  rehearsalOf,
  rehearsed,
  withReason,
  withRehearsal,
} from '../decision-options.js';
import { type Fact, formatAddress, formatAmount, formatFacts } from '../output.js';

/**
 * Adds the commands about the wallet. Halt and resume only write to Postgres, so they work while Temporal and the
 * worker are down. Returns the command `wallet`, to which the repairs add theirs.
 */
export function addWalletCommands(program: Command): Command {
  const wallet = program.command('wallet').description('the wallet that pays');
  wallet
    .command('show')
    .description('its balance as last seen, its nonce, what is on the way, and why it is halted')
    .action(withContext(show));
  const halting = wallet
    .command('halt')
    .description('stop everything that it would sign or send, before the next broadcast');
  withReason(halting).action(withContext(halt));
  withReason(wallet.command('resume').description('let a halted wallet go on'))
    .option('--dry-run', 'show what would still stop it, and do nothing', false)
    .action(withContext(resume));
  const replacing = wallet
    .command('replace')
    .description('pay from another wallet from now on; what this one signed is settled as before')
    .requiredOption('--to <address>', 'the address of the new key');
  withRehearsal(replacing).action(withContext(replace));
  return wallet;
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

async function halt(context: CliContext, options: Reasoned): Promise<void> {
  const decision = decisionOf(options);
  const { chainId, address } = await requireWallet(context);
  const why = { code: 'HALTED_BY_OPERATOR', ...decision };
  const changed = await haltWallet(context.db, { chainId, address }, why);
  const text = changed
    ? 'halted: nothing is signed or sent until `openpool wallet resume`'
    : 'it was halted before, and still is';
  context.answer(text, { changed, halted: true });
}

async function resume(context: CliContext, options: Rehearsable): Promise<void> {
  const decision = rehearsalOf(options);
  const { dryRun } = decision;
  const { chainId, address } = await requireWallet(context);
  const { changed, remaining } = await resumeWallet(context.db, { chainId, address }, decision);
  const text = rehearsed(resumedWords({ changed, remaining }), dryRun);
  context.answer(text, { changed, dryRun, remaining, halted: remaining.length > 0 });
}

async function replace(
  context: CliContext,
  options: Rehearsable & { readonly to: string },
): Promise<void> {
  const decision = rehearsalOf(options);
  const replaced = await replaceWallet(context.db, { to: parseAddress(options.to), ...decision });
  const { dryRun } = decision;
  context.answer(rehearsed(withChecksums(replaced.words), dryRun), { ...replaced, dryRun });
}

export async function requireWallet({ db, config }: CliContext): Promise<PayingWallet> {
  const wallet = await findPayingWallet(db, config.chain.chainId);
  if (wallet !== undefined) return wallet;
  throw new PoolError('WALLET_UNKNOWN', 'no worker has opened the wallet yet');
}
