/** What the route answers that says what needs an operator's hand. */
import { z } from 'zod';
import { NEED_KINDS } from '../../core/standing/rules/needs.js';
import type { About } from '../openapi/about.js';
import { amountFields, amountFieldsOrNull, time } from './fields.js';

const need = z
  .object({
    kind: z.enum(NEED_KINDS),
    subject: z.string(),
    code: z.string(),
    title: z.string(),
    words: z.string(),
    safe: z.string(),
    ...amountFieldsOrNull('atStake'),
    isGrave: z.boolean(),
    since: time,
    urgency: z.string(),
    actions: z.array(z.string()),
  })
  .meta({ id: 'Need' });

export const NEEDS = {
  show: {
    summary: 'What needs a hand, sorted by the money that waits times how long it has waited.',
    answer: z.object({
      at: time,
      wallet: z.object({
        ...amountFieldsOrNull('free'),
        ...amountFields('perDay'),
        runwayDays: z.number().nullable(),
      }),
      needs: z.array(need),
    }),
    role: 'read',
  },
} as const satisfies Record<string, About>;
