/**
 * Stores and credits one batch of events in one transaction, with three or four round trips to Postgres:
 *
 * 1. `known-events.ts` locks the source and reads what is known already; `counted-elsewhere.ts` may look into others.
 * 2. `fresh-events.ts` tells which events are new, `rules/credit.ts` what they earn; new workers get rows.
 * 3. `batch-writes.ts` writes the sums, `copied-rows.ts` the rows, and the transaction is committed.
 *
 * All code that writes unmatched_job or the raw events of a source locks the row of the source first, as is done here.
 */
import { pipeline } from 'node:stream/promises';
import type { PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { remoteWorkerKey } from '../../../base/remote-worker.js';
import type { Database } from '../../../db/database.js';
import { sqlState } from '../../../db/transact.js';
import { workersWithRates } from '../../../terms/store/worker-rates.js';
import { type BatchCredits, creditBatch } from '../../rules/credit.js';
import {
  type RefusedElement,
  resolveStatement,
  setAsideQuery,
  setAsideStatement,
  type Trial,
} from '../set-aside.js';
import {
  isMoveProven,
  provenStatement,
  ReadTwice,
  refuseReading,
  type StopOrder,
  stopSources,
} from '../sources/source-stops.js';
import { identifyWorkers, type SourceUpdate, writeStatements } from './batch-writes.js';
import { EVENTS_COPY, eventRows, OPENED_COPY, openedRows } from './copied-rows.js';
import { findElsewhere, watchStatements } from './counted-elsewhere.js';
import { keepUuidsStatements } from './event-uuids.js';
import { siftEvents } from './fresh-events.js';
import { type KnownState, LockAgain, readState } from './known-events.js';
import { ensurePartitions } from './partitions.js';
import type { PreparedEvent } from './prepared-events.js';
import { RateBook, type ResolveUnknown } from './rate-book.js';

/** The state of one pass: what is the same for all its batches, and what the batches find out on the way. */
export interface IngestSession extends Trial {
  readonly db: Database;
  /** The id under which the events are stored. */
  readonly sourceId: string;
  /** The id of the source that is read; for a dump it differs from `sourceId`. @default sourceId */
  readonly readerId?: string;
  /** The place that is read: a batch is refused when the source was moved meanwhile. Without it that is not checked. */
  readonly readsFrom?: string;
  /** Whether batches are compared with other sources although their source is an old one. @default false */
  readonly isWatched?: boolean;
  /** Whether events in common with another source end only this reading, and do not stop the source. @default false */
  readonly isAside?: boolean;
  readonly jobMatchWindowMs: number;
  readonly now: () => Date;
  /** Gives rates to workers that have none, before they are credited. @default nobody does: the terms hold for them */
  readonly resolveUnknown?: ResolveUnknown | undefined;
  readonly rates: RateBook;
  /** The ids of remote workers whose rows are committed. */
  readonly workerIds: Map<string, number>;
  /** The months whose partitions exist. */
  readonly months: Set<string>;
  /** The buffer for the rows of a batch, which the next one uses again: a new one would be megabytes of garbage. */
  copyRoom: Buffer;
  /** The time of the newest event of the source, as far as these batches know. */
  newestMs: number;
}

export interface IngestBatch {
  /** The events in the order in which the source yielded them. No key occurs twice, but in twins, which come last. */
  readonly events: readonly PreparedEvent[];
  /** Whether several events have one identity. The first of them that can be counted counts. @default false */
  readonly hasTwins?: boolean;
  readonly refused: readonly RefusedElement[];
  /** The time that this batch moves the cursor of the source to, if that is later. */
  readonly cursorHint: Date | null;
}

export interface IngestOutcome {
  readonly fresh: number;
  readonly duplicates: number;
  /** How many elements were set aside: those refused when they were read, and those that the store refused. */
  readonly setAside: number;
  /** The newest event time of the new events; null when there were none. */
  readonly newestFreshMs: number | null;
}

interface StoredBatch extends IngestOutcome {
  /** The orders to stop other sources that give the same events as this one. */
  readonly toStop: readonly StopOrder[];
}

const MAX_TRIES = 6;
/** Large texts are sent one by one, because inside a statement they take several times their size. */
const isLarge = ({ raw }: RefusedElement): boolean => raw.length >= 8 * 1024;
/** After a unique violation, a deadlock or a serialization failure a batch begins again with the lock. */
const RETRYABLE = new Set(['23505', '40P01', '40001']);

/** Opens a session for one pass. */
export function openIngestSession(
  options: Omit<IngestSession, 'rates' | 'workerIds' | 'months' | 'copyRoom' | 'newestMs'>,
): IngestSession {
  return {
    ...options,
    rates: new RateBook(),
    workerIds: new Map(),
    months: new Set(),
    copyRoom: Buffer.alloc(0),
    newestMs: Number.NEGATIVE_INFINITY,
  };
}

/** Stores and credits the new events of a batch, and sets aside those that cannot be counted; all of it or nothing. */
export async function ingestBatch(
  session: IngestSession,
  batch: IngestBatch,
): Promise<IngestOutcome> {
  const dtsMs = batch.events.map(({ dtMs }) => dtMs);
  await ensurePartitions(session.db, { dtsMs, now: session.now() }, session.months);
  await resolveRates(session, batch.events);
  try {
    const { toStop, ...outcome } = await storeBatch(session, batch);
    await stopSources(session.db, toStop);
    return outcome;
  } catch (error) {
    // Nothing of the batch was stored, but its finding still holds that the source gives the events of another one.
    if (error instanceof ReadTwice && session.isAside !== true) {
      await stopSources(session.db, [error.stop]);
    }
    throw error;
  }
}

/** Lets the workers that the reading has not met before get rates, those of them that have none. */
async function resolveRates(
  { db, rates, resolveUnknown }: IngestSession,
  events: readonly PreparedEvent[],
): Promise<void> {
  rates.meet(events);
  const met = rates.unasked();
  if (resolveUnknown !== undefined && met.length > 0) {
    const known = await workersWithRates(db, met);
    const unknown = met.filter((worker) => !known.has(remoteWorkerKey(worker)));
    if (unknown.length > 0) await resolveUnknown(unknown);
  }
  rates.asked();
}

async function storeBatch(session: IngestSession, batch: IngestBatch): Promise<StoredBatch> {
  for (let attempt = 1; ; attempt += 1) {
    const client = await session.db.$client.connect();
    let isBroken = false;
    try {
      return await new BatchIngest(client, session, batch).run(attempt > 1);
    } catch (error) {
      isBroken = await rollBack(client);
      if (attempt >= MAX_TRIES || !isRetryable(error)) throw error;
    } finally {
      client.release(isBroken);
    }
  }
}

function isRetryable(error: unknown): boolean {
  return error instanceof LockAgain || RETRYABLE.has(sqlState(error));
}

/** Rolls back. Returns true when that failed, which means that the connection can no longer be used. */
async function rollBack(client: PoolClient): Promise<boolean> {
  try {
    await client.query('ROLLBACK');
    return false;
  } catch {
    return true;
  }
}

class BatchIngest {
  constructor(
    private readonly client: PoolClient,
    private readonly session: IngestSession,
    private readonly batch: IngestBatch,
  ) {}

  async run(checkAllKeys: boolean): Promise<StoredBatch> {
    const { client, session, batch } = this;
    const { events } = batch;
    const { sourceId, readerId = sourceId, maxJobFeeWei } = session;
    const newestMs = checkAllKeys ? Number.POSITIVE_INFINITY : session.newestMs;
    const state = await readState(client, session, { events, newestMs });
    const { own, hashes } = state;
    refuseReading(own, session);
    const elsewhere = await findElsewhere(client, state, { events, readerId });
    const { counted, toStop } = elsewhere;
    const known = { hashes, counted, same: elsewhere.same };
    const { fresh, refused: sifted } = siftEvents(batch, known, { ...state, maxJobFeeWei });
    const isProven = isMoveProven(state, events, fresh.length + sifted.length);
    const refused = [...batch.refused, ...sifted];
    for (const element of refused) {
      if (isLarge(element)) await client.query(setAsideQuery(sourceId, element, session));
    }
    const statements = [...this.setAsideStatements(refused), ...watchStatements(own.id, elsewhere)];
    const newestFreshMs = newestOf(fresh);
    if (newestFreshMs === null) {
      if (isProven) statements.push(provenStatement(sourceId));
      await client.query([...statements, 'COMMIT'].join(';\n'));
    } else {
      const compared = counted.size > 0 || own.kind === 'file' ? 0 : elsewhere.compared;
      const made = { fresh, newestMs: newestFreshMs, compared, isProven };
      await this.store(state, made, statements);
    }
    session.newestMs = Math.max(own.newestMs, newestFreshMs ?? own.newestMs);
    const duplicates = events.length - fresh.length - sifted.length;
    return { fresh: fresh.length, duplicates, setAside: refused.length, newestFreshMs, toStop };
  }

  private setAsideStatements(refused: readonly RefusedElement[]): string[] {
    const { session, batch } = this;
    const stillRefused = new Set(refused.map(({ retriedHash }) => retriedHash));
    const resolved = batch.events.flatMap(({ retry }) =>
      retry === undefined || stillRefused.has(retry.rawHash) ? [] : [retry.id],
    );
    const small = refused.filter((element) => !isLarge(element));
    const statements: string[] = [];
    if (small.length > 0) statements.push(setAsideStatement(session.sourceId, small, session));
    if (resolved.length > 0) statements.push(resolveStatement(resolved, session));
    return statements;
  }

  private async store(
    state: KnownState,
    made: Pick<SourceUpdate, 'newestMs' | 'compared' | 'isProven'> & {
      readonly fresh: readonly PreparedEvent[];
    },
    otherStatements: readonly string[],
  ): Promise<void> {
    const { sourceId, readerId = sourceId, jobMatchWindowMs } = this.session;
    const { fresh, newestMs, compared, isProven } = made;
    const nowMs = this.session.now().getTime();
    const credits = creditBatch({
      events: fresh,
      firstSeq: state.own.nextSeq,
      openHalves: state.openHalves,
      terms: state.terms,
      ratesOf: (worker) => this.session.rates.stepsOf(worker),
      jobMatchWindowMs,
      nowMs,
      hoursFromMs: state.hoursFromMs,
    });
    const newWorkers = await this.identifyNewWorkers(credits);
    const idOf = (key: string): number => {
      const id = this.session.workerIds.get(key) ?? newWorkers.get(key);
      if (id === undefined) throw new RangeError(`the remote worker ${key} has no row`);
      return id;
    };
    const statements = writeStatements(
      {
        sourceId,
        batchNo: state.own.nextBatch,
        freshCount: fresh.length,
        newestMs,
        nowMs,
        cursorHintMs: this.batch.cursorHint?.getTime() ?? null,
        isOfDump: readerId !== sourceId,
        compared,
        isProven,
      },
      credits,
      idOf,
    );
    const before = [...statements, ...otherStatements, ...keepUuidsStatements(sourceId, fresh)];
    const events = (): Buffer =>
      eventRows(fresh, { source: state.own, credits, idOf }, this.session);
    const opened = (): Buffer => openedRows(sourceId, credits.opened, idOf);
    await this.write(before, { events, opened: credits.opened.length === 0 ? undefined : opened });
    // Only after the commit, because the id of a transaction that was rolled back belongs to nobody.
    for (const [key, id] of newWorkers) this.session.workerIds.set(key, id);
  }

  /** Makes round trip 3, and a fourth one when jobs wait. Copying rows takes half the time of inserting them. */
  private async write(
    statements: readonly string[],
    rows: { readonly events: () => Buffer; readonly opened: (() => Buffer) | undefined },
  ): Promise<void> {
    const { opened, events } = rows;
    if (opened === undefined) {
      await this.copyIn([...statements, EVENTS_COPY, 'COMMIT'], events);
      return;
    }
    const opening = this.copyIn([...statements, OPENED_COPY], opened);
    // If the copy fails, the `await` below throws, unless something else fails first.
    opening.catch(() => undefined);
    // These rows are built while Postgres works on what it was sent.
    const ready = events();
    await opening;
    await this.copyIn([EVENTS_COPY, 'COMMIT'], () => ready);
  }

  /** Sends the statements and then copies the rows, which are built while Postgres works on the statements. */
  private async copyIn(statements: readonly string[], rows: () => Buffer): Promise<void> {
    const copying = this.client.query(copyFrom(statements.join(';\n')));
    await pipeline(function* () {
      yield rows();
    }, copying);
  }

  private async identifyNewWorkers(credits: BatchCredits): Promise<ReadonlyMap<string, number>> {
    const unknown = [...credits.workers]
      .filter(([key]) => !this.session.workerIds.has(key))
      .map(([, { worker }]) => worker);
    return unknown.length === 0 ? new Map() : identifyWorkers(this.client, unknown);
  }
}

function newestOf(events: readonly PreparedEvent[]): number | null {
  if (events.length === 0) return null;
  return events.reduce((newest, { dtMs }) => Math.max(newest, dtMs), Number.NEGATIVE_INFINITY);
}
