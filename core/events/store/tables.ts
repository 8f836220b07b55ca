/** The tables of sources, raw events, and what waits for something. Their keys and indexes are in the migrations. */
import { boolean, date, integer, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import type { NodeType } from '../../base/remote-worker.js';
import { at, count, int8, wei } from '../../db/columns.js';

const nodeType = () => text('node_type').$type<NodeType>();

export const source = pgTable('source', {
  id: text('id').primaryKey(),
  kind: text('kind').notNull(),
  readsFrom: text('reads_from').notNull(),
  region: text('region'),
  nodeType: nodeType(),
  fromDt: at('from_dt'),
  /** All events up to this event time were read, except for those that are written down late. */
  cursorDt: at('cursor_dt'),
  /** The earliest time from which a pass began and no pass has since read everything to the end; null: none. */
  deepFromDt: at('deep_from_dt'),
  deepPassAt: at('deep_pass_at'),
  nextSeq: count('next_seq').notNull().default(1),
  nextBatch: count('next_batch').notNull().default(1),
  newestDt: at('newest_dt'),
  lastPassAt: at('last_pass_at'),
  lastSuccessAt: at('last_success_at'),
  /** When a new event last came, by our clock. */
  lastFreshAt: at('last_fresh_at'),
  lastErrorCode: text('last_error_code'),
  lastError: text('last_error'),
  /** Events before this time are in archive files, and their keys are no longer in the database. */
  archivedTo: at('archived_to'),
  removedAt: at('removed_at'),
  createdAt: at('created_at').notNull().defaultNow(),
  /** When a pass last listed all objects of the source, old ones included; null: never, or it has none. */
  objectsListedAt: at('objects_listed_at'),
  /** For a dump: the id of the source whose events it contains. */
  ofSource: text('of_source'),
  /** This many of its jobs are still to be compared with those of other sources. */
  watchLeft: count('watch_left').notNull().default(10_000),
  /** When the source was stopped because it gives the events of another one. It is not read until a person decides. */
  stoppedAt: at('stopped_at'),
  stoppedWhy: text('stopped_why'),
  /** True when the source was moved and the new place has not yet shown that it is the same orchestrator. */
  moveUnproven: boolean('move_unproven').notNull().default(false),
});

/** Has one row while no source is to be read. */
export const syncPause = pgTable('sync_pause', {
  single: boolean('single').primaryKey().default(true),
  actor: text('actor').notNull(),
  reason: text('reason').notNull(),
  at: at('at').notNull().defaultNow(),
});

export const sourceObject = pgTable('source_object', {
  sourceId: text('source_id').notNull(),
  key: text('key').notNull(),
  version: text('version').notNull(),
  sizeBytes: count('size_bytes').notNull(),
  failureCode: text('failure_code'),
  failure: text('failure'),
  failedSince: at('failed_since'),
  /** When the object is to be read again; null: it was read to its end. */
  dueAt: at('due_at'),
  readAt: at('read_at').notNull(),
});

export const sourceObjectChange = pgTable('source_object_change', {
  id: count('id').primaryKey().generatedAlwaysAsIdentity(),
  sourceId: text('source_id').notNull(),
  key: text('key').notNull(),
  oldVersion: text('old_version').notNull(),
  newVersion: text('new_version').notNull(),
  oldSizeBytes: count('old_size_bytes').notNull(),
  newSizeBytes: count('new_size_bytes').notNull(),
  /** Whether the old version was complete. If it was half-written, the change was expected. */
  wasWhole: boolean('was_whole').notNull(),
  seenAt: at('seen_at').notNull(),
});

export const eventUuid = pgTable('event_uuid', {
  uuid: uuid('uuid').primaryKey(),
  sourceId: text('source_id').notNull(),
  dt: at('dt').notNull(),
});

/** Rows of archive files have their fields in the order of these columns. */
export const poolEvent = pgTable('pool_event', {
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
  /** The rate that the job was credited with; null: the terms held alone. Of a late half it is that of its job. */
  rateId: count('rate_id'),
});

export const eventCount = pgTable('event_count', {
  sourceId: text('source_id').notNull(),
  hour: at('hour').notNull(),
  eventType: text('event_type').notNull(),
  version: integer('version').notNull(),
  events: count('events').notNull(),
  zeroFeeEvents: count('zero_fee_events').notNull().default(0),
});

export const eventTotal = pgTable('event_total', {
  sourceId: text('source_id').notNull(),
  eventType: text('event_type').notNull(),
  version: integer('version').notNull(),
  events: count('events').notNull(),
  zeroFeeEvents: count('zero_fee_events').notNull(),
});

export const arrivalHour = pgTable('arrival_hour', {
  sourceId: text('source_id').notNull(),
  hour: at('hour').notNull(),
  passes: integer('passes').notNull(),
  leastBehindMs: count('least_behind_ms'),
  mostAheadMs: count('most_ahead_ms').notNull(),
});

export const jobPrice = pgTable('job_price', {
  sourceId: text('source_id').notNull(),
  hour: at('hour').notNull(),
  nodeType: nodeType().notNull(),
  pipeline: text('pipeline').notNull(),
  modelId: text('model_id').notNull(),
  jobs: count('jobs').notNull(),
  grossWei: wei('gross_wei').notNull(),
  computeUnits: wei('compute_units').notNull(),
});

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

export const connection = pgTable('connection', {
  sourceId: text('source_id').notNull(),
  remoteWorkerId: count('remote_worker_id').notNull(),
  connection: text('connection').notNull(),
  up: boolean('up').notNull(),
  changedDt: at('changed_dt').notNull(),
  changedSeq: count('changed_seq').notNull(),
});

export const sourceReset = pgTable('source_reset', {
  sourceId: text('source_id').notNull(),
  region: text('region').notNull(),
  nodeType: nodeType().notNull(),
  resetDt: at('reset_dt').notNull(),
  resetSeq: count('reset_seq').notNull(),
});

/** Every change of a connection; `connection` has the last one of each. Kept for a hundred days. */
export const connectionChange = pgTable('connection_change', {
  remoteWorkerId: count('remote_worker_id').notNull(),
  changedDt: at('changed_dt').notNull(),
  sourceId: text('source_id').notNull(),
  changedSeq: count('changed_seq').notNull(),
  connection: text('connection').notNull(),
  up: boolean('up').notNull(),
});

/** Every reset; `source_reset` has the last one of each. */
export const resetChange = pgTable('reset_change', {
  sourceId: text('source_id').notNull(),
  region: text('region').notNull(),
  nodeType: nodeType().notNull(),
  resetDt: at('reset_dt').notNull(),
  resetSeq: count('reset_seq').notNull(),
});

/** How the passes of a source went on a UTC day: whether the pool could see what the source said. */
export const sourceDay = pgTable('source_day', {
  sourceId: text('source_id').notNull(),
  day: date('day', { mode: 'string' }).notNull(),
  goodPasses: integer('good_passes').notNull(),
  failedPasses: integer('failed_passes').notNull(),
  /** Bit h is set when a pass that ended in the hour h of the day, 0 to 23, read to the end. */
  goodHours: integer('good_hours').notNull(),
});

export const unmatchedJob = pgTable('unmatched_job', {
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
  responseUs: count('response_us'),
  durationMs: count('duration_ms'),
});

export const decidedJob = pgTable('decided_job', {
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
  /** Null: the event named none, or it was decided about before these were kept. */
  pipeline: text('pipeline'),
  modelId: text('model_id'),
  commandId: text('command_id').notNull(),
  actor: text('actor').notNull(),
  reason: text('reason').notNull(),
  decidedAt: at('decided_at').notNull().defaultNow(),
  rateId: count('rate_id'),
});

/** How the jobs of a remote worker went in an hour; rules/sums/hour-tally.ts says what each figure is. */
export const workerHour = pgTable('worker_hour', {
  remoteWorkerId: count('remote_worker_id').notNull(),
  hour: at('hour').notNull(),
  pipeline: text('pipeline').notNull(),
  modelId: text('model_id').notNull(),
  jobs: count('jobs').notNull(),
  received: count('received').notNull(),
  answered: count('answered').notNull(),
  ratedJobs: count('rated_jobs').notNull(),
  slowJobs: count('slow_jobs').notNull(),
  ratedDurationMs: count('rated_duration_ms').notNull(),
  ratedResponseUs: count('rated_response_us').notNull(),
  instantJobs: count('instant_jobs').notNull(),
  responseUs: count('response_us').notNull(),
  timedUnits: wei('timed_units').notNull(),
  responses: integer('responses').array().notNull(),
});
