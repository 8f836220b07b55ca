/** What the routes of set-aside events, of jobs that nobody is credited for, and of findings answer. */
import { z } from 'zod';
import { NOTICE_KINDS } from '../../core/notices/rules/notice-kinds.js';
import type { About } from '../openapi/about.js';
import {
  address,
  amountFields,
  amountFieldsOrNull,
  count,
  nodeType,
  pageOf,
  time,
  wholeText,
} from './fields.js';

const setAsideFields = {
  id: z.string(),
  sourceId: z.string(),
  eventId: z.string().nullable(),
  dtText: z.string().nullable(),
  place: z.string().nullable(),
  code: z.string(),
  reason: z.string(),
  raw: z.string().nullable(),
  triedVersion: z.string(),
  timesSeen: count,
  firstSeenAt: time,
  lastSeenAt: time,
  resolvedAt: time.nullable(),
};

const setAside = z.object(setAsideFields).meta({ id: 'SetAsideEvent' });

const candidate = z.object({
  payee: address.nullable(),
  nodeType: nodeType.nullable(),
  region: z.string().nullable(),
  dt: time,
  eventId: z.string().nullable(),
});

const job = z
  .object({
    job: z.string().nullable().meta({ description: 'The handle by which decisions name it.' }),
    sourceId: z.string(),
    eventId: z.string().nullable(),
    dt: time,
    ageMs: z.number(),
    role: z.enum(['received', 'processed']),
    reason: z.enum(['no-other-half', 'ambiguous', 'no-address']),
    requestId: z.string().nullable(),
    payee: address.nullable(),
    computeUnits: wholeText.nullable(),
    pipeline: z.string().nullable(),
    modelId: z.string().nullable(),
    candidates: z.array(candidate),
    ...amountFieldsOrNull('gross'),
  })
  .meta({ id: 'UnattributedJob' });

const fees = {
  ...amountFields('gross'),
  ...amountFields('commission'),
  ...amountFields('net'),
};

const jobDecision = z
  .object({
    applied: z.boolean(),
    jobs: count,
    already: count,
    ...fees,
    shown: z.array(
      z.object({
        job: z.string(),
        payee: address.nullable(),
        nodeType: nodeType.nullable(),
        region: z.string().nullable(),
        ...fees,
      }),
    ),
    words: z.string(),
  })
  .meta({ id: 'JobDecision' });

const adjustment = z
  .object({
    applied: z.boolean(),
    already: z.boolean(),
    payee: address,
    nodeType,
    region: z.string(),
    ...amountFields('amount'),
    ...amountFields('pending'),
    words: z.string(),
  })
  .meta({ id: 'Adjustment' });

const retried = z.object({
  id: z.string(),
  sourceId: z.string(),
  eventId: z.string().nullable(),
  outcome: z.string(),
  code: z.string().nullable(),
  words: z.string(),
});

/** The errors of all that a worker carries out as an order. */
const ORDER = [
  'TEMPORAL_UNREACHABLE',
  'WORKER_SILENT',
  'REPAIR_RUNNING',
  'ORDER_ENDED',
  'POOL_WRONG',
] as const;

const DECIDED = [
  ...ORDER,
  'JOB_NOT_FOUND',
  'JOB_ALREADY_CREDITED',
  'JOB_ALREADY_DECIDED',
  'SOURCE_UNKNOWN',
] as const;

export const UNCOUNTED = {
  setAside: {
    summary: 'Events that could not be counted, with the reason, the newest first.',
    answer: pageOf('events', setAside),
    errors: ['SOURCE_UNKNOWN'],
  },
  setAsideEvent: {
    summary: 'One event that could not be counted, in full, with what helps.',
    answer: z.object({ ...setAsideFields, help: z.string(), stored: z.unknown() }),
    errors: ['SET_ASIDE_NOT_FOUND'],
  },
  unattributed: {
    summary: 'Jobs that nobody is credited for.',
    answer: pageOf('jobs', job),
    errors: ['SOURCE_UNKNOWN'],
  },
  assign: {
    role: 'admin',
    summary: 'Credits jobs that nobody is credited for to a payee.',
    answer: jobDecision,
    errors: [
      ...DECIDED,
      'ADDRESS_MALFORMED',
      'PAYEE_UNKNOWN',
      'WORKER_NOT_NAMED',
      'ORDERED_DAY_ABOVE_CAP',
    ],
  },
  absorb: {
    role: 'operate',
    summary: 'Keeps jobs that nobody is credited for for the pool.',
    answer: jobDecision,
    errors: DECIDED,
  },
  adjust: {
    role: 'admin',
    summary: 'Adds to what is pending for a payee, or takes from it.',
    answer: adjustment,
    errors: [
      ...ORDER,
      'ADDRESS_MALFORMED',
      'PAYEE_UNKNOWN',
      'WORKER_NOT_NAMED',
      'ADJUSTMENT_REFERENCE_USED',
      'ADJUSTMENT_BELOW_ZERO',
      'ORDERED_DAY_ABOVE_CAP',
    ],
  },
  retry: {
    role: 'operate',
    summary: 'Tries again what was set aside.',
    answer: z.object({
      applied: z.boolean(),
      looked: count,
      outcomes: z.record(z.string(), count),
      shown: z.array(retried),
    }),
    errors: [...ORDER, 'SET_ASIDE_NOT_FOUND', 'SOURCE_UNKNOWN'],
  },
} as const satisfies Record<string, About>;

const finding = z
  .object({
    id: z.string(),
    code: z.string(),
    source: z.string(),
    subject: z.string(),
    severity: z.enum(['warning', 'grave']),
    words: z.string(),
    figures: z.record(z.string(), z.union([z.string(), z.number(), z.null()])),
    openedAt: time,
    seenAt: time,
    timesSeen: count,
    resolvedAt: time.nullable(),
    acknowledged: z.object({ at: time, by: z.string(), reason: z.string().nullable() }).nullable(),
  })
  .meta({ id: 'Finding' });

const notice = z
  .object({
    id: z.string().meta({ description: 'The id under which receivers know it.' }),
    kind: z.enum(NOTICE_KINDS),
    at: time,
    payee: address.nullable(),
    title: z.string(),
    text: z.string(),
    data: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
    spread: z.boolean().meta({ description: 'Whether it was decided which targets are told.' }),
    deliveries: z.array(
      z.object({
        target: z.string(),
        state: z.enum(['waiting', 'delivered', 'dead']),
        tries: count,
        triedAt: time.nullable(),
        nextAt: time.nullable(),
        endedAt: time.nullable(),
        lastError: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'Notice' });

export const NOTICES = {
  list: {
    role: 'read',
    summary: 'What was told to operators and workers, and what became of it.',
    answer: pageOf('notices', notice).extend({
      undelivered: z.array(
        z.object({
          target: z.string(),
          state: z.enum(['waiting', 'delivered', 'dead']),
          deliveries: count,
          oldestAgeMs: z.number(),
        }),
      ),
    }),
    errors: [],
  },
} as const satisfies Record<string, About>;

export const FINDINGS = {
  list: {
    summary: 'What looks wrong with what comes in.',
    answer: pageOf('findings', finding).extend({
      lookedAt: time.nullable(),
      open: count,
      openAcknowledged: count,
    }),
    errors: ['SOURCE_UNKNOWN'],
  },
  acknowledge: {
    role: 'operate',
    summary: 'Says that a finding is known.',
    answer: z.object({ dryRun: z.boolean(), finding: finding.optional() }),
    errors: ['FINDING_NOT_FOUND', 'FINDING_RESOLVED'],
  },
} as const satisfies Record<string, About>;
