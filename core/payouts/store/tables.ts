/** The tables of payouts, wallets, nonces and signed attempts. */
import { type SQL, type SQLWrapper, sql } from 'drizzle-orm';
import { boolean, integer, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import type { Address } from '../../base/address.js';
import { at, bytea, count, int8, wei } from '../../db/columns.js';
import type { Lifter } from '../rules/payee-rule.js';
import {
  BLOCKING_STATES,
  OPEN_STATES,
  type PayoutState,
  SIGNED_STATES,
  type WaitCode,
} from '../rules/payout.js';

export type SlotState = 'open' | 'mined' | 'failed' | 'superseded';

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
  waitBeganAt: at('wait_began_at'),
  createdAt: at('created_at').notNull().defaultNow(),
  signedAt: at('signed_at'),
  closedAt: at('closed_at'),
  toldAt: at('told_at'),
  ripeAt: at('ripe_at'),
  overridesRules: boolean('overrides_rules').notNull().default(false),
});

export type Payout = typeof payout.$inferSelect;

/**
 * Whether a payout is in one of these states. The states are literals, because Postgres uses a partial index only
 * when its condition follows from the text of the statement.
 */
export const isIn = (states: readonly PayoutState[], state: SQLWrapper = sql`state`): SQL =>
  sql`${state} IN (${sql.raw(states.map((one) => `'${one}'`).join(', '))})`;

/** The three groups of states in `rules/payout.ts` as SQL conditions. Pass `state` where the statement must name the column's table. */
export const isOpen = (state: SQLWrapper = sql`state`): SQL => isIn(OPEN_STATES, state);
export const isSigned = (state: SQLWrapper = sql`state`): SQL => isIn(SIGNED_STATES, state);
export const isBlocking = (state: SQLWrapper = sql`state`): SQL => isIn(BLOCKING_STATES, state);

/**
 * Hides a stale WALLET_HALTED: the wait code stays in the row until the saga checks again (up to a minute), although
 * the halt is over. `p` is the payout.
 */
export const SHOWS_WAIT: SQL = sql`
  (p.wait_code IS DISTINCT FROM 'WALLET_HALTED' OR EXISTS (SELECT FROM wallet_halt))`;

/** What payouts waited for, and how long; a trigger on `payout` writes it. It has no key. */
export const payoutWait = pgTable('payout_wait', {
  payoutId: uuid('payout_id').notNull(),
  code: text('code').$type<WaitCode>().notNull(),
  beganAt: at('began_at').notNull(),
  endedAt: at('ended_at').notNull(),
});

export const payoutAllocation = pgTable('payout_allocation', {
  payoutId: uuid('payout_id').notNull(),
  remoteWorkerId: count('remote_worker_id').notNull(),
  amountWei: wei('amount_wei').notNull(),
});

export const wallet = pgTable('wallet', {
  chainId: count('chain_id').notNull(),
  address: text('address').$type<Address>().notNull(),
  nextNonce: count('next_nonce').notNull(),
  openingNonce: count('opening_nonce').notNull(),
  openingBlock: count('opening_block').notNull(),
  openingBalanceWei: wei('opening_balance_wei').notNull(),
  comparedFor: integer('compared_for'),
  createdAt: at('created_at').notNull().defaultNow(),
});

export type Wallet = typeof wallet.$inferSelect;

export const payingWallet = pgTable('paying_wallet', {
  no: integer('no').primaryKey(),
  chainId: count('chain_id').notNull(),
  address: text('address').$type<Address>().notNull(),
  actor: text('actor').notNull(),
  reason: text('reason').notNull(),
  since: at('since').notNull().defaultNow(),
});

export const walletHalt = pgTable('wallet_halt', {
  chainId: count('chain_id').notNull(),
  wallet: text('wallet').$type<Address>().notNull(),
  code: text('code').notNull(),
  reason: text('reason').notNull(),
  haltedAt: at('halted_at').notNull().defaultNow(),
});

export const walletBalance = pgTable('wallet_balance', {
  chainId: count('chain_id').notNull(),
  wallet: text('wallet').$type<Address>().notNull(),
  balanceWei: wei('balance_wei').notNull(),
  blockNumber: count('block_number').notNull(),
  baseFeeWei: wei('base_fee_wei'),
  seenAt: at('seen_at').notNull(),
  /** How many transactions were mined at this balance; null: unknown. */
  minedNonce: count('mined_nonce'),
});

export const nonceSlot = pgTable('nonce_slot', {
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
});

export type NonceSlot = typeof nonceSlot.$inferSelect;
/** A condition for open slots. It is a literal, because Postgres uses the partial index of open slots only then. */
export const isOpenSlot: SQL = sql`${nonceSlot.state} = 'open'`;

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

export type Attempt = typeof attempt.$inferSelect;

/** A table of one row: the worker that follows the signed transfers now. */
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

/** An answer of the policy; the payee is null in the answer for everybody of whom it was not asked yet. */
const answer = () => ({
  id: count('id').primaryKey().generatedAlwaysAsIdentity(),
  payee: text('payee').$type<Address>(),
  fromDt: at('from_dt').notNull(),
  policy: text('policy').notNull(),
  policyVersion: text('policy_version').notNull(),
  optionsHash: text('options_hash').notNull(),
  reason: text('reason').notNull(),
  recordedAt: at('recorded_at').notNull().defaultNow(),
});

export const payeeRule = pgTable('payee_rule', {
  ...answer(),
  thresholdWei: wei('threshold_wei'),
  minIntervalMs: count('min_interval_ms'),
  maxGasShareBps: integer('max_gas_share_bps'),
  latestAfterMs: count('latest_after_ms'),
  holdReason: text('hold_reason'),
});

export const payeeAdmission = pgTable('payee_admission', {
  ...answer(),
  admitted: boolean('admitted').notNull(),
  invited: boolean('invited').notNull(),
  code: text('code'),
  liftedBy: text('lifted_by').$type<Lifter>(),
});

export const invitation = pgTable('invitation', {
  id: count('id').primaryKey().generatedAlwaysAsIdentity(),
  payee: text('payee').$type<Address>().notNull(),
  invitedAt: at('invited_at').notNull().defaultNow(),
  actor: text('actor').notNull(),
  reason: text('reason').notNull(),
  withdrawnAt: at('withdrawn_at'),
  withdrawnBy: text('withdrawn_by'),
  withdrawReason: text('withdraw_reason'),
});

/** Since when a payee's pending amount has been at its threshold; rounds keep it for rules that need it. */
export const payeeRipe = pgTable('payee_ripe', {
  payee: text('payee').$type<Address>().primaryKey(),
  since: at('since').notNull(),
});
