/** The sections of a payee's page. */
import { duration } from '../../../core/base/duration.js';
import { toChecksum, withChecksums } from '../../../core/chain/checksums.js';
import type { Gate, GateCode, ShutGate } from '../../../core/payouts/rules/gates.js';
import type { PayoutState } from '../../../core/payouts/rules/payout.js';
import type { PayoutSummary } from '../../../core/payouts/store/reads/payout-reads.js';
import { workerWords } from '../../../core/standing/rules/worker-words.js';
import { publicRegion, publicWait } from '../../outside.js';
import { groupDigits, permille, shortEth } from '../kit/numbers.js';
import {
  Ago,
  At,
  Eth,
  type Html,
  Outside,
  Pill,
  Section,
  TableSection,
  type Tone,
} from '../kit/parts.js';
import { type PayeeStatus, type PayeeVerdict, shownVerdict } from './payee-status.js';

interface StatusProps {
  readonly status: PayeeStatus;
}

/** Shows what was earned as a sum that the reader can add up, and how far the next payout is. */
export function Earnings({ status }: StatusProps): Html {
  const { payee, why, nextRoundAt, now } = status;
  const { pendingWei, reservedWei, paidWei } = payee;
  const parts = [
    { key: 'paid', name: 'Paid', wei: paidWei, colour: 'c-paid', sign: '' },
    { key: 'reserved', name: 'On the way', wei: reservedWei, colour: 'c-way', sign: '+' },
    { key: 'pending', name: 'Pending', wei: pendingWei, colour: 'c-wait', sign: '+' },
    {
      key: 'earned',
      name: 'Earned',
      wei: pendingWei + reservedWei + paidWei,
      colour: 'c-fee',
      sign: '=',
    },
  ];
  return (
    <section>
      <dl class="totals sum">
        {parts.map(({ key, name, wei, colour, sign }) => (
          <div data-key={key}>
            <dt>
              {sign !== '' && <b aria-hidden="true">{sign}</b>}
              <i class={colour} />
              {name}
            </dt>
            <dd>
              <Eth wei={wei} /> <small>ETH</small>
            </dd>
            <dd class="exact">{groupDigits(wei.toString())} wei</dd>
          </div>
        ))}
      </dl>
      <div class="share">
        <ThresholdBar gates={why.round} />
        <p>
          <Expected payday={why.payday} />
        </p>
        <p>
          <NextRound at={nextRoundAt} now={now} />
        </p>
      </div>
    </section>
  );
}

/** When what is pending is paid, as a range. */
function Expected({ payday }: Pick<PayeeStatus['why'], 'payday'>): Html {
  if (payday.kind === 'reached') return <>Enough is pending for a payout.</>;
  if (payday.kind === 'expected') {
    const { earliestMs, latestMs } = payday;
    return (
      <>
        If you go on as in the last seven days, the next payout comes between{' '}
        <b>
          <At at={new Date(earliestMs)} />
        </b>{' '}
        and{' '}
        <b>
          <At at={new Date(latestMs)} />
        </b>
        .
      </>
    );
  }
  const words = {
    'few-jobs': 'there were too few jobs in the last seven days',
    'far-off': 'it would be more than a year away',
  };
  return <>No estimate of the next payout: {words[payday.why]}.</>;
}

function NextRound({ at, now }: { readonly at: Date | null; readonly now: Date }): Html {
  if (at === null) return <>No payout round has run yet.</>;
  const leftMs = at.getTime() - now.getTime();
  const when = leftMs > 0 ? `in ${duration(leftMs)}` : 'any moment now';
  return (
    <>
      The next payout round is due {when} (<At at={at} />
      ).
    </>
  );
}

/** Draws what is pending against the amount from which the pool pays. */
function ThresholdBar({ gates }: { readonly gates: readonly Gate[] }): Html | null {
  const measured = gates.find(({ name }) => name === 'threshold')?.measured;
  if (measured?.unit !== 'wei') return null;
  const { value: pendingWei, limit: thresholdWei } = measured;
  const share = thresholdWei === 0n ? 1000 : permille(pendingWei, thresholdWei);
  const words = `${Math.floor(share / 10)} % of the amount from which the pool pays`;
  return (
    <>
      <svg viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label={words}>
        <rect class="c-wait" x="0" width={share} height="10" />
      </svg>
      <p>
        <Eth wei={pendingWei} /> of <Eth wei={thresholdWei} /> ETH pending: {words}.
      </p>
    </>
  );
}

