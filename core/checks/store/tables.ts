/** The tables of transactions that the chain showed and the ledger had not signed, and of reconciliations. */
import { boolean, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
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
