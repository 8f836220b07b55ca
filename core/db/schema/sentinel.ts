/** What the sentinel looks at and what it found, as drizzle sees it. */
import { doublePrecision, integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import type { Figures, FindingCode, Severity } from '../../sentinel/rules/finding.js';
import { at, count, wei } from './columns.js';

const severity = (name: string) => text(name).$type<Severity>();

export const eventTotal = pgTable(
  'event_total',
  {
    sourceId: text('source_id').notNull(),
    eventType: text('event_type').notNull(),
    version: integer('version').notNull(),
    events: count('events').notNull(),
    zeroFeeEvents: count('zero_fee_events').notNull(),
  },
  (table) => [primaryKey({ columns: [table.sourceId, table.eventType, table.version] })],
);

export const jobPrice = pgTable(
  'job_price',
  {
    sourceId: text('source_id').notNull(),
    hour: at('hour').notNull(),
    nodeType: text('node_type').notNull(),
    pipeline: text('pipeline').notNull(),
    modelId: text('model_id').notNull(),
    jobs: count('jobs').notNull(),
    grossWei: wei('gross_wei').notNull(),
    computeUnits: wei('compute_units').notNull(),
  },
  ({ sourceId, hour, nodeType, pipeline, modelId }) => [
    primaryKey({ columns: [sourceId, hour, nodeType, pipeline, modelId] }),
  ],
);

export const arrivalHour = pgTable(
  'arrival_hour',
  {
    sourceId: text('source_id').notNull(),
    hour: at('hour').notNull(),
    passes: integer('passes').notNull(),
    leastBehindMs: count('least_behind_ms'),
    mostAheadMs: count('most_ahead_ms').notNull(),
  },
  (table) => [primaryKey({ columns: [table.sourceId, table.hour] })],
);

export const finding = pgTable('finding', {
  id: count('id').primaryKey().generatedAlwaysAsIdentity(),
  code: text('code').$type<FindingCode>().notNull(),
  sourceId: text('source_id').notNull(),
  subject: text('subject').notNull(),
  severity: severity('severity').notNull(),
  measure: doublePrecision('measure'),
  words: text('words').notNull(),
  figures: jsonb('figures').$type<Figures>().notNull(),
  openedAt: at('opened_at').notNull(),
  seenAt: at('seen_at').notNull(),
  timesSeen: count('times_seen').notNull().default(1),
  resolvedAt: at('resolved_at'),
  acknowledgedAt: at('acknowledged_at'),
  acknowledgedBy: text('acknowledged_by'),
  acknowledgedReason: text('acknowledged_reason'),
  acknowledgedSeverity: severity('acknowledged_severity'),
  acknowledgedMeasure: doublePrecision('acknowledged_measure'),
});
