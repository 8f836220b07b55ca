/** One pool of the storm, its payees, and what they earn. The pool owes nothing else. */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { Address } from '../../core/base/address.js';
import type { Random } from '../../dev/kit/random.js';
import type { Oracle } from './oracle.js';
import { bookCredits, type Credit, drawCredits } from './payees.js';
import { pause } from './rpc-weather.js';

export interface Side {
  readonly name: string;
  readonly pool: pg.Pool;
  readonly payees: readonly Address[];
  /** The payees that accept every transfer. */
  readonly plain: readonly Address[];
  /** Plain addresses that were added during the storm. */
  readonly crowd: Address[];
  readonly earned: Map<string, bigint>;
  readonly oracle: Oracle;
  readonly random: Random;
  /** All earnings that were booked. After an older backup is restored, its missing ones are booked again. */
  readonly booked: Map<string, readonly Credit[]>;
}

const CREDIT_EVERY_MS = 1_000;
const CREDITS_AT_ONCE = 10;
const QUIET_LOOKS = 2;
/** An amount below the threshold may stay pending. */
const LEAST_PENDING_WEI = 10n ** 12n;

/** Lets all payees earn once at first, and then some of them every second. */
export async function earn(side: Side, signal: AbortSignal): Promise<void> {
  await earnOnce(side, side.payees, 'first');
  for (let turn = 1; !signal.aborted; turn += 1) {
    await pause(CREDIT_EVERY_MS, signal);
    if (signal.aborted) return;
    const some = Array.from({ length: Math.min(CREDITS_AT_ONCE, side.payees.length / 3) }, () =>
      side.random.pick(side.payees),
    );
    await earnOnce(side, [...new Set(some)], `turn ${turn}`);
  }
}

/** Lets each of them earn the given amount, or a drawn one. */
export async function earnOnce(
  side: Side,
  payees: readonly Address[],
  name: string,
  amountWei?: bigint,
): Promise<void> {
  const credits =
    amountWei === undefined
      ? drawCredits(payees, side.random)
      : payees.map((payee) => ({ payee, amountWei }));
  for (const { payee, amountWei } of credits) {
    side.earned.set(payee, (side.earned.get(payee) ?? 0n) + amountWei);
  }
  side.booked.set(name, credits);
  await bookPatiently(side, credits, name);
}

async function bookPatiently(side: Side, credits: readonly Credit[], name: string): Promise<void> {
  for (;;) {
    try {
      await bookCredits(side.pool, credits, name);
      return;
    } catch {
      await sleep(500);
    }
  }
}

/** Books earnings. The same earnings booked again count once. */
export async function bookAgain(side: Side): Promise<void> {
  for (const [name, credits] of side.booked) await bookPatiently(side, credits, name);
}

/**
 * Until everything is paid that can be, or the time is up. All earn once more first: a wallet whose key
 * was used elsewhere finds that out when it pays.
 */
export async function settleDown(
  side: Side,
  forMs: number,
  say: (line: string) => void,
): Promise<void> {
  await earnOnce(side, side.payees, 'last');
  const deadline = performance.now() + forMs;
  let quiet = 0;
  for (let turn = 1; quiet < QUIET_LOOKS && performance.now() < deadline; turn += 1) {
    await sleep(1_000);
    const { liveness, ledger } = await side.oracle.look();
    const waiting = [...side.plain, ...side.crowd].filter(
      (payee) => (ledger.promised.get(payee)?.pendingWei ?? 0n) >= LEAST_PENDING_WEI,
    );
    const isQuiet =
      liveness.open.length + waiting.length + ledger.haltCodes.length === 0 &&
      liveness.unbooked.length + liveness.drift.length === 0;
    quiet = isQuiet ? quiet + 1 : 0;
    if (turn % 10 === 0) {
      const halted = ledger.haltCodes.join(', ') || 'no';
      say(
        `  ${side.name}: ${liveness.open.length} open, ${waiting.length} waiting, halted: ${halted}`,
      );
    }
  }
}