const HEADS: Readonly<Record<PayeeVerdict, string>> = {
  pays: 'You are paid by the next round',
  waits: 'The next round promises you a payout, which then has to wait',
  'not-due': 'You are not due yet',
  'kept-by-pool': 'You are not paid until the pool acts',
  'kept-by-you': 'You are not paid until you act',
  stopped: 'The pool pays nobody right now',
  'under-way': 'A payout is on its way to you',
  'held-up': 'A payout to you is held up',
};

const isShut = (gate: Gate): gate is ShutGate<GateCode> => gate.code !== null;

/** Shows every gate between the payee and its money: those that are shut, and below them the open ones. */
export function WhySection({ status: { why } }: StatusProps): Html {
  const gates = [...why.pool, ...why.round, ...why.payout];
  const open = gates.filter((gate) => !isShut(gate));
  // What decides comes first; the others follow in the order in which the money meets them.
  const decides = gates.filter(isShut).filter((gate) => gate === why.decidedBy);
  const others = gates.filter(isShut).filter((gate) => gate !== why.decidedBy);
  const shut = [...decides, ...others];
  return (
    <Section title={HEADS[shownVerdict(why)]} note={decides[0] && workerWords(decides[0].code)}>
      <div class="empty">
        {shut.length === 0 ? (
          <p>Nothing stands between you and your money.</p>
        ) : (
          <ul class="gates">
            {shut.map((gate) => (
              <ShutGateItem gate={gate} usual={why.usual} />
            ))}
          </ul>
        )}
        <details>
          <summary>
            {open.length} of {gates.length} gates are open
          </summary>
          <ul class="gates">
            {open.map(({ reason, code }) => (
              <li>
                <span class="mark good" aria-hidden="true">
                  ✓
                </span>
                <div>{withChecksums(publicWait(code, reason))}</div>
              </li>
            ))}
          </ul>
        </details>
      </div>
    </Section>
  );
}

const OPENERS = {
  payee: 'You can open it.',
  pool: 'The pool can open it.',
  nobody: 'Nobody has to do anything.',
};

interface ShutGateProps {
  readonly gate: ShutGate<GateCode>;
  readonly usual: PayeeStatus['why']['usual'];
}

function ShutGateItem({ gate, usual }: ShutGateProps): Html {
  const { code, reason, opensByItself, opener } = gate;
  const known = usual.get(code);
  return (
    <li>
      <span class="mark" aria-hidden="true">
        {opener === 'nobody' ? '…' : '✗'}
      </span>
      <div>
        <b>{workerWords(code)}</b>
        <p>
          {opensByItself ? 'It passes by itself.' : 'It does not pass by itself.'} {OPENERS[opener]}
          {known !== undefined &&
            ` It usually takes ${duration(known.medianMs)}, nine of ten times less than ${duration(known.p90Ms)}.`}
        </p>
        <details class="fine">
          <summary>In the operator's words</summary>
          <p>
            {withChecksums(publicWait(code, reason))} <span class="mono">{code}</span>
          </p>
        </details>
      </div>
    </li>
  );
}

const STATES: Readonly<Record<PayoutState, { readonly words: string; readonly tone: Tone }>> = {
  reserved: { words: 'promised, not signed yet', tone: 'mute' },
  signed: { words: 'on its way', tone: 'info' },
  reopened: { words: 'taken back by the chain, sent again', tone: 'warn' },
  paid: { words: 'paid', tone: 'good' },
  refused: { words: 'your address did not take it', tone: 'bad' },
  failed: { words: 'did not go through; it is paid again', tone: 'warn' },
  cancelled: { words: 'withdrawn; the amount is pending again', tone: 'mute' },
};

