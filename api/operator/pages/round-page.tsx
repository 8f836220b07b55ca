/** The next payout round: who would be paid now, who not and why, and what its gas costs; and the button that makes it. */
import type { ExpectedGas } from '../../../client/payouts/rounds.js';
import type { RunningPool } from '../../../client/running-pool.js';
import { mayDo } from '../../../core/access/rules/roles.js';
import { ethAndWei } from '../../../core/base/money.js';
import { withChecksums } from '../../../core/chain/checksums.js';
import type { PreviewedPayee } from '../../../core/payouts/rules/round-preview.js';
import type { previewRound } from '../../../core/payouts/store/reads/round-preview-reads.js';
import { counted } from '../../page/kit/numbers.js';
import {
  Eth,
  type Html,
  Notice,
  PayeeLink,
  Pill,
  Section,
  TableSection,
} from '../../page/kit/parts.js';
import { Frame, Hidden } from '../frame.js';
import type { Signed } from '../session.js';
import { Reason } from './action-pages.js';

/** More payees than this are not shown one by one; the round is made of all of them. */
const SHOWN = 200;

export interface RoundPageProps {
  readonly pool: RunningPool;
  readonly signed: Signed;
  readonly preview: Awaited<ReturnType<typeof previewRound>>;
  readonly gas: ExpectedGas;
  /** What stops every payout now. */
  readonly stops: readonly string[];
  /** What is different from what was looked at before. */
  readonly changed?: string;
}

export function RoundPage(props: RoundPageProps): Html {
  const { pool, signed, preview, stops, changed } = props;
  const { payees } = preview;
  const shown = payees.slice(0, SHOWN);
  return (
    <Frame
      pool={pool}
      signed={signed}
      title="Next round"
      path="/operator/round"
      json="/v1/round/preview"
    >
      {changed !== undefined && (
        <Notice tone="warn" title="Nothing was reserved">
          <p>{changed}. Below is the round of now.</p>
        </Notice>
      )}
      {stops.map((stop) => (
        <Notice tone="bad" title="Nothing is sent now">
          <p>{stop}</p>
        </Notice>
      ))}
      <Sums {...props} />
      <TableSection
        isWide
        title="Everybody"
        note={shown.length < payees.length ? `the first ${shown.length} of ${payees.length}` : ''}
        columns={['Payee', '#Pending ETH', 'Would be', 'Why']}
        rows={shown.map((one) => <PayeeRow one={one} />)}
        empty="Nobody has earned anything yet."
      />
    </Frame>
  );
}

function Sums({ signed, preview, gas }: RoundPageProps): Html {
  const { totals, previewHash } = preview;
  const due = totals.pays + totals.waits;
  return (
    <Section title="If a round began now" note="nothing is reserved yet">
      <dl class="answers">
        <dt>Would be paid</dt>
        <dd>
          {ethAndWei(totals.paysWei)} to {counted(totals.pays, 'payee')}
        </dd>
        <dt>Would be reserved, and then wait</dt>
        <dd>
          {ethAndWei(totals.waitsWei)} to {counted(totals.waits, 'payee')}
        </dd>
        <dt>Not due</dt>
        <dd>{counted(totals.notDue, 'payee')}</dd>
        <dt>Left of the day’s limit</dt>
        <dd>
          {ethAndWei(totals.leftTodayWei)}
          {totals.beyondTodayWei > 0n && `; ${ethAndWei(totals.beyondTodayWei)} would wait for it`}
        </dd>
        <dt>Gas</dt>
        <dd>{gasWords(gas)}</dd>
      </dl>
      {due > 0 && mayDo(signed.bearer.role, 'operate') ? (
        <form class="ask" method="post" action="/operator/round">
          <Hidden signed={signed} action="round.start" subject={previewHash} />
          <Reason />
          <small>
            It makes exactly this round. When anything has changed by then, it does nothing and
            shows you what.
          </small>
          <button type="submit" class="first">
            Make this round
          </button>
        </form>
      ) : (
        <p class="empty">
          {due === 0
            ? 'Nobody is due: there is nothing to make.'
            : 'To make it needs the role operate.'}
        </p>
      )}
    </Section>
  );
}

function gasWords({ transfers, perTransfer, baseFeeWei, costWei }: ExpectedGas): string {
  if (costWei === null || baseFeeWei === null) return 'not known: no block was seen yet';
  return `${ethAndWei(costWei)} for ${counted(transfers, 'transfer')} of ${perTransfer} gas, at the fee of the last block that was seen`;
}

const TONES = { pays: 'good', waits: 'warn', 'not-due': 'mute' } as const;
const WORDS = { pays: 'paid', waits: 'reserved, waits', 'not-due': 'not due' } as const;

function PayeeRow({ one }: { readonly one: PreviewedPayee }): Html {
  return (
    <tr>
      <td class="s4">
        <PayeeLink address={one.payee} />
      </td>
      <td class="num s2 end">
        <Eth wei={one.pendingWei} />
      </td>
      <td class="s6">
        <Pill tone={TONES[one.verdict]}>{WORDS[one.verdict]}</Pill>
      </td>
      <td class="why s6">{one.code !== null && withChecksums(`${one.code}: ${one.reason}`)}</td>
    </tr>
  );
}
