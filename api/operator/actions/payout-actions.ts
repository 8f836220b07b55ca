import { rehearsePayout, requestPayout } from '../../../client/payouts/payout-request.js';
import { releasedWords } from '../../../client/views.js';
import { pokeSaga } from '../../../client/workflow-calls.js';
import { ethAndWei, formatEth } from '../../../core/base/money.js';
import { parseAddress, toChecksum, withChecksums } from '../../../core/chain/checksums.js';
import {
  approvePayout,
  cancelPayout,
  holdPayout,
  releasePayee,
  requestBump,
  resumePayout,
} from '../../../core/payouts/store/payout-messages.js';
import { requirePayout } from '../../routes/payouts.js';
import { type Action, byOrder, type Given, inPostgres } from './action.js';

/** Makes an action on one payout that is a message to its saga. */
const message = (apply: typeof holdPayout): Action['run'] =>
  inPostgres(
    async (reader, { subject }, decision, pool) => {
      const { id, amountWei, payee } = await requirePayout(pool, subject);
      const { words } = await apply(reader, id, decision);
      return `${formatEth(amountWei)} ETH to ${toChecksum(payee)}: ${words}`;
    },
    (pool, { subject }) => pokeSaga(pool, subject),
  );

const payeeOf = ({ subject, inputs }: Given) => ({
  payee: parseAddress(inputs.payee ?? subject),
  belowThreshold: inputs.belowThreshold === 'on',
  despiteRules: inputs.despiteRules === 'on',
});

export const PAYOUT_ACTIONS = {
  'payout.hold': {
    role: 'operate',
    label: 'Hold',
    title: 'Hold this payout',
    run: message(holdPayout),
  },
  'payout.resume': {
    role: 'operate',
    label: 'Resume',
    title: 'Let this payout go on',
    run: message(resumePayout),
  },
  'payout.approve': {
    role: 'operate',
    label: 'Approve',
    title: 'Approve this payout',
    run: message(approvePayout),
  },
  'payout.bump': {
    role: 'operate',
    label: 'Raise its fee',
    title: 'Send this payout again with a higher fee',
    run: message(requestBump),
  },
  'payout.cancel': {
    role: 'operate',
    label: 'Cancel',
    title: 'Cancel this payout',
    run: message(cancelPayout),
  },
  'payout.release': {
    role: 'operate',
    label: 'Release',
    title: 'Give this payout’s amount back to its payee',
    run: byOrder({
      kind: 'payout.release',
      subject: ({ subject }) => subject,
      args: ({ subject }) => ({ payoutId: subject }),
      words: ({ words }) => [withChecksums(words)],
    }),
  },
  'payee.release': {
    role: 'operate',
    label: 'Release',
    title: 'Let this payee be paid again',
    run: inPostgres(async (reader, { subject }, decision) => {
      const changed = await releasePayee(reader, parseAddress(subject), decision);
      return releasedWords(changed);
    }),
  },
  'payout.pay': {
    role: 'operate',
    label: 'Pay now',
    title: 'Pay one payee now',
    inputs: [
      { name: 'payee', label: 'Payee', hint: '0x…', kind: 'text' },
      {
        name: 'belowThreshold',
        label: 'However little is pending, and however soon after the last payout',
        kind: 'checkbox',
        isOptional: true,
      },
      {
        name: 'despiteRules',
        label: 'Although the policy does not admit or holds the payee, or the payee has paused',
        kind: 'checkbox',
        isOptional: true,
      },
    ],
    async run(pool, given, { dryRun, ...decision }) {
      const request = { ...payeeOf(given), ...decision };
      if (dryRun) return [(await rehearsePayout(pool, request)).words];
      // The page's own key: sent twice, the form makes one payout.
      const idempotencyKey = given.inputs.key ?? null;
      const { payout, workflowId, created } = await requestPayout(pool, {
        ...request,
        idempotencyKey,
      });
      if (payout === null) return [`no worker has answered yet; it goes on as ${workflowId}`];
      const verb = created ? 'reserved' : 'joined the open payout of';
      return [`${verb} ${ethAndWei(payout.amountWei)}: payout ${payout.id}`];
    },
  },
} as const satisfies Readonly<Record<string, Action>>;
