import type { Command } from 'commander';
import { resumedWords } from '../../client/views/wallet-view.js';
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
import { formatAddress, formatAmount, formatFacts } from '../output.js';
import { ACTOR, DRY_RUN } from './payout-commands.js';

interface Reasoned {
  readonly reason: string;
}

interface Replacement extends Reasoned {
  readonly to: string;
  readonly dryRun: boolean;
}

/** Halt and resume write to Postgres alone: they work when Temporal and the worker do not. */
export function addWalletCommands(program: Command): void {
  const wallet = program.command('wallet').description('the wallet that pays');
  wallet
    .command('show')
    .description('its balance as last seen, its nonce, what is on the way, and why it is halted')
    .action((_options: unknown, command: Command) =>
      withContext(command, async (context) => {
        const found = await requireWallet(context);
        context.answer(walletFacts(found), found);
      }),
    );
  wallet
    .command('halt')
    .description('stop everything that it would sign or send, before the next broadcast')
    .requiredOption('--reason <words>', 'kept in the audit log')
    .action((options: Reasoned, command: Command) =>
      withContext(command, (context) => halt(context, options)),
    );
  wallet
    .command('resume')
    .description('let a halted wallet go on')
    .requiredOption('--reason <words>', 'kept in the audit log')
    .option('--dry-run', 'show what would still stop it, and do nothing', false)
    .action((options: Reasoned & { readonly dryRun: boolean }, command: Command) =>
      withContext(command, (context) => resume(context, options)),
    );
  wallet
    .command('replace')
    .description('pay from another wallet from now on; what this one signed is settled as before')
    .requiredOption('--to <address>', 'the address of the new key')
    .requiredOption('--reason <words>', 'kept in the audit log')
    .option('--dry-run', 'show what it would do, and do nothing', false)
    .action((options: Replacement, command: Command) =>
      withContext(command, (context) => replace(context, options)),
    );
}

export function walletFacts(wallet: PayingWallet): string {
  const { halts } = wallet;
  return formatFacts([
    ['wallet', formatAddress(wallet.address)],
    ['chain', wallet.chainId],
    ['balance', balanceWords(wallet)],
    ['next nonce', wallet.nextNonce],
    ['on the way', `${counted(wallet.openTransfers, 'transfer')}, ${formatAmount(wallet.openWei)}`],
    ['oldest of them', wallet.oldestOpenAt],
    ...(wallet.replacedBy === null
      ? []
      : [
          [
            'replaced by',
            `${formatAddress(wallet.replacedBy)}: start the workers with its key`,
          ] as const,
        ]),
    ...wallet.earlier.map(
      (one) =>
        [
          'earlier wallet',
          `${formatAddress(one.address)}: ${counted(one.openTransfers, 'transfer')} under way, ${formatAmount(one.openWei)}`,
        ] as const,
    ),
    ...(halts.length === 0 ? ([['halted', 'no']] as const) : []),
    ...halts.flatMap(
      ({ at, code, reason }) =>
        [
          ['halted', `since ${at.toISOString()}: ${code}`],
          ['why', withChecksums(reason)],
        ] as const,
    ),
  ]);
}

function balanceWords({ balance }: PayingWallet): string {
  if (balance === null) return 'not seen yet';
  return `${formatAmount(balance.wei)}, seen ${balance.at.toISOString()}`;
}

async function halt(context: CliContext, { reason }: Reasoned): Promise<void> {
  requireReason(reason);
  const { chainId, address } = await requireWallet(context);
  const why = { code: 'HALTED_BY_OPERATOR', reason, actor: ACTOR };
  const changed = await haltWallet(context.db, { chainId, address }, why);
  const text = changed
    ? 'halted: nothing is signed or sent until `openpool wallet resume`'
    : 'it was halted before, and still is';
  context.answer(text, { changed, halted: true });
}

async function resume(
  context: CliContext,
  { reason, dryRun }: Reasoned & { readonly dryRun: boolean },
): Promise<void> {
  requireReason(reason);
  const { chainId, address } = await requireWallet(context);
  const decision = { actor: ACTOR, reason, dryRun };
  const { changed, remaining } = await resumeWallet(context.db, { chainId, address }, decision);
  const words = resumedWords({ changed, remaining });
  context.answer(dryRun ? `${words}\n${DRY_RUN}` : words, {
    ...{ changed, dryRun, remaining },
    halted: remaining.length > 0,
  });
}

async function replace(context: CliContext, { to, reason, dryRun }: Replacement): Promise<void> {
  requireReason(reason);
  const order = { to: parseAddress(to), reason, actor: ACTOR, dryRun };
  const replaced = await replaceWallet(context.db, order);
  const words = withChecksums(replaced.words);
  context.answer(dryRun ? `${words}\n${DRY_RUN}` : words, { ...replaced, dryRun });
}

export async function requireWallet({ db, config }: CliContext): Promise<PayingWallet> {
  const wallet = await findPayingWallet(db, config.chain.chainId);
  if (wallet !== undefined) return wallet;
  throw new PoolError('WALLET_UNKNOWN', 'no worker has opened the wallet yet');
}

export function requireReason(reason: string): void {
  if (reason.trim() === '') throw new PoolError('REASON_MISSING', 'the reason is empty');
}
