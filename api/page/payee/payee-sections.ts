/** The sections of a payee's page. */
import { html } from 'hono/html';
import { duration } from '../../../core/base/duration.js';
import { withChecksums } from '../../../core/chain/checksums.js';
import type { Gate } from '../../../core/payouts/rules/gates.js';
import type { PayoutState } from '../../../core/payouts/rules/payout.js';
import type { PayoutSummary } from '../../../core/payouts/store/reads/payout-reads.js';
import { workerWords } from '../../../core/standing/rules/worker-words.js';
import { publicRegion, publicWait } from '../../outside.js';
import {
  ago,
  eth,
  groupDigits,
  type Html,
  outside,
  permille,
  pill,
  section,
  type Tone,
  utc,
} from '../parts.js';
import type { PayeeStatus } from './payee-status.js';

/** Shows what was earned as a sum that the reader can add up, and how far the next payout is. */
export function earningsSection({ payee, why, nextRoundAt, now }: PayeeStatus): Html {
  const { pendingWei, reservedWei, paidWei } = payee;
  const parts = [
    { name: 'Paid', wei: paidWei, colour: 'c-paid', sign: '' },
    { name: 'On the way', wei: reservedWei, colour: 'c-way', sign: '+' },
    { name: 'Pending', wei: pendingWei, colour: 'c-wait', sign: '+' },
    { name: 'Earned', wei: pendingWei + reservedWei + paidWei, colour: 'c-fee', sign: '=' },
  ];
  return html`<section>
<dl class="totals sum">${parts.map(
    ({ name, wei, colour, sign }) =>
      html`<div><dt>${sign === '' ? '' : html`<b aria-hidden="true">${sign}</b>`}<i class="${colour}"></i>${name}</dt><dd>${eth(wei)} <small>ETH</small></dd><dd class="exact">${groupDigits(wei.toString())} wei</dd></div>`,
  )}</dl>
<div class="share">${thresholdBar(why.round)}<p>${roundWords(nextRoundAt, now)}</p></div>
</section>`;
}

function roundWords(nextRoundAt: Date | null, now: Date): Html {
  if (nextRoundAt === null) return html`No payout round has run yet.`;
  const time = html`<time datetime="${nextRoundAt.toISOString()}">${utc(nextRoundAt)}</time>`;
  const leftMs = nextRoundAt.getTime() - now.getTime();
  const when = leftMs > 0 ? `in ${duration(leftMs)}` : 'any moment now';
  return html`The next payout round is due ${when} (${time}).`;
}

/** Draws what is pending against the amount from which the pool pays. */
function thresholdBar(gates: readonly Gate[]): Html {
  const measured = gates.find(({ name }) => name === 'threshold')?.measured;
  if (measured?.unit !== 'wei') return html``;
  const { value: pendingWei, limit: thresholdWei } = measured;
  const share = thresholdWei === 0n ? 1000 : permille(pendingWei, thresholdWei);
  const words = `${Math.floor(share / 10)} % of the amount from which the pool pays`;
  return html`<svg viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label="${words}"><rect class="c-wait" x="0" width="${share}" height="10"/></svg>
<p>${eth(pendingWei)} of ${eth(thresholdWei)} ETH pending: ${words}.</p>`;
}

const HEADS = {
  pays: 'You are paid by the next round',
  waits: 'The next round promises you a payout, which then has to wait',
  'not-due': 'You are not due yet',
  stopped: 'The pool pays nobody right now',
  'under-way': 'A payout is on its way to you',
  'held-up': 'A payout to you is held up',
};

/** Shows every gate between the payee and its money: those that are shut, and below them the open ones. */
export function whySection({ why }: PayeeStatus): Html {
  const gates = [...why.pool, ...why.round, ...why.payout];
  const open = gates.filter(({ code }) => code === null);
  // What decides comes first; the others follow in the order in which the money meets them.
  const shut = gates.filter((gate) => gate.code !== null && gate !== why.decidedBy);
  if (why.decidedBy !== null) shut.unshift(why.decidedBy);
  const head = why.decidedBy?.code == null ? '' : workerWords(why.decidedBy.code);
  return section({
    title: HEADS[why.verdict],
    note: head,
    columns: [],
    rows: [],
    empty: html`${
      shut.length === 0
        ? html`<p>Nothing stands between you and your money.</p>`
        : html`<ul class="gates">${shut.map((gate) => shutGate(gate, why.usual))}</ul>`
    }<details><summary>${open.length} of ${gates.length} gates are open</summary><ul class="gates">${open.map(openGate)}</ul></details>`,
  });
}

