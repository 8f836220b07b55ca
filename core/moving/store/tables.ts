/** The tables of what was taken over from another manager, and of the time beside it. */
import { boolean, integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { at, count, wei } from '../../db/columns.js';
import type { Acceptable, Difference } from '../rules/differences.js';
import type { Balances, ImportTotals } from '../rules/import-plan.js';

/** A record in JSON: amounts are decimal strings of wei. */
export type InJson<T> = {
  readonly [Key in keyof T]: bigint extends T[Key] ? Exclude<T[Key], bigint> | string : T[Key];
};

export const importFile = pgTable('import_file', {
  sha256: text('sha256').primaryKey(),
  name: text('name').notNull(),
  balances: text('balances').$type<Balances>().notNull(),
  countedTo: at('counted_to').notNull(),
  planHash: text('plan_hash').notNull(),
  totals: jsonb('totals').$type<InJson<ImportTotals>>().notNull(),
  differences: jsonb('differences').$type<readonly InJson<Difference>[]>().notNull(),
  accepted: jsonb('accepted').$type<readonly Acceptable[]>().notNull(),
  actor: text('actor').notNull(),
  reason: text('reason').notNull(),
  createdAt: at('created_at').notNull().defaultNow(),
});

export const importWorker = pgTable('import_worker', {
  remoteWorkerId: count('remote_worker_id').primaryKey(),
  sha256: text('sha256').notNull(),
});

/** A table of one row: whether this pool runs beside another manager. */
export const shadow = pgTable('shadow', {
  one: boolean('one').primaryKey().default(true),
  beganAt: at('began_at').notNull().defaultNow(),
  promotedAt: at('promoted_at'),
  promotedBy: text('promoted_by'),
  promoteReason: text('promote_reason'),
});

export const shadowComparison = pgTable('shadow_comparison', {
  id: count('id').primaryKey().generatedAlwaysAsIdentity(),
  at: at('at').notNull().defaultNow(),
  basis: text('basis').$type<'http' | 'file'>().notNull(),
  place: text('place').notNull(),
  failure: text('failure'),
  workers: integer('workers').notNull().default(0),
  unexplained: integer('unexplained').notNull().default(0),
});

export const shadowDifference = pgTable(
  'shadow_difference',
  {
    comparisonId: count('comparison_id').notNull(),
    address: text('address').notNull(),
    statedWei: wei('stated_wei').notNull(),
    creditedWei: wei('credited_wei').notNull(),
    causes: jsonb('causes').$type<Readonly<Record<string, string>>>().notNull(),
    unexplainedWei: wei('unexplained_wei').notNull(),
    offsets: jsonb('offsets').$type<readonly string[]>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.comparisonId, table.address] })],
);
