/** The tables of the audit: closed pieces of the ledger, their sums, and how far the audit and the walk have come. */
import { boolean, customType, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import { at, int8, wei } from '../../db/columns.js';

const xid8 = customType<{ data: string }>({ dataType: () => 'xid8' });

export const ledgerPiece = pgTable('ledger_piece', {
  lastId: int8('last_id').primaryKey(),
  firstId: int8('first_id').notNull(),
  postings: int8('postings').notNull(),
  fingerprint: text('fingerprint').notNull(),
  endsAt: at('ends_at').notNull(),
  closedAt: at('closed_at').notNull().defaultNow(),
  provedAt: at('proved_at').notNull().defaultNow(),
  compactedAt: at('compacted_at'),
  brokenAt: at('broken_at'),
});

const sums = () => ({
  kind: text('kind').notNull(),
  account: text('account').notNull(),
  remoteWorkerId: int8('remote_worker_id').notNull(),
  amountWei: wei('amount_wei').notNull(),
});

export const ledgerSum = pgTable('ledger_sum', sums(), (table) => [
  primaryKey({ columns: [table.kind, table.account, table.remoteWorkerId] }),
]);

export const ledgerWalkSum = pgTable('ledger_walk_sum', sums(), (table) => [
  primaryKey({ columns: [table.kind, table.account, table.remoteWorkerId] }),
]);

export const ledgerAudit = pgTable('ledger_audit', {
  one: boolean('one').primaryKey().default(true),
  beganAt: at('began_at').notNull().defaultNow(),
  checkedAt: at('checked_at'),
  ok: boolean('ok'),
  walkId: int8('walk_id').notNull().default(0n),
  walkBeganAt: at('walk_began_at').notNull().defaultNow(),
  wholeAt: at('whole_at'),
  drift: text('drift'),
  payoutAt: at('payout_at'),
  payoutId: uuid('payout_id'),
});

export const ledgerCompaction = pgTable('ledger_compaction', {
  id: int8('id').primaryKey().generatedAlwaysAsIdentity(),
  firstId: int8('first_id').notNull(),
  lastId: int8('last_id').notNull(),
  xact: xid8('xact'),
  postingsBefore: int8('postings_before').notNull(),
  sums: text('sums').notNull(),
  at: at('at').notNull().defaultNow(),
});
