/** Where a pool leaves traces, all of it as bytes, and the forms in which a secret could stand there. */
import type { Connection } from '@temporalio/client';
import { sql } from 'drizzle-orm';
import type { Database } from '../../core/db/database.js';
import { query } from '../../core/db/query.js';

/** A place that was looked at, with everything that stands there. */
export interface Trace {
  readonly place: string;
  readonly bytes: Buffer;
}

/** One way of writing a secret down. */
interface Form {
  readonly name: string;
  readonly bytes: Buffer;
  /** Hex may stand in capitals. */
  readonly anyCase?: boolean;
}

/** The forms of a private key, given as 64 hex digits. */
export function keyForms(hex: string): readonly Form[] {
  const raw = Buffer.from(hex, 'hex');
  return [
    { name: 'the key in hex', bytes: Buffer.from(hex.toLowerCase()), anyCase: true },
    { name: 'the key in decimal', bytes: Buffer.from(BigInt(`0x${hex}`).toString()) },
    { name: 'the key as a list of numbers', bytes: Buffer.from([...raw].join(',')) },
    { name: 'the key as a spaced list', bytes: Buffer.from([...raw].join(', ')) },
    {
      name: 'the key as Node shows a buffer',
      bytes: Buffer.from((hex.toLowerCase().match(/../g) ?? []).join(' ')),
      anyCase: true,
    },
    ...bytesForms('the key', raw),
    // The text of the key, encoded once more.
    ...bytesForms('the text of the key', Buffer.from(hex.toLowerCase())),
  ];
}

export function textForms(name: string, text: string): readonly Form[] {
  const bytes = Buffer.from(text);
  const hex = { name: `${name} in hex`, bytes: Buffer.from(bytes.toString('hex')), anyCase: true };
  const url = { name: `${name} in a URL`, bytes: Buffer.from(encodeURIComponent(text)) };
  return [hex, url, ...bytesForms(name, bytes)];
}

/** As they are, and in base64 wherever in a longer text they begin. */
function bytesForms(name: string, bytes: Buffer): readonly Form[] {
  const encoded = [0, 1, 2].flatMap((offset) => {
    const shifted = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    // The ends mix with what stands before and after.
    const core = shifted.replace(/=+$/, '').slice(offset === 0 ? 0 : 4, -4);
    return [core, core.replaceAll('+', '-').replaceAll('/', '_')];
  });
  return [
    { name: `${name} as bytes`, bytes },
    ...[...new Set(encoded)].map((text) => ({
      name: `${name} in base64`,
      bytes: Buffer.from(text),
    })),
  ];
}

/** `<form> in <place>` for everything that was found. */
export function findSecrets(traces: readonly Trace[], forms: readonly Form[]): readonly string[] {
  return traces.flatMap(({ place, bytes }) => {
    const lower = Buffer.from(bytes.toString('latin1').toLowerCase(), 'latin1');
    return forms
      .filter((form) => (form.anyCase === true ? lower : bytes).includes(form.bytes))
      .map((form) => `${form.name} in ${place}`);
  });
}

/** Every row of every table, as text. */
export async function databaseTraces(db: Database): Promise<readonly Trace[]> {
  const tables = await query<{ name: string }>(
    db,
    sql`SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
         WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')`,
  );
  return Promise.all(
    tables.map(async ({ name }) => {
      const rows = await query<{ row: string }>(
        db,
        sql`SELECT one::text AS row FROM ${sql.raw(name)} AS one`,
      );
      return { place: `table ${name}`, bytes: Buffer.from(rows.map(({ row }) => row).join('\n')) };
    }),
  );
}

/** Histories, memos, search attributes, pending activities and schedules of a namespace, payloads decoded. */
export async function temporalTraces(
  connection: Connection,
  namespace: string,
): Promise<readonly Trace[]> {
  const { workflowService } = connection;
  const traces: Trace[] = [];
  const listed = await workflowService.listWorkflowExecutions({ namespace, pageSize: 1_000 });
  traces.push({ place: 'the list of workflows', bytes: allBytes(listed) });
  for (const { execution = null } of listed.executions ?? []) {
    const place = `workflow ${execution?.workflowId} ${execution?.runId}`;
    const described = await workflowService.describeWorkflowExecution({ namespace, execution });
    traces.push({ place: `${place}, described`, bytes: allBytes(described) });
    const question = { namespace, execution, maximumPageSize: 10_000 };
    const history = await workflowService.getWorkflowExecutionHistory(question);
    if (history.nextPageToken.length > 0) throw new RangeError(`${place} has a second page`);
    traces.push({ place: `${place}, history`, bytes: allBytes(history) });
  }
  const schedules = await workflowService.listSchedules({ namespace, maximumPageSize: 100 });
  traces.push({ place: 'the list of schedules', bytes: allBytes(schedules) });
  for (const { scheduleId = null } of schedules.schedules ?? []) {
    const described = await workflowService.describeSchedule({ namespace, scheduleId });
    traces.push({ place: `schedule ${scheduleId}`, bytes: allBytes(described) });
  }
  return traces;
}

/** Every text and every byte in a message, one a line. */
function allBytes(message: unknown): Buffer {
  const found: Buffer[] = [];
  const walk = (value: unknown): void => {
    if (typeof value === 'string') found.push(Buffer.from(value));
    else if (value instanceof Uint8Array) found.push(Buffer.from(value));
    else if (Array.isArray(value)) value.forEach(walk);
    else if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) {
        found.push(Buffer.from(key));
        walk(inner);
      }
    } else if (value !== undefined) found.push(Buffer.from(String(value)));
  };
  walk(message);
  return Buffer.concat(found.flatMap((bytes) => [bytes, Buffer.from('\n')]));
}
