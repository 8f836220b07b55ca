import { html } from 'hono/html';
import type { Links } from '../../../client/links.js';
import { publicWait } from '../../../client/views/outside.js';
import { withChecksums } from '../../../core/chain/checksums.js';
import type { PayoutState } from '../../../core/payouts/rules/payout.js';
import type { PayoutSummary } from '../../../core/payouts/store/reads/payout-reads.js';
import { ago, eth, type Html, payeeLink, payoutLinks, pill, section, type Tone } from '../parts.js';
import type { PoolStatus } from '../pool-status.js';

const STATES: Readonly<Record<PayoutState, { readonly words: string; readonly tone: Tone }>> = {
  reserved: { words: 'reserved', tone: 'mute' },
  signed: { words: 'on the way', tone: 'info' },
  reopened: { words: 'taken back, sent again', tone: 'warn' },
  paid: { words: 'paid', tone: 'good' },
  refused: { words: 'refused', tone: 'bad' },
  failed: { words: 'failed', tone: 'warn' },
  cancelled: { words: 'cancelled', tone: 'mute' },
};

/**
 * Lists payouts that are reserved but not settled, with the reason. This is where an operator looks when a payee asks
 * for the money.
 */
export function waitingPayouts(status: PoolStatus, links: Links): Html {
  const { openPayouts, totals, now, standing } = status;
  const shown =
    openPayouts.length < totals.openPayouts ? `; the oldest ${openPayouts.length} are shown` : '';
  return section({
    title: 'Payouts under way',
    note: `${totals.openPayouts} open${shown}`,
    columns: ['Payee', '#ETH', 'State', 'Why it waits', 'Since', 'Follow it'],
    rows: openPayouts.map(
      (payout) => html`<tr>
<td>${payeeLink(payout.payee)}</td>
<td data-unit="ETH" class="num end">${eth(payout.amountWei)}</td>
<td>${statePill(payout.state)}</td>
<td class="why s6 later">${waitWords(payout)}</td>
<td class="end">${ago(payout.createdAt, now)}</td>
<td class="s6 last">${payoutLinks(payout, links)}</td>
</tr>`,
    ),
    empty:
      standing.tone === 'good'
        ? 'Nothing is waiting: everything that was promised is settled.'
        : `Nothing is promised now. The pool's state: ${standing.words}.`,
  });
}

export function lastPayouts(status: PoolStatus, links: Links): Html {
  const { recentPayouts, now } = status;
  return section({
    title: 'Last payouts',
    note: recentPayouts.length === 0 ? '' : `the newest ${recentPayouts.length} that have ended`,
    columns: ['Payee', '#ETH', 'State', 'Transaction', 'Ended', 'Follow it'],
    rows: recentPayouts.map(
      (payout) => html`<tr>
<td>${payeeLink(payout.payee)}</td>
<td data-unit="ETH" class="num end">${eth(payout.amountWei)}</td>
<td>${statePill(payout.state)}</td>
<td class="desk">${transaction(payout)}</td>
<td class="end">${ago(payout.closedAt ?? payout.createdAt, now)}</td>
<td class="s6 last">${payoutLinks(payout, links)}</td>
</tr>`,
    ),
    empty: 'Nothing has been paid yet.',
  });
}

const statePill = (state: PayoutState): Html => pill(STATES[state].words, STATES[state].tone);

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
