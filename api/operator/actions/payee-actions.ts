import { PoolError } from '../../../core/base/errors/pool-error.js';
import { parseAddress, toChecksum } from '../../../core/chain/checksums.js';
import { invitePayee, uninvitePayee } from '../../../core/payouts/store/payees/invitations.js';
import { type Action, type Given, inPostgres } from './action.js';

const act = (apply: typeof invitePayee): Action['run'] =>
  inPostgres(async (reader, given, decision) => {
    const payee = parseAddress(payeeOf(given));
    const { words } = await apply(reader, payee, decision);
    return `${toChecksum(payee)}: ${words}`;
  });

function payeeOf({ subject, inputs }: Given): string {
  const payee = inputs.payee ?? subject;
  if (payee === '') throw new PoolError('ADDRESS_MALFORMED', 'Give the address of a payee.');
  return payee;
}

export const PAYEE_ACTIONS = {
  'payee.invite': {
    role: 'operate',
    label: 'Invite',
    title: 'Invite a payee',
    inputs: [{ name: 'payee', label: 'Payee', hint: '0x…', kind: 'text' }],
    run: act(invitePayee),
  },
  'payee.uninvite': {
    role: 'operate',
    label: 'Withdraw',
    title: 'Withdraw the invitation of this payee',
    run: act(uninvitePayee),
  },
} as const satisfies Readonly<Record<string, Action>>;
