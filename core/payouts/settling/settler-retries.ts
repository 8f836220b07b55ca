/**
 * Tries unsigned payouts again on behalf of their sagas, which can sleep meanwhile: thousands may wait for one halt,
 * one top-up or the day's limit. The oldest go first. While none of them can be signed, they are tried less and less
 * often, together with a changing group of later ones, because the oldest may wait for something that concerns them
 * alone.
 */

import type { Sender } from '../sending/sending.js';
import { type WaitingPayout, waitingAlone, waitingTogether } from '../store/settler-duties.js';
import type { MoneyDeps } from '../wallet/money-deps.js';

const GROUP = 100;
const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 30_000;
const ALONE_EVERY_MS = 60_000;

interface Sent {
  /** Payouts that were signed, have ended, or wait for something else now. */
  readonly changed: readonly string[];
  readonly gone: number;
}

const NOTHING: Sent = { changed: [], gone: 0 };

export class SettlerRetries {
  private pauseMs = FIRST_PAUSE_MS;
  private togetherAtMs = 0;
  private aloneAtMs = 0;
  private aloneAfter: WaitingPayout | null = null;
  /** The last payout of the later group that was tried; null when the group right after the oldest comes next. */
  private othersAfter: WaitingPayout | null = null;

  constructor(
    private readonly deps: MoneyDeps,
    private readonly sender: Sender,
  ) {}

  /** Tries payouts that are due for it; returns those that were signed, have ended, or now wait for something else. */
  async tryAgain(): Promise<readonly string[]> {
    const now = performance.now();
    const changed: string[] = [];
    if (now - this.togetherAtMs >= this.pauseMs) changed.push(...(await this.tryTogether(now)));
    if (now - this.aloneAtMs >= ALONE_EVERY_MS) changed.push(...(await this.tryAlone(now)));
    return changed;
  }

  private async tryTogether(now: number): Promise<readonly string[]> {
    this.togetherAtMs = now;
    const oldest = await waitingTogether(this.deps.db, { after: null, limit: GROUP });
    const first = await this.send(oldest);
    const behind = oldest.at(GROUP - 1);
    const isGoing = first.gone > 0 || behind === undefined;
    const others = isGoing ? NOTHING : await this.tryOthers(behind);
    const gone = first.gone + others.gone;
    const changed = [...first.changed, ...others.changed];
    const isFree = gone > 0 || oldest.length === 0;
    this.pauseMs = isFree ? FIRST_PAUSE_MS : Math.min(this.pauseMs * 2, LONGEST_PAUSE_MS);
    // There may be room for more, so the next call tries again at once.
    if (gone > 0) this.togetherAtMs = 0;
    return changed;
  }

  /** Tries the next group of later payouts when none of the oldest can be signed. */
  private async tryOthers(behind: WaitingPayout): Promise<Sent> {
    const after = this.othersAfter ?? behind;
    const others = await waitingTogether(this.deps.db, { after, limit: GROUP });
    this.othersAfter = others.at(GROUP - 1) ?? null;
    return this.send(others);
  }

  private async tryAlone(now: number): Promise<readonly string[]> {
    const payouts = await waitingAlone(this.deps.db, { after: this.aloneAfter, limit: GROUP });
    const last = payouts.at(-1);
    const isAll = last === undefined || payouts.length < GROUP;
    this.aloneAfter = isAll ? null : last;
    if (isAll) this.aloneAtMs = now;
    return (await this.send(payouts)).changed;
  }

  private async send(payouts: readonly WaitingPayout[]): Promise<Sent> {
    const results = await Promise.all(
      payouts.map(async ({ payoutId, waitCode }) => {
        const result = await this.sender.send(payoutId);
        const isGone = result.kind !== 'waiting';
        return { payoutId, isGone, isChanged: isGone || result.wait.code !== waitCode };
      }),
    );
    return {
      changed: results.flatMap(({ payoutId, isChanged }) => (isChanged ? [payoutId] : [])),
      gone: results.filter(({ isGone }) => isGone).length,
    };
  }
}
