/** Cuts a dump into the texts of its events: an array or lines of JSON, packed with gzip or not. */

import { PoolError } from '../../../base/errors/pool-error.js';
import { foreignText } from '../../../base/foreign-text.js';
import type { RawEvent } from '../event-source.js';
import { type ScanOptions, scanArray, wrongBytes } from './array-scanner.js';
import { gunzip } from './gunzip.js';
import { scanLines } from './line-scanner.js';

interface DumpOptions extends ScanOptions {
  readonly what: string;
  /** Its whole name, for people; `.gz` at its end promises gzip. */
  readonly path: string;
  /** Nothing in it is taken for no events. @default false */
  readonly mayBeEmpty?: boolean;
}

const PEEK_BYTES = 64 * 1024;
const BYTE_ORDER_MARK = '\uFEFF';

/**
 * Yields the events in slices; what was whole is yielded before an error is thrown:
 * EVENT_SOURCE_TRUNCATED, EVENT_SOURCE_NOT_JSON, EVENT_SOURCE_FILE_UNREADABLE for damaged gzip data,
 * or what the chunks throw.
 */
export function scanDump(
  chunks: AsyncGenerator<Buffer>,
  options: DumpOptions,
): AsyncGenerator<readonly RawEvent[]> {
  return scanText(unpacked(chunks, options), options);
}

/** Array or lines: the first character says which. */
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
    // What went wrong meanwhile is thrown by it.
    for await (const _ of all);
    if (options.mayBeEmpty === true) return;
    throw new PoolError('EVENT_SOURCE_TRUNCATED', `${options.what} is empty`);
  } else {
    const begins = JSON.stringify(foreignText(text.slice(0, 240), 120));
    const message = `${options.what} is neither a JSON array nor lines of JSON; it begins with ${begins}`;
    throw new PoolError('EVENT_SOURCE_NOT_JSON', message);
  }
}

/** The bytes, unpacked when they are gzip, whatever its name. */
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
    // What goes wrong with reading them is not the data's fault.
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

/** The first bytes that say anything (at least so many, if there are), and then all of them. */
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
