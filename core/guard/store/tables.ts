/** The tables of the performance guard. Their keys and indexes are in the migrations. */
import { bigint, integer, jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import type { NodeType } from '../../base/remote-worker.js';
import { at, count } from '../../db/columns.js';
import type { WorkerFigures } from '../rules/figures.js';
import type { GuardState, Leaning } from '../rules/states.js';

const identity = () => bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity();
const place = () => ({
  remoteWorkerId: count('remote_worker_id').notNull(),
  pipeline: text('pipeline').notNull(),
  modelId: text('model_id').notNull(),
});
const verdict = () => ({
  state: text('state').$type<GuardState>().notNull(),
  reason: text('reason').notNull(),
  lifts: text('lifts'),
  figures: jsonb('figures').$type<WorkerFigures | null>().notNull(),
  /** `guard`, `policy <name> <version>`, or the person who decided. */
  decidedBy: text('decided_by').notNull(),
});

export const workerState = pgTable('worker_state', {
  ...place(),
  ...verdict(),
  since: at('since').notNull(),
  leaning: text('leaning').$type<Leaning>(),
  leaningSince: at('leaning_since'),
  exclusions: integer('exclusions').notNull().default(0),
  judgedAt: at('judged_at').notNull(),
});

export const workerStateChange = pgTable('worker_state_change', {
  id: identity(),
  ...place(),
  ...verdict(),
  changedAt: at('changed_at').notNull(),
});

export const guardOverride = pgTable('guard_override', {
  id: identity(),
  payee: text('payee').$type<`0x${string}`>().notNull(),
  nodeType: text('node_type').$type<NodeType>(),
  region: text('region'),
  pipeline: text('pipeline'),
  modelId: text('model_id'),
  state: text('state').$type<GuardState>().notNull(),
  fromDt: at('from_dt').notNull(),
  untilDt: at('until_dt').notNull(),
  actor: text('actor').notNull(),
  reason: text('reason').notNull(),
  createdAt: at('created_at').notNull().defaultNow(),
  withdrawnAt: at('withdrawn_at'),
  withdrawnBy: text('withdrawn_by'),
});

export const guardEffect = pgTable('guard_effect', {
  hour: at('hour').notNull(),
  pipeline: text('pipeline').notNull(),
  modelId: text('model_id').notNull(),
  jobs: count('jobs').notNull(),
  toExcluded: count('to_excluded').notNull(),
  expectedMicro: count('expected_micro').notNull(),
});
