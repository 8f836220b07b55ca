/** What the routes of the pool as a whole answer: its totals, terms, audit log and history. */
import { z } from 'zod';
import { ROUNDINGS } from '../../core/base/money.js';
import type { About } from '../openapi/about.js';
import {
  amountFields,
  amountFieldsOrNull,
  checkFinding,
  count,
  durationMs,
  pageOf,
  time,
} from './fields.js';

const rounding = z.enum(ROUNDINGS);

const pool = z
  .object({
    id: z.string(),
    name: z.string(),
    region: z.string(),
    version: z.string(),
    commissionBps: count.nullable(),
    ...amountFieldsOrNull('payoutThreshold'),
    minPayoutIntervalMs: durationMs.nullable(),
    rounding: rounding.nullable(),
    payoutsEnabled: z.boolean(),
    ...amountFields('gross'),
    ...amountFields('commission'),
    ...amountFields('unattributed'),
    ...amountFields('pending'),
    ...amountFields('reserved'),
    ...amountFields('paid'),
    workers: count,
    workersOnline: count,
    payees: count,
    openPayouts: count,
    unattributedJobs: count,
    setAsideEvents: count,
  })
  .meta({ id: 'Pool' });

const auditEntry = z
  .object({
    id: z.string(),
    at: time,
    actor: z.string(),
    action: z.string(),
    subject: z.string(),
    reason: z.string(),
    detail: z.unknown(),
  })
  .meta({ id: 'AuditLogEntry' });

const rebuild = z
  .object({
    id: z.string(),
    at: time,
    events: count,
    archivedEvents: count,
    tookMs: durationMs,
    ok: z.boolean(),
    findings: z.array(checkFinding),
    findingsTotal: count,
    applied: z.boolean(),
    actor: z.string(),
    reason: z.string().nullable(),
  })
  .meta({ id: 'Rebuild' });

const archive = z
  .object({
    month: z.string(),
    file: z.string(),
    state: z.enum(['written', 'archived', 'restored']),
    rows: count,
    bytes: count,
    sha256: z.string(),
    from: time,
    to: time,
    ...amountFields('gross'),
    sources: z.array(z.string()),
    archivedAt: time.nullable(),
    restoredAt: time.nullable(),
  })
  .meta({ id: 'Archive' });

const comparison = z
  .object({
    at: time,
    basis: z.enum(['http', 'file']),
    failure: z.string().nullable(),
    workers: count,
    unexplained: count,
  })
  .meta({ id: 'ShadowComparison' });

const shadowPayee = z
  .object({
    address: z.string(),
    ...amountFields('stated'),
    ...amountFields('credited'),
    ...amountFields('unexplained'),
    /** Wei by the name of the cause. */
    causes: z.record(z.string(), z.string()),
  })
  .meta({ id: 'ShadowPayee' });

export const POOL = {
  show: { summary: 'The totals of the pool, and the terms in force.', answer: pool },
  auditLog: {
    summary: 'Who decided what, and why, the newest first.',
    answer: pageOf('entries', auditEntry),
    role: 'read',
  },
  shadow: {
    summary: 'What differs from the manager that this pool runs beside, by the last comparison.',
    answer: z.object({
      beganAt: time.nullable(),
      promotedAt: time.nullable(),
      fault: z.string().nullable(),
      comparisons: z.array(comparison),
      payees: z.array(shadowPayee),
    }),
    role: 'read',
  },
  rebuild: {
    summary: 'What it came to when every balance was worked out again from the raw events.',
    answer: z.object({ latest: rebuild.nullable(), items: z.array(rebuild) }),
  },
  archives: {
    summary: 'The months of events that are in files.',
    answer: z.object({ items: z.array(archive) }),
  },
} as const satisfies Record<string, About>;

const values = {
  commissionBps: count,
  ...amountFields('payoutThreshold'),
  minPayoutIntervalMs: durationMs,
  rounding,
  policy: z
    .object({ module: z.string().nullable(), hash: z.string() })
    .nullable()
    .meta({ description: 'By which policy single payees have terms of their own; null: nobody.' }),
  claims: z
    .array(
      z.object({
        asset: z.string(),
        perEth: z.string(),
        decimals: count,
        from: time,
        until: time.nullable(),
        words: z.string(),
      }),
    )
    .meta({
      description:
        'What workers claim of other assets for each ETH earned: claimed, not paid by this program.',
    }),
};

const version = { id: z.string(), from: time, namedFrom: time, recordedAt: time, ...values };

const terms = z.object(version).meta({ id: 'Terms' });

const termsInHistory = z
  .object({
    ...version,
    state: z.enum(['withdrawn', 'in-force', 'announced', 'replaced']),
    actor: z.string().nullable().optional(),
    reason: z.string().nullable().optional(),
  })
  .meta({ id: 'TermsVersion' });

const file = z.object({
  worker: z.string().optional(),
  ...values,
  termsFrom: time.nullable(),
  differs: z.string().nullable(),
});

export const TERMS = {
  show: {
    summary:
      'The terms: in force, announced, every version, and what the running workers’ files say.',
    answer: z.object({
      now: time,
      inForce: terms,
      announced: z.array(termsInHistory),
      versions: z.array(termsInHistory),
      files: z.array(file),
    }),
    errors: ['TERMS_UNKNOWN'],
  },
  change: {
    role: 'admin',
    summary: 'Changes the terms from a time on.',
    answer: z.object({
      applied: z.boolean(),
      changed: z.boolean(),
      words: z.string(),
      before: terms,
      after: terms,
      withdrawn: z.array(terms),
    }),
    errors: ['TERMS_UNKNOWN', 'TERMS_FROM_TAKEN', 'TERMS_FROM_PAST', 'TERMS_SHARE_REVENUE'],
  },
} as const satisfies Record<string, About>;
