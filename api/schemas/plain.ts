/** What the routes answer that stand outside `/v1`, and the probes. */
import { z } from 'zod';
import type { About } from '../openapi/about.js';
import { address, nodeType, time } from './fields.js';

const amountNumber = z.number().meta({
  description: 'A JSON number with all its digits: more than a double holds.',
});

/** The first manager's row of a remote worker. */
const firstWorker = z
  .object({
    ethAddress: address,
    nodeType,
    region: z.string(),
    is_connected: z.boolean(),
    pending_fees: amountNumber,
    paid_fees: amountNumber,
    last_updated: time,
    connection: z.string(),
  })
  .meta({ id: 'FirstManagersWorker' });

const filtered = z.object({
  filtered: z.enum(['true', 'false']).optional().meta({ description: 'Connected ones only.' }),
});

const firstWorkers = (whose: string) => ({
  summary: `The first manager's list of ${whose}.`,
  answer: z.array(firstWorker),
  query: filtered,
});

export const FIRST_MANAGER = {
  status: {
    summary: "The first manager's totals.",
    answer: z.array(
      z.object({
        Commission: z.number().nullable(),
        TotalPayouts: amountNumber,
        TotalPending: amountNumber,
        Version: z.string(),
        Region: z.string(),
        NodeTypes: z.array(z.string()),
      }),
    ),
  },
  workers: firstWorkers('remote workers'),
  transcoder: firstWorkers('transcoders'),
  transcoders: firstWorkers('remote workers, under its older name'),
} as const satisfies Record<string, About>;

const probe = z.string().meta({ description: '`ok`, or the code of an error.' });

export const PROBES = {
  health: {
    summary: 'Whether this process answers.',
    answer: z.object({ status: z.literal('ok'), version: z.string() }),
    isAlwaysNew: true,
  },
  ready: {
    summary: 'Whether Postgres and Temporal answer this process.',
    answer: z.object({
      status: z.enum(['ok', 'unavailable']),
      database: probe,
      temporal: probe,
      worker: probe,
    }),
    statuses: [200, 503],
    isAlwaysNew: true,
  },
} as const satisfies Record<string, About>;

export const METRICS = {
  metrics: {
    summary: "The pool's figures in Prometheus' text format.",
    answer: z.string(),
    media: 'text/plain',
  },
} as const satisfies Record<string, About & { readonly media: string }>;

export const LIVE = {
  summary: 'Tells when a page has changed.',
  answer: z.object({
    topic: z.union([z.literal('pool'), address]),
    id: z.string().meta({
      description:
        'Another one whenever something changes that the pages of the topic show. With `Accept: text/event-stream` a ' +
        'stream of events `state` whose data is the id, for 25 s.',
    }),
  }),
  stream: 'text/event-stream',
} as const satisfies About;
