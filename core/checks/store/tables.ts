/**
 * The tables of transactions that the chain showed and the ledger had not signed, of reconciliations, and of the audit: closed
 * pieces of the ledger, their sums, and how far the audit and the walk have come.
 */
import { boolean, customType, jsonb, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import type { Address } from '../../base/address.js';
import { at, count, int8, wei } from '../../db/columns.js';
import type { Discrepancy } from '../rules/discrepancies.js';

export type ForeignVerdict = 'payment' | 'pays-nobody';

export const foreignTransaction = pgTable(
  'foreign_transaction',
  {
    chainId: count('chain_id').notNull(),
    hash: text('hash').notNull(),
    sender: text('sender').$type<Address>().notNull(),
    nonce: count('nonce').notNull(),
    to: text('destination').$type<Address>(),
    valueWei: wei('value_wei').notNull(),
    succeeded: boolean('succeeded').notNull(),
    blockNumber: count('block_number').notNull(),
    blockHash: text('block_hash').notNull(),
    gasUsed: int8('gas_used').notNull(),
    gasPriceWei: wei('gas_price_wei').notNull(),
    verdict: text('verdict').$type<ForeignVerdict>().notNull(),
    actor: text('actor').notNull(),
    reason: text('reason').notNull(),
    createdAt: at('created_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.chainId, table.hash] })],
);

/** One row for each interval that was reconciled: opening + in − out − gas = balance, all in wei. */
export const reconciliation = pgTable('reconciliation', {
  id: count('id').primaryKey().generatedAlwaysAsIdentity(),
  chainId: count('chain_id').notNull(),
  wallet: text('wallet').$type<Address>().notNull(),
  fromBlock: count('from_block').notNull(),
  toBlock: count('to_block').notNull(),
  fromNonce: count('from_nonce').notNull(),
  toNonce: count('to_nonce').notNull(),
  openingWei: wei('opening_balance_wei').notNull(),
  balanceWei: wei('balance_wei').notNull(),
  inWei: wei('in_wei').notNull(),
  outWei: wei('out_wei').notNull(),
  gasWei: wei('gas_wei').notNull(),
  discrepancies: jsonb('findings').$type<readonly Discrepancy[]>().notNull(),
  ok: boolean('ok').notNull(),
  at: at('created_at').notNull().defaultNow(),
});

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

const sums = (name: string) =>
  pgTable(
    name,
    {
      kind: text('kind').notNull(),
      account: text('account').notNull(),
      remoteWorkerId: int8('remote_worker_id').notNull(),
      amountWei: wei('amount_wei').notNull(),
    },
    (table) => [primaryKey({ columns: [table.kind, table.account, table.remoteWorkerId] })],
  );

export const ledgerSum = sums('ledger_sum');
export const ledgerWalkSum = sums('ledger_walk_sum');

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
  /** How far the days of the workers were compared with their sums. */
  dayWorkerId: count('day_worker_id').notNull().default(0),
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
