import { Context } from '@temporalio/activity';
import type { Wait, WaitCode } from '../domain/payout.js';
import type { PayoutInput, Unscoped } from '../workflows/contract.js';
import { beating } from './beating.js';
import { guarded } from './failure.js';
import type { MoneyDeps } from './money-deps.js';
import { createSender, payoutMissing, type SendResult } from './sending.js';
import { SettlementLoop, type SettleOutcome } from './settlement-loop.js';
import { turns } from './turns.js';

export type { SendResult };

export type SettleResult =
  | Exclude<SettleOutcome, { readonly kind: 'missing' }>
  | { readonly kind: 'waiting'; readonly wait: Wait };

export interface SettleInput extends Unscoped<PayoutInput> {
  readonly knownWaitCode: WaitCode | null;
}

const HEARTBEAT_MS = 1_000;
/** A loop that has not turned for so long is no reason to go on waiting for this process. */
const BEATS_WITHIN_MS = 90_000;
/** A new reason to wait is worth telling the workflow when it has lasted this long. */
const WAIT_TOLD_AFTER_MS = 5_000;

/** The activities of one payout's saga. */
export function createPayoutActivities(deps: MoneyDeps) {
  const sender = createSender(deps);
  const loop = new SettlementLoop(deps);
  return {
    sendPayout: guarded((input: Unscoped<PayoutInput>): Promise<SendResult> => {
      const { payoutId } = input;
      const getsOn = () => turns.isTurning('sending', BEATS_WITHIN_MS);
      return beating('signing and sending', () => sender.send(payoutId), getsOn);
    }),
    settlePayout: guarded(
      (input: SettleInput): Promise<SettleResult> => watchUntilSettled(loop, input),
    ),
  };
}

/**
 * Stays parked until the payout has ended. Cancelling it (a worker that shuts down) only ends the
 * watching: what was signed stays signed, and the next worker goes on from Postgres.
 */
async function watchUntilSettled(loop: SettlementLoop, input: SettleInput): Promise<SettleResult> {
  const context = Context.current();
  let stop = () => {};
  try {
    return await new Promise<SettleResult>((resolve, reject) => {
      const watch = loop.watch(input.payoutId, (outcome) => {
        if (outcome.kind === 'missing') reject(payoutMissing(input.payoutId));
        else resolve(outcome);
      });
      const beat = setInterval(() => {
        const current = watch.current();
        if (!turns.isTurning('settling', BEATS_WITHIN_MS)) return;
        context.heartbeat(current?.wait.reason ?? 'looking at the chain');
        if (current === undefined || current.wait.code === input.knownWaitCode) return;
        const lastedMs = performance.now() - current.sinceMs;
        if (lastedMs >= WAIT_TOLD_AFTER_MS) resolve({ kind: 'waiting', wait: current.wait });
      }, HEARTBEAT_MS);
      stop = () => {
        clearInterval(beat);
        watch.release();
      };
      context.cancelled.catch(reject);
    });
  } finally {
    stop();
  }
}
