/** Which browsers are signed in. */
import { nowOf, type RunningPool } from '../../../client/running-pool.js';
import type { SessionRecord } from '../../../core/access/store/sessions.js';
import { utc } from '../../page/kit/numbers.js';
import { Ago, type Html, TableSection } from '../../page/kit/parts.js';
import { ActionButton, Frame } from '../frame.js';
import type { Signed } from '../session.js';

interface SessionsPageProps {
  readonly pool: RunningPool;
  readonly signed: Signed;
  readonly sessions: readonly SessionRecord[];
}

export const SessionsPage = ({ pool, signed, sessions }: SessionsPageProps): Html => (
  <Frame pool={pool} signed={signed} title="Sessions" path="/operator/sessions">
    <TableSection
      isWide
      title="Signed in now"
      note="revoking a token ends its sessions as well"
      columns={['Token', 'Signed in', 'Last seen', 'Ends', '']}
      rows={sessions.map(({ id, tokenName, createdAt, seenAt, endsAt }) => (
        <tr>
          <td class="s6">{tokenName ?? 'the one in the configuration'}</td>
          <td data-label="Signed in">{utc(createdAt)}</td>
          <td data-label="Last seen">
            <Ago at={seenAt} now={nowOf(pool)} />
          </td>
          <td data-label="Ends">{utc(endsAt)}</td>
          <td>
            {id === signed.id ? (
              'this browser'
            ) : (
              <ActionButton
                signed={signed}
                name="session.end"
                subject={id}
                of={tokenName ?? 'configured token'}
              />
            )}
          </td>
        </tr>
      ))}
      empty="Nobody."
    />
  </Frame>
);
