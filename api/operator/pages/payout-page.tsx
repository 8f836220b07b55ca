/** One payout for its operator: what was signed, why it waits, and what may be done about it. */
import { createLinks } from '../../../client/links.js';
import { nowOf, type RunningPool } from '../../../client/running-pool.js';
import { toChecksum, withChecksums } from '../../../core/chain/checksums.js';
import { isClosed } from '../../../core/payouts/rules/payout.js';
import type { PayoutSummary, SlotSummary } from '../../../core/payouts/store/reads/payout-reads.js';
import { utc } from '../../page/kit/numbers.js';
import {
  Eth,
  type Html,
  Outside,
  PayeeLink,
  Pill,
  Section,
  TableSection,
} from '../../page/kit/parts.js';
import type { ActionName } from '../actions/actions.js';
import { ActionButton, Frame } from '../frame.js';
import { isGone } from '../kept-workflows.js';
import type { Signed } from '../session.js';

const RESERVED: readonly ActionName[] = ['payout.approve', 'payout.hold', 'payout.cancel'];
const HELD: readonly ActionName[] = ['payout.resume', 'payout.approve', 'payout.cancel'];
const SIGNED: readonly ActionName[] = ['payout.bump', 'payout.release'];

function actionsOf({ state, heldAt }: PayoutSummary): readonly ActionName[] {
  if (isClosed(state)) return [];
  if (state !== 'reserved') return SIGNED;
  return heldAt === null ? RESERVED : HELD;
}

interface PayoutPageProps {
  readonly pool: RunningPool;
  readonly signed: Signed;
  readonly payout: PayoutSummary;
  readonly slots: readonly SlotSummary[];
  /** How long Temporal keeps closed workflows; null when it does not say. */
  readonly retentionMs: number | null;
}

export function PayoutPage(props: PayoutPageProps): Html {
  const { pool, signed, payout, slots, retentionMs } = props;
  const { id, payee, amountWei, state, waitCode, waitReason } = payout;
  const links = createLinks(pool);
  const transaction = links.transaction(payout.txHash);
  return (
    <Frame pool={pool} signed={signed} title="Payout" json={`/v1/payouts/${id}`}>
      <Section title="Payout" note={<span class="whole">{id}</span>}>
        <dl class="answers">
          <dt>To whom, and how much</dt>
          <dd>
            <PayeeLink address={payee} /> <Eth wei={amountWei} /> ETH ({amountWei.toString()} wei)
          </dd>
          <dt>State</dt>
          <dd>
            <Pill tone="mute">{state}</Pill> reserved {utc(payout.createdAt)}
            {payout.closedAt !== null && `, ended ${utc(payout.closedAt)}`}
          </dd>
          {waitCode !== null && (
            <>
              <dt>Why it waits</dt>
              <dd>
                {waitCode}: {withChecksums(waitReason)}
              </dd>
            </>
          )}
          <dt>Follow it</dt>
          <dd class="links">
            <Workflow pool={pool} payout={payout} retentionMs={retentionMs} />
            {transaction !== null && <Outside url={transaction}>Explorer</Outside>}
          </dd>
        </dl>
        <div class="ask">
          {actionsOf(payout).map((name, index) => (
            <ActionButton signed={signed} name={name} subject={id} isFirst={index === 0} />
          ))}
        </div>
      </Section>
      <Attempts slots={slots} />
    </Frame>
  );
}

interface WorkflowProps {
  readonly pool: RunningPool;
  readonly payout: PayoutSummary;
  readonly retentionMs: number | null;
}

/** Leads to the saga in Temporal's UI, or says that Temporal has it no longer. */
function Workflow({ pool, payout, retentionMs }: WorkflowProps): Html | null {
  const links = createLinks(pool);
  const url = links.workflow(links.saga(payout.id));
  if (isGone(payout.closedAt, retentionMs, nowOf(pool))) {
    return <span class="dim">Temporal has its workflow no longer</span>;
  }
  return url === null ? null : <Outside url={url}>Temporal</Outside>;
}

function Attempts({ slots }: { readonly slots: readonly SlotSummary[] }): Html {
  const attempts = slots.flatMap((slot) => slot.attempts.map((attempt) => ({ slot, attempt })));
  return (
    <TableSection
      isWide
      title="What was signed for it"
      note="every transaction, under which nonce"
      columns={['#Nonce', 'Wallet', 'Transaction', 'Sent', 'Last answer']}
      rows={attempts.map(({ slot, attempt }) => (
        <tr>
          <td class="num" data-label="Nonce">
            {slot.nonce}
          </td>
          <td class="mono whole s6" data-label="Wallet">
            {toChecksum(slot.wallet)}
          </td>
          <td class="mono whole s6" data-label="Transaction">
            {attempt.hash}
          </td>
          <td data-label="Sent">{attempt.sends}</td>
          <td class="why s6" data-label="Last answer">
            {attempt.lastAnswer}
          </td>
        </tr>
      ))}
      empty="Nothing yet."
    />
  );
}
