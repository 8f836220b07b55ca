/** What people order, and which workers run. */
import { boolean, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import type { OrderKind } from '../../orders/rules/order.js';
import { at } from './columns.js';

export type OrderState = 'open' | 'done' | 'refused' | 'withdrawn';

export const operatorOrder = pgTable('operator_order', {
  id: uuid('id').primaryKey(),
  kind: text('kind').$type<OrderKind>().notNull(),
  subject: text('subject').notNull(),
  args: jsonb('args').notNull(),
  dryRun: boolean('dry_run').notNull(),
  actor: text('actor').notNull(),
  reason: text('reason').notNull(),
  state: text('state').$type<OrderState>().notNull().default('open'),
  result: jsonb('result'),
  createdAt: at('created_at').notNull().defaultNow(),
  takenAt: at('taken_at'),
  endedAt: at('ended_at'),
});

export const workerProcess = pgTable('worker_process', {
  id: uuid('id').primaryKey(),
  version: text('version').notNull(),
  sources: jsonb('sources').$type<readonly string[]>().notNull(),
  startedAt: at('started_at').notNull().defaultNow(),
  seenAt: at('seen_at').notNull().defaultNow(),
  host: text('host').notNull().default(''),
  turnedAt: at('turned_at').notNull().defaultNow(),
});
