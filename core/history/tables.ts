/** The tables of archived months and of rebuilds. */
import { boolean, jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import { at, count, wei } from '../db/columns.js';
import type { RebuildFinding } from './rules/rebuild-tally.js';

export type ArchiveState = 'written' | 'archived' | 'restored';

export const eventArchive = pgTable('event_archive', {
  id: count('id').primaryKey().generatedAlwaysAsIdentity(),
  month: at('month').notNull(),
  /** The file's name in the archive directory. */
  file: text('file').notNull(),
  state: text('state').$type<ArchiveState>().notNull().default('written'),
  rows: count('rows').notNull(),
  bytes: count('bytes').notNull(),
  sha256: text('sha256').notNull(),
  minDt: at('min_dt').notNull(),
  maxDt: at('max_dt').notNull(),
  grossWei: wei('gross_wei').notNull(),
  fingerprint: text('fingerprint').notNull(),
  sources: jsonb('sources').$type<ArchivedSources>().notNull(),
  createdAt: at('created_at').notNull().defaultNow(),
  archivedAt: at('archived_at'),
  restoredAt: at('restored_at'),
});

/** Rows and fees of each source in the file, by source id. JSON stores the numbers as decimal strings. */
export type ArchivedSources = Readonly<
  Record<string, { readonly rows: string; readonly grossWei: string }>
>;

export const rebuild = pgTable('rebuild', {
  id: count('id').primaryKey().generatedAlwaysAsIdentity(),
  /** How many raw events were read, including those in files. */
  events: count('events').notNull(),
  archivedEvents: count('archived_events').notNull(),
  tookMs: count('took_ms').notNull(),
  /** Whether nothing differs, or everything was corrected. */
  ok: boolean('ok').notNull(),
  findings: jsonb('findings').$type<readonly RebuildFinding[]>().notNull(),
  findingsTotal: count('findings_total').notNull(),
  applied: boolean('applied').notNull(),
  actor: text('actor').notNull(),
  reason: text('reason'),
  createdAt: at('created_at').notNull().defaultNow(),
});
