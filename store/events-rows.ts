/** What a batch copies into the tables, row by row. */
import type { BatchCredits, OpenedHalf } from '../domain/credit.js';
import { copyField, isoTime, MAX_FIELD_BYTES } from './copy-text.js';
import { copyRow, type PreparedEvent, ROW_COLUMNS, rowLength } from './events-prepared.js';
import type { WorkerIds } from './events-statements.js';

export const EVENTS_COPY = `COPY pool_event (${ROW_COLUMNS}) FROM STDIN`;
export const OPENED_COPY = `COPY unmatched_job (source_id, dt, event_id, role, request_id,
  remote_worker_id, gross_wei, compute_units, terms_id, pipeline, model_id, reason) FROM STDIN`;

/** Halves and jobs that wait from now on. */
export function openedRows(
  sourceId: string,
  opened: readonly OpenedHalf[],
  workerIds: WorkerIds,
): Buffer {
  const source = copyField(sourceId);
  const rows = opened.map((half) => {
    const { workerKey, job } = half;
    const fields = [
      copyField(half.eventId),
      half.role,
      copyField(half.requestId),
      copyField(workerKey === null ? null : workerIds(workerKey)),
      copyField(job?.grossWei ?? null),
      copyField(job?.computeUnits ?? null),
      copyField(job?.termsId ?? null),
      copyField(half.pipeline),
      copyField(half.modelId),
      half.reason,
    ];
    return `${source}\t${isoTime(half.dtMs)}\t${fields.join('\t')}\n`;
  });
  return Buffer.from(rows.join(''));
}

/** Of what stands behind the payload, beside the id of the other half: two amounts of 78 digits at most, and six short fields. */
const CREDIT_BYTES = 256;

/** The events as they were said, and what they were worth. */
export function eventRows(
  fresh: readonly PreparedEvent[],
  made: {
    readonly state: { readonly firstSeq: number; readonly batchNo: number };
    readonly credits: BatchCredits;
    readonly idOf: WorkerIds;
  },
  /** Kept for the next batch: a new buffer each time would be garbage by the megabyte. */
  session: { copyRoom: Buffer },
): Buffer {
  const { state, credits, idOf } = made;
  let room = 0;
  for (const [i, prepared] of fresh.entries()) {
    const matchLength = credits.rows[i]?.match?.eventId.length ?? 0;
    room += rowLength(prepared) + CREDIT_BYTES + matchLength * MAX_FIELD_BYTES;
  }
  if (session.copyRoom.length < room) session.copyRoom = Buffer.allocUnsafe(room);
  const rows = session.copyRoom;
  let end = 0;
  for (const [i, prepared] of fresh.entries()) {
    const place = { seq: state.firstSeq + i, batchNo: state.batchNo };
    end = copyRow(prepared, rows, end);
    end += rows.write(rowCredit(place, credits.rows[i], idOf), end);
  }
  return rows.subarray(0, end);
}

/** The end of an event's COPY row: its place in the source, and what it was worth. */
function rowCredit(
  place: { readonly seq: number; readonly batchNo: number },
  row: BatchCredits['rows'][number],
  workerIds: WorkerIds,
): string {
  const head = `\t${place.seq}\t${place.batchNo}`;
  if (row === undefined) return `${head}\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\n`;
  const worker = copyField(row.workerKey === null ? null : workerIds(row.workerKey));
  const worth = `${copyField(row.grossWei)}\t${copyField(row.commissionWei)}`;
  const match =
    row.match === null ? '\\N\t\\N' : `${isoTime(row.match.dtMs)}\t${copyField(row.match.eventId)}`;
  return `${head}\t${worth}\t${copyField(row.termsId)}\t${worker}\t${match}\n`;
}
