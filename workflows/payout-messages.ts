/**
 * An operator's messages to a running saga. The validator refuses at once what can never hold; the
 * activity decides under the payout's lock and keeps the reason in the audit log.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  proxyActivities,
  setHandler,
} from '@temporalio/workflow';
import type { createPayoutActivities } from '../activities/payout.js';
import { isClosed } from '../domain/payout.js';
import { PERSON_WAITS } from './activity-options.js';
import {
  approveUpdate,
  bumpUpdate,
  cancelUpdate,
  holdUpdate,
  type OperatorAnswer,
  type OperatorMessage,
  resumeUpdate,
} from './contract.js';
import type { PayoutView } from './payout-view.js';

const { holdPayout, resumePayout, approvePayout, cancelPayout, requestBump } =
  proxyActivities<ReturnType<typeof createPayoutActivities>>(PERSON_WAITS);

type Act = (input: { payoutId: string } & OperatorMessage) => Promise<OperatorAnswer>;
type UpdateDefinition = typeof holdUpdate;

export function answerOperators(view: PayoutView): void {
  answer(view, holdUpdate, holdPayout);
  answer(view, resumeUpdate, resumePayout);
  answer(view, approveUpdate, approvePayout);
  answer(view, bumpUpdate, requestBump);
  answer(view, cancelUpdate, cancelPayout);
}

function answer(view: PayoutView, update: UpdateDefinition, act: Act): void {
  const handler = async (message: OperatorMessage): Promise<OperatorAnswer> => {
    try {
      return await act({ ...message, payoutId: view.payoutId });
    } catch (error) {
      // The caller reads the refusal's own code, not that an activity carried it.
      throw error instanceof ActivityFailure && error.cause !== undefined ? error.cause : error;
    } finally {
      view.poke();
    }
  };
  setHandler(update, handler, { validator: (message) => validate(view, message) });
}

function validate(view: PayoutView, message: OperatorMessage): void {
  if (message.reason.trim() === '') {
    throw refusal('REASON_MISSING', 'Say why: the reason is kept in the audit log.');
  }
  if (isClosed(view.state)) {
    throw refusal('PAYOUT_ALREADY_CLOSED', `The payout has ended as ${view.state}.`);
  }
}

function refusal(code: string, message: string): ApplicationFailure {
  return ApplicationFailure.create({ type: code, message, nonRetryable: true });
}
