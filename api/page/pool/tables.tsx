/** The page's tables: findings, payouts, sources and workers. */
import type { Links } from '../../../client/links.js';
import { duration } from '../../../core/base/duration.js';
import { withChecksums } from '../../../core/chain/checksums.js';
import type { SourceSummary } from '../../../core/events/store/sources/source-reads.js';
import type { PayoutState } from '../../../core/payouts/rules/payout.js';
import type { PayoutSummary } from '../../../core/payouts/store/reads/payout-reads.js';
import type { ShownFinding } from '../../../core/sentinel/store/finding-reads.js';
import { publicActor, publicError, publicFinding, publicWait } from '../../outside.js';
import { groupDigits } from '../kit/numbers.js';
import {
  Ago,
  Eth,
  type Html,
  Outside,
  PayeeLink,
  Pill,
  TableSection,
  type Tone,
} from '../kit/parts.js';
import { isSourceLate } from '../kit/source-state.js';
import { CHART_HOURS, HourChart } from './hour-chart.js';
import type { PoolStatus } from './pool-status.js';

interface StatusProps {
  readonly status: PoolStatus;
}

/** The sentinel looks every minute; without a look for this many ms, it counts as not running. */
const BLIND_MS = 5 * 60_000;

/** The sentinel's open findings: the most severe first, acknowledged ones last. */
export function Findings({ status }: StatusProps): Html {
  const { findings, findingTotals, now } = status;
  const open = findingTotals.counts.reduce((sum, count) => sum + count.findings, 0);
  const more = findings.length < open ? `the first ${findings.length} of ${open}; ` : '';
  return (
    <TableSection
      isWide
      title="What wants a look"
      note={`${more}${lookedWords(status)}`}
      columns={['Finding', 'Source', 'What is seen', 'Since']}
      rows={findings.map((finding) => (
        <tr class={finding.acknowledged === null ? undefined : 'dim'}>
          <td class="s4">
            <CodePill finding={finding} />
          </td>
          <td class="s2 end">{finding.sourceId === '' ? 'the pool' : finding.sourceId}</td>
          <td class="why s6 later">
            {publicFinding(finding).words}
            {finding.acknowledged !== null && (
              <>
                <br />
                {`Acknowledged by ${publicActor(finding.acknowledged.by)}.`}
              </>
            )}
          </td>
          <td class="later">
            <Ago at={finding.openedAt} now={now} />
          </td>
        </tr>
      ))}
      empty="Nothing: what comes in looks as usual."
    />
  );
}

function lookedWords({ findingTotals: { lookedAt }, now }: PoolStatus): string {
  if (lookedAt === null) return 'the sentinel has not looked yet';
  const ageMs = now.getTime() - lookedAt.getTime();
  const words = `the sentinel looked ${duration(ageMs)} ago`;
  return ageMs > BLIND_MS ? `${words}: no worker runs, or Temporal is away` : words;
}

function CodePill({ finding }: { readonly finding: ShownFinding }): Html {
  const { code, severity, acknowledged } = finding;
  const tone = severity === 'grave' ? 'bad' : 'warn';
  return <Pill tone={acknowledged === null ? tone : 'mute'}>{code}</Pill>;
}

const STATES: Readonly<Record<PayoutState, { readonly words: string; readonly tone: Tone }>> = {
  reserved: { words: 'reserved', tone: 'mute' },
  signed: { words: 'on the way', tone: 'info' },
  reopened: { words: 'taken back, sent again', tone: 'warn' },
  paid: { words: 'paid', tone: 'good' },
  refused: { words: 'refused', tone: 'bad' },
  failed: { words: 'failed', tone: 'warn' },
  cancelled: { words: 'cancelled', tone: 'mute' },
};

interface PayoutsProps extends StatusProps {
  readonly links: Links;
}

/** Payouts that are not settled, with the reason: an operator looks here when a payee asks for the money. */
export function WaitingPayouts({ status, links }: PayoutsProps): Html {
  const { openPayouts, totals, now, standing } = status;
  const shown =
    openPayouts.length < totals.openPayouts ? `; the oldest ${openPayouts.length} are shown` : '';
  return (
    <TableSection
      isWide
      title="Payouts under way"
      note={`${totals.openPayouts} open${shown}`}
      columns={['Payee', '#ETH', 'State', 'Why it waits', 'Since', 'Follow it']}
      rows={openPayouts.map((payout) => (
        <PayoutRow payout={payout} links={links} at={payout.createdAt} now={now}>
          <td class="why s6 later">
            <WaitWords payout={payout} />
          </td>
        </PayoutRow>
      ))}
      empty={
        standing.tone === 'good'
          ? 'Nothing is waiting: everything that was promised is settled.'
          : `Nothing is promised now. The pool's state: ${standing.words}.`
      }
    />
  );
}

