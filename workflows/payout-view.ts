/** What a payout saga shows of itself: search attributes, current details, and the answer to the query `status`. */
import {
  condition,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import {
  isProgress,
  type PayoutState,
  type SendResult,
  type Wait,
} from '../core/payouts/rules/payout.js';
import {
  nonceKey,
  type PayoutStatus,
  payoutStateKey,
  payoutStatusQuery,
  pokeSignal,
  txHashKey,
  waitCodeKey,
} from './contract.js';

/** Each update of search attributes is an event in the history, so a payout without trouble makes only one. */
export function createPayoutView(payoutId: string) {
  let status: PayoutStatus = { payoutId, state: 'reserved', nonce: null, txHash: null, wait: null };
  let isTold = false;
  /** The wait code that the search attributes show now. */
  let shownCode: string | null = null;
  setHandler(payoutStatusQuery, () => status);
  setHandler(pokeSignal, () => {
    isTold = true;
  });
  setCurrentDetails('Reserved. Next: take a nonce, sign, store, broadcast.');

  function showCode(wait: Wait | null): void {
    const code = wait === null || isProgress(wait.code) ? null : wait.code;
    if (code === shownCode) return;
    shownCode = code;
    upsertSearchAttributes([
      { key: payoutStateKey, value: status.state },
      { key: txHashKey, value: status.txHash },
      { key: nonceKey, value: status.nonce },
      { key: waitCodeKey, value: code },
    ]);
  }

  return {
    sent({ nonce, txHash, wait }: Extract<SendResult, { kind: 'sent' }>): void {
      status = { ...status, state: 'signed', nonce, txHash, wait };
      const next = wait === null ? 'Waiting for its confirmations.' : describe(wait);
      setCurrentDetails(`Sent as transaction \`${txHash}\` with nonce ${nonce}. ${next}`);
      showCode(wait);
    },
    waitFor(wait: Wait): void {
      status = { ...status, wait };
      setCurrentDetails(describe(wait));
      showCode(wait);
    },
    close(state: PayoutState, txHash: string | null): void {
      status = { ...status, state, txHash, wait: null };
      setCurrentDetails(txHash === null ? `Ended: ${state}.` : `Ended: ${state} in \`${txHash}\`.`);
      upsertSearchAttributes([
        { key: payoutStateKey, value: state },
        { key: txHashKey, value: txHash },
        { key: nonceKey, value: status.nonce },
        ...(shownCode === null ? [] : [{ key: waitCodeKey, value: null }]),
      ]);
    },
    /** Resolves when the saga is told that its payout changed. */
    async told(): Promise<void> {
      await condition(() => isTold);
      isTold = false;
    },
    /** Resolves when the saga is told, or after this many milliseconds. */
    async toldWithin(ms: number): Promise<void> {
      await condition(() => isTold, ms);
      isTold = false;
    },
  };
}

const describe = ({ code, reason }: Wait): string => `**${code}** ${reason}`;
