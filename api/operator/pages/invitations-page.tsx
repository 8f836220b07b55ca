/** Whom people have invited, and a button that withdraws each invitation. */
import type { RunningPool } from '../../../client/running-pool.js';
import type { Page } from '../../../core/db/paging.js';
import type { Invitation } from '../../../core/payouts/store/payees/invitations.js';
import { utc } from '../../page/kit/numbers.js';
import { type Html, PayeeLink, TableSection } from '../../page/kit/parts.js';
import { ActionButton, Frame } from '../frame.js';
import type { Signed } from '../session.js';

interface InvitationsPageProps {
  readonly pool: RunningPool;
  readonly signed: Signed;
  readonly invitations: Page<Invitation>;
}

export const InvitationsPage = ({ pool, signed, invitations }: InvitationsPageProps): Html => (
  <Frame pool={pool} signed={signed} title="Invitations" path="/operator/invitations">
    <p>
      <ActionButton signed={signed} name="payee.invite" subject="" of="a payee" />
    </p>
    <TableSection
      isWide
      title="Invited now"
      note="they count where the policy admits invited payees only"
      columns={['Payee', 'Invited', 'By', 'Because', '']}
      rows={invitations.items.map(({ payee, invitedAt, actor, reason }) => (
        <tr>
          <td class="s6">
            <PayeeLink address={payee} />
          </td>
          <td data-label="Invited">{utc(invitedAt)}</td>
          <td data-label="By">{actor}</td>
          <td class="why s6" data-label="Because">
            {reason}
          </td>
          <td>
            <ActionButton signed={signed} name="payee.uninvite" subject={payee} of={payee} />
          </td>
        </tr>
      ))}
      empty="Nobody."
    />
    {invitations.nextCursor === null ? null : (
      <p>
        <a href={`/operator/invitations?cursor=${encodeURIComponent(invitations.nextCursor)}`}>
          Earlier ones
        </a>
      </p>
    )}
  </Frame>
);
