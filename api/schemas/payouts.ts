/** What the routes of payouts and rounds answer. */
import { z } from 'zod';
import { PAYOUT_STATES } from '../../core/payouts/rules/payout.js';
import { PREVIEW_VERDICTS } from '../../core/payouts/rules/round-preview.js';
import type { About } from '../openapi/about.js';
import {
  address,
  amountFields,
  amountFieldsOrNull,
  codeAndReason,
  count,
  hash,
  nodeType,
  pageOf,
  time,
  url,
  weiText,
  wholeText,
} from './fields.js';

const decided = z.object({ at: time, reason: z.string().nullable() }).nullable();

const payoutFields = {
  id: z.string(),
  payee: address,
  destination: address,
  ...amountFields('amount'),
  state: z.enum(PAYOUT_STATES),
  origin: z.enum(['round', 'manual']),
  roundId: z.string().nullable(),
  reason: z.string().nullable(),
  settlementNo: count,
  nonce: wholeText.nullable(),
  txHash: hash.nullable(),
  held: decided,
  approved: decided,
  wait: z
    .object({ code: z.string(), reason: z.string().nullable() })
    .nullable()
    .meta({ description: 'Why it waits; null when nothing is waited for.' }),
  createdAt: time,
  signedAt: time.nullable(),
  closedAt: time.nullable(),
  workflowId: z.string(),
  workflowUrl: url,
  transactionUrl: url,
};

export const payout = z.object(payoutFields).meta({ id: 'Payout' });

const attempt = z.object({
  n: count,
  hash,
  gasLimit: wholeText,
  maxFeePerGasWei: weiText,
  maxPriorityFeePerGasWei: weiText,
  sends: count,
  firstSentAt: time.nullable(),
  lastSentAt: time.nullable(),
  lastAnswer: z.string().nullable(),
  createdAt: time,
  transactionUrl: url,
});

const slot = z
  .object({
    chainId: count,
    wallet: address,
    nonce: count,
    state: z.enum(['open', 'mined', 'failed', 'superseded']),
    minedHash: hash.nullable(),
    blockNumber: count.nullable(),
    gasUsed: wholeText.nullable(),
    gasPriceWei: weiText.nullable(),
    createdAt: time,
    closedAt: time.nullable(),
    attempts: z.array(attempt),
  })
  .meta({ id: 'NonceSlot', description: 'A nonce of the wallet, with what was signed under it.' });

const allocation = z.object({
  workerId: z.string(),
  nodeType,
  region: z.string(),
  ...amountFields('amount'),
});

const idempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,200}$/)
  .optional()
  .meta({ description: 'A request that is repeated with its key leads to the same payout.' });

const workflow = { workflowId: z.string(), workflowUrl: url };

const requested = z.union([
  z.object({ payout: payout.nullable(), ...workflow, created: z.boolean(), words: z.string() }),
  z
    .object({
      ...amountFields('amount'),
      created: z.boolean(),
      words: z.string(),
      payout: z.null(),
      dryRun: z.boolean(),
    })
    .meta({ description: 'What a dry run came to.' }),
]);

const steered = z
  .object({ words: z.string(), dryRun: z.boolean(), payout, ...workflow })
  .meta({ id: 'SteeredPayout' });

const unknown = ['PAYOUT_NOT_FOUND'] as const;
const ended = ['PAYOUT_NOT_FOUND', 'PAYOUT_ALREADY_CLOSED', 'PAYOUT_ALREADY_SIGNED'] as const;

export const PAYOUTS = {
  list: {
    summary: 'Payouts with their state, transaction, and why they wait, the newest first.',
    answer: pageOf('payouts', payout),
    errors: ['ADDRESS_MALFORMED'],
  },
  show: {
    summary: 'One payout, with its nonces, what was signed, and where its amount came from.',
    answer: z
      .object({ ...payoutFields, allocations: z.array(allocation), nonces: z.array(slot) })
      .meta({ id: 'PayoutInFull' }),
    errors: unknown,
  },
  request: {
    role: 'operate',
    summary: 'Reserves what is pending for a payee and pays it.',
    answer: requested,
    statuses: [200, 201, 202],
    headers: { 'Idempotency-Key': idempotencyKey },
    errors: [
      'ADDRESS_MALFORMED',
      'IDEMPOTENCY_KEY_REUSED',
      'ORDERED_DAY_ABOVE_CAP',
      'PAYEE_IS_WALLET',
      'PAYEE_UNKNOWN',
      'PAYEE_UNPAYABLE',
      'PAYOUT_NOTHING_DUE',
      'PAYOUT_TOO_SOON',
      'REPAIR_RUNNING',
      'TEMPORAL_UNREACHABLE',
      'TERMS_UNKNOWN',
      'WALLET_HALTED',
      'WALLET_UNKNOWN',
      'WORKER_SILENT',
    ],
  },
  hold: {
    role: 'operate',
    summary: 'Keeps a reserved payout from being signed.',
    answer: steered,
    errors: ended,
  },
  resume: {
    role: 'operate',
    summary: 'Lets a held payout go on.',
    answer: steered,
    errors: [...ended, 'PAYOUT_NOT_HELD'],
  },
  approve: {
    role: 'operate',
    summary: 'Lets a payout go that is above a limit for a single one.',
    answer: steered,
    errors: ended,
  },
  bump: {
    role: 'operate',
    summary: 'Sends a signed payout again with a higher fee, under the same nonce.',
    answer: steered,
    errors: ['PAYOUT_NOT_FOUND', 'PAYOUT_ALREADY_CLOSED', 'PAYOUT_NOT_SIGNED', 'WALLET_REPLACED'],
  },
  cancel: {
    role: 'operate',
    summary: 'Ends a payout that is not signed yet; its amount is pending again.',
    answer: steered,
    errors: ended,
  },
} as const satisfies Record<string, About>;

const previewed = z.object({
  payee: address,
  ...amountFields('pending'),
  verdict: z.enum(PREVIEW_VERDICTS),
  code: z.string().nullable(),
  reason: z.string().nullable(),
});

const totals = z.object({
  payees: count,
  pays: count,
  waits: count,
  notDue: count,
  ...amountFields('pays'),
  ...amountFields('waits'),
  ...amountFields('usedToday'),
  ...amountFields('leftToday'),
  ...amountFields('beyondToday'),
});

const gas = z.object({
  transfers: count,
  perTransfer: wholeText,
  baseFeeWei: weiText.nullable(),
  ...amountFieldsOrNull('cost'),
});

export const ROUNDS = {
  preview: {
    summary: 'Who would be paid by a round now, and why the others would not.',
    answer: pageOf('payees', previewed).extend({
      at: time,
      previewHash: z.string().meta({ description: 'What was looked at, for `POST /v1/rounds`.' }),
      gas,
      halts: z.array(codeAndReason),
      stops: z.array(codeAndReason),
      totals,
    }),
    errors: ['TERMS_UNKNOWN'],
  },
  start: {
    role: 'operate',
    summary: 'Makes exactly the round that a preview showed.',
    answer: z.object({
      ...workflow,
      round: z.object({ id: z.string(), payouts: count, ...amountFields('reserved') }).nullable(),
      words: z.string(),
    }),
    statuses: [201, 202],
    errors: [
      'ROUND_DIFFERS',
      'ORDER_ENDED',
      'POOL_WRONG',
      'REPAIR_RUNNING',
      'TEMPORAL_UNREACHABLE',
      'TERMS_UNKNOWN',
      'WALLET_HALTED',
      'WALLET_UNKNOWN',
      'WORKER_SILENT',
    ],
  },
} as const satisfies Record<string, About>;
