/** Small pieces of HTML and short forms of numbers that the page's sections share. `html` escapes what is put into it. */
import { html } from 'hono/html';
import type { Links } from '../../client/links.js';
import type { Address } from '../../core/base/address.js';
import { duration } from '../../core/base/duration.js';
import { formatEth } from '../../core/base/money.js';
import { toChecksum } from '../../core/chain/checksums.js';
import type { PayoutSummary } from '../../core/payouts/store/reads/payout-reads.js';

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

/** Links a payee to its own page. */
export function payeeLink(address: Address): Html {
  const shown = toChecksum(address);
  return html`<a class="mono" href="/payees/${shown}" title="${shown}">${shortHex(shown)}</a>`;
}

/** Links a payout to its saga in Temporal, its transaction in the explorer, and its record in `/v1`. */
export function payoutLinks(payout: PayoutSummary, links: Links): Html {
  const workflow = links.workflow(links.saga(payout.id));
  const transaction = links.transaction(payout.txHash);
  return html`<span class="links nowrap">${workflow === null ? '' : outside(workflow, 'Temporal')}${
    transaction === null ? '' : outside(transaction, 'Explorer')
  }${outside(`/v1/payouts/${payout.id}`, 'JSON')}</span>`;
}

/** Makes a link if this is a web address. A URL with another scheme in the configuration could be harmful. */
export const outside = (url: string, words: string | Html): Html =>
  /^(https?:\/\/|\/)/.test(url)
    ? html`<a href="${url}" rel="noreferrer">${words}</a>`
    : html`${words}`;

/** Shows a time to the minute. */
export const utc = (at: Date): string => `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;

export interface Section {
  readonly title: string;
  readonly note: string;
  readonly rows: readonly Html[];
  /** Column names; those that begin with `#` hold numbers. */
  readonly columns: readonly string[];
  /** What stands there when there are no rows. */
  readonly empty: string | Html;
}

export function section({ title, note, rows, columns, empty }: Section): Html {
  const heads = columns.map((column) =>
    column.startsWith('#')
      ? html`<th scope="col" class="num">${column.slice(1)}</th>`
      : html`<th scope="col">${column}</th>`,
  );
  return html`<section>
<div class="head"><h2>${title}</h2><p>${note}</p></div>
${rows.length === 0 ? html`<div class="empty">${empty}</div>` : html`<table><thead><tr>${heads}</tr></thead><tbody>${rows}</tbody></table>`}
</section>`;
}

const SHOWN_DECIMALS = 6;
const SMALLEST_SHOWN_WEI = 10n ** 12n;

/** Formats ETH with at most six decimals, cut and not rounded, so that a page never shows more than there is. */
export function shortEth(wei: bigint): string {
  if (wei !== 0n && wei > -SMALLEST_SHOWN_WEI && wei < SMALLEST_SHOWN_WEI) {
    return wei < 0n ? '> -0.000001' : '< 0.000001';
  }
  const [whole = '0', fraction = ''] = formatEth(wei).split('.');
  const decimals = fraction.slice(0, SHOWN_DECIMALS).replace(/0+$/, '');
  return decimals === '' ? groupDigits(whole) : `${groupDigits(whole)}.${decimals}`;
}

/** Separates thousands with thin spaces: 1 234 567. */
export const groupDigits = (digits: string): string => digits.replace(/\B(?=(\d{3})+$)/g, '\u202f');

export const shortHex = (hex: string): string => `${hex.slice(0, 6)}…${hex.slice(-4)}`;

/** Returns `part` of `whole` in thousandths; 0 when the whole is zero. */
export function permille(part: bigint, whole: bigint): number {
  if (whole <= 0n || part <= 0n) return 0;
  return Math.min(1000, Number((part * 1000n) / whole));
}
