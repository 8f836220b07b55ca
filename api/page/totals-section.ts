/** Shows where the pool's fees went. */
import { html } from 'hono/html';
import { ago, eth, type Html, permille } from './parts.js';
import type { PoolStatus } from './pool-status.js';

interface Share {
  readonly name: string;
  readonly wei: bigint;
  readonly colour: string;
}

export function totalsSection({ totals, terms, wallet, now }: PoolStatus): Html {
  const shares: readonly Share[] = [
    { name: 'Paid out', wei: totals.paidWei, colour: 'c-paid' },
    { name: 'Reserved', wei: totals.reservedWei, colour: 'c-way' },
    { name: 'Pending', wei: totals.pendingWei, colour: 'c-wait' },
    { name: 'Commission', wei: totals.commissionWei, colour: 'c-fee' },
    { name: 'Unattributed', wei: totals.unattributedWei, colour: 'c-lost' },
  ];
  return html`<section>
<dl class="totals">${shares.map(
    ({ name, wei, colour }) =>
      html`<div><dt><i class="${colour}"></i>${name}</dt><dd>${eth(wei)} <small>ETH</small></dd></div>`,
  )}</dl>
<div class="share">${shareBar(shares)}
<p>Of ${eth(totals.grossWei)} ETH that the pool's jobs earned.${termsWords(terms)}${balanceWords(wallet, now)}</p></div>
</section>`;
}

function termsWords(terms: PoolStatus['terms']): Html {
  if (terms === undefined) return html` No worker has recorded the pool's terms yet.`;
  const { commissionBps, thresholdWei } = terms;
  return html` The pool keeps ${commissionBps / 100} %; the rest is paid once ${eth(thresholdWei)} ETH are pending for a payee.`;
}

function balanceWords(wallet: PoolStatus['wallet'], now: Date): Html {
  const balance = wallet?.balance ?? null;
  if (balance === null) return html``;
  return html` The wallet held ${eth(balance.wei)} ETH ${ago(balance.at, now)}.`;
}

/** Draws the shares as one bar. Widths are attributes, because the page's content policy allows no inline style. */
function shareBar(shares: readonly Share[]): Html {
  const whole = shares.reduce((sum, { wei }) => sum + (wei > 0n ? wei : 0n), 0n);
  let x = 0;
  const bars = shares.map(({ name, wei, colour }) => {
    // Even the smallest share is wide enough to be seen.
    const width = wei > 0n ? Math.max(3, permille(wei, whole)) : 0;
    const bar = html`<rect class="${colour}" x="${x}" width="${width}" height="10"><title>${name}: ${permille(wei, whole) / 10} %</title></rect>`;
    x += width;
    return bar;
  });
  return html`<svg viewBox="0 0 ${Math.max(1, x)} 10" preserveAspectRatio="none" role="img" aria-label="Shares of all fees">${bars}</svg>`;
}
