/** Reads stored raw events, from the table and from the files of archived months. */
import { getTableColumns } from 'drizzle-orm';
import type { PoolClient } from 'pg';
import type { NodeType } from '../../base/remote-worker.js';
import type { RawRow } from '../rules/reading/stored-event.js';
import { poolEvent } from './tables.js';

/** Every column of the table, in the order in which rows are read and written as text; archive files have it, too. */
export const RAW_COLUMNS = Object.values(getTableColumns(poolEvent)).map(({ name }) => name);

/** The fields of one row, as Postgres writes them in UTC. */
export type RawFields = readonly (string | null | undefined)[];

const SLICE_ROWS = 5_000;
/** Makes the driver return every field as Postgres wrote it; `toRawRow` reads dates and numbers. */
const AS_TEXT = { getTypeParser: () => (value: string | Buffer) => value };

/** Reads the fields of one row. */
export function toRawRow(fields: RawFields): RawRow {
  const [sourceId, dt, eventId, , batch, eventType, version, region, nodeType, payload] = fields;
  const [gross, commission, termsId, workerId, matchDt, matchId, receivedAt, rateId] =
    fields.slice(10);
  return {
    sourceId: sourceId ?? '',
    dtMs: timeOf(dt ?? ''),
    eventId: eventId ?? '',
    batch: Number(batch),
    eventType: eventType ?? '',
    version: Number(version),
    region: region ?? '',
    nodeType: nodeType as NodeType,
    payload: payload ?? '',
    receivedMs: timeOf(receivedAt ?? ''),
    match: matchDt && matchId ? { dtMs: timeOf(matchDt), eventId: matchId } : null,
    kept: {
      grossWei: gross ? BigInt(gross) : null,
      commissionWei: commission ? BigInt(commission) : null,
      termsId: termsId ? Number(termsId) : null,
      rateId: rateId ? Number(rateId) : null,
      workerId: workerId ? Number(workerId) : null,
    },
  };
}

/** Yields the rows of a partition, in the transaction that is open. It fetches a slice while the caller works on one. */
export async function* readPartition(
  client: PoolClient,
  partition: string,
): AsyncGenerator<readonly RawRow[]> {
  await client.query(`DECLARE raw_rows NO SCROLL CURSOR FOR
    SELECT ${RAW_COLUMNS.join(', ')} FROM ONLY ${partition}`);
  const text = `FETCH ${SLICE_ROWS} FROM raw_rows`;
  const fetch = () =>
    client.query<RawFields[] & Record<string, unknown>>({ text, rowMode: 'array', types: AS_TEXT });
  for (let next = fetch(); ; ) {
    const { rows } = await next;
    if (rows.length === 0) break;
    next = fetch();
    next.catch(() => undefined);
    yield (rows as unknown as readonly RawFields[]).map(toRawRow);
  }
  await client.query('CLOSE raw_rows');
}

/** Makes Postgres write times as `toRawRow` reads them, whatever the settings of the server. */
export const UTC_TIMES = `SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, YMD'`;

// The last time is remembered, because many rows in a row have the same one and parsing is slow.
let lastTime = { text: '', ms: 0 };

/** Converts a time as Postgres writes it, such as `2026-03-15 12:00:00.123+00`, to milliseconds since 1970. */
function timeOf(text: string): number {
  if (lastTime.text !== text) {
    const ms = Date.parse(`${text.slice(0, 10)}T${text.slice(11, -3)}Z`);
    lastTime = { text, ms };
  }
  return lastTime.ms;
}