export function OwnPayouts({ status: { payouts, costs, config, links, now } }: StatusProps): Html {
  return (
    <TableSection
      isWide
      title="Your payouts"
      note={payouts.length === 0 ? '' : `the newest ${payouts.length}`}
      columns={['#ETH', 'State', 'Details', 'Made', 'Took', 'Follow it']}
      rows={payouts.map((payout) => (
        <PayoutRow
          payout={payout}
          url={links.transaction(payout.txHash)}
          costWei={costs.get(payout.id)}
          confirmations={config.chain.confirmations}
          now={now}
        />
      ))}
      empty="Nothing has been paid to you yet."
    />
  );
}

interface PayoutRowProps {
  readonly payout: PayoutSummary;
  /** Where the explorer shows its transaction. */
  readonly url: string | null;
  /** What its transactions cost in gas fees, once they are in a block. */
  readonly costWei: bigint | undefined;
  /** How many blocks deep a transaction must be to count. */
  readonly confirmations: number;
  readonly now: Date;
}

function PayoutRow({ payout, url, costWei, confirmations, now }: PayoutRowProps): Html {
  const { words, tone } = STATES[payout.state];
  const { closedAt, createdAt, waitCode } = payout;
  return (
    <tr>
      <td data-label="ETH" class="num">
        <Eth wei={payout.amountWei} />
      </td>
      <td class="end">
        <Pill tone={tone}>{words}</Pill>
      </td>
      <td class="why s6">
        {waitCode !== null && `${workerWords(waitCode)} `}
        {depthWords(payout, confirmations)}
        {costWei !== undefined && ` The pool paid ${shortEth(costWei)} ETH for the network.`}
      </td>
      <td data-label="Made">
        <Ago at={createdAt} now={now} />
      </td>
      <td data-label="Took">
        {closedAt !== null && duration(closedAt.getTime() - createdAt.getTime())}
      </td>
      <td class="s6 last">
        <span class="links">
          <TransactionLink txHash={payout.txHash} url={url} />
          <a href={`/payees/${toChecksum(payout.payee)}/payouts/${payout.id}`}>What is in it</a>
        </span>
      </td>
    </tr>
  );
}

/** How deep its transaction is, `n of m` blocks, if it is in a block. */
function depthWords({ state, waitCode, waitReason }: PayoutSummary, wanted: number): string | null {
  if (state === 'paid') return `${wanted} of ${wanted} confirmations.`;
  if (waitCode !== 'AWAITING_CONFIRMATIONS') return null;
  const [missing] = /\d+/.exec(waitReason ?? '') ?? [];
  return missing === undefined ? null : `${wanted - Number(missing)} of ${wanted} confirmations.`;
}

interface TransactionProps {
  readonly txHash: string | null;
  readonly url: string | null;
}

function TransactionLink({ txHash, url }: TransactionProps): Html | null {
  if (txHash === null) return null;
  const short = <span class="mono">{`${txHash.slice(0, 10)}…${txHash.slice(-4)}`}</span>;
  return url === null ? short : <Outside url={url}>{short}</Outside>;
}

export function OwnWorkers({ status: { workers, now } }: StatusProps): Html {
  const online = workers.filter((worker) => worker.online).length;
  return (
    <TableSection
      isWide
      title="Your machines"
      note={`${online} of ${workers.length} are connected`}
      columns={['State', 'Does', 'Region', '#Jobs', '#Earned ETH', 'Last seen']}
      rows={workers.map((worker) => (
        <tr>
          <td>
            {worker.online ? <Pill tone="good">● connected</Pill> : <Pill tone="mute">○ away</Pill>}
          </td>
          <td class="end">
            <Pill tone={worker.nodeType === 'ai' ? 'info' : 'mute'}>{worker.nodeType}</Pill>
          </td>
          <td data-label="Region">{publicRegion(worker.region)}</td>
          <td data-label="Jobs" class="num">
            {groupDigits(worker.jobs)}
          </td>
          <td data-label="Earned ETH" class="num">
            <Eth wei={worker.pendingWei + worker.reservedWei + worker.paidWei} />
          </td>
          <td data-label="Last seen" class="end">
            <Ago at={worker.lastEventAt} now={now} />
          </td>
        </tr>
      ))}
      empty="No machine of yours has connected yet."
    />
  );
}
