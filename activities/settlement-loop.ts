/**
 * One per process: reads the chain once for all payouts that wait, closes what is deep enough, keeps the
 * rest moving, and knows for each in words why it waits. It goes over all wallets of the ledger that have
 * signed transfers under way, and runs while somebody watches.
 */
import { ChainError } from '../chain/chain-error.js';
import type { Address } from '../domain/address.js';
import { isClosed, type PayoutState, type Wait } from '../domain/payout.js';
import { rpcUnreachable } from '../domain/payout-wait.js';
import { type PayoutProgress, payoutProgress, recordWaits } from '../store/payout-progress.js';
import { findWallet } from '../store/wallet.js';
import { walletsOfLedger } from './ledger-wallets.js';
import { type MoneyDeps, walletKeyOf } from './money-deps.js';
import { SettlementLane } from './settlement-lane.js';
import { MONEY_LOOP_MS, turns } from './turns.js';

export type SettleOutcome =
  | { readonly kind: 'closed'; readonly state: PayoutState; readonly txHash: string | null }
  /** The ledger knows of no signature for it: an older backup was restored, and it is asked from the start. */
  | { readonly kind: 'unsigned' }
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

export class SettlementLoop {
  private readonly watched = new Map<string, Watched>();
  private running: Promise<void> | undefined;
  /** By wallet, the process's own first. */
  private readonly lanes = new Map<Address, SettlementLane>();
  private upkeepAtMs = 0;
  private toldAtMs = 0;
  private fullPassAtMs = 0;
  private troubleSince: { readonly atMs: number; readonly message: string } | undefined;
  private haltReason: string | null = null;

  constructor(private readonly deps: MoneyDeps) {}

  /** Calls back once, when the payout has ended or turns out not to be signed. */
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
    this.lanes.clear();
    const turn = turns.begin('settling', MONEY_LOOP_MS);
    while (this.watched.size > 0) {
      turn.turned();
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
    turn.end();
    this.running = undefined;
  }

  private async tick(): Promise<void> {
    await this.meet();
    const now = performance.now();
    const isUpkeep = now - this.upkeepAtMs >= UPKEEP_EVERY_MS;
    if (isUpkeep || this.lanes.size === 0) await this.findLanes();
    const full = now - this.fullPassAtMs >= FULL_PASS_EVERY_MS || this.fullPassAtMs === 0;
    for (const lane of this.lanes.values()) {
      const ended = await lane.settle(full);
      await this.refresh(ended.filter((payoutId) => this.watched.has(payoutId)));
    }
    if (full) this.fullPassAtMs = now;
    if (isUpkeep) {
      this.upkeepAtMs = now;
      for (const lane of this.lanes.values()) await lane.keepMoving(now);
    }
    this.describe();
  }

  /** Keeps what is remembered of wallets that were at work before. */
  private async findLanes(): Promise<void> {
    const wallets = await walletsOfLedger(this.deps);
    const known = new Map(this.lanes);
    this.lanes.clear();
    for (const [index, deps] of wallets.entries()) {
      const { address } = deps.signer;
      this.lanes.set(address, known.get(address) ?? new SettlementLane(deps, index === 0));
    }
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
      for (const lane of this.lanes.values()) lane.forget(progress.payoutId);
      for (const call of watched.callers) call(outcome);
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
    const { troubleSince, haltReason } = this;
    if (troubleSince !== undefined && now - troubleSince.atMs >= TROUBLE_SHOWN_AFTER_MS) {
      return rpcUnreachable(troubleSince.message);
    }
    const slot = progress?.slot ?? undefined;
    if (progress === undefined || slot === undefined) return undefined;
    return this.lanes.get(slot.wallet)?.waitOf(progress, { haltReason });
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
  return state === 'reserved' ? { kind: 'unsigned' } : undefined;
}
