/** Cuts a dump into the texts of its events: an array or lines of JSON, packed with gzip or not. */

import { PoolError } from '../../../base/errors/pool-error.js';
import { foreignText } from '../../../base/foreign-text.js';
import type { RawEvent } from '../event-source.js';
import { quote, type ScanOptions, scanArray, wrongBytes } from './array-scanner.js';
import { gunzip } from './gunzip.js';
import { scanLines } from './line-scanner.js';

interface DumpOptions extends ScanOptions {
  readonly what: string;
  /** The whole name of the dump, for messages; `.gz` at its end promises gzip. */
  readonly path: string;
  /** Whether an empty dump means that there are no events. @default false */
  readonly mayBeEmpty?: boolean;
}

const PEEK_BYTES = 64 * 1024;
const BYTE_ORDER_MARK = '\uFEFF';

/**
 * Yields the events in slices. Complete events are yielded before an error is thrown: EVENT_SOURCE_TRUNCATED,
 * EVENT_SOURCE_NOT_JSON, EVENT_SOURCE_FILE_UNREADABLE for damaged gzip data, or whatever the chunks throw.
 */
export function scanDump(
  chunks: AsyncGenerator<Buffer>,
  options: DumpOptions,
): AsyncGenerator<readonly RawEvent[]> {
  return scanText(unpacked(chunks, options), options);
}

/** Throws the first failure of several files, and says how many more there are. Does nothing when there is none. */
export function throwFirst(failures: readonly unknown[]): void {
  const [first] = failures;
  if (first === undefined) return;
  if (failures.length === 1 || !(first instanceof PoolError)) throw first;
  const message = `${first.message}; and ${failures.length - 1} more files have failed`;
  throw new PoolError(first.code, message, {}, { cause: first });
}

/** Scans an array or lines; the first character tells which. */
async function* scanText(
  chunks: AsyncGenerator<Buffer>,
  options: DumpOptions,
): AsyncGenerator<readonly RawEvent[]> {
  const { head, all } = await peek(chunks, PEEK_BYTES);
  const wrong = wrongBytes(options.what, head);
  if (wrong !== undefined) throw wrong;
  const text = head.toString().replace(BYTE_ORDER_MARK, '').trimStart();
  if (text.startsWith('{')) {
    yield* scanLines(withoutMark(all), options);
  } else if (text.startsWith('[') || text.trim() === 'null') {
    yield* scanArray(all, options);
  } else if (text === '' && head.length < PEEK_BYTES) {
    // If an error ended the input, reading on throws it.
    for await (const _ of all);
    if (options.mayBeEmpty === true) return;
    throw new PoolError('EVENT_SOURCE_TRUNCATED', `${options.what} is empty`);
  } else {
    const message = `${options.what} is neither a JSON array nor lines of JSON; it begins with ${quote(text)}`;
    throw new PoolError('EVENT_SOURCE_NOT_JSON', message);
  }
}

/** Yields the bytes, unpacked when they are gzip data, whatever the file is called. */
async function* unpacked(
  chunks: AsyncGenerator<Buffer>,
  { path }: DumpOptions,
): AsyncGenerator<Buffer> {
  let bytes = 0;
  const { head, all } = await peek(chunks, 2);
  const isGzip = head[0] === 0x1f && head[1] === 0x8b;
  if (!isGzip && path.endsWith('.gz') && head.length < 2) {
    throw new PoolError('EVENT_SOURCE_TRUNCATED', `${path} ends before any gzip data`);
  }
  try {
    for await (const chunk of isGzip ? gunzip(all) : all) {
      bytes += chunk.length;
      yield chunk;
    }
  } catch (error) {
    // Other errors come from reading the bytes, not from the data.
    if (!isZlibError(error)) throw error;
    const isEarly = error.code === 'Z_BUF_ERROR';
    const what = isEarly
      ? 'the gzip data end early'
      : `the gzip data are damaged (${foreignText(error)})`;
    const code = isEarly ? 'EVENT_SOURCE_TRUNCATED' : 'EVENT_SOURCE_FILE_UNREADABLE';
    const message = `${path}: ${what}, after ${bytes} unpacked bytes`;
    throw new PoolError(code, message, {}, { cause: error });
  }
}

/**
 * Reads until something other than blanks has come, about `most` bytes at the most. Returns what was read as `head`,
 * and in `all` the whole input from its start.
 */
async function peek(
  chunks: AsyncGenerator<Buffer>,
  most: number,
): Promise<{ readonly head: Buffer; readonly all: AsyncGenerator<Buffer> }> {
  const first: Buffer[] = [];
  let head = Buffer.alloc(0);
  let failure: unknown;
  try {
    while (head.length < 2 || (head.length < most && isBlank(head))) {
      const next = await chunks.next();
      if (next.done === true) break;
      first.push(next.value);
      head = Buffer.concat(first);
    }
  } catch (error) {
    failure = error;
  }
  async function* all(): AsyncGenerator<Buffer> {
    yield* first;
    if (failure !== undefined) throw failure;
    yield* chunks;
  }
  return { head, all: all() };
}

function isBlank(bytes: Buffer): boolean {
  return bytes.toString().replace(BYTE_ORDER_MARK, '').trim() === '';
}

async function* withoutMark(chunks: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  let isFirst = true;
  for await (const chunk of chunks) {
    const hasMark = isFirst && chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf;
    yield hasMark ? chunk.subarray(3) : chunk;
    isFirst = false;
  }
}

function isZlibError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');
}
