/**
 * The tables as drizzle sees them. The migrations are the authority (partitions, triggers and
 * partial indexes live there); a test holds the two against each other, column by column.
 */
import { boolean, integer, jsonb, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import type { Address } from '../../base/address.js';
import type { Rounding } from '../../base/money.js';
import type { PayoutState, WaitCode } from '../../payouts/rules/payout.js';
import { at, count, int8, wei } from './columns.js';

const nodeType = () => text('node_type').$type<NodeType>();

export type NodeType = 'ai' | 'transcode';
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
  | 'correct';

export const source = pgTable('source', {
  id: text('id').primaryKey(),
  kind: text('kind').notNull(),
  readsFrom: text('reads_from').notNull(),
  region: text('region'),
  nodeType: nodeType(),
  fromDt: at('from_dt'),
  cursorDt: at('cursor_dt'),
  deepFromDt: at('deep_from_dt'),
  deepPassAt: at('deep_pass_at'),
  nextSeq: count('next_seq').notNull().default(1),
  nextBatch: count('next_batch').notNull().default(1),
  newestDt: at('newest_dt'),
  lastPassAt: at('last_pass_at'),
  lastSuccessAt: at('last_success_at'),
  lastFreshAt: at('last_fresh_at'),
  lastErrorCode: text('last_error_code'),
  lastError: text('last_error'),
  archivedTo: at('archived_to'),
  removedAt: at('removed_at'),
  createdAt: at('created_at').notNull().defaultNow(),
  objectsListedAt: at('objects_listed_at'),
  ofSource: text('of_source'),
  watchLeft: count('watch_left').notNull().default(10_000),
  stoppedAt: at('stopped_at'),
  stoppedWhy: text('stopped_why'),
  moveUnproven: boolean('move_unproven').notNull().default(false),
});

export const sourceObject = pgTable(
  'source_object',
  {
    sourceId: text('source_id').notNull(),
    key: text('key').notNull(),
    version: text('version').notNull(),
    sizeBytes: count('size_bytes').notNull(),
    failureCode: text('failure_code'),
    failure: text('failure'),
    failedSince: at('failed_since'),
    dueAt: at('due_at'),
    readAt: at('read_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.sourceId, table.key] })],
);

export const sourceObjectChange = pgTable('source_object_change', {
  id: count('id').primaryKey().generatedAlwaysAsIdentity(),
  sourceId: text('source_id').notNull(),
  key: text('key').notNull(),
  oldVersion: text('old_version').notNull(),
  newVersion: text('new_version').notNull(),
  oldSizeBytes: count('old_size_bytes').notNull(),
  newSizeBytes: count('new_size_bytes').notNull(),
  wasWhole: boolean('was_whole').notNull(),
  seenAt: at('seen_at').notNull(),
});

export const eventUuid = pgTable('event_uuid', {
  uuid: uuid('uuid').primaryKey(),
  sourceId: text('source_id').notNull(),
  dt: at('dt').notNull(),
});

export const poolEvent = pgTable(
  'pool_event',
  {
    sourceId: text('source_id').notNull(),
    dt: at('dt').notNull(),
    eventId: text('event_id').notNull(),
    seq: count('seq').notNull(),
    batch: count('batch').notNull(),
    eventType: text('event_type').notNull(),
    version: integer('version').notNull(),
    region: text('region'),
    nodeType: nodeType(),
    payload: text('payload').notNull(),
    grossWei: wei('gross_wei'),
    commissionWei: wei('commission_wei'),
    termsId: integer('terms_id'),
    remoteWorkerId: count('remote_worker_id'),
    matchDt: at('match_dt'),
    matchEventId: text('match_event_id'),
    receivedAt: at('received_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.sourceId, table.dt, table.eventId] })],
);

export const eventCount = pgTable(
  'event_count',
  {
    sourceId: text('source_id').notNull(),
    hour: at('hour').notNull(),
    eventType: text('event_type').notNull(),
    version: integer('version').notNull(),
    events: count('events').notNull(),
    zeroFeeEvents: count('zero_fee_events').notNull().default(0),
  },
  (table) => [
    primaryKey({ columns: [table.sourceId, table.hour, table.eventType, table.version] }),
  ],
);

export const setAside = pgTable('set_aside', {
  id: count('id').primaryKey().generatedAlwaysAsIdentity(),
  sourceId: text('source_id').notNull(),
  eventId: text('event_id'),
  dtText: text('dt_text'),
  place: text('place').notNull(),
  code: text('code').notNull(),
  reason: text('reason').notNull(),
  raw: text('raw').notNull(),
  rawHash: text('raw_hash').notNull(),
  triedVersion: text('tried_version').notNull(),
  timesSeen: integer('times_seen').notNull().default(1),
  firstSeenAt: at('first_seen_at').notNull().defaultNow(),
  lastSeenAt: at('last_seen_at').notNull().defaultNow(),
  resolvedAt: at('resolved_at'),
});

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

export const connection = pgTable(
  'connection',
  {
    sourceId: text('source_id').notNull(),
    remoteWorkerId: count('remote_worker_id').notNull(),
    connection: text('connection').notNull(),
    up: boolean('up').notNull(),
    changedDt: at('changed_dt').notNull(),
    changedSeq: count('changed_seq').notNull(),
  },
  (table) => [primaryKey({ columns: [table.sourceId, table.remoteWorkerId, table.connection] })],
);

export const sourceReset = pgTable(
  'source_reset',
  {
    sourceId: text('source_id').notNull(),
    region: text('region').notNull(),
    nodeType: nodeType().notNull(),
    resetDt: at('reset_dt').notNull(),
    resetSeq: count('reset_seq').notNull(),
  },
  (table) => [primaryKey({ columns: [table.sourceId, table.region, table.nodeType] })],
);

export const unmatchedJob = pgTable(
  'unmatched_job',
  {
    sourceId: text('source_id').notNull(),
    dt: at('dt').notNull(),
    eventId: text('event_id').notNull(),
    role: text('role').$type<'received' | 'processed'>().notNull(),
    requestId: text('request_id'),
    remoteWorkerId: count('remote_worker_id'),
    grossWei: wei('gross_wei'),
    computeUnits: wei('compute_units'),
    termsId: integer('terms_id'),
    pipeline: text('pipeline'),
    modelId: text('model_id'),
    nodeType: nodeType(),
    region: text('region'),
    reason: text('reason').$type<'no-other-half' | 'ambiguous' | 'no-address'>().notNull(),
    createdAt: at('created_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.sourceId, table.dt, table.eventId] })],
);

export const decidedJob = pgTable(
  'decided_job',
  {
    sourceId: text('source_id').notNull(),
    dt: at('dt').notNull(),
    eventId: text('event_id').notNull(),
    decision: text('decision').$type<'assign' | 'absorb'>().notNull(),
    requestId: text('request_id'),
    unmatchedReason: text('unmatched_reason').notNull(),
    remoteWorkerId: count('remote_worker_id'),
    grossWei: wei('gross_wei').notNull(),
    commissionWei: wei('commission_wei').notNull(),
    computeUnits: wei('compute_units').notNull(),
    termsId: integer('terms_id').notNull(),
    postingId: int8('posting_id'),
    commandId: text('command_id').notNull(),
    actor: text('actor').notNull(),
    reason: text('reason').notNull(),
    decidedAt: at('decided_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.sourceId, table.dt, table.eventId] })],
);

export const terms = pgTable('terms', {
  id: integer('id').primaryKey().generatedAlwaysAsIdentity(),
  fromDt: at('from_dt').notNull(),
  commissionBps: integer('commission_bps').notNull(),
  thresholdWei: wei('threshold_wei').notNull(),
  minIntervalMs: count('min_interval_ms').notNull(),
  createdAt: at('created_at').notNull().defaultNow(),
  rounding: text('rounding').$type<Rounding>().notNull(),
  namedFrom: at('named_from'),
  withdrawnAt: at('withdrawn_at'),
});

export const workerTerms = pgTable('worker_terms', {
  worker: text('worker').primaryKey(),
  commissionBps: integer('commission_bps').notNull(),
  thresholdWei: wei('threshold_wei').notNull(),
  minIntervalMs: count('min_interval_ms').notNull(),
  rounding: text('rounding').$type<Rounding>().notNull(),
  namedFrom: at('named_from'),
  seenAt: at('seen_at').notNull(),
});

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

export const payoutRound = pgTable('payout_round', {
  id: uuid('id').primaryKey(),
  workflowId: text('workflow_id').notNull(),
  startedAt: at('started_at').notNull().defaultNow(),
  finishedAt: at('finished_at'),
  payouts: integer('payouts').notNull().default(0),
  reservedWei: wei('reserved_wei').notNull().default(0n),
  leftOut: jsonb('left_out').$type<readonly { payee: Address; words: string }[]>(),
});

export const payout = pgTable('payout', {
  id: uuid('id').primaryKey(),
  payee: text('payee').$type<Address>().notNull(),
  destination: text('destination').$type<Address>().notNull(),
  amountWei: wei('amount_wei').notNull(),
  state: text('state').$type<PayoutState>().notNull(),
  settlementNo: integer('settlement_no').notNull().default(1),
  origin: text('origin').$type<'round' | 'manual'>().notNull(),
  roundId: uuid('round_id'),
  reason: text('reason'),
  requestId: text('request_id'),
  heldAt: at('held_at'),
  holdReason: text('hold_reason'),
  bumpRequestedAt: at('bump_requested_at'),
  approvedAt: at('approved_at'),
  approveReason: text('approve_reason'),
  waitCode: text('wait_code').$type<WaitCode>(),
  waitReason: text('wait_reason'),
  createdAt: at('created_at').notNull().defaultNow(),
  signedAt: at('signed_at'),
  closedAt: at('closed_at'),
  toldAt: at('told_at'),
});

export const payoutAllocation = pgTable(
  'payout_allocation',
  {
    payoutId: uuid('payout_id').notNull(),
    remoteWorkerId: count('remote_worker_id').notNull(),
    amountWei: wei('amount_wei').notNull(),
  },
  (table) => [primaryKey({ columns: [table.payoutId, table.remoteWorkerId] })],
);

export const idempotencyKey = pgTable('idempotency_key', {
  key: text('key').primaryKey(),
  request: text('request').notNull(),
  payoutId: uuid('payout_id'),
  created: boolean('created'),
  createdAt: at('created_at').notNull().defaultNow(),
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

/** The one row that says what this database is the ledger of. */
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
