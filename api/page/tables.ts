/** The page's tables: findings, payouts, sources and workers. */
import { html } from 'hono/html';
import type { Links } from '../../client/links.js';
import { duration } from '../../core/base/duration.js';
import { withChecksums } from '../../core/chain/checksums.js';
import type { SourceSummary } from '../../core/events/store/sources/source-reads.js';
import type { RemoteWorkerSummary } from '../../core/payees/store/remote-worker-reads.js';
import type { PayoutState } from '../../core/payouts/rules/payout.js';
import type { PayoutSummary } from '../../core/payouts/store/reads/payout-reads.js';
import type { ShownFinding } from '../../core/sentinel/store/finding-reads.js';
import { publicActor, publicError, publicFinding, publicRegion, publicWait } from '../outside.js';
import { CHART_HOURS, hourChart } from './hour-chart.js';
import {
  ago,
  eth,
  groupDigits,
  type Html,
  payeeLink,
  payoutLinks,
  pill,
  section,
  type Tone,
} from './parts.js';
import type { PoolStatus } from './pool-status.js';

/** The sentinel looks every minute; without a look for this many ms, it counts as not running. */
const BLIND_MS = 5 * 60_000;

/** The sentinel's open findings: the most severe first, acknowledged ones last. */
export function findingSection(status: PoolStatus): Html {
  const { findings, findingTotals, now } = status;
  const open = findingTotals.counts.reduce((sum, count) => sum + count.findings, 0);
  const more = findings.length < open ? `the first ${findings.length} of ${open}; ` : '';
  return section({
    title: 'What wants a look',
    note: `${more}${lookedWords(status)}`,
    columns: ['Finding', 'Source', 'What is seen', 'Since'],
    rows: findings.map(
      (finding) => html`<tr${finding.acknowledged === null ? '' : html` class="dim"`}>
<td class="s4">${codePill(finding)}</td>
<td class="s2 end">${finding.sourceId === '' ? 'the pool' : finding.sourceId}</td>
<td class="why s6 later">${publicFinding(finding).words}${acknowledgement(finding)}</td>
<td class="later">${ago(finding.openedAt, now)}</td>
</tr>`,
    ),
    empty: 'Nothing: what comes in looks as usual.',
  });
}

function lookedWords({ findingTotals: { lookedAt }, now }: PoolStatus): string {
  if (lookedAt === null) return 'the sentinel has not looked yet';
  const ageMs = now.getTime() - lookedAt.getTime();
  const words = `the sentinel looked ${duration(ageMs)} ago`;
  return ageMs > BLIND_MS ? `${words}: no worker runs, or Temporal is away` : words;
}

function codePill({ code, severity, acknowledged }: ShownFinding): Html {
  if (acknowledged !== null) return pill(code, 'mute');
  return pill(code, severity === 'grave' ? 'bad' : 'warn');
}

