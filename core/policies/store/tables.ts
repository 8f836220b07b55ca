/** The tables of what policies say of payees, of what was wrong with a policy, and of the bonuses that were booked. */
import { date, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import type { Address } from '../../base/address.js';
import { at, count, wei } from '../../db/columns.js';

/** How a payee is shown: the last answer of the policy. */
export const payeeLook = pgTable('payee_look', {
  payee: text('payee').$type<Address>().primaryKey(),
  nickname: text('nickname'),
  tier: text('tier'),
  badge: text('badge'),
  policy: text('policy').notNull(),
  policyVersion: text('policy_version').notNull(),
  updatedAt: at('updated_at').notNull().defaultNow(),
});

export const policyFailure = pgTable('policy_failure', {
  about: text('about').primaryKey(),
  policy: text('policy').notNull(),
  policyVersion: text('policy_version').notNull(),
  payee: text('payee').$type<Address>(),
  payees: count('payees').notNull(),
  wrong: text('wrong').notNull(),
  since: at('since').notNull().defaultNow(),
  seenAt: at('seen_at').notNull().defaultNow(),
});

/** What was spent of each bonus; it is known by the time at which it begins. */
export const bonusBudget = pgTable('bonus_budget', {
  since: text('since').primaryKey(),
  budgetWei: wei('budget_wei').notNull(),
  spentWei: wei('spent_wei').notNull().default(0n),
  /** What was due at the last look, and is not booked because the budget is spent. */
  shortWei: wei('short_wei').notNull().default(0n),
});

/** When a day with a bonus was looked at for the first time. */
export const bonusClosing = pgTable('bonus_closing', {
  day: date('day', { mode: 'string' }).primaryKey(),
  closedAt: at('closed_at').notNull().defaultNow(),
});

export const bonusDay = pgTable(
  'bonus_day',
  {
    day: date('day', { mode: 'string' }).notNull(),
    remoteWorkerId: count('remote_worker_id').notNull(),
    bonusWei: wei('bonus_wei').notNull(),
    bookings: integer('bookings').notNull(),
  },
  (table) => [primaryKey({ columns: [table.day, table.remoteWorkerId] })],
);
