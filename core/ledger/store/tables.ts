/** The tables of the ledger itself: accounts, postings, payees with their workers, earnings by day, and the audit log. */
import {
  boolean,
  date,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uuid,
} from 'drizzle-orm/pg-core';
import type { Address } from '../../base/address.js';
import type { NodeType } from '../../base/remote-worker.js';
import { at, count, int8, wei } from '../../db/columns.js';

const nodeType = () => text('node_type').$type<NodeType>();

export type Account =
  | 'revenue'
  | 'unattributed'
  | 'commission'
  | 'pending'
  | 'reserved'
  | 'paid'
  | 'adjustment'
  | 'opening';

export type PostingKind =
  | 'jobs'
  | 'late-jobs'
  | 'unattributed'
  | 'reserve'
  | 'settle'
  | 'release'
  | 'reopen'
  | 'adjust'
  | 'assign'
  | 'absorb'
  | 'opening'
  | 'adopt'
  | 'correct'
  | 'bonus'
  | 'revenue-share';

export const posting = pgTable('posting', {
  id: int8('id').primaryKey().generatedAlwaysAsIdentity(),
  kind: text('kind').$type<PostingKind>().notNull(),
  sourceId: text('source_id'),
  batch: count('batch'),
  remoteWorkerId: count('remote_worker_id'),
  termsId: integer('terms_id'),
  payoutId: uuid('payout_id'),
  settlementNo: integer('settlement_no'),
  reference: text('reference'),
  reason: text('reason'),
  createdAt: at('created_at').notNull().defaultNow(),
  standsFor: int8('stands_for'),
  firstDt: at('first_dt'),
  lastDt: at('last_dt'),
  txHash: text('tx_hash'),
  /** The rate of the jobs; null: the terms held alone. */
  rateId: count('rate_id'),
});

export const ledgerEntry = pgTable(
  'ledger_entry',
  {
    postingId: int8('posting_id').notNull(),
    account: text('account').$type<Account>().notNull(),
    remoteWorkerId: count('remote_worker_id').notNull().default(0),
    amountWei: wei('amount_wei').notNull(),
  },
  (table) => [primaryKey({ columns: [table.postingId, table.account, table.remoteWorkerId] })],
);

export const balance = pgTable(
  'balance',
  {
    account: text('account').$type<Account>().notNull(),
    remoteWorkerId: count('remote_worker_id').notNull(),
    amountWei: wei('amount_wei').notNull(),
  },
  (table) => [primaryKey({ columns: [table.remoteWorkerId, table.account] })],
);

export const payee = pgTable('payee', {
  address: text('address').$type<Address>().primaryKey(),
  unpayableCode: text('unpayable_code'),
  unpayableReason: text('unpayable_reason'),
  unpayableAt: at('unpayable_at'),
  orderedAt: at('ordered_at'),
  gasLimit: int8('gas_limit'),
  burntGasWei: wei('burnt_gas_wei').notNull().default(0n),
  createdAt: at('created_at').notNull().defaultNow(),
});

export const remoteWorker = pgTable('remote_worker', {
  id: count('id').primaryKey().generatedAlwaysAsIdentity(),
  payee: text('payee').$type<Address>().notNull(),
  nodeType: nodeType().notNull(),
  region: text('region').notNull(),
  jobs: count('jobs').notNull().default(0),
  zeroFeeJobs: count('zero_fee_jobs').notNull().default(0),
  computeUnits: wei('compute_units').notNull().default(0n),
  lastEventAt: at('last_event_at'),
  createdAt: at('created_at').notNull().defaultNow(),
});

const earned = {
  jobs: count('jobs').notNull(),
  computeUnits: wei('compute_units').notNull(),
  grossWei: wei('gross_wei').notNull(),
  commissionWei: wei('commission_wei').notNull(),
};
/** Empty pipeline and model: the event named none, or a person adjusted the payee's fees. */
const ofModel = { pipeline: text('pipeline').notNull(), modelId: text('model_id').notNull() };

/**
 * What a remote worker earned on a UTC day, `YYYY-MM-DD`, by the time of its jobs; adjustments and bonuses stand on the day on which
 * they were booked. Over all its days, gross - commission + adjusted is what the ledger says that the worker has earned.
 */
export const earningDay = pgTable(
  'earning_day',
  {
    remoteWorkerId: count('remote_worker_id').notNull(),
    day: date('day', { mode: 'string' }).notNull(),
    ...ofModel,
    ...earned,
    adjustedWei: wei('adjusted_wei').notNull().default(0n),
  },
  (table) => [
    primaryKey({ columns: [table.remoteWorkerId, table.day, table.pipeline, table.modelId] }),
  ],
);

/** The sums of `earning_day` over all days of a worker. A trigger keeps them. */
export const workerEarned = pgTable('worker_earned', {
  remoteWorkerId: count('remote_worker_id').primaryKey(),
  ...earned,
  adjustedWei: wei('adjusted_wei').notNull(),
});

/** The sums of `earning_day` over all workers of a node type and region. A trigger keeps them. */
export const poolDay = pgTable(
  'pool_day',
  {
    day: date('day', { mode: 'string' }).notNull(),
    nodeType: nodeType().notNull(),
    region: text('region').notNull(),
    ...ofModel,
    ...earned,
    adjustedWei: wei('adjusted_wei').notNull(),
  },
  (table) => [
    primaryKey({
      columns: [table.day, table.nodeType, table.region, table.pipeline, table.modelId],
    }),
  ],
);

/** What was paid on each UTC day over all workers, less what a reorg took back on it. A trigger keeps it. */
export const paidDay = pgTable('paid_day', {
  day: date('day', { mode: 'string' }).primaryKey(),
  paidWei: wei('paid_wei').notNull(),
});

export const auditLog = pgTable('audit_log', {
  id: count('id').primaryKey().generatedAlwaysAsIdentity(),
  at: at('at').notNull().defaultNow(),
  actor: text('actor').notNull(),
  action: text('action').notNull(),
  subject: text('subject').notNull(),
  reason: text('reason').notNull(),
  detail: jsonb('detail').notNull().default({}),
});

/** A table of one row: the pool and the chain that this database belongs to. */
export const ledger = pgTable('ledger', {
  one: boolean('one').primaryKey().default(true),
  poolId: text('pool_id').notNull(),
  chainId: count('chain_id').notNull(),
  anchorBlock: count('anchor_block'),
  anchorHash: text('anchor_hash'),
  upgraded: boolean('upgraded').notNull(),
  createdAt: at('created_at').notNull().defaultNow(),
});

export const setting = pgTable('setting', {
  key: text('key').primaryKey(),
  value: text('value').notNull(),
  changedAt: at('changed_at').notNull().defaultNow(),
});

export const workerProcess = pgTable('worker_process', {
  id: uuid('id').primaryKey(),
  version: text('version').notNull(),
  sources: jsonb('sources').$type<readonly string[]>().notNull(),
  startedAt: at('started_at').notNull().defaultNow(),
  seenAt: at('seen_at').notNull().defaultNow(),
  host: text('host').notNull().default(''),
  turnedAt: at('turned_at').notNull().defaultNow(),
});
