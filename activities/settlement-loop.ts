/**
 * One per process and wallet: reads the chain once for all payouts that wait, closes what is deep
 * enough, keeps the rest moving, and knows for each in words why it waits. It runs while somebody
 * watches. What it remembers makes it quick and talkative; what it decides is read afresh.
 */
import { ChainError } from '../chain/chain-error.js';
import type { WalletView } from '../chain/chain-reads.js';
import { isClosed, type PayoutState, type Wait } from '../domain/payout.js';
import { describeWait, rpcUnreachable } from '../domain/payout-wait.js';
import { type PayoutProgress, payoutProgress, recordWaits } from '../store/payout-progress.js';
import { findWallet } from '../store/wallet.js';
import { type MoneyDeps, walletKeyOf } from './money-deps.js';
import { haltWhenTaken, type SettlementPass, settleConsumed } from './settlement.js';
import { keepMoving } from './upkeep.js';

export type SettleOutcome =
  | { readonly kind: 'closed'; readonly state: PayoutState; readonly txHash: string | null }
  | { readonly kind: 'resend' }
  /** There is no such payout: an older backup was restored. */
  | { readonly kind: 'missing' };

/** One caller's interest in one payout. */
export interface Watch {
  /** Why it waits now, and since when by the monotonic clock; undefined before the first look. */
  current(): { readonly wait: Wait; readonly sinceMs: number } | undefined;
  release(): void;
}

interface Watched {
  readonly callers: Set<(outcome: SettleOutcome) => void>;
  progress: PayoutProgress | undefined;
  wait: Wait | undefined;
  waitSinceMs: number;
  /** The code that Postgres shows. */
  shownCode: string | null;
}

const UPKEEP_EVERY_MS = 1_000;
/** The nonce count is only a hint: so often every open slot's receipts are read all the same. */
const FULL_PASS_EVERY_MS = 30_000;
const TROUBLE_PAUSE_MS = 500;
/** RPC trouble shorter than this is nobody's concern. */
const TROUBLE_SHOWN_AFTER_MS = 3_000;
/** On so many new heads in a row a consumed slot must be without any receipt before it is suspect. */
const SUSPECT_AFTER_HEADS = 10;
/** More than this between two looks is a single endpoint's nonsense, or of no use for words. */
const MOST_MINED_AT_ONCE = 10_000;
const EVERYTHING = Number.MAX_SAFE_INTEGER;

export class SettlementLoop {
  private readonly watched = new Map<string, Watched>();
  private running: Promise<void> | undefined;
  private view: WalletView | undefined;
  private deepNonce = 0;
  private headMovedAtMs = 0;
  private upkeepAtMs = 0;
  private toldAtMs = 0;
  private fullPassAtMs = 0;
  private troubleSince: { readonly atMs: number; readonly message: string } | undefined;
  private haltReason: string | null = null;
  /** Block at which a nonce was first seen consumed. */
  private readonly minedAt = new Map<number, number>();
  /** Waits that a receipt gave, by payout, and the head before which they stay as they are. */
  private readonly decided = new Map<string, SettlementPass['waiting'][number]>();
  private readonly unseenHeads = new Map<number, number>();

  constructor(private readonly deps: MoneyDeps) {}

  /** Calls back once, when the payout has ended or has to be sent again. */
  watch(payoutId: string, onOutcome: (outcome: SettleOutcome) => void): Watch {
    const watched = this.watched.get(payoutId) ?? newWatched();
    watched.callers.add(onOutcome);
    this.watched.set(payoutId, watched);
    this.running ??= this.run();
    return {
      current: () => watched.wait && { wait: watched.wait, sinceMs: watched.waitSinceMs },
      release: () => {
        watched.callers.delete(onOutcome);
        if (watched.callers.size === 0) this.watched.delete(payoutId);
      },
    };
  }

