/** The tables of the dated terms. */
import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import type { Rounding } from '../../base/money.js';
import { at, count, wei } from '../../db/columns.js';

const values = () => ({
  commissionBps: integer('commission_bps').notNull(),
  thresholdWei: wei('threshold_wei').notNull(),
  minIntervalMs: count('min_interval_ms').notNull(),
  rounding: text('rounding').$type<Rounding>().notNull(),
  namedFrom: at('named_from'),
});

export const terms = pgTable('terms', {
  ...values(),
  id: integer('id').primaryKey().generatedAlwaysAsIdentity(),
  fromDt: at('from_dt').notNull(),
  createdAt: at('created_at').notNull().defaultNow(),
  withdrawnAt: at('withdrawn_at'),
});

export const workerTerms = pgTable('worker_terms', {
  ...values(),
  worker: text('worker').primaryKey(),
  seenAt: at('seen_at').notNull(),
});
