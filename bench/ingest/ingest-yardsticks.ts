/** Measures what Postgres alone does with the same rows: one COPY, and one commit per row. */
import {
  closeSync,
  createReadStream,
  createWriteStream,
  fdatasyncSync,
  openSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { PoolClient } from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import type { Database } from '../../core/db/database.js';
import { ROW_COLUMNS } from '../../core/events/store/ingest/prepared-events.js';

const FILE_CHUNK = 1 << 20;
const PAGE_BYTES = 8_192;
const FLUSHES = 500;

/** Writes the raw rows as COPY reads them. */
export async function dumpRows(db: Database, path: string): Promise<void> {
  await withClient(db, async (client) => {
    const rows = client.query(copyTo(`COPY (SELECT ${ROW_COLUMNS} FROM pool_event) TO STDOUT`));
    await pipeline(rows, createWriteStream(path));
  });
}

/** Measures the rows a second of one COPY into a table with the structure of the raw table. */
export async function measureCopy(db: Database, path: string): Promise<number> {
  await copyStructure(db, 'copied');
  await db.$client.query('CHECKPOINT');
  return withClient(db, async (client) => {
    const startedMs = performance.now();
    const copy = client.query(copyFrom(`COPY copied.pool_event (${ROW_COLUMNS}) FROM STDIN`));
    await pipeline(createReadStream(path, { highWaterMark: FILE_CHUNK }), copy);
    return ((copy.rowCount ?? 0) * 1_000) / (performance.now() - startedMs);
  });
}

/** Rows a second when each has its own commit. */
export interface RowPerCommit {
  /** With a prepared INSERT that commits by itself. It takes one round trip, and nothing is faster. */
  readonly alone: number;
  /** With BEGIN, INSERT and COMMIT, as it takes to store a row together with anything else. */
  readonly inTransaction: number;
}

/** Stores `rows` of the rows, which is enough to know the rate. */
export async function measureRowPerCommit(db: Database, rows: number): Promise<RowPerCommit> {
  await copyStructure(db, 'single');
  const columns = ROW_COLUMNS.split(', ');
  const places = columns.map((_, i) => `$${i + 1}`).join(', ');
  const text = `INSERT INTO single.pool_event (${ROW_COLUMNS}) VALUES (${places})`;
  const { rows: values } = await db.$client.query<string[]>({
    text: `SELECT ${columns.map((column) => `${column}::text`).join(', ')} FROM pool_event LIMIT ${rows}`,
    rowMode: 'array',
  });
  const half = Math.ceil(values.length / 2);
  return withClient(db, async (client) => {
    const insert = (row: string[]) => client.query({ name: 'single', text, values: row });
    const rate = async (some: readonly string[][], store: (row: string[]) => Promise<unknown>) => {
      await client.query('CHECKPOINT');
      const startedMs = performance.now();
      for (const row of some) await store(row);
      return (some.length * 1_000) / (performance.now() - startedMs);
    };
    return {
      alone: await rate(values.slice(0, half), insert),
      inTransaction: await rate(values.slice(half), async (row) => {
        await client.query('BEGIN');
        await insert(row);
        await client.query('COMMIT');
      }),
    };
  });
}

/**
 * How often a second the disk says that what was written is safe: what a commit costs at least, and with
 * it what batches can gain. Written as Postgres writes its log: over what is there already.
 */
export function measureFlushes(dir: string): number {
  const path = join(dir, 'flushes');
  const file = openSync(path, 'w');
  try {
    const page = Buffer.alloc(PAGE_BYTES, 1);
    writeSync(file, page, 0, PAGE_BYTES, 0);
    fdatasyncSync(file);
    const startedMs = performance.now();
    for (let i = 0; i < FLUSHES; i += 1) {
      writeSync(file, page, 0, PAGE_BYTES, 0);
      fdatasyncSync(file);
    }
    return (FLUSHES * 1_000) / (performance.now() - startedMs);
  } finally {
    closeSync(file);
    rmSync(path);
  }
}

/** Makes an empty copy of the raw table in a schema of its own, with the same partitions and indexes. */
async function copyStructure(db: Database, schema: string): Promise<void> {
  await db.$client.query(`CREATE SCHEMA ${schema};
    CREATE TABLE ${schema}.pool_event (LIKE pool_event INCLUDING ALL) PARTITION BY RANGE (dt);
    DO $$ DECLARE part record; BEGIN
      FOR part IN SELECT relname, pg_get_expr(relpartbound, oid) AS bound FROM pg_class
                   WHERE oid IN (SELECT inhrelid FROM pg_inherits
                                  WHERE inhparent = 'public.pool_event'::regclass) LOOP
        EXECUTE format('CREATE TABLE ${schema}.%I PARTITION OF ${schema}.pool_event %s',
                       part.relname, part.bound);
      END LOOP;
    END $$`);
}

async function withClient<T>(db: Database, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await db.$client.connect();
  try {
    return await work(client);
  } finally {
    client.release();
  }
}
