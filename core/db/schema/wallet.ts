/** The wallet's side of the schema: nonces, what was signed, and what the chain showed. */
import { boolean, integer, jsonb, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import type { Address } from '../../base/address.js';
import { at, bytea, count, int8, wei } from './columns.js';

export type ForeignVerdict = 'payment' | 'pays-nobody';
export type SlotState = 'open' | 'mined' | 'failed' | 'superseded';

export const wallet = pgTable(
  'wallet',
  {
    chainId: count('chain_id').notNull(),
    address: text('address').$type<Address>().notNull(),
    nextNonce: count('next_nonce').notNull(),
    openingNonce: count('opening_nonce').notNull(),
    openingBlock: count('opening_block').notNull(),
    openingBalanceWei: wei('opening_balance_wei').notNull(),
    comparedFor: integer('compared_for'),
    createdAt: at('created_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.chainId, table.address] })],
);

export const payingWallet = pgTable('paying_wallet', {
  no: integer('no').primaryKey(),
  chainId: count('chain_id').notNull(),
  address: text('address').$type<Address>().notNull(),
  actor: text('actor').notNull(),
  reason: text('reason').notNull(),
  since: at('since').notNull().defaultNow(),
});

export const walletHalt = pgTable(
  'wallet_halt',
  {
    chainId: count('chain_id').notNull(),
    wallet: text('wallet').$type<Address>().notNull(),
    code: text('code').notNull(),
    reason: text('reason').notNull(),
    haltedAt: at('halted_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.chainId, table.wallet, table.code] })],
);

export const walletBalance = pgTable(
  'wallet_balance',
  {
    chainId: count('chain_id').notNull(),
    wallet: text('wallet').$type<Address>().notNull(),
    balanceWei: wei('balance_wei').notNull(),
    blockNumber: count('block_number').notNull(),
    seenAt: at('seen_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.chainId, table.wallet] })],
);

export const foreignTransaction = pgTable(
  'foreign_transaction',
  {
    chainId: count('chain_id').notNull(),
    hash: text('hash').notNull(),
    sender: text('sender').$type<Address>().notNull(),
    nonce: count('nonce').notNull(),
    destination: text('destination').$type<Address>(),
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

export const reconciliation = pgTable('reconciliation', {
  id: count('id').primaryKey().generatedAlwaysAsIdentity(),
  chainId: count('chain_id').notNull(),
  wallet: text('wallet').$type<Address>().notNull(),
  fromBlock: count('from_block').notNull(),
  toBlock: count('to_block').notNull(),
  fromNonce: count('from_nonce').notNull(),
  toNonce: count('to_nonce').notNull(),
  openingBalanceWei: wei('opening_balance_wei').notNull(),
  balanceWei: wei('balance_wei').notNull(),
  inWei: wei('in_wei').notNull(),
  outWei: wei('out_wei').notNull(),
  gasWei: wei('gas_wei').notNull(),
  findings: jsonb('findings').notNull(),
  ok: boolean('ok').notNull(),
  createdAt: at('created_at').notNull().defaultNow(),
});

export const nonceSlot = pgTable(
  'nonce_slot',
  {
    chainId: count('chain_id').notNull(),
    wallet: text('wallet').$type<Address>().notNull(),
    nonce: count('nonce').notNull(),
    payoutId: uuid('payout_id').notNull(),
    state: text('state').$type<SlotState>().notNull().default('open'),
    minedHash: text('mined_hash'),
    blockNumber: count('block_number'),
    blockHash: text('block_hash'),
    gasUsed: int8('gas_used'),
    gasPriceWei: wei('gas_price_wei'),
    createdAt: at('created_at').notNull().defaultNow(),
    closedAt: at('closed_at'),
    finalAt: at('final_at'),
    earlier: boolean('earlier').notNull().default(false),
  },
  (table) => [primaryKey({ columns: [table.chainId, table.wallet, table.nonce] })],
);

export const attempt = pgTable('attempt', {
  hash: text('hash').primaryKey(),
  chainId: count('chain_id').notNull(),
  wallet: text('wallet').$type<Address>().notNull(),
  nonce: count('nonce').notNull(),
  n: integer('n').notNull(),
  raw: bytea('raw').notNull(),
  gasLimit: int8('gas_limit').notNull(),
  maxFeePerGasWei: wei('max_fee_per_gas_wei').notNull(),
  maxPriorityFeePerGasWei: wei('max_priority_fee_per_gas_wei').notNull(),
  sends: integer('sends').notNull().default(0),
  firstSentAt: at('first_sent_at'),
  lastSentAt: at('last_sent_at'),
  lastAnswer: text('last_answer'),
  createdAt: at('created_at').notNull().defaultNow(),
});

/** Which worker follows the signed transfers now. */
export const settler = pgTable('settler', {
  one: boolean('one').primaryKey().default(true),
  holder: uuid('holder').notNull(),
  canSign: boolean('can_sign').notNull(),
  until: at('until').notNull(),
});

export const stuckSaga = pgTable('stuck_saga', {
  workflowId: text('workflow_id').primaryKey(),
  failure: text('failure').notNull(),
  times: integer('times').notNull().default(1),
  firstSeenAt: at('first_seen_at').notNull().defaultNow(),
  lastSeenAt: at('last_seen_at').notNull().defaultNow(),
});
