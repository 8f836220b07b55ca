/**
 * Follows the ledger's signed transfers in one loop, on one worker at a time, whether or not their sagas run. It
 * reads the chain once for all of them, closes what is deep enough, sends lost transfers again, and says why each one
 * waits (`settler-watch.ts`). In between it retries payouts that wait for the wallet, the chain or the day's limit
 * (`settler-retries.ts`), and tells sagas how their payouts ended.
 */
import { randomUUID } from 'node:crypto';
import type { Address } from '../../base/address.js';
import { ChainError } from '../../chain/endpoint-error.js';
import { MONEY_LOOP_MS, turns } from '../../processes/turns.js';
import type { Sender } from '../sending/sending.js';
import {
  holdSettling,
  leaveSettling,
  markTold,
  untoldPayouts,
  walletsUnderWay,
} from '../store/settler-duties.js';
import { isSame, payingWallet } from '../store/wallet/paying-wallet.js';
import { depsWithoutKey, type MoneyDeps, walletKeyOf } from '../wallet/money-deps.js';
import { SettlementLane } from './settlement-lane.js';
import { SettlerRetries } from './settler-retries.js';
import { SettlerWatch } from './settler-watch.js';

/** Thrown when Temporal has refused the messages about some payouts; the messages about the others were sent. */
export class SagasRefused extends Error {
  override readonly name = 'SagasRefused';

  constructor(
    message: string,
    /** The payouts whose sagas were not told. */
    readonly payoutIds: readonly string[],
    cause: unknown,
  ) {
    super(message, { cause });
  }
}

export interface SettlerOptions {
  readonly sender: Sender;
  /** Tells the sagas of these payouts to check their state; throws when Temporal does not accept the message. */
  readonly tell: (payoutIds: readonly string[]) => Promise<void>;
}

const UPKEEP_EVERY_MS = 1_000;
/** How long to wait before asking Postgres for work again, while nothing is signed or another worker settles. */
const IDLE_MS = 1_000;
/**
 * How often the receipts of all open slots are read. Between these passes the nonce count decides which are read, and
 * that is only a hint.
 */
const FULL_PASS_EVERY_MS = 30_000;
const TROUBLE_PAUSE_MS = 500;
/** While the chain makes no new blocks, the pause between two polls is this fraction of the time since the last block. */
const SHARE_OF_STANDING = 0.05;
const LONGEST_PAUSE_MS = 2_000;
const TOLD_AT_ONCE = 500;

export class Settler {
  private readonly id = randomUUID();
  private readonly lanes = new Map<Address, SettlementLane>();
  private readonly watch: SettlerWatch;
  private readonly retries: SettlerRetries;
  private running: Promise<void> | undefined;
  private isStopped = false;
  private isHolder = false;
  private wake: (() => void) | undefined;
  private isNudged = false;
  private upkeepAtMs = 0;
  private fullPassAtMs = 0;

  constructor(
    private readonly deps: MoneyDeps,
    private readonly options: SettlerOptions,
  ) {
    this.watch = new SettlerWatch(deps, options.tell);
    this.retries = new SettlerRetries(deps, options.sender);
  }

  start(): void {
    this.running ??= this.run();
  }

  /** Makes the loop continue at once, because something was signed. */
  nudge(): void {
    this.isNudged = true;
    this.wake?.();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.wake?.();
    await this.running;
    if (this.isHolder) await leaveSettling(this.deps.db, this.id).catch(() => undefined);
  }

  private async run(): Promise<void> {
    const turn = turns.begin('settling', MONEY_LOOP_MS);
    while (!this.isStopped) {
      this.isNudged = false;
      const pauseMs = await this.turn();
      turn.turned();
      if (!this.isNudged && !this.isStopped) await this.sleep(pauseMs);
    }
    turn.end();
  }

