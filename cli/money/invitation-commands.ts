/** The commands about invitations: whom a pool for invited workers pays. */
import { parseAddress } from '../../core/chain/checksums.js';
import {
  type InvitationEffect,
  invitePayee,
  listInvitations,
  uninvitePayee,
} from '../../core/payouts/store/payees/invitations.js';
import type { PoolCommand } from '../command.js';
import type { CliContext } from '../context.js';
import { formatAddress, formatTable } from '../output.js';

/** Adds the commands below `openpool payee`. */
export function addInvitationCommands(payee: PoolCommand): void {
  payee
    .add(
      'invite <address>',
      'invite a payee, seen or not, where the pool pays invited workers only',
    )
    .withRehearsal()
    .run((context, address: string) => decide(context, address, invitePayee));
  payee
    .add('uninvite <address>', 'withdraw its invitation: what it earned is kept, and not paid')
    .withRehearsal()
    .run((context, address: string) => decide(context, address, uninvitePayee));
  payee
    .add('invitations', 'whom people have invited, the newest first')
    .option('--open', 'only those that were not withdrawn', false)
    .withPage()
    .run(showInvitations);
}

async function decide(
  context: CliContext,
  address: string,
  act: typeof invitePayee,
): Promise<void> {
  const { dryRun, ...decision } = context.decide();
  const payee = parseAddress(address);
  const effect: InvitationEffect = await context.change((reader) => act(reader, payee, decision));
  context.answerChange(effect.words, { applied: !dryRun, ...effect });
}

async function showInvitations({
  db,
  options,
  askedPage,
  answerPage,
}: CliContext<{ readonly open: boolean }>): Promise<void> {
  const page = await listInvitations(db, { isOpen: options.open ? true : undefined }, askedPage());
  const table = formatTable(page.items, {
    payee: (one) => formatAddress(one.payee),
    invited: (one) => one.invitedAt,
    by: (one) => one.actor,
    because: (one) => one.reason,
    withdrawn: (one) => one.withdrawnAt,
    'withdrawn because': (one) => one.withdrawReason,
  });
  answerPage(table, page);
}
