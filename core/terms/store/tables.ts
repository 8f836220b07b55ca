/** The tables of the dated terms. */
import { integer, jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import type { Address } from '../../base/address.js';
import type { Rounding } from '../../base/money.js';
import type { NodeType } from '../../base/remote-worker.js';
import { at, count, wei } from '../../db/columns.js';
import type { PolicyTerms } from '../rules/policy-terms.js';

const values = () => ({
  commissionBps: integer('commission_bps').notNull(),
  thresholdWei: wei('threshold_wei').notNull(),
  minIntervalMs: count('min_interval_ms').notNull(),
  rounding: text('rounding').$type<Rounding>().notNull(),
  namedFrom: at('named_from'),
  policy: jsonb('policy').$type<PolicyTerms>(),
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

/** Dated rates of remote workers. Of those that begin at or before a time, the one with the highest id holds at it. */
export const workerRate = pgTable('worker_rate', {
  id: count('id').primaryKey().generatedAlwaysAsIdentity(),
  payee: text('payee').$type<Address>().notNull(),
  nodeType: text('node_type').$type<NodeType>().notNull(),
  region: text('region').notNull(),
  fromDt: at('from_dt').notNull(),
  commissionBps: integer('commission_bps').notNull(),
  bonusBps: integer('bonus_bps').notNull(),
  policy: text('policy').notNull(),
  policyVersion: text('policy_version').notNull(),
  optionsHash: text('options_hash').notNull(),
  reason: text('reason').notNull(),
  /** Set by a trigger: the moment from which nobody counted jobs until the row was committed. */
  recordedAt: at('recorded_at').notNull(),
});
