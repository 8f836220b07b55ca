/** The tables of what policies say of payees, and of what was wrong with a policy. */
import { pgTable, text } from 'drizzle-orm/pg-core';
import type { Address } from '../../base/address.js';
import { at, count } from '../../db/columns.js';

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
