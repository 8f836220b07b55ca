/** Makes the rows that a batch copies into the tables: the events, and the halves of jobs that wait. */

import {
  AMOUNT_FIELD_BYTES,
  CopyWriter,
  FIXED_FIELD_BYTES,
  FRAME_BYTES,
  textFieldBytes,
} from '../../../db/copy/copy-binary.js';
import type { BatchCredits, OpenedHalf } from '../../rules/credit.js';
import type { WorkerIds } from './batch-writes.js';
import { type PreparedEvent, ROW_COLUMNS } from './prepared-events.js';

export const EVENTS_COPY = `COPY pool_event (${ROW_COLUMNS}) FROM STDIN (FORMAT binary)`;
const OPENED_COLUMNS =
  'source_id, dt, event_id, role, request_id, remote_worker_id, gross_wei, compute_units, ' +
  'terms_id, pipeline, model_id, reason, response_us, duration_ms';
const OPENED_FIELDS = OPENED_COLUMNS.split(', ').length;
export const OPENED_COPY = `COPY unmatched_job (${OPENED_COLUMNS}) FROM STDIN (FORMAT binary)`;

/** Room, in bytes, for the fields from inside: two amounts, five numbers or times, `role` and `reason`. */
const OPENED_BYTES = 2 * AMOUNT_FIELD_BYTES + 5 * FIXED_FIELD_BYTES + 64;

/** Makes the rows of the halves and jobs that wait from now on. */
export function openedRows(
  sourceId: string,
  opened: readonly OpenedHalf[],
  workerIds: WorkerIds,
): Buffer {
  let room = FRAME_BYTES;
  for (const { eventId, requestId, pipeline, modelId } of opened) {
    room += OPENED_BYTES + textFieldBytes(sourceId) + textFieldBytes(eventId);
    room += textFieldBytes(requestId) + textFieldBytes(pipeline) + textFieldBytes(modelId);
  }
  const rows = new CopyWriter(Buffer.allocUnsafe(room));
  rows.start();
  for (const half of opened) {
    const { workerKey, job } = half;
    rows.row(OPENED_FIELDS);
    rows.text(sourceId);
    rows.time(half.dtMs);
    rows.text(half.eventId);
    rows.text(half.role);
    rows.text(half.requestId);
    rows.int8(workerKey === null ? null : workerIds(workerKey));
    rows.numeric(job?.grossWei ?? null);
    rows.numeric(job?.computeUnits ?? null);
    rows.int4(job?.termsId ?? null);
    rows.text(half.pipeline);
    rows.text(half.modelId);
    rows.text(half.reason);
    rows.int8(job?.responseUs ?? null);
    rows.int8(job?.durationMs ?? null);
  }
  return rows.finish();
}

/** Room, in bytes, for the fields after the event's own, without the id of its other half. */
const CREDIT_BYTES = 2 * AMOUNT_FIELD_BYTES + 6 * FIXED_FIELD_BYTES;

/** Makes the rows of the events as they came, with what they earned. */
export function eventRows(
  fresh: readonly PreparedEvent[],
  made: {
    readonly source: { readonly nextSeq: number; readonly nextBatch: number };
    readonly credits: BatchCredits;
    readonly idOf: WorkerIds;
  },
  /** Provides the buffer, which the next batch uses again: a new one each time would be megabytes of garbage. */
  session: { copyRoom: Buffer },
): Buffer {
  const { source, credits, idOf } = made;
  let room = FRAME_BYTES;
  for (const [i, { texts, index }] of fresh.entries()) {
    const match = credits.rows[i]?.match ?? null;
    room += texts.now.rows.lengthOf(index) + CREDIT_BYTES + textFieldBytes(match?.eventId ?? null);
  }
  if (session.copyRoom.length < room) session.copyRoom = Buffer.allocUnsafe(room);
  const rows = new CopyWriter(session.copyRoom);
  rows.start();
  for (const [i, { texts, index }] of fresh.entries()) {
    rows.end = texts.now.rows.copyTo(session.copyRoom, rows.end, index);
    rows.int8(source.nextSeq + i);
    rows.int8(source.nextBatch);
    addCredit(rows, credits.rows[i], idOf);
  }
  return rows.finish();
}

/** Writes what the event earned; for most events that are no jobs, all of it is null. */
function addCredit(
  rows: CopyWriter,
  credit: BatchCredits['rows'][number],
  workerIds: WorkerIds,
): void {
  const { workerKey = null, match = null } = credit ?? {};
  rows.numeric(credit?.grossWei ?? null);
  rows.numeric(credit?.commissionWei ?? null);
  rows.int4(credit?.termsId ?? null);
  rows.int8(workerKey === null ? null : workerIds(workerKey));
  rows.time(match?.dtMs ?? null);
  rows.text(match?.eventId ?? null);
  rows.int8(credit?.rateId ?? null);
}
