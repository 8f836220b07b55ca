/**
 * Stores and credits one batch of events: three or four turns on the wire, one connection, one transaction.
 * Whoever else writes unmatched_job or a source's raw events locks the source's row first, as here.
 */
import { pipeline } from 'node:stream/promises';
import type { PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { Database } from '../../../db/database.js';
import { sqlState } from '../../../db/transact.js';
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
  judgeShared,
  provenStatement,
  ReadTwice,
  refuseReading,
  type StopOrder,
  stopReader,
  stopSources,
  watchStatements,
} from '../sources/source-stops.js';
import { findElsewhere } from './events-elsewhere.js';
import { ensurePartitions } from './events-partitions.js';
import type { PreparedEvent } from './events-prepared.js';
import { EVENTS_COPY, eventRows, OPENED_COPY, openedRows } from './events-rows.js';
import { siftEvents } from './events-sift.js';
import { type KnownState, LockAgain, readState } from './events-state.js';
import { writeStatements } from './events-statements.js';
import { keepUuidsStatements } from './events-uuids.js';
import { identifyWorkers } from './events-workers.js';

/** What stays the same over the batches of one pass, and what they learn. */
export interface IngestSession {
  readonly db: Database;
  /** Under whose id the events are stored. */
  readonly sourceId: string;
  /** Of a dump: the source that reads it, whose own events these are not. @default sourceId */
  readonly readerId?: string;
  /** The place that is read: refused when the source was moved meanwhile. Missing: not compared. */
  readonly readsFrom?: string;
  /** Compared with the other sources, however old the source is: dumps, and what is read again. @default false */
  readonly isWatched?: boolean;
  /** What it has in common with others ends this reading, and does not stop the source. @default false */
  readonly isAside?: boolean;
  readonly jobMatchWindowMs: number;
  /** A job whose fee is higher is set aside, unless it is counted already. */
  readonly maxJobFeeWei: bigint;
  /** Of the running program: what it sets aside is tried again by the next one. */
  readonly version: string;
  /** The source's beginning, as it is configured: what is refused for it is tried again with another. */
  readonly from: Date | null;
  readonly now: () => Date;
  /** Ids of remote workers that are committed. */
  readonly workerIds: Map<string, number>;
  /** Months that have their partition. */
  readonly months: Set<string>;
  /** Room for the rows of one batch, kept for the next: a new one each time would be garbage by the megabyte. */
  copyRoom: Buffer;
  /** The newest event of the source, as far as these batches know. */
  newestMs: number;
}

export interface IngestBatch {
  /** In the order in which the source gave them; no key twice, but for twins, which come last. */
  readonly events: readonly PreparedEvent[];
  /** Whether one identity stands for several events: the first that can be counted is it. @default false */
  readonly hasTwins?: boolean;
  readonly refused: readonly RefusedElement[];
  /** Moves the source's cursor forward with this batch. */
  readonly cursorHint: Date | null;
}

export interface IngestOutcome {
  readonly fresh: number;
  readonly duplicates: number;
  /** Refused before, and those whose identity stood for something else. */
  readonly setAside: number;
  /** The newest time of the fresh ones; null when there were none. */
  readonly newestFreshMs: number | null;
}

const MAX_TRIES = 6;
/** Texts from here on go over the wire one by one: put into a statement they take several times their size. */
const LARGE_LENGTH = 8 * 1024;
/** Unique violation, deadlock, serialization failure: all is checked again, from the lock on. */
const RETRYABLE = new Set(['23505', '40P01', '40001']);

/** A session for one pass. */
export function openIngestSession(
  options: Omit<IngestSession, 'workerIds' | 'months' | 'copyRoom' | 'newestMs'>,
): IngestSession {
  const learnt = {
    workerIds: new Map(),
    months: new Set<string>(),
    newestMs: Number.NEGATIVE_INFINITY,
  };
  return { ...options, ...learnt, copyRoom: Buffer.alloc(0) };
}

/** Stores what is new, credits it, and sets aside what cannot be; all of it or nothing. */
export async function ingestBatch(
  session: IngestSession,
  batch: IngestBatch,
): Promise<IngestOutcome> {
  const dtsMs = batch.events.map(({ dtMs }) => dtMs);
  await ensurePartitions(session.db, { dtsMs, now: session.now() }, session.months);
  for (let attempt = 1; ; attempt += 1) {
    const client = await session.db.$client.connect();
    let isBroken = true;
    let failure: unknown;
    try {
      const ingest = new BatchIngest(client, session, batch);
      const outcome = await ingest.run(attempt > 1);
      isBroken = false;
      await stopSources(client, ingest.toStop);
      return outcome;
    } catch (error) {
      failure = error;
      isBroken = await rollBack(client);
      if (attempt < MAX_TRIES && isRetryable(error)) continue;
    } finally {
      client.release(isBroken);
    }
    // What was found holds although nothing of the batch does.
    if (failure instanceof ReadTwice && session.isAside !== true) {
      await stopReader(session.db, failure.stop);
    }
    throw failure;
  }
}

function isRetryable(error: unknown): boolean {
  return error instanceof LockAgain || RETRYABLE.has(sqlState(error));
}

/** Whether the connection is of no use any more. */
async function rollBack(client: PoolClient): Promise<boolean> {
  try {
    await client.query('ROLLBACK');
    return false;
  } catch {
    return true;
  }
}

