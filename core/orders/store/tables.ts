/** The tables of people's orders and of idempotency keys. */
import { boolean, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { at } from '../../db/columns.js';
import type { OrderKind } from '../rules/order-kinds.js';

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

export const idempotencyKey = pgTable('idempotency_key', {
  key: text('key').primaryKey(),
  request: text('request').notNull(),
  payoutId: uuid('payout_id'),
  created: boolean('created'),
  createdAt: at('created_at').notNull().defaultNow(),
});
