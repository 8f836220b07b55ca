/** What a payout saga shows of itself: search attributes, current details, the answer to `status`. */
import {
  condition,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { PayoutState, Wait } from '../domain/payout.js';
import {
  nonceKey,
  type PayoutStatus,
  payoutStateKey,
  payoutStatusQuery,
  pokeSignal,
  txHashKey,
  waitCodeKey,
} from './contract.js';

export interface PayoutView {
  readonly payoutId: string;
  readonly state: PayoutState;
  readonly txHash: string | null;
  sent(transfer: { readonly nonce: number; readonly txHash: string }): void;
  waitFor(wait: Wait): void;
  close(state: PayoutState, txHash: string | null): void;
  /** Waits out the time; true when it was cut short because something changed. */
  pause(pauseMs: number): Promise<boolean>;
  poke(): void;
}

/** Each upsert is one event in the history: a payout without trouble makes two. */
export function createPayoutView(payoutId: string): PayoutView {
  let status: PayoutStatus = { payoutId, state: 'reserved', nonce: null, txHash: null, wait: null };
  let poked = false;
  setHandler(payoutStatusQuery, () => status);
  setHandler(pokeSignal, () => {
    poked = true;
  });
  setCurrentDetails('Reserved. Next: take a nonce, sign, store, broadcast.');
  return {
    payoutId,
    get state() {
      return status.state;
    },
    get txHash() {
      return status.txHash;
    },
    sent({ nonce, txHash }) {
      status = { ...status, state: 'signed', nonce, txHash, wait: null };
      setCurrentDetails(
        `Sent as transaction \`${txHash}\` with nonce ${nonce}. Waiting for its confirmations.`,
      );
      upsertSearchAttributes([
        { key: payoutStateKey, value: 'signed' },
        { key: txHashKey, value: txHash },
        { key: nonceKey, value: nonce },
        { key: waitCodeKey, value: null },
      ]);
    },
    waitFor(wait) {
      const isNews = status.wait?.code !== wait.code;
      status = { ...status, wait };
      setCurrentDetails(`**${wait.code}** ${wait.reason}`);
      if (isNews) upsertSearchAttributes([{ key: waitCodeKey, value: wait.code }]);
    },
    close(state, txHash) {
      status = { ...status, state, txHash, wait: null };
      setCurrentDetails(txHash === null ? `Ended: ${state}.` : `Ended: ${state} in \`${txHash}\`.`);
      upsertSearchAttributes([
        { key: payoutStateKey, value: state },
        { key: txHashKey, value: txHash },
        { key: waitCodeKey, value: null },
      ]);
    },
    async pause(pauseMs) {
      await condition(() => poked, pauseMs);
      const wasPoked = poked;
      poked = false;
      return wasPoked;
    },
    poke() {
      poked = true;
    },
  };
}