  private async run(): Promise<void> {
    // Whatever happened while nobody watched: every open attempt's receipts come first.
    this.fullPassAtMs = 0;
    this.upkeepAtMs = 0;
    this.view = undefined;
    this.minedAt.clear();
    this.unseenHeads.clear();
    while (this.watched.size > 0) {
      let pauseMs = this.deps.chain.pollIntervalMs;
      try {
        await this.tick();
        this.troubleSince = undefined;
      } catch (error) {
        pauseMs = Math.max(pauseMs, TROUBLE_PAUSE_MS);
        this.noteTrouble(error);
      }
      await this.tell();
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    this.running = undefined;
  }

  private async tick(): Promise<void> {
    await this.meet();
    const { view, moved } = await this.look();
    const now = performance.now();
    const full = now - this.fullPassAtMs >= FULL_PASS_EVERY_MS || this.fullPassAtMs === 0;
    if (full || moved) {
      await this.settle(view, full);
      if (full) this.fullPassAtMs = now;
    }
    if (now - this.upkeepAtMs >= UPKEEP_EVERY_MS) {
      this.upkeepAtMs = now;
      const stalledForMs = now - this.headMovedAtMs;
      const chainStalled = stalledForMs > this.deps.chain.bumpAfterMs;
      await keepMoving(this.deps, { ...view, chainStalled });
    }
    this.describe();
  }

  /** What other processes closed, and what Postgres shows: also while the chain cannot be asked. */
  private async tell(): Promise<void> {
    const now = performance.now();
    if (now - this.toldAtMs < UPKEEP_EVERY_MS) return;
    this.toldAtMs = now;
    try {
      await this.refresh([...this.watched.keys()]);
      await this.showWaits();
    } catch (error) {
      this.noteTrouble(error);
    }
  }

  /** Reads how the payouts stand that are watched since the last tick. */
  private async meet(): Promise<void> {
    const unmet = [...this.watched].filter(([, { progress }]) => progress === undefined);
    await this.refresh(unmet.map(([payoutId]) => payoutId));
  }

  private async refresh(payoutIds: readonly string[]): Promise<void> {
    const found = await payoutProgress(this.deps.db, payoutIds);
    const known = new Set(found.map(({ payoutId }) => payoutId));
    for (const payoutId of payoutIds.filter((id) => !known.has(id))) {
      for (const call of this.watched.get(payoutId)?.callers ?? []) call({ kind: 'missing' });
    }
    for (const progress of found) {
      const watched = this.watched.get(progress.payoutId);
      if (watched === undefined) continue;
      if (watched.progress === undefined) watched.shownCode = progress.waitCode;
      watched.progress = progress;
      const outcome = outcomeOf(progress);
      if (outcome === undefined) continue;
      this.decided.delete(progress.payoutId);
      for (const call of watched.callers) call(outcome);
    }
  }

  /** Where the chain is, by whichever endpoint is furthest: a hint what to read, nothing more. */
  private async look(): Promise<{ readonly view: WalletView; readonly moved: boolean }> {
    const { address } = this.deps.signer;
    const known = this.view;
    const looks = await this.deps.rpc.everyEndpoint(async (reads) => {
      const view = await reads.walletView(address);
      if (view.head.number === known?.head.number) return { view, deepNonce: this.deepNonce };
      const deep = Math.max(view.head.number - this.deps.chain.confirmations + 1, 0);
      // A node without that state any more: then the head's count has to do as a hint.
      const nonce = reads.nonceAt(address, deep).catch(() => view.latestNonce);
      return { view, deepNonce: await nonce };
    });
    const views = looks.map(({ value }) => value.view);
    const furthest = views.reduce((a, b) => (b.head.number > a.head.number ? b : a));
    const view = {
      ...furthest,
      latestNonce: this.agreedNonce(views.map(({ latestNonce }) => latestNonce)),
      pendingNonce: this.agreedNonce(views.map(({ pendingNonce }) => pendingNonce)),
    };
    this.deepNonce = Math.max(...looks.map(({ value }) => value.deepNonce));
    const moved = view.head.hash !== known?.head.hash;
    if (moved) this.headMovedAtMs = performance.now();
    this.noteMined(known?.latestNonce ?? view.latestNonce, view);
    this.view = view;
    return { view, moved };
  }

  /** The highest count that a quorum reaches: one endpoint's fancy moves nothing. */
  private agreedNonce(counts: readonly number[]): number {
    const descending = [...counts].sort((a, b) => b - a);
    return descending[Math.min(this.deps.rpc.quorum, counts.length) - 1] ?? 0;
  }

  private noteMined(before: number, view: WalletView): void {
    if (view.latestNonce - before > MOST_MINED_AT_ONCE) return;
    for (let nonce = before; nonce < view.latestNonce; nonce += 1) {
      this.minedAt.set(nonce, view.head.number);
    }
    for (const nonce of this.minedAt.keys()) {
      // Given back by a reorg, or settled long ago.
      if (nonce >= view.latestNonce || nonce < this.deepNonce) this.minedAt.delete(nonce);
    }
  }

  private async settle(view: WalletView, full: boolean): Promise<void> {
    const head = view.head.number;
    if (full) this.decided.clear();
    const later = new Set<number>();
    for (const { slot, untilHead } of this.decided.values()) {
      if (untilHead > head) later.add(slot.nonce);
    }
    const below = full ? EVERYTHING : this.deepNonce;
    const pass = await settleConsumed(this.deps, {
      below,
      head,
      consumed: this.deepNonce,
      skip: (nonce) => later.has(nonce),
    });
    for (const waiting of pass.waiting) this.decided.set(waiting.slot.payoutId, waiting);
    for (const payoutId of pass.moved) this.decided.delete(payoutId);
    await this.refresh(pass.moved.filter((payoutId) => this.watched.has(payoutId)));
    await this.suspect(pass.unseen);
  }

  private async suspect(unseen: SettlementPass['unseen']): Promise<void> {
    const consumed = unseen.filter((slot) => slot.nonce < this.deepNonce);
    const nonces = new Set(consumed.map((slot) => slot.nonce));
    for (const nonce of this.unseenHeads.keys()) {
      if (!nonces.has(nonce)) this.unseenHeads.delete(nonce);
    }
    for (const slot of consumed) {
      const heads = (this.unseenHeads.get(slot.nonce) ?? 0) + 1;
      this.unseenHeads.set(slot.nonce, heads);
      if (heads % SUSPECT_AFTER_HEADS === 0) await haltWhenTaken(this.deps, slot);
    }
  }

  private noteTrouble(error: unknown): void {
    this.deps.onTrouble?.(error);
    if (error instanceof ChainError) {
      const atMs = this.troubleSince?.atMs ?? performance.now();
      this.troubleSince = { atMs, message: error.message };
      this.describe();
    }
  }

  /** Brings every watched payout's words up to date. */
  private describe(): void {
    const now = performance.now();
    for (const watched of this.watched.values()) {
      const wait = this.waitOf(watched, now);
      if (wait === undefined) continue;
      if (wait.code !== watched.wait?.code) watched.waitSinceMs = now;
      watched.wait = wait;
    }
  }

  private waitOf({ progress }: Watched, now: number): Wait | undefined {
    const { troubleSince, view } = this;
    if (troubleSince !== undefined && now - troubleSince.atMs >= TROUBLE_SHOWN_AFTER_MS) {
      return rpcUnreachable(troubleSince.message);
    }
    const slot = progress?.slot ?? undefined;
    if (progress === undefined || slot === undefined || view === undefined) return undefined;
    const decided = this.decided.get(progress.payoutId);
    if (decided !== undefined && decided.wait.code !== 'AWAITING_CONFIRMATIONS')
      return decided.wait;
    const minedAt =
      decided === undefined
        ? this.minedAt.get(slot.nonce)
        : decided.untilHead - this.deps.chain.confirmations + 1;
    return describeWait(
      slot,
      {
        head: view.head.number,
        latestNonce: view.latestNonce,
        baseFeeWei: view.head.baseFeePerGasWei,
        feeCapWei: this.deps.chain.maxFeePerGasWei,
        confirmations: this.deps.chain.confirmations,
        haltReason: this.haltReason,
      },
      minedAt,
    );
  }

  /** Postgres shows a code once it has outlived one turn of the upkeep; words alone stay here. */
  private async showWaits(): Promise<void> {
    const wallet = await findWallet(this.deps.db, walletKeyOf(this.deps));
    this.haltReason = wallet?.halt?.reason ?? null;
    const now = performance.now();
    const changed = new Map<string, Wait>();
    for (const [payoutId, { wait, waitSinceMs, shownCode }] of this.watched) {
      const lasting = now - waitSinceMs >= UPKEEP_EVERY_MS;
      if (wait !== undefined && lasting && wait.code !== shownCode) changed.set(payoutId, wait);
    }
    await recordWaits(this.deps.db, changed);
    for (const [payoutId, wait] of changed) {
      const watched = this.watched.get(payoutId);
      if (watched !== undefined) watched.shownCode = wait.code;
    }
  }
}

function newWatched(): Watched {
  return {
    callers: new Set(),
    progress: undefined,
    wait: undefined,
    waitSinceMs: 0,
    shownCode: null,
  };
}

function outcomeOf({ state, slot }: PayoutProgress): SettleOutcome | undefined {
  if (isClosed(state)) return { kind: 'closed', state, txHash: slot?.txHash ?? null };
  return state === 'reserved' ? { kind: 'resend' } : undefined;
}
