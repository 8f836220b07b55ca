/** Small pieces of HTML that the page's sections share. `html` escapes whatever is put into it. */
import { html } from 'hono/html';
import type { Links } from '../../client/links.js';
import type { Address } from '../../core/base/address.js';
import { duration } from '../../core/base/duration.js';
import { toChecksum } from '../../core/chain/checksums.js';
import type { PayoutSummary } from '../../core/payouts/store/reads/payout-reads.js';
import { groupDigits, shortEth, shortHex } from './format.js';

export type Html = ReturnType<typeof html>;
export type Tone = 'good' | 'warn' | 'bad' | 'info' | 'mute';

export const pill = (words: string, tone: Tone): Html =>
  html`<span class="pill ${tone}">${words}</span>`;

/** Shows a short amount, with the exact wei as its `title`. */
export const eth = (wei: bigint): Html =>
  html`<span title="${groupDigits(wei.toString())} wei">${shortEth(wei)}</span>`;

export function ago(at: Date | null, now: Date, never = 'never'): Html {
  if (at === null) return html`<span class="dim">${never}</span>`;
  const iso = at.toISOString();
  const words = duration(now.getTime() - at.getTime());
  return html`<time class="nowrap" datetime="${iso}" title="${iso}">${words} ago</time>`;
}

/** Links a payee to its page in `/v1`, which shows everything that the pool knows of it. */
export function payeeLink(address: Address): Html {
  const shown = toChecksum(address);
  return html`<a class="mono" href="/v1/payees/${shown}" title="${shown}">${shortHex(shown)}</a>`;
}

/** Links a payout to its saga in Temporal, its transaction in the explorer, and its record in `/v1`. */
export function payoutLinks(payout: PayoutSummary, links: Links): Html {
  const workflow = links.workflow(links.saga(payout.id));
  const transaction = links.transaction(payout.txHash);
  return html`<span class="links nowrap">${workflow === null ? '' : outside(workflow, 'Temporal')}${
    transaction === null ? '' : outside(transaction, 'Explorer')
  }${outside(`/v1/payouts/${payout.id}`, 'JSON')}</span>`;
}

/**
 * Makes a link if this is a web address; otherwise shows only the words, because a URL with another scheme in the
 * configuration could be harmful.
 */
const outside = (url: string, words: string): Html =>
  /^(https?:\/\/|\/)/.test(url)
    ? html`<a href="${url}" rel="noreferrer">${words}</a>`
    : html`${words}`;

export interface Section {
  readonly title: string;
  readonly note: string;
  readonly rows: readonly Html[];
  /** Column names; those that begin with `#` hold numbers. */
  readonly columns: readonly string[];
  readonly empty: string;
}

export function section({ title, note, rows, columns, empty }: Section): Html {
  const heads = columns.map((column) =>
    column.startsWith('#')
      ? html`<th scope="col" class="num">${column.slice(1)}</th>`
      : html`<th scope="col">${column}</th>`,
  );
  return html`<section>
<div class="head"><h2>${title}</h2><p>${note}</p></div>
${rows.length === 0 ? html`<p class="empty">${empty}</p>` : html`<table><thead><tr>${heads}</tr></thead><tbody>${rows}</tbody></table>`}
</section>`;
}
