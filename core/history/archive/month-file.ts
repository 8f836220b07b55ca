/**
 * Writes and reads the file of a month: Postgres' COPY text with a header, gzipped. Without this program, psql can load
 * `gunzip -c file` with `COPY pool_event FROM`.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { access, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import type { PoolClient } from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { unusableDirectory } from '../../base/state-directory.js';
import { fromCopyField } from '../../db/copy/copy-text.js';
import type { RawRow } from '../../events/rules/reading/stored-event.js';
import { RAW_COLUMNS, toRawRow } from '../../events/store/raw-rows.js';

const COLUMNS = RAW_COLUMNS.join(', ');
/** The columns of the files that this version reads: its own, and those of the versions before rates. */
const HEADERS: ReadonlyMap<string, readonly string[]> = new Map(
  [RAW_COLUMNS, RAW_COLUMNS.filter((name) => name !== 'rate_id')].map((columns) => [
    columns.join('\t'),
    columns,
  ]),
);
const PARTIAL = '.partial';
const GZIP_LEVEL = 6;

/** Whether a file or directory of this name exists. */
export function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/**
 * Writes a partition's rows to the file, in the transaction that is open on the connection. The file gets its final name
 * only once all of it is on the disk. Returns the SHA-256 of the uncompressed text, as Postgres sent it. Throws
 * STATE_DIRECTORY_UNUSABLE.
 */
export async function writeArchive(
  client: PoolClient,
  partition: string,
  path: string,
): Promise<string> {
  const partial = `${path}${PARTIAL}`;
  const text = createHash('sha256');
  try {
    await mkdir(dirname(path), { recursive: true });
    const rows = client.query(copyTo(`COPY ${partition} (${COLUMNS}) TO STDOUT (HEADER)`));
    const zip = createGzip({ level: GZIP_LEVEL });
    await pipeline(rows, hashing(text), zip, createWriteStream(partial));
    await syncToDisk(partial);
    await rename(partial, path);
    // The new name is safe once the directory is flushed, too.
    await syncToDisk(dirname(path));
  } catch (error) {
    throw unusableDirectory(error, dirname(path)) ?? error;
  }
  return text.digest('hex');
}

/** Removes the partial file of an export that was killed. */
export async function dropPartial(path: string): Promise<void> {
  await rm(`${path}${PARTIAL}`, { force: true }).catch((error: unknown) => {
    throw unusableDirectory(error, dirname(path)) ?? error;
  });
}

/**
 * Opens a month's file and reads its rows in slices. `slices` throws when the file is of another kind or ends early. Once it
 * has ended, the hashes are complete: of the file as it is on disk, and of its uncompressed text, including the header.
 */
export function readArchive(path: string) {
  const [file, text] = [createHash('sha256'), createHash('sha256')];
  async function* slices(): AsyncGenerator<readonly RawRow[]> {
    const plain = hashing(text);
    const flow = pipeline(createReadStream(path), hashing(file), createGunzip(), plain);
    flow.catch(() => undefined);
    yield* rowsOf(plain);
    await flow;
  }
  return {
    slices: slices(),
    fileSha256: () => file.digest('hex'),
    textSha256: () => text.digest('hex'),
  };
}

/** Loads a file's rows into a table, and returns how many there were. */
export async function loadArchive(
  client: PoolClient,
  table: string,
  path: string,
): Promise<number> {
  const columns = await columnsOf(path);
  const sink = client.query(
    copyFrom(`COPY ${table} (${columns.join(', ')}) FROM STDIN (HEADER MATCH)`),
  );
  await pipeline(createReadStream(path), createGunzip(), sink);
  return sink.rowCount;
}

/** Reads the columns of a file from its first line. Throws when they are not those of raw events. */
async function columnsOf(path: string): Promise<readonly string[]> {
  const plain = createGunzip();
  const flow = pipeline(createReadStream(path), plain);
  flow.catch(() => undefined);
  let text = '';
  for await (const chunk of plain.setEncoding('utf8') as AsyncIterable<string>) {
    text += chunk;
    if (text.includes('\n')) break;
  }
  return requireColumns(text.split('\n', 1)[0]);
}

function requireColumns(header: string | undefined): readonly string[] {
  const columns = HEADERS.get(header ?? '');
  if (columns === undefined) throw new Error('its columns are not those of raw events');
  return columns;
}

async function* rowsOf(text: Readable): AsyncGenerator<readonly RawRow[]> {
  text.setEncoding('utf8');
  let rest = '';
  let isHeaderRead = false;
  for await (const chunk of text as AsyncIterable<string>) {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    if (!isHeaderRead && lines.length > 0) {
      requireColumns(lines.shift());
      isHeaderRead = true;
    }
    if (lines.length > 0) yield lines.map(rowOf);
  }
  if (!isHeaderRead || rest !== '') throw new Error('it ends in the middle of a line');
}

function rowOf(line: string): RawRow {
  const fields = line.split('\t');
  return toRawRow(fields.map((field) => (field === '\\N' ? null : fromCopyField(field))));
}

function hashing(hash: ReturnType<typeof createHash>): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
}

async function syncToDisk(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
