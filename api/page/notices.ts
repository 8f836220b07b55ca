/** The notices at the top of the page: what an operator must see at once. */
import { html } from 'hono/html';
import { toChecksum, withChecksums } from '../../core/chain/checksums.js';
import { publicHalt } from '../outside.js';
import { groupDigits, type Html, pill, shortEth } from './parts.js';
import type { PoolStatus } from './pool-status.js';

export function standingPill({ standing }: PoolStatus): Html {
  return pill(standing.words, standing.tone);
}

export function notices({ wallet, totals, unaffordable, standing }: PoolStatus): readonly Html[] {
  const shown: Html[] = [];
  for (const { code, reason } of (wallet?.halts ?? []).map(publicHalt)) {
    const title = `Nothing is paid: the wallet is halted (${code})`;
    shown.push(notice('bad', title, withChecksums(reason)));
  }
  for (const { code, short, reason } of standing.stops) {
    shown.push(notice('bad', `Nothing is paid: ${short} (${code})`, sentence(reason)));
  }
  if (wallet !== undefined && wallet.replacedBy !== null) {
    const words = 'It goes on when a worker with its key has started.';
    shown.push(notice('warn', 'Another wallet is to pay from now on', words));
  }
  if (unaffordable.payouts > 0) {
    const payouts = counted(unaffordable.payouts, 'payout');
    const wait = unaffordable.payouts === 1 ? 'waits' : 'wait';
    const title = `${payouts} of ${shortEth(unaffordable.amountWei)} ETH ${wait} for the wallet to be topped up`;
    shown.push(notice('bad', title, walletHolds(wallet)));
  }
  if (totals.unattributedJobs > 0) {
    const jobs = counted(totals.unattributedJobs, 'job');
    const title = `${jobs} worth ${shortEth(totals.unattributedWei)} ETH unattributed`;
    shown.push(notice('warn', title, 'Nobody is known to have done them yet.', '/v1/unattributed'));
  }
  if (totals.setAsideEvents > 0) {
    const title = `${counted(totals.setAsideEvents, 'event')} set aside`;
    shown.push(notice('warn', title, 'They could not be counted as they came.', '/v1/set-aside'));
  }
  return shown;
}

function walletHolds(wallet: PoolStatus['wallet']): string {
  if (wallet === undefined) return '';
  const { address, balance, replacedBy } = wallet;
  if (replacedBy !== null)
    return `Send ETH to ${toChecksum(replacedBy)}, and start the workers with its key.`;
  const held = balance === null ? '' : `, which holds ${shortEth(balance.wei)} ETH`;
  return `Send ETH to ${toChecksum(address)}${held}. They go on by themselves.`;
}

const notice = (tone: 'bad' | 'warn', title: string, words: string, href?: string): Html =>
  html`<div class="notice ${tone}" role="status"><b>${title}</b><p>${words} ${
    href === undefined ? '' : html`<a href="${href}">Look at them</a>`
  }</p></div>`;

const sentence = (words: string): string => `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;

const counted = (count: number, noun: string): string =>
  `${groupDigits(String(count))} ${noun}${count === 1 ? '' : 's'}`;