  private sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Runs the loop once, and returns how many milliseconds to wait before the next time. */
  private async turn(): Promise<number> {
    const now = performance.now();
    const isUpkeep = now - this.upkeepAtMs >= UPKEEP_EVERY_MS;
    if (isUpkeep) this.upkeepAtMs = now;
    let pauseMs = IDLE_MS;
    try {
      if (isUpkeep) this.isHolder = await this.hold();
      if (!this.isHolder) {
        this.lanes.clear();
        return IDLE_MS;
      }
      if (isUpkeep || this.lanes.size === 0) await this.findLanes();
      await this.settle(now);
      if (this.lanes.size > 0) pauseMs = this.pollPauseMs();
      if (isUpkeep) for (const lane of this.lanes.values()) await lane.keepMoving(now);
      this.watch.endTrouble();
    } catch (error) {
      pauseMs = Math.max(this.deps.chain.pollIntervalMs, TROUBLE_PAUSE_MS);
      this.noteTrouble(error);
    }
    if (isUpkeep) await this.attend();
    return pauseMs;
  }

  private pollPauseMs(): number {
    const stood = [...this.lanes.values()].map((lane) => lane.stoodMs());
    const pauseMs = Math.min(Math.min(...stood) * SHARE_OF_STANDING, LONGEST_PAUSE_MS);
    return Math.max(this.deps.chain.pollIntervalMs, pauseMs);
  }

  private async hold(): Promise<boolean> {
    const { db } = this.deps;
    const paying = await payingWallet(db);
    const canSign = paying === undefined || isSame(paying, walletKeyOf(this.deps));
    return holdSettling(db, { id: this.id, canSign });
  }

  /** Creates a lane for each wallet with open slots, and drops the lanes of wallets that no longer have any. */
  private async findLanes(): Promise<void> {
    const open = await walletsUnderWay(this.deps.db, this.deps.chain.chainId);
    for (const address of this.lanes.keys()) if (!open.has(address)) this.lanes.delete(address);
    for (const address of open) {
      if (this.lanes.has(address)) continue;
      const isOwn = address === this.deps.signer.address;
      const deps = isOwn ? this.deps : depsWithoutKey(this.deps, address);
      this.lanes.set(address, new SettlementLane(deps, isOwn));
      // Nobody followed this wallet until now, so read the receipts of all open attempts first.
      this.fullPassAtMs = 0;
    }
  }

  private async settle(now: number): Promise<void> {
    const full = this.fullPassAtMs === 0 || now - this.fullPassAtMs >= FULL_PASS_EVERY_MS;
    let ended = 0;
    for (const lane of this.lanes.values()) ended += (await lane.settle(full)).length;
    if (full) this.fullPassAtMs = now;
    if (ended > 0) await this.tellEnded();
  }

  /** Tells sagas which payouts have ended, checks why the rest wait, and retries payouts. It also runs while the chain cannot be asked. */
  private async attend(): Promise<void> {
    if (!this.isHolder) return;
    const { retries, watch, lanes } = this;
    for (const part of [
      () => this.tellEnded(),
      () => watch.look(lanes),
      async () => watch.meet(await retries.tryAgain()),
    ]) {
      await part().catch((error: unknown) => this.noteTrouble(error));
    }
  }

  /** Tells sagas that their payouts have ended, and repeats this until Temporal accepts the message. */
  private async tellEnded(): Promise<void> {
    const { db } = this.deps;
    const ended = await untoldPayouts(db, TOLD_AT_ONCE);
    if (ended.length === 0) return;
    let left: readonly string[] = [];
    try {
      await this.options.tell(ended);
    } catch (error) {
      left = error instanceof SagasRefused ? error.payoutIds : ended;
      throw error;
    } finally {
      const isLeft = new Set(left);
      await markTold(
        db,
        ended.filter((payoutId) => !isLeft.has(payoutId)),
      );
    }
  }

  private noteTrouble(error: unknown): void {
    this.deps.onTrouble?.(error);
    if (error instanceof ChainError) this.watch.noteTrouble(error.message);
  }
}