function acknowledgement({ acknowledged }: ShownFinding): Html {
  if (acknowledged === null) return html``;
  return html`<br>Acknowledged by ${publicActor(acknowledged.by)}.`;
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

/** Payouts that are not settled, with the reason: an operator looks here when a payee asks for the money. */
export function waitingPayouts(status: PoolStatus, links: Links): Html {
  const { openPayouts, totals, now, standing } = status;
  const shown =
    openPayouts.length < totals.openPayouts ? `; the oldest ${openPayouts.length} are shown` : '';
  return section({
    title: 'Payouts under way',
    note: `${totals.openPayouts} open${shown}`,
    columns: ['Payee', '#ETH', 'State', 'Why it waits', 'Since', 'Follow it'],
    rows: openPayouts.map((payout) => {
      const why = html`<td class="why s6 later">${waitWords(payout)}</td>`;
      return payoutRow(payout, why, ago(payout.createdAt, now), links);
    }),
    empty:
      standing.tone === 'good'
        ? 'Nothing is waiting: everything that was promised is settled.'
        : `Nothing is promised now. The pool's state: ${standing.words}.`,
  });
}

export function lastPayouts(status: PoolStatus, links: Links): Html {
  const { items } = status.endedPayouts;
  return section({
    title: 'Last payouts',
    note: items.length === 0 ? '' : `the newest ${items.length} that have ended`,
    columns: ['Payee', '#ETH', 'State', 'Transaction', 'Ended', 'Follow it'],
    rows: items.map((payout) => {
      const sent = html`<td class="desk">${transaction(payout)}</td>`;
      return payoutRow(payout, sent, ago(payout.closedAt ?? payout.createdAt, status.now), links);
    }),
    empty: 'Nothing has been paid yet.',
  });
}

function payoutRow(payout: PayoutSummary, cell: Html, when: Html, links: Links): Html {
  const { words, tone } = STATES[payout.state];
  return html`<tr>
<td>${payeeLink(payout.payee)}</td>
<td data-unit="ETH" class="num end">${eth(payout.amountWei)}</td>
<td>${pill(words, tone)}</td>
${cell}
<td class="end">${when}</td>
<td class="s6 last">${payoutLinks(payout, links)}</td>
</tr>`;
}

function waitWords(payout: PayoutSummary): Html {
  if (payout.heldAt !== null) {
    return html`<b>Held by an operator.</b> <span class="dim">${payout.holdReason ?? ''}</span>`;
  }
  if (payout.waitCode === null) {
    const next = payout.state === 'reserved' ? 'Next: sign and send.' : 'Sent; waiting for blocks.';
    return html`<span class="dim">${next}</span>`;
  }
  const words = withChecksums(publicWait(payout.waitCode, payout.waitReason)) ?? '';
  return html`${words} <span class="dim mono">${payout.waitCode}</span>`;
}

function transaction({ txHash, nonce }: PayoutSummary): Html {
  if (txHash === null) return html`<span class="dim">none</span>`;
  const short = `${txHash.slice(0, 10)}…${txHash.slice(-4)}`;
  return html`<span class="mono" title="${txHash} (nonce ${nonce})">${short}</span>`;
}

/** A source is shown as late when this many sync intervals have passed without a complete sync. */
const LATE_INTERVALS = 4;
const CHART_TITLE = `Events an hour, ${CHART_HOURS} h`;

export function sourceSection(status: PoolStatus): Html {
  const { sources, hours, now } = status;
  return section({
    title: 'Sources',
    note: 'where the events come from',
    columns: ['Source', 'State', CHART_TITLE, 'Read up to', 'Last read', '#Events, 24 h', '#All'],
    rows: sources.map((source) => {
      const events = groupDigits(source.events.toString());
      return html`<tr>
<td class="s6"><b>${source.id}</b><br><span class="dim">${[source.region, source.nodeType, source.kind].filter(Boolean).join(' · ')}</span></td>
<td class="why s6">${sourceState(source, status)}</td>
<td data-label="${CHART_TITLE}" class="s6">${hourChart(
        hours.filter(({ sourceId }) => sourceId === source.id),
        now,
      )}</td>
<td data-label="Read up to">${ago(source.cursorDt, now, 'nothing yet')}</td>
<td data-label="Last read" class="end">${ago(source.lastSuccessAt, now)}</td>
<td data-label="Events, 24 h" class="num">${groupDigits(source.eventsLastDay.toString())}</td>
<td data-label="All events" class="num end">${events}</td>
</tr>`;
    }),
    empty: 'No source is configured.',
  });
}

function sourceState(source: SourceSummary, { config, now }: PoolStatus): Html {
  if (source.removedAt !== null) return pill('removed', 'mute');
  if (source.lastErrorCode !== null) {
    return html`${pill(source.lastErrorCode, 'bad')}<br>${publicError(source.lastErrorCode)}`;
  }
  if (source.lastSuccessAt === null) return pill('not read yet', 'warn');
  const { incompleteObjects: torn } = source;
  if (torn > 0)
    return pill(torn === 1 ? '1 file is not whole' : `${torn} files are not whole`, 'warn');
  const configured = config.sources.find(({ id }) => id === source.id);
  const intervalMs = configured?.syncIntervalMs ?? config.pool.syncIntervalMs;
  const isLate = now.getTime() - source.lastSuccessAt.getTime() > LATE_INTERVALS * intervalMs;
  return isLate ? pill('late', 'warn') : pill('reads well', 'good');
}

export function workerSection({ workers, totals, now }: PoolStatus): Html {
  const shown = workers.length < totals.workers ? `; the first ${workers.length} are shown` : '';
  return section({
    title: 'Remote workers',
    note: `${totals.workersOnline} of ${totals.workers} online${shown}`,
    columns: ['Worker', 'Does', 'Region', '#Jobs', '#Pending ETH', '#Paid ETH', 'Last event'],
    rows: workers.map((worker) => workerRow(worker, now)),
    empty: 'No worker has connected yet.',
  });
}

function workerRow(worker: RemoteWorkerSummary, now: Date): Html {
  const state = worker.online ? 'online' : 'offline';
  const zeroFees = `${groupDigits(worker.zeroFeeJobs)} of them without a fee`;
  return html`<tr>
<td class="s4"><span class="dot ${worker.online ? 'on' : ''}" title="${state}" role="img" aria-label="${state}"></span>${payeeLink(worker.payee)}</td>
<td class="s2 end">${pill(worker.nodeType, worker.nodeType === 'ai' ? 'info' : 'mute')}</td>
<td class="later">${publicRegion(worker.region)}</td>
<td data-label="Jobs" class="num s2"><span title="${zeroFees}">${groupDigits(worker.jobs)}</span></td>
<td data-label="Pending ETH" class="num s2">${eth(worker.pendingWei + worker.reservedWei)}</td>
<td data-label="Paid ETH" class="num s2 end">${eth(worker.paidWei)}</td>
<td class="later end">${ago(worker.lastEventAt, now)}</td>
</tr>`;
}