export function LastPayouts({ status, links }: PayoutsProps): Html {
  const { items } = status.endedPayouts;
  return (
    <TableSection
      isWide
      title="Last payouts"
      note={items.length === 0 ? '' : `the newest ${items.length} that have ended`}
      columns={['Payee', '#ETH', 'State', 'Transaction', 'Ended', 'Follow it']}
      rows={items.map((payout) => (
        <PayoutRow
          payout={payout}
          links={links}
          at={payout.closedAt ?? payout.createdAt}
          now={status.now}
        >
          <td class="desk">
            <Transaction payout={payout} />
          </td>
        </PayoutRow>
      ))}
      empty="Nothing has been paid yet."
    />
  );
}

interface PayoutRowProps {
  readonly payout: PayoutSummary;
  readonly links: Links;
  readonly at: Date;
  readonly now: Date;
  /** The cell that differs between payouts under way and those that have ended. */
  readonly children: Html;
}

function PayoutRow({ payout, links, at, now, children }: PayoutRowProps): Html {
  const { words, tone } = STATES[payout.state];
  const url = links.transaction(payout.txHash);
  return (
    <tr>
      <td>
        <PayeeLink address={payout.payee} />
      </td>
      <td data-unit="ETH" class="num end">
        <Eth wei={payout.amountWei} />
      </td>
      <td>
        <Pill tone={tone}>{words}</Pill>
      </td>
      {children}
      <td class="end">
        <Ago at={at} now={now} />
      </td>
      <td class="s6 last">{url !== null && <Outside url={url}>Transaction</Outside>}</td>
    </tr>
  );
}

function WaitWords({ payout }: { readonly payout: PayoutSummary }): Html {
  if (payout.heldAt !== null) {
    return (
      <>
        <b>Held by an operator.</b> <span class="dim">{payout.holdReason}</span>
      </>
    );
  }
  if (payout.waitCode === null) {
    const next = payout.state === 'reserved' ? 'Next: sign and send.' : 'Sent; waiting for blocks.';
    return <span class="dim">{next}</span>;
  }
  return (
    <>
      {withChecksums(publicWait(payout.waitCode, payout.waitReason))}{' '}
      <span class="dim mono">{payout.waitCode}</span>
    </>
  );
}

function Transaction({ payout: { txHash, nonce } }: { readonly payout: PayoutSummary }): Html {
  if (txHash === null) return <span class="dim">none</span>;
  return (
    <span class="mono" title={`${txHash} (nonce ${nonce})`}>
      {`${txHash.slice(0, 10)}…${txHash.slice(-4)}`}
    </span>
  );
}

const CHART_TITLE = `Events an hour, ${CHART_HOURS} h`;

export function Sources({ status }: StatusProps): Html {
  return (
    <TableSection
      isWide
      title="Sources"
      note="where the events come from"
      columns={['Source', 'State', CHART_TITLE, 'Read up to', 'Last read', '#Events, 24 h', '#All']}
      rows={status.sources.map((source) => <SourceRow source={source} status={status} />)}
      empty="No source is configured."
    />
  );
}

interface SourceProps extends StatusProps {
  readonly source: SourceSummary;
}

function SourceRow({ source, status }: SourceProps): Html {
  const { hours, now } = status;
  return (
    <tr>
      <td class="s6">
        <b>{source.id}</b>
        <br />
        <span class="dim">
          {[source.region, source.nodeType, source.kind].filter(Boolean).join(' · ')}
        </span>
      </td>
      <td class="why s6">
        <SourceState source={source} status={status} />
      </td>
      <td data-label={CHART_TITLE} class="s6">
        <HourChart hours={hours.filter(({ sourceId }) => sourceId === source.id)} now={now} />
      </td>
      <td data-label="Read up to">
        <Ago at={source.cursorDt} now={now} never="nothing yet" />
      </td>
      <td data-label="Last read" class="end">
        <Ago at={source.lastSuccessAt} now={now} />
      </td>
      <td data-label="Events, 24 h" class="num">
        {groupDigits(source.eventsLastDay.toString())}
      </td>
      <td data-label="All events" class="num end">
        {groupDigits(source.events.toString())}
      </td>
    </tr>
  );
}

function SourceState({ source, status }: SourceProps): Html {
  if (source.removedAt !== null) return <Pill tone="mute">removed</Pill>;
  if (source.lastErrorCode !== null) {
    return (
      <>
        <Pill tone="bad">{source.lastErrorCode}</Pill>
        <br />
        {publicError(source.lastErrorCode)}
      </>
    );
  }
  if (source.lastSuccessAt === null) return <Pill tone="warn">not read yet</Pill>;
  const { incompleteObjects: torn } = source;
  if (torn > 0) {
    return (
      <Pill tone="warn">{torn === 1 ? '1 file is not whole' : `${torn} files are not whole`}</Pill>
    );
  }
  return isSourceLate(source, status) ? (
    <Pill tone="warn">late</Pill>
  ) : (
    <Pill tone="good">reads well</Pill>
  );
}
