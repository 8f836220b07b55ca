/** What the routes of earnings by day answer, and those of what tickets brought. */
import { z } from 'zod';
import type { About } from '../openapi/about.js';
import { address, amountFields, nodeType, pageOf, time, wholeText } from './fields.js';

const dayText = z.iso.date().meta({ description: 'A day in UTC, by the time of the jobs.' });
const name = z.string().nullable().meta({
  description: 'Null when the events name none, and without a token when it may be no name.',
});

const earnedDay = z
  .object({
    day: dayText,
    nodeType,
    region: z.string(),
    pipeline: name,
    modelId: name,
    jobs: wholeText,
    computeUnits: wholeText,
    ...amountFields('gross'),
    ...amountFields('commission'),
    ...amountFields('adjusted'),
    ...amountFields('net'),
  })
  .meta({ id: 'EarnedDay', description: 'net = gross - commission + adjusted.' });

const span = { from: dayText, to: dayText };

export const DAYS = {
  ofPayee: {
    summary: 'What a payee earned by day, node type, region, pipeline and model.',
    answer: pageOf('days', earnedDay).extend({ payee: address, ...span }),
    errors: ['ADDRESS_MALFORMED', 'PAYEE_UNKNOWN'],
  },
  ofPool: {
    summary: 'What the pool earned by day, node type, region, pipeline and model.',
    answer: pageOf('days', earnedDay).extend(span),
  },
} as const satisfies Record<string, About>;

const utcDay = z.iso.date().meta({ description: 'A day in UTC.' });

const revenueDay = z
  .object({
    day: utcDay,
    ...amountFields('gross'),
    ...amountFields('credited'),
    ...amountFields('redeemed'),
    redemptions: z.int(),
  })
  .meta({
    id: 'RevenueDay',
    description: 'Fees of the jobs, what of them was credited, and what was redeemed.',
  });

const revenue = z
  .object({
    share: z.object({ shareBps: z.int(), everyMs: z.int() }).nullable().meta({
      description: 'What workers get of what is redeemed; null: this pool pays for each job.',
    }),
    recipients: z.array(address),
    ticketBroker: address.nullable(),
    next: z
      .object({
        from: utcDay,
        until: utcDay.meta({ description: 'The first day after it.' }),
        closedAfter: time,
        waits: z
          .string()
          .nullable()
          .meta({ description: 'Why it is not closed although its time has come.' }),
      })
      .nullable(),
    days: z
      .array(revenueDay)
      .nullable()
      .meta({ description: 'The last 30 days; null without a token.' }),
  })
  .meta({ id: 'Revenue' });

const period = z
  .object({
    number: z.int(),
    from: utcDay,
    until: utcDay.meta({ description: 'The first day after it.' }),
    ...amountFields('redeemed'),
    ...amountFields('share'),
    ...amountFields('carriedIn'),
    ...amountFields('shared'),
    ...amountFields('carriedOut'),
    ...amountFields('weight'),
    workers: z.int(),
    termsId: z.string(),
    closedAt: time,
  })
  .meta({
    id: 'RevenuePeriod',
    description:
      'share is the workers’ part of redeemed; share + carriedIn = shared + carriedOut. Each worker got shared times its work over weight, the fees of all work.',
  });

const redemption = z
  .object({
    txHash: z.string(),
    state: z.enum(['open', 'redeemed', 'nothing']),
    ...amountFields('amount'),
    block: z.int().nullable(),
    blockAt: time.nullable(),
    toldAt: time,
    period: z.int().nullable(),
    explorerUrl: z.string().nullable(),
  })
  .meta({
    id: 'Redemption',
    description: 'open: the chain does not show it as final. nothing: it brought the pool nothing.',
  });

export const REVENUE = {
  show: { summary: 'What tickets brought, against what was credited.', answer: revenue },
  periods: {
    summary: 'The periods in which the pool shared what it redeemed.',
    answer: pageOf('periods', period),
  },
  redemptions: {
    summary: 'The transactions that redeemed tickets.',
    answer: pageOf('redemptions', redemption),
  },
} as const satisfies Record<string, About>;
