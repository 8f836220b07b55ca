/** The tables of redeemed tickets, and of the periods in which a pool shares what they brought. */
import { date, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { at, count, wei } from '../../db/columns.js';

export const ticketEvent = pgTable(
  'ticket_event',
  {
    sourceId: text('source_id').notNull(),
    dt: at('dt').notNull(),
    eventId: text('event_id').notNull(),
    txHash: text('tx_hash'),
    faceValueWei: wei('face_value_wei'),
  },
  (table) => [primaryKey({ columns: [table.sourceId, table.dt, table.eventId] })],
);

/** `open`: not seen yet, or not final. `nothing`: it reverted, or brought the pool nothing. */
export const REDEMPTION_STATES = ['open', 'redeemed', 'nothing'] as const;
export type RedemptionState = (typeof REDEMPTION_STATES)[number];

export const redemption = pgTable('redemption', {
  txHash: text('tx_hash').primaryKey(),
  state: text('state').$type<RedemptionState>().notNull().default('open'),
  amountWei: wei('amount_wei').notNull().default(0n),
  blockNumber: count('block_number'),
  blockAt: at('block_at'),
  toldAt: at('told_at').notNull(),
  createdAt: at('created_at').notNull().defaultNow(),
  /** When the chain was asked about it last. */
  askedAt: at('asked_at'),
  period: integer('period'),
});

export const revenuePeriod = pgTable('revenue_period', {
  number: integer('number').primaryKey(),
  fromDay: date('from_day', { mode: 'string' }).notNull(),
  untilDay: date('until_day', { mode: 'string' }).notNull(),
  redeemedWei: wei('redeemed_wei').notNull(),
  shareWei: wei('share_wei').notNull(),
  carriedInWei: wei('carried_in_wei').notNull(),
  sharedWei: wei('shared_wei').notNull(),
  carriedOutWei: wei('carried_out_wei').notNull(),
  weightWei: wei('weight_wei').notNull(),
  workers: integer('workers').notNull(),
  termsId: integer('terms_id').notNull(),
  closedAt: at('closed_at').notNull().defaultNow(),
});

export const revenueWeight = pgTable(
  'revenue_weight',
  {
    period: integer('period').notNull(),
    remoteWorkerId: count('remote_worker_id').notNull(),
    day: date('day', { mode: 'string' }).notNull(),
    weightWei: wei('weight_wei').notNull(),
  },
  (table) => [primaryKey({ columns: [table.remoteWorkerId, table.day, table.period] })],
);

export const revenueShare = pgTable(
  'revenue_share',
  {
    period: integer('period').notNull(),
    remoteWorkerId: count('remote_worker_id').notNull(),
    weightWei: wei('weight_wei').notNull(),
    shareWei: wei('share_wei').notNull(),
  },
  (table) => [primaryKey({ columns: [table.period, table.remoteWorkerId] })],
);
