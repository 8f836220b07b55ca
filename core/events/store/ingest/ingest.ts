/**
 * Stores and credits one batch of events in one transaction, with three or four round trips to Postgres:
 *
 * 1. `known-events.ts` locks the source and reads what is known already; `counted-elsewhere.ts` may look into others.
 * 2. `fresh-events.ts` tells which events are new, `rules/credit.ts` what they earn; `new-workers.ts` inserts workers.
 * 3. `batch-writes.ts` writes the sums, `copied-rows.ts` the rows, and the transaction is committed.
 *
 * All code that writes unmatched_job or the raw events of a source locks the row of the source first, as is done here.
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
import { writeStatements } from './batch-writes.js';
import { EVENTS_COPY, eventRows, OPENED_COPY, openedRows } from './copied-rows.js';
import { findElsewhere } from './counted-elsewhere.js';
import { keepUuidsStatements } from './event-uuids.js';
import { siftEvents } from './fresh-events.js';
import { type KnownState, LockAgain, readState } from './known-events.js';
import { identifyWorkers } from './new-workers.js';
import { ensurePartitions } from './partitions.js';
import type { PreparedEvent } from './prepared-events.js';

/** The state of one pass: what is the same for all its batches, and what the batches find out on the way. */
export interface IngestSession {
  readonly db: Database;
  /** The id under which the events are stored. */
  readonly sourceId: string;
  /**
   * The id of the source that is read. For a dump this differs from `sourceId`: its events are those of another source.
   * @default sourceId
   */
  readonly readerId?: string;
  /**
   * The place that is read. A batch is refused when the source was moved to another place meanwhile. Without it, that
   * is not checked.
   */
  readonly readsFrom?: string;
  /**
   * Whether batches are compared with other sources even if their source is an old one, as for dumps and backfills.
   * @default false
   */
  readonly isWatched?: boolean;
  /**
   * Whether events in common with another source end only this reading. Otherwise they stop the source. @default false
   */
  readonly isAside?: boolean;
  readonly jobMatchWindowMs: number;
  /** A job with a higher fee is set aside, unless it is counted already. */
  readonly maxJobFeeWei: bigint;
  /** The version of the program: what it sets aside is tried again by the next version. */
  readonly version: string;
  /** The configured beginning of the source: what is refused because of it is tried again when it changes. */
  readonly from: Date | null;
  readonly now: () => Date;
  /** The ids of remote workers whose rows are committed. */
  readonly workerIds: Map<string, number>;
  /** The months whose partitions exist. */
  readonly months: Set<string>;
  /**
   * The buffer for the rows of a batch. The next batch uses it again: a new buffer each time would be megabytes of
   * garbage.
   */
  copyRoom: Buffer;
  /** The time of the newest event of the source, as far as these batches know. */
  newestMs: number;
}

export interface IngestBatch {
  /**
   * The events in the order in which the source yielded them. No key occurs twice, except in twins, which come last.
   */
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

const MAX_TRIES = 6;
/**
 * Texts of at least this many characters are sent one by one, because inside a statement they take several times their
 * size.
 */
const LARGE_LENGTH = 8 * 1024;
/**
 * The SQL states after which a batch is tried again: unique violation, deadlock, serialization failure. A new try
 * begins with the lock, and checks everything anew.
 */
const RETRYABLE = new Set(['23505', '40P01', '40001']);

/** Opens a session for one pass. */
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

/** Stores and credits the new events of a batch, and sets aside those that cannot be counted; all of it or nothing. */
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
    // Nothing of the batch was stored, but its finding still holds that the source gives the events of another one.
    if (failure instanceof ReadTwice && session.isAside !== true) {
      await stopReader(session.db, failure.stop);
    }
    throw failure;
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
  /**
   * The orders to stop other sources that give the same events as this one. They are carried out once the batch is
   * stored.
   */
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
    const { archivedMs, uuidsMs, hashes } = state;
    const limits = { archivedMs, uuidsMs, maxJobFeeWei: session.maxJobFeeWei };
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
    session.newestMs = Math.max(state.own.newestMs, newestFreshMs ?? state.own.newestMs);
    const duplicates = batch.events.length - fresh.length - sifted.length;
    return { fresh: fresh.length, duplicates, setAside: refused.length, newestFreshMs };
  }

  /** @param small the refused elements that were not sent one by one before */
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
      firstSeq: state.own.nextSeq,
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
        batchNo: state.own.nextBatch,
        freshCount: fresh.length,
        newestMs: newestFreshMs,
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

  /**
   * Makes round trip 3, and a fourth one when jobs wait. Rows are copied, which takes half the time of inserting them.
   */
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