class BatchIngest {
  /** Sources that were found to give what this one gives; to be stopped when the batch is stored. */
  toStop: readonly StopOrder[] = [];

  constructor(
    private readonly client: PoolClient,
    private readonly session: IngestSession,
    private readonly batch: IngestBatch,
  ) {}

  async run(checkAllKeys: boolean): Promise<IngestOutcome> {
    const { session, batch } = this;
    const newestMs = checkAllKeys ? Number.POSITIVE_INFINITY : session.newestMs;
    const { sourceId, readerId = sourceId, isWatched = false } = session;
    const asked = { sourceId, readerId, jobMatchWindowMs: session.jobMatchWindowMs, isWatched };
    const state = await readState(this.client, asked, { events: batch.events, newestMs });
    refuseReading(state.own, session);
    const elsewhere = await findElsewhere(this.client, state, { events: batch.events, readerId });
    this.toStop = judgeShared(elsewhere, { own: state.own, readerId });
    const { archivedMs, uuidsMs } = state;
    const limits = { archivedMs, uuidsMs, maxJobFeeWei: session.maxJobFeeWei };
    const { hashes } = state;
    const known = { hashes, elsewhere: elsewhere.counted, same: elsewhere.same };
    const { fresh, refused: sifted } = siftEvents(batch, known, limits);
    const isProven = isMoveProven(state, batch.events, fresh.length + sifted.length);
    const refused = [...batch.refused, ...sifted];
    const small = refused.filter(({ raw }) => raw.length < LARGE_LENGTH);
    for (const element of refused) {
      if (element.raw.length < LARGE_LENGTH) continue;
      await this.client.query(setAsideQuery(sourceId, element, session));
    }
    const statements = [
      ...this.setAsideStatements(refused, small),
      ...watchStatements(state.own.id, elsewhere),
    ];
    const newestFreshMs = newestOf(fresh);
    if (newestFreshMs === null) {
      if (isProven) statements.push(provenStatement(sourceId));
      await this.client.query([...statements, 'COMMIT'].join(';\n'));
    } else {
      const compared =
        elsewhere.counted.size > 0 || state.own.kind === 'file' ? 0 : elsewhere.compared;
      await this.store(state, { fresh, newestFreshMs, compared, isProven }, statements);
    }
    session.newestMs = Math.max(state.newestMs, newestFreshMs ?? state.newestMs);
    const duplicates = batch.events.length - fresh.length - sifted.length;
    return { fresh: fresh.length, duplicates, setAside: refused.length, newestFreshMs };
  }

  /** @param small of those that are refused, the ones that are not set aside yet */
  private setAsideStatements(
    refused: readonly RefusedElement[],
    small: readonly RefusedElement[],
  ): string[] {
    const { sourceId } = this.session;
    const trial: Trial = this.session;
    const statements: string[] = [];
    const stillRefused = new Set(refused.map(({ retriedHash }) => retriedHash));
    const resolved = this.batch.events.flatMap(({ retry }) =>
      retry === undefined || stillRefused.has(retry.rawHash) ? [] : [retry.id],
    );
    if (small.length > 0) statements.push(setAsideStatement(sourceId, small, trial));
    if (resolved.length > 0) statements.push(resolveStatement(resolved, trial));
    return statements;
  }

  private async store(
    state: KnownState,
    made: {
      readonly fresh: readonly PreparedEvent[];
      readonly newestFreshMs: number;
      readonly compared: number;
      readonly isProven: boolean;
    },
    otherStatements: readonly string[],
  ): Promise<void> {
    const { sourceId, readerId = sourceId, jobMatchWindowMs } = this.session;
    const { fresh, newestFreshMs, compared, isProven } = made;
    const nowMs = this.session.now().getTime();
    const credits = creditBatch({
      events: fresh,
      firstSeq: state.firstSeq,
      openHalves: state.openHalves,
      terms: state.terms,
      jobMatchWindowMs,
      nowMs,
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
        batchNo: state.batchNo,
        freshCount: fresh.length,
        newestMs: newestFreshMs,
        nowMs,
        cursorHintMs: this.batch.cursorHint?.getTime() ?? null,
        isBeside: readerId !== sourceId,
        compared,
        isProven,
      },
      credits,
      idOf,
    );
    const before = [...statements, ...otherStatements, ...keepUuidsStatements(sourceId, fresh)];
    const events = (): Buffer => eventRows(fresh, { state, credits, idOf }, this.session);
    const opened = (): Buffer => openedRows(sourceId, credits.opened, idOf);
    await this.write(before, { events, opened: credits.opened.length === 0 ? undefined : opened });
    // Only now: an id from a transaction that was rolled back stands for nobody.
    for (const [key, id] of newWorkers) this.session.workerIds.set(key, id);
  }

  /** Turn 3, and with jobs that wait a fourth: rows that are copied take half the time of inserted ones. */
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
    // Its failure is heard below, unless something else fails first.
    opening.catch(() => undefined);
    // Postgres works on what it has while these are put together.
    const ready = events();
    await opening;
    await this.copyIn([EVENTS_COPY, 'COMMIT'], () => ready);
  }

  /** On the wire first: Postgres works on the statements while the rows are put together. */
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
