/** Cuts a dump into the texts of its events: an array or lines of JSON, packed with gzip or not. */
import { setImmediate } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import { codeOf } from '../../../base/causes.js';
import { PoolError } from '../../../base/errors/pool-error.js';
import { foreignText } from '../../../base/foreign-text.js';
import type { RawEvent, ScanOptions } from '../event-source.js';
import { quote, scanArray, wrongBytes } from './array-scanner.js';
import { scanLines } from './line-scanner.js';

interface DumpOptions extends ScanOptions {
  readonly what: string;
  /** The whole name of the dump, for messages; `.gz` at its end promises gzip. */
  readonly path: string;
  /** Whether an empty dump means that there are no events. @default false */
  readonly mayBeEmpty?: boolean;
}

const PEEK_BYTES = 64 * 1024;
/** Data are unpacked in pieces of this size, whose result, perhaps a thousand times as large, is in memory at once. */
const PIECE_BYTES = 16 * 1024;

/** Yields the events in slices, complete ones before an error is thrown: EVENT_SOURCE_… or what the chunks throw. */
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
  // A byte order mark counts as a blank here and to the scanners.
  const text = head.toString().trimStart();
  if (text.startsWith('{')) {
    yield* scanLines(all, options);
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
    if (!codeOf(error).startsWith('Z_')) throw error;
    const isEarly = codeOf(error) === 'Z_BUF_ERROR';
    const what = isEarly
      ? 'the gzip data end early'
      : `the gzip data are damaged (${foreignText(error)})`;
    const code = isEarly ? 'EVENT_SOURCE_TRUNCATED' : 'EVENT_SOURCE_FILE_UNREADABLE';
    const message = `${path}: ${what}, after ${bytes} unpacked bytes`;
    throw new PoolError(code, message, {}, { cause: error });
  }
}

/**
 * Yields the unpacked data. Node's own stream forgets what it has unpacked when it fails, so it is emptied after each
 * piece: when the data end early, all before the end is yielded, and damage loses at most the packed piece before it.
 * Throws the errors of zlib, with the code `Z_BUF_ERROR` when the data end early.
 */
async function* gunzip(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const unzip = createGunzip();
  const ready: Buffer[] = [];
  let failure: Error | undefined;
  unzip.on('data', (data: Buffer) => ready.push(data));
  // When a write fails, its callback is never called, so the error event has to continue the loop as well.
  let goOn: () => void = () => undefined;
  unzip.on('error', (error) => {
    failure = error;
    goOn();
  });
  // The gzip data can end before the input does: tapes and some uploaders append zeros.
  let isEnded = false;
  unzip.on('end', () => {
    isEnded = true;
    goOn();
  });
  const emptied = async (): Promise<readonly Buffer[]> => {
    while (unzip.readableLength > 0 && !unzip.destroyed) await setImmediate();
    return ready.splice(0);
  };
  try {
    for await (const chunk of chunks) {
      for (let i = 0; i < chunk.length && failure === undefined; i += PIECE_BYTES) {
        const piece = chunk.subarray(i, i + PIECE_BYTES);
        await new Promise<void>((resolve) => {
          goOn = resolve;
          unzip.write(piece, () => resolve());
        });
        yield* await emptied();
      }
      if (failure !== undefined) break;
    }
    if (failure === undefined && !isEnded) {
      await new Promise<void>((resolve) => {
        goOn = resolve;
        unzip.end();
      });
    }
    yield* ready.splice(0);
    if (failure !== undefined) throw failure;
  } finally {
    unzip.destroy();
  }
}

/** Reads to the first non-blank, or about `most` bytes. `head` is what was read, `all` the whole input from its start. */
async function peek(
  chunks: AsyncGenerator<Buffer>,
  most: number,
): Promise<{ readonly head: Buffer; readonly all: AsyncGenerator<Buffer> }> {
  const first: Buffer[] = [];
  let head = Buffer.alloc(0);
  let failure: unknown;
  try {
    while (head.length < 2 || (head.length < most && head.toString().trim() === '')) {
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
