/**
 * Sends payouts for the whole wallet and not for each saga alone: calls that arrive at the same time are signed in
 * one transaction and broadcast in one batch.
 */
import { MONEY_LOOP_MS, turns } from '../../processes/turns.js';
import { isClosed, type SendResult, type Wait } from '../rules/payout.js';
import { payoutHeld, SIGNED_ELSEWHERE } from '../rules/waits.js';
import { payoutMissing } from '../store/payout-messages.js';
import { type PayoutProgress, payoutProgress, recordWaits } from '../store/payout-progress.js';
import type { MoneyDeps } from '../wallet/money-deps.js';
import { type AllocatingDeps, allocate, type Waits } from './allocating.js';
import { broadcastUnsent } from './broadcasting.js';
import { GasMemory } from './transfer-gas.js';

export interface Sender {
  /** Signs the payout if it can be signed, and broadcasts its bytes if they were never sent. */
  send(payoutId: string): Promise<SendResult>;
}

/** One transaction signs at most this many payouts, because the wallet's row stays locked for about 2 ms per payout. */
const MAX_GROUP = 100;

interface Call {
  readonly payoutId: string;
  readonly resolve: (result: SendResult) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Creates the sender of this process; there should be only one. Calls that arrive while a group is being sent form
 * the next group. `onSigned` is called when there is something new to settle.
 */
export function createSender(deps: MoneyDeps, onSigned = () => {}): Sender {
  const queue: Call[] = [];
  let running = false;
  const gasMemory = new GasMemory();
  const run = async () => {
    running = true;
    const turn = turns.begin('sending', MONEY_LOOP_MS);
    while (queue.length > 0) {
      await answerGroup({ ...deps, onSigned, gasMemory }, queue.splice(0, MAX_GROUP));
      turn.turned();
    }
    turn.end();
    running = false;
  };
  return {
    send: (payoutId) =>
      new Promise((resolve, reject) => {
        queue.push({ payoutId, resolve, reject });
        if (!running) void run();
      }),
  };
}

type SenderDeps = AllocatingDeps & { readonly onSigned: () => void };

async function answerGroup(deps: SenderDeps, calls: readonly Call[]): Promise<void> {
  try {
    const results = await sendGroup(deps, [...new Set(calls.map((call) => call.payoutId))]);
    for (const call of calls) {
      const result = results.get(call.payoutId);
      if (result === undefined) call.reject(payoutMissing(call.payoutId));
      else call.resolve(result);
    }
  } catch (error) {
    for (const call of calls) call.reject(error);
  }
}

async function sendGroup(
  deps: SenderDeps,
  payoutIds: readonly string[],
): Promise<ReadonlyMap<string, SendResult>> {
  const before = await payoutProgress(deps.db, payoutIds);
  const ready = before.filter((one) => one.state === 'reserved' && one.holdReason === null);
  const refusals: Waits = ready.length === 0 ? new Map() : await allocate(deps, ready);
  if (refusals.size < ready.length || before.some(hasUnsent)) {
    deps.onSigned();
    await broadcastUnsent(deps);
  }
  const after = ready.length === 0 ? before : await payoutProgress(deps.db, payoutIds);
  const results = new Map(
    after.map((payout) => [payout.payoutId, resultFor(payout, refusals.get(payout.payoutId))]),
  );
  const waits = new Map<string, Wait>();
  for (const [payoutId, result] of results) {
    if (result.kind === 'waiting') waits.set(payoutId, result.wait);
  }
  await recordWaits(deps.db, waits);
  return results;
}

/** True when a process stopped between signing the payout and sending it. */
const hasUnsent = ({ state, slot }: PayoutProgress) => !isClosed(state) && slot?.sends === 0;

function resultFor(payout: PayoutProgress, refusal: Wait | undefined): SendResult {
  const { state, slot, holdReason } = payout;
  if (isClosed(state)) return { kind: 'closed', state, txHash: slot?.txHash ?? null };
  if (state !== 'reserved' && slot !== null) {
    return { kind: 'sent', nonce: slot.nonce, txHash: slot.txHash, wait: payout.wait };
  }
  if (holdReason !== null) return { kind: 'waiting', wait: payoutHeld(holdReason) };
  return { kind: 'waiting', wait: refusal ?? SIGNED_ELSEWHERE };
}
