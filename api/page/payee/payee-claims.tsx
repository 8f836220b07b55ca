/** What a payee claims of other assets, on its page: apart from everything that is paid. */
import { formatUnits } from '../../../core/base/money.js';
import { dayOf } from '../../../core/payees/rules/earned-days.js';
import { CLAIM_WORDS } from '../../../core/policies/rules/claims.js';
import { type Html, TableSection } from '../kit/parts.js';
import type { PayeeStatus } from './payee-status.js';

/** Shows the claims, if there are any; nothing on most pools. */
export function OwnClaims({ status: { claims } }: { readonly status: PayeeStatus }): Html | null {
  if (claims.length === 0) return null;
  return (
    <TableSection
      title="Claims to other assets"
      note={
        <>
          <b>Claimed, not paid by this program.</b> They are figures by the pool’s{' '}
          <a href="/terms">terms</a>, in no payout and in no sum of ETH; ask the pool’s operator how
          it settles them.
        </>
      }
      columns={['Asset', '#Claimed', 'For days (UTC)']}
      rows={claims.map(({ asset, units, decimals, fromMs, toMs }) => (
        <tr data-claim={asset}>
          <th scope="row">{asset}</th>
          <td class="num">{formatUnits(units, decimals)}</td>
          <td>{fromMs === toMs ? dayOf(fromMs) : `${dayOf(fromMs)} to ${dayOf(toMs)}`}</td>
        </tr>
      ))}
      empty={CLAIM_WORDS}
    />
  );
}
