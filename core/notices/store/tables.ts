/** The tables of notices and their deliveries. */
import { integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import type { Address } from '../../base/address.js';
import { at, count } from '../../db/columns.js';
import type { NoticeFacts, NoticeKind } from '../rules/notice-kinds.js';

export const notice = pgTable('notice', {
  id: count('id').primaryKey().generatedAlwaysAsIdentity(),
  ref: text('ref').notNull(),
  kind: text('kind').$type<NoticeKind>().notNull(),
  payee: text('payee').$type<Address>(),
  targetId: text('target_id'),
  facts: jsonb('facts').$type<NoticeFacts[NoticeKind]>().notNull(),
  createdAt: at('created_at').notNull().defaultNow(),
  spreadAt: at('spread_at'),
});

export const noticeTarget = pgTable('notice_target', {
  id: text('id').primaryKey(),
  since: at('since').notNull().defaultNow(),
  failuresInARow: integer('failures_in_a_row').notNull().default(0),
  restUntil: at('rest_until'),
});

/** waiting: it is tried until it is delivered. dead: it was refused or given up, and can be sent again by command. */
export type DeliveryState = 'waiting' | 'delivered' | 'dead';

export const noticeDelivery = pgTable(
  'notice_delivery',
  {
    noticeId: count('notice_id').notNull(),
    targetId: text('target_id').notNull(),
    state: text('state').$type<DeliveryState>().notNull().default('waiting'),
    tries: integer('tries').notNull().default(0),
    since: at('since').notNull().defaultNow(),
    nextAt: at('next_at').notNull().defaultNow(),
    triedAt: at('tried_at'),
    endedAt: at('ended_at'),
    lastError: text('last_error'),
  },
  (table) => [primaryKey({ columns: [table.noticeId, table.targetId] })],
);
