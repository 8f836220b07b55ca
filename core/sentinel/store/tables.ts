/** The table of findings. */
import { doublePrecision, jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import { at, count } from '../../db/columns.js';
import type { Figures, FindingCode, Severity } from '../rules/finding.js';

const severity = (name: string) => text(name).$type<Severity>();

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
  /** When a look last saw it. */
  seenAt: at('seen_at').notNull(),
  timesSeen: count('times_seen').notNull().default(1),
  resolvedAt: at('resolved_at'),
  acknowledgedAt: at('acknowledged_at'),
  acknowledgedBy: text('acknowledged_by'),
  acknowledgedReason: text('acknowledged_reason'),
  acknowledgedSeverity: severity('acknowledged_severity'),
  acknowledgedMeasure: doublePrecision('acknowledged_measure'),
});
