/**
 * The settler's work for one wallet: it tracks the chain's head, which of the wallet's nonces are consumed, and which
 * waits cannot change before a later block. This memory only saves reads and explains waits; every decision is made
 * on values that are read fresh.
 */
import type { WalletView } from '../../chain/node-reads.js';
import type { Wait } from '../rules/payout.js';
import { describeWait } from '../rules/waits.js';
import { keepMoving } from '../sending/broadcasting.js';
import type { PayoutProgress } from '../store/payout-progress.js';
import type { MoneyDeps } from '../wallet/money-deps.js';
import { agreedBalance, furthestView } from '../wallet/quorum-views.js';
import { haltWhenTaken, type SettlementPass, settleConsumed } from './consumed-slots.js';

/**
 * Each time a nonce is consumed but none of its attempts has had a receipt on this many new heads in a row, check
 * whether a foreign transaction took it.
 */
const SUSPECT_AFTER_HEADS = 10;
/**
 * When more nonces than this are consumed between two checks, their blocks are not recorded: either an endpoint is
 * wrong or nobody needs them.
 */
const MOST_MINED_AT_ONCE = 10_000;
const EVERYTHING = Number.MAX_SAFE_INTEGER;

export class SettlementLane {
  private view: WalletView | undefined;
  private deepNonce = 0;
  private headMovedAtMs = performance.now();
  /** The hash of the head at which all open slots were last read. */
  private fullAtHash: string | undefined;
  /** The block at which each nonce was first seen consumed. */
  private readonly minedAt = new Map<number, number>();
  /** The waits that follow from receipts, by payout id, each with the head before which it cannot change. */
  private readonly decided = new Map<string, SettlementPass['waiting'][number]>();
  private readonly unseenHeads = new Map<number, number>();

  /** `hasKey`: true when this process holds the wallet's key. */
  constructor(
    private readonly deps: MoneyDeps,
    private readonly hasKey: boolean,
  ) {}

  /** Checks the chain and closes what is deep enough; returns the payouts that ended. */
  async settle(full: boolean): Promise<readonly string[]> {
    const { view, moved } = await this.look();
    // While the chain makes no blocks, nothing new can be read from it, however many transfers wait.
    const isDue = full && view.head.hash !== this.fullAtHash;
    if (!moved && !isDue) return [];
    const ended = await this.settleSeen(view, full);
    if (full) this.fullAtHash = view.head.hash;
    return ended;
  }

  /** Sends transfers again and raises fees; does nothing before the first check of the chain. */
  async keepMoving(now: number): Promise<void> {
    const { view, hasKey } = this;
    if (view === undefined) return;
    const chainStalled = now - this.headMovedAtMs > this.deps.chain.bumpAfterMs;
    await keepMoving(this.deps, { ...view, chainStalled, hasKey });
  }

  /** Returns how long the chain has made no block, as far as this lane has seen. */
  stoodMs(): number {
    return performance.now() - this.headMovedAtMs;
  }

  forget(payoutId: string): void {
    this.decided.delete(payoutId);
  }

  /** Reads the head and the nonce counts from every endpoint. The result only says what to read next. */
  private async look(): Promise<{ readonly view: WalletView; readonly moved: boolean }> {
    const { address } = this.deps.signer;
    const known = this.view;
    const looks = await this.deps.rpc.everyEndpoint(async (reads) => {
      const view = await reads.walletView(address);
      if (view.head.number === known?.head.number) return { view, deepNonce: this.deepNonce };
      const deep = Math.max(view.head.number - this.deps.chain.confirmations + 1, 0);
      // A node that has pruned that state returns an error; the count at the head is good enough as a hint.
      const nonce = reads.nonceAt(address, deep).catch(() => view.latestNonce);
      return { view, deepNonce: await nonce };
    });
    const views = looks.map(({ value }) => value.view);
    const furthest = furthestView(views);
    const view = {
      ...furthest,
      latestNonce: this.agreedNonce(views.map(({ latestNonce }) => latestNonce)),
      pendingNonce: this.agreedNonce(views.map(({ pendingNonce }) => pendingNonce)),
      balanceWei: agreedBalance(views, this.deps.rpc.quorum),
    };
    this.deepNonce = Math.max(...looks.map(({ value }) => value.deepNonce));
    const moved = view.head.hash !== known?.head.hash;
    if (moved) this.headMovedAtMs = performance.now();
    this.noteMined(known?.latestNonce ?? view.latestNonce, view);
    this.view = view;
    return { view, moved };
  }

  /** Returns the highest count that a quorum reaches, so one endpoint alone changes nothing. */
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
      // These nonces were taken back by a reorg or settled long ago.
      if (nonce >= view.latestNonce || nonce < this.deepNonce) this.minedAt.delete(nonce);
    }
  }

  private async settleSeen(view: WalletView, full: boolean): Promise<readonly string[]> {
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
    await this.suspect(pass.unseen);
    return pass.moved;
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

  /** Says why a payout of this wallet waits; undefined before the first check of the chain. */
  waitOf(
    { payoutId, slot, amountWei }: PayoutProgress,
    ledger: { readonly haltReason: string | null },
  ): Wait | undefined {
    const { view } = this;
    if (slot === null || view === undefined) return undefined;
    const decided = this.decided.get(payoutId);
    if (decided !== undefined && decided.wait.code !== 'AWAITING_CONFIRMATIONS')
      return decided.wait;
    const minedAt =
      decided === undefined
        ? this.minedAt.get(slot.nonce)
        : decided.untilHead - this.deps.chain.confirmations + 1;
    return describeWait(
      { ...slot, costWei: amountWei + slot.gasLimit * slot.maxFeePerGasWei },
      {
        head: view.head.number,
        latestNonce: view.latestNonce,
        baseFeeWei: view.head.baseFeePerGasWei,
        feeCapWei: this.deps.chain.maxFeePerGasWei,
        confirmations: this.deps.chain.confirmations,
        haltReason: ledger.haltReason,
        isReplaced: !this.hasKey,
        balanceWei: view.balanceWei,
      },
      minedAt,
    );
  }
}
