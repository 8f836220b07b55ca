/** The tables of the dated terms. */
import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import type { Rounding } from '../../base/money.js';
import { at, count, wei } from '../../db/columns.js';

export const terms = pgTable('terms', {
  id: integer('id').primaryKey().generatedAlwaysAsIdentity(),
  fromDt: at('from_dt').notNull(),
  commissionBps: integer('commission_bps').notNull(),
  thresholdWei: wei('threshold_wei').notNull(),
  minIntervalMs: count('min_interval_ms').notNull(),
  createdAt: at('created_at').notNull().defaultNow(),
  rounding: text('rounding').$type<Rounding>().notNull(),
  namedFrom: at('named_from'),
  withdrawnAt: at('withdrawn_at'),
});

export const workerTerms = pgTable('worker_terms', {
  worker: text('worker').primaryKey(),
  commissionBps: integer('commission_bps').notNull(),
  thresholdWei: wei('threshold_wei').notNull(),
  minIntervalMs: count('min_interval_ms').notNull(),
  rounding: text('rounding').$type<Rounding>().notNull(),
  namedFrom: at('named_from'),
  seenAt: at('seen_at').notNull(),
});
