/**
 * Tries payouts again that nothing was signed for yet, so that their sagas can sleep: thousands may wait for one halt, one
 * top-up or the day's limit. The oldest go first; as long as none of them goes, they are tried ever less often.
 */

import type { Sender } from '../sending/sending.js';
import { type WaitingPayout, waitingAlone, waitingTogether } from '../store/settler.js';
import type { MoneyDeps } from '../wallet/money-deps.js';

const GROUP = 100;
const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 30_000;
const ALONE_EVERY_MS = 60_000;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

export class SettlerRetries {
  private pauseMs = FIRST_PAUSE_MS;
  private togetherAtMs = 0;
  private aloneAtMs = 0;
  private aloneAfter = FIRST_ID;

  constructor(
    private readonly deps: MoneyDeps,
    private readonly sender: Sender,
  ) {}

  /** Gives the payouts that were signed, have ended, or wait for something else now. */
  async tryAgain(): Promise<readonly string[]> {
    const now = performance.now();
    const changed: string[] = [];
    if (now - this.togetherAtMs >= this.pauseMs) changed.push(...(await this.tryTogether(now)));
    if (now - this.aloneAtMs >= ALONE_EVERY_MS) changed.push(...(await this.tryAlone(now)));
    return changed;
  }

  private async tryTogether(now: number): Promise<readonly string[]> {
    this.togetherAtMs = now;
    const payouts = await waitingTogether(this.deps.db, GROUP);
    const { changed, gone } = await this.send(payouts);
    const isFree = gone > 0 || payouts.length === 0;
    this.pauseMs = isFree ? FIRST_PAUSE_MS : Math.min(this.pauseMs * 2, LONGEST_PAUSE_MS);
    // There may be room for more.
    if (gone > 0) this.togetherAtMs = 0;
    return changed;
  }

  private async tryAlone(now: number): Promise<readonly string[]> {
    const payouts = await waitingAlone(this.deps.db, { after: this.aloneAfter, limit: GROUP });
    const last = payouts.at(-1);
    const isAll = last === undefined || payouts.length < GROUP;
    this.aloneAfter = isAll ? FIRST_ID : last.payoutId;
    if (isAll) this.aloneAtMs = now;
    return (await this.send(payouts)).changed;
  }

  private async send(
    payouts: readonly WaitingPayout[],
  ): Promise<{ readonly changed: readonly string[]; readonly gone: number }> {
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