function shutGate(gate: Gate, usual: PayeeStatus['why']['usual']): Html {
  const { code, reason, opensByItself, opener } = gate;
  if (code === null) return html``;
  const who = {
    payee: 'You can open it.',
    pool: 'The pool can open it.',
    nobody: 'Nobody has to do anything.',
  }[opener];
  const known = usual.get(code);
  const long =
    known === undefined
      ? ''
      : ` It usually takes ${duration(known.medianMs)}, nine of ten times less than ${duration(known.p90Ms)}.`;
  return html`<li><span class="mark" aria-hidden="true">✗</span><div><b>${workerWords(code)}</b>
<p>${opensByItself ? 'It passes by itself.' : 'It does not pass by itself.'} ${who}${long}</p>
<details class="fine"><summary>In the operator's words</summary><p>${withChecksums(publicWait(code, reason))} <span class="mono">${code}</span></p></details></div></li>`;
}

const openGate = ({ reason, code }: Gate): Html =>
  html`<li><span class="mark good" aria-hidden="true">✓</span><div>${withChecksums(publicWait(code, reason))}</div></li>`;

const STATES: Readonly<Record<PayoutState, { readonly words: string; readonly tone: Tone }>> = {
  reserved: { words: 'promised, not signed yet', tone: 'mute' },
  signed: { words: 'on its way', tone: 'info' },
  reopened: { words: 'taken back by the chain, sent again', tone: 'warn' },
  paid: { words: 'paid', tone: 'good' },
  refused: { words: 'your address did not take it', tone: 'bad' },
  failed: { words: 'did not go through; it is paid again', tone: 'warn' },
  cancelled: { words: 'withdrawn; the amount is pending again', tone: 'mute' },
};

export function ownPayouts({ payouts, links, now }: PayeeStatus): Html {
  return section({
    title: 'Your payouts',
    note: payouts.length === 0 ? '' : `the newest ${payouts.length}`,
    columns: ['#ETH', 'State', 'What it waits for', 'Made', 'Took', 'Transaction'],
    rows: payouts.map((payout) => payoutRow(payout, links.transaction(payout.txHash), now)),
    empty: 'Nothing has been paid to you yet.',
  });
}

function payoutRow(payout: PayoutSummary, transactionUrl: string | null, now: Date): Html {
  const { words, tone } = STATES[payout.state];
  const { closedAt, createdAt, waitCode } = payout;
  const took = closedAt === null ? '' : duration(closedAt.getTime() - createdAt.getTime());
  return html`<tr>
<td data-label="ETH" class="num">${eth(payout.amountWei)}</td>
<td class="end">${pill(words, tone)}</td>
<td class="why s6">${waitCode === null ? '' : workerWords(waitCode)}</td>
<td data-label="Made">${ago(createdAt, now)}</td>
<td data-label="Took">${took}</td>
<td class="s6 last">${transactionLink(payout.txHash, transactionUrl)}</td>
</tr>`;
}

function transactionLink(txHash: string | null, url: string | null): Html {
  if (txHash === null) return html``;
  const short = html`<span class="mono">${txHash.slice(0, 10)}…${txHash.slice(-4)}</span>`;
  return url === null ? short : outside(url, short);
}

export function ownWorkers({ workers, now }: PayeeStatus): Html {
  const online = workers.filter((worker) => worker.online).length;
  return section({
    title: 'Your machines',
    note: `${online} of ${workers.length} are connected`,
    columns: ['State', 'Does', 'Region', '#Jobs', '#Earned ETH', 'Last seen'],
    rows: workers.map(
      (worker) => html`<tr>
<td>${worker.online ? pill('● connected', 'good') : pill('○ away', 'mute')}</td>
<td class="end">${pill(worker.nodeType, worker.nodeType === 'ai' ? 'info' : 'mute')}</td>
<td data-label="Region">${publicRegion(worker.region)}</td>
<td data-label="Jobs" class="num">${groupDigits(worker.jobs)}</td>
<td data-label="Earned ETH" class="num">${eth(worker.pendingWei + worker.reservedWei + worker.paidWei)}</td>
<td data-label="Last seen" class="end">${ago(worker.lastEventAt, now)}</td>
</tr>`,
    ),
    empty: 'No machine of yours has connected yet.',
  });
}
