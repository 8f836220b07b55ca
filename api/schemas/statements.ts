/** What the routes answer that tell what is in a payout, and what happened on a payee's account. */
import { z } from 'zod';
import { PAYOUT_STATES } from '../../core/payouts/rules/payout.js';
import type { About } from '../openapi/about.js';
import {
  address,
  amountFields,
  amountFieldsOrNull,
  count,
  hash,
  nodeType,
  time,
  weiText,
} from './fields.js';

const creditKind = z
  .enum([
    'jobs',
    'late-jobs',
    'unattributed',
    'reserve',
    'settle',
    'release',
    'reopen',
    'adjust',
    'assign',
    'absorb',
    'opening',
    'adopt',
    'correct',
    'bonus',
    'revenue-share',
    'missing',
  ])
  .meta({
    description:
      'jobs, late-jobs and assign are jobs; the others are what people or checks booked.',
  });

const detail = z.enum(['event', 'archived', 'none']).meta({
  description: 'archived: jobs whose events are in the archive; none: no job.',
});

const credit = z
  .object({
    kind: creditKind,
    detail,
    ...amountFields('amount'),
    workerId: z.string().nullable(),
    nodeType: nodeType.nullable(),
    region: z.string().nullable(),
    postingId: z.string().nullable(),
    bookedAt: time.nullable(),
    reference: z.string().nullable(),
    reason: z.string().nullable(),
    job: z
      .object({
        sourceId: z.string(),
        eventId: z.string(),
        at: time,
        pipeline: z.string().nullable(),
        modelId: z.string().nullable(),
        ...amountFields('gross'),
        ...amountFields('commission'),
        ...amountFields('net'),
      })
      .nullable(),
  })
  .meta({
    id: 'PayoutCredit',
    description: 'Something that a payout settles, all of it or a part.',
  });

const creditSum = z
  .object({
    kind: creditKind,
    detail,
    day: z.string().nullable(),
    pipeline: z.string().nullable(),
    modelId: z.string().nullable(),
    jobs: count.nullable(),
    ...amountFieldsOrNull('gross'),
    ...amountFieldsOrNull('commission'),
    ...amountFields('amount'),
  })
  .meta({ id: 'PayoutCreditSum' });

const balances = z.object({
  ...amountFields('balance'),
  ...amountFields('pending'),
  ...amountFields('reserved'),
  ...amountFields('paid'),
});

const line = z
  .object({
    at: time.meta({ description: 'When it was booked: this decides about the period.' }),
    type: z.enum([
      'credit',
      'payout',
      'payout-reversed',
      'payment',
      'bonus',
      'revenue-share',
      'adjustment',
      'correction',
      'other',
    ]),
    ...amountFields('change'),
    ...amountFields('balance'),
    grossWei: weiText.nullable(),
    commissionWei: weiText.nullable(),
    termsId: z.string().nullable(),
    rateId: z.string().nullable().meta({
      description: 'The dated rate of the remote worker; null: the terms held alone.',
    }),
    rateReason: z.string().nullable(),
    jobsFrom: time.nullable(),
    jobsTo: time.nullable(),
    nodeType: nodeType.nullable(),
    region: z.string().nullable(),
    payoutId: z.string().nullable(),
    txHash: hash.nullable(),
    destination: address.nullable().meta({ description: 'Where a payout or a payment went.' }),
    reference: z.string().nullable(),
    reason: z.string().nullable(),
    postingId: z.string(),
  })
  .meta({ id: 'StatementLine' });

export const STATEMENTS = {
  statement: {
    summary:
      'What was credited to a payee and paid in a period of booking, with the balance after each line.',
    answer: z
      .object({
        payee: address,
        from: z.string().nullable(),
        to: z.string().nullable(),
        isFinal: z
          .boolean()
          .meta({ description: 'Whether this period has the same statement for ever.' }),
        opening: balances,
        lines: z.array(line),
        closing: balances,
      })
      .meta({ id: 'Statement' }),
    errors: ['ADDRESS_MALFORMED', 'PAYEE_UNKNOWN'],
    hasCsv: true,
  },
  credits: {
    summary: 'What a payout settles: all of it together is its amount, to the wei.',
    answer: z
      .object({
        payoutId: z.string(),
        payee: address,
        state: z.enum(PAYOUT_STATES),
        ...amountFields('amount'),
        settles: z
          .boolean()
          .meta({ description: 'False: it ended unpaid, and a later payout settles this.' }),
        credits: z
          .array(credit)
          .optional()
          .meta({ description: 'Without `by`: one by one, page by page.' }),
        sums: z.array(creditSum).optional().meta({ description: 'With `by`: added up.' }),
        nextCursor: z.string().nullable(),
      })
      .meta({ id: 'PayoutCredits' }),
    errors: ['PAYOUT_NOT_FOUND', 'CURSOR_MALFORMED'],
    hasCsv: true,
  },
} as const satisfies Record<string, About>;
