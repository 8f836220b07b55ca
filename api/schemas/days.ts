/** What the routes of earnings by day answer. */
import { z } from 'zod';
import type { About } from '../openapi/about.js';
import { address, amountFields, nodeType, pageOf, wholeText } from './fields.js';

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
