/** What the routes of the sources answer. */
import { z } from 'zod';
import { UNMATCHED_AGES } from '../../core/sentinel/rules/source-figures.js';
import type { About } from '../openapi/about.js';
import { amountFields, count, nodeType, time, wholeText } from './fields.js';

const type = { eventType: z.string(), version: z.number() };

const incompleteObject = z.object({
  sourceId: z.string(),
  key: z.string(),
  version: z.string(),
  sizeBytes: count,
  code: z.string().nullable(),
  message: z.string().nullable(),
  since: time.nullable(),
  readAt: time,
});

const changedObject = z.object({
  id: count,
  sourceId: z.string(),
  key: z.string(),
  oldVersion: z.string(),
  newVersion: z.string(),
  oldSizeBytes: count,
  newSizeBytes: count,
  wasWhole: z.boolean(),
  seenAt: time,
});

const source = z
  .object({
    id: z.string(),
    kind: z.string(),
    region: z.string().nullable(),
    nodeType: nodeType.nullable(),
    of: z.string().nullable(),
    stopped: z.object({ at: time, why: z.string().optional() }).nullable(),
    moveUnproven: z.boolean(),
    readsFrom: z.string().nullable(),
    from: time.nullable(),
    cursor: time.nullable(),
    newestEventAt: time.nullable(),
    newestEventAgeMs: z.number().nullable(),
    lastPassAt: time.nullable(),
    lastSuccessAt: time.nullable(),
    lagMs: z.number().nullable(),
    lastError: z.object({ code: z.string(), message: z.string().nullable() }).nullable(),
    silence: z.object({
      lastNewEventAt: time.nullable(),
      silentForMs: z.number().nullable(),
      connectedWorkers: count,
    }),
    clock: z.object({ aheadMs: z.number(), behindMs: z.number().nullable() }),
    removedAt: time.nullable(),
    events: wholeText,
    eventsLastDay: wholeText,
    zeroFeeEvents: wholeText,
    eventTypes: z.array(z.object({ ...type, events: wholeText })),
    setAside: count,
    unattributedJobs: count,
    unmatched: z.array(
      z.object({
        age: z.enum(UNMATCHED_AGES.map(({ age }) => age)),
        jobs: count,
        ...amountFields('gross'),
      }),
    ),
    objects: z.object({
      incomplete: count,
      overwritten: count,
      listedAt: time.nullable(),
      findings: z
        .object({ incomplete: z.array(incompleteObject), changed: z.array(changedObject) })
        .optional()
        .meta({ description: 'With the token.' }),
    }),
  })
  .meta({ id: 'Source' });

const price = z.object({
  nodeType,
  pipeline: z.string().nullable(),
  modelId: z.string().nullable(),
  hour: time,
  jobs: count,
  pricePerUnitWei: z.string(),
  usualPerUnitWei: z.string().nullable(),
  changeRatio: z.number().nullable(),
});

const unknown = ['SOURCE_UNKNOWN'] as const;

export const SOURCES = {
  list: {
    summary: 'Where events come from, and how well.',
    answer: z.object({ sources: z.array(source) }),
  },
  hours: {
    summary: 'The events of a source by type and hour.',
    answer: z.object({
      source: z.string(),
      from: time,
      to: time,
      hours: z.array(
        z.object({ hour: time, ...type, events: wholeText, zeroFeeEvents: wholeText }),
      ),
    }),
    errors: unknown,
  },
  prices: {
    summary: 'What a compute unit of a source cost lately, next to its usual price.',
    answer: z.object({ source: z.string(), models: count, prices: z.array(price) }),
    errors: unknown,
  },
  move: {
    role: 'admin',
    summary: 'Says that a source is at another address now.',
    answer: z.object({
      from: z.string(),
      to: z.string(),
      changed: z.boolean(),
      applied: z.boolean(),
      newestAt: time.nullable(),
      mustProve: z.boolean(),
      words: z.string(),
    }),
    errors: ['SOURCE_UNKNOWN', 'SOURCE_READ_TWICE'],
  },
  resume: {
    role: 'operate',
    summary: 'Lets a source that was stopped be read again.',
    answer: z.object({ resumed: z.boolean(), dryRun: z.boolean(), words: z.string() }),
    errors: ['SOURCE_UNKNOWN', 'SOURCE_NOT_STOPPED'],
  },
  backfill: {
    role: 'operate',
    summary: 'Reads a configured source again.',
    answer: z.object({
      workflowId: z.string(),
      runId: z.string(),
      created: z.boolean(),
      workflowUrl: z.string().nullable(),
    }),
    statuses: [202],
    errors: ['SOURCE_UNKNOWN', 'REPAIR_RUNNING', 'TEMPORAL_UNREACHABLE', 'WORKER_SILENT'],
  },
} as const satisfies Record<string, About>;

const pause = z
  .object({ by: z.string(), reason: z.string(), at: time })
  .nullable()
  .meta({ description: 'Null while all sources are read.' });

const paused = z.object({
  changed: z.boolean(),
  dryRun: z.boolean(),
  words: z.string(),
  paused: pause,
});

export const SYNC = {
  show: {
    summary: 'Since when no source is read, and why.',
    answer: z.object({ paused: pause }),
  },
  pause: {
    role: 'operate',
    summary: 'Lets no pass begin on any source until it is resumed.',
    answer: paused,
  },
  resume: { role: 'operate', summary: 'Ends the pause of the sync.', answer: paused },
} as const satisfies Record<string, About>;
