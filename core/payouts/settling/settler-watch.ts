/**
 * Tracks why signed payouts wait. Postgres shows a reason once it has lasted. A saga is told when trouble begins and
 * ends, but not of the ordinary waits for blocks.
 */
import type { Address } from '../../base/address.js';
import { isProgress, type Wait, type WaitCode } from '../rules/payout.js';
import { rpcUnreachable } from '../rules/waits.js';
import { type PayoutProgress, payoutProgress, recordWaits } from '../store/payout-progress.js';
import { signedPayouts } from '../store/settler-duties.js';
import { findWallet } from '../store/wallet/wallets.js';
import { type MoneyDeps, walletKeyOf } from '../wallet/money-deps.js';
import type { SettlementLane } from './settlement-lane.js';

interface Watched {
  wait: Wait | undefined;
  sinceMs: number;
  /** The wait that Postgres shows, and since when. */
  shown: Wait | null;
  shownAtMs: number;
  /** The trouble that the saga was last told of. */
  toldCode: WaitCode | null;
}

/** A saga is told of trouble after it has lasted this long. */
const TOLD_AFTER_MS = 5_000;
/** After this long, the reason shown is that the chain cannot be asked. */
const TROUBLE_SHOWN_AFTER_MS = 3_000;
const SHOWN_AFTER_MS = 1_000;
/** When only the sentence changes and not the code, it is written at most once in this time. */
const WORDS_EVERY_MS = 10_000;
/**
 * At most this many sagas are told at once, because each message costs Temporal a task, and thousands of payouts may
 * be in the same trouble.
 */
const MOST_TOLD_AT_ONCE = 10;
const BULK = 200;
/** With more than `BULK` payouts, checking them may take at most this share of the time. */
const SHARE_OF_TIME = 0.01;

export class SettlerWatch {
  private readonly watched = new Map<string, Watched>();
  private troubleSince: { readonly atMs: number; readonly message: string } | undefined;
  private nextLookMs = 0;
  private readonly toTell = new Set<string>();

  constructor(
    private readonly deps: MoneyDeps,
    private readonly tell: (payoutIds: readonly string[]) => Promise<void>,
  ) {}

  noteTrouble(message: string): void {
    this.troubleSince = { atMs: this.troubleSince?.atMs ?? performance.now(), message };
  }

  endTrouble(): void {
    this.troubleSince = undefined;
  }

  /** Notes payouts whose sagas must be told that they wait for something else, or no longer wait. */
  meet(payoutIds: readonly string[]): void {
    for (const payoutId of payoutIds) this.toTell.add(payoutId);
  }

  /** Updates the waits in Postgres and tells the sagas. */
  async look(lanes: ReadonlyMap<Address, SettlementLane>): Promise<void> {
    const startedMs = performance.now();
    if (startedMs >= this.nextLookMs) {
      await this.lookAtAll(lanes, startedMs);
      const endedMs = performance.now();
      const isBulk = this.watched.size > BULK;
      this.nextLookMs = isBulk ? endedMs + (endedMs - startedMs) / SHARE_OF_TIME : 0;
    }
    await this.tellSome();
  }

  private async lookAtAll(lanes: ReadonlyMap<Address, SettlementLane>, now: number): Promise<void> {
    const payouts = await payoutProgress(this.deps.db, await signedPayouts(this.deps.db));
    if (payouts.length === 0 && this.watched.size === 0) return;
    const wallet = await findWallet(this.deps.db, walletKeyOf(this.deps));
    const haltReason = wallet?.halt?.reason ?? null;
    const open = new Set(payouts.map(({ payoutId }) => payoutId));
    for (const payoutId of this.watched.keys()) {
      if (open.has(payoutId)) continue;
      this.watched.delete(payoutId);
      for (const lane of lanes.values()) lane.forget(payoutId);
    }
    const changed = new Map<string, Wait>();
    for (const payout of payouts) {
      const watched = this.watchedOf(payout, now);
      const wait = this.waitOf(payout, lanes, { haltReason, now });
      if (wait === undefined) continue;
      if (wait.code !== watched.wait?.code) watched.sinceMs = now;
      watched.wait = wait;
      const lastedMs = now - watched.sinceMs;
      if (lastedMs >= SHOWN_AFTER_MS && isNews(wait, watched, now)) {
        changed.set(payout.payoutId, wait);
        watched.shown = wait;
        watched.shownAtMs = now;
      }
      const trouble = isProgress(wait.code) ? null : wait.code;
      if (lastedMs >= TOLD_AFTER_MS && trouble !== watched.toldCode) {
        watched.toldCode = trouble;
        this.toTell.add(payout.payoutId);
      }
    }
    await recordWaits(this.deps.db, changed);
  }

  private watchedOf({ payoutId, wait }: PayoutProgress, now: number): Watched {
    const known = this.watched.get(payoutId);
    if (known !== undefined) return known;
    // The worker that settled before has already told the saga what Postgres shows.
    const toldCode = wait === null || isProgress(wait.code) ? null : wait.code;
    const made: Watched = { wait: undefined, sinceMs: now, shown: wait, shownAtMs: now, toldCode };
    this.watched.set(payoutId, made);
    return made;
  }

  private waitOf(
    payout: PayoutProgress,
    lanes: ReadonlyMap<Address, SettlementLane>,
    { haltReason, now }: { readonly haltReason: string | null; readonly now: number },
  ): Wait | undefined {
    const { troubleSince } = this;
    if (troubleSince !== undefined && now - troubleSince.atMs >= TROUBLE_SHOWN_AFTER_MS) {
      return rpcUnreachable(troubleSince.message);
    }
    const lane = payout.slot === null ? undefined : lanes.get(payout.slot.wallet);
    return lane?.waitOf(payout, { haltReason });
  }

  private async tellSome(): Promise<void> {
    const some = [...this.toTell].slice(0, MOST_TOLD_AT_ONCE);
    if (some.length === 0) return;
    await this.tell(some);
    for (const payoutId of some) this.toTell.delete(payoutId);
  }
}

/** Whether the wait is worth writing. The count of confirmations changes with every block, so only its first sentence is written. */
function isNews(wait: Wait, { shown, shownAtMs }: Watched, now: number): boolean {
  if (wait.code !== shown?.code) return true;
  if (wait.code === 'AWAITING_CONFIRMATIONS' || wait.reason === shown.reason) return false;
  return now - shownAtMs >= WORDS_EVERY_MS;
}
