/** Reads pool events from files: dumps for a backfill or a migration. */
import { createReadStream, type ReadStream } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { codeOf } from '../../base/causes.js';
import { PoolError } from '../../base/errors/pool-error.js';
import { foreignText } from '../../base/foreign-text.js';
import { size } from '../../plugins/options.js';
import type {
  EventSource,
  EventSourceConfig,
  ListedObject,
  RawEvent,
  ReadRequest,
} from './event-source.js';
import { checkOptions, needOrigin, optionsError } from './options.js';
import { scanDump, throwFirst } from './scanners/dump-scanner.js';

const fileOptions = z.strictObject({
  /** A file, or files of one directory: `*` in the name matches any characters. */
  path: z.string().min(1, 'name a file'),
  maxElement: size.default(1_048_576),
});

/**
 * Makes a source of kind `file`; throws EVENT_SOURCE_OPTIONS. Each read yields the events of all files that are new or
 * have changed, whatever `since` says: a new dump may contain old events.
 */
export async function createFile(config: EventSourceConfig): Promise<EventSource> {
  const options = await checkOptions(config, fileOptions);
  needOrigin(config);
  const path = resolve(config.baseDir, options.path);
  const [given, name] = [dirname(path), basename(path)];
  if (given.includes('*')) {
    const message = `options.path: a "*" may stand in the name of the file alone, not in ${given}`;
    throw optionsError(config.id, message);
  }
  const directory = await realpath(given).catch(() => {
    const message = `options.path: there is no directory ${given}: correct the path or make it`;
    throw optionsError(config.id, message);
  });
  const place = { directory, name, maxElementBytes: options.maxElement };
  return {
    readsFrom: `file:${join(directory, name)}`,
    read: (request) => readFiles(place, request),
  };
}

interface Place {
  readonly directory: string;
  readonly name: string;
  readonly maxElementBytes: number;
}

/** Reads all files. One bad file does not hold up the others: its error is thrown when they have been read. */
async function* readFiles(place: Place, request: ReadRequest): AsyncGenerator<readonly RawEvent[]> {
  const { signal, memory } = request;
  const { files, failures } = await lookAt(place);
  for (const file of memory === undefined ? files : await memory.unread(files)) {
    try {
      for await (const slice of readOne(place, file, request)) {
        yield slice;
        signal.throwIfAborted();
      }
    } catch (error) {
      signal.throwIfAborted();
      failures.push(error);
    }
  }
  throwFirst(failures);
}

/** Lists all files before any is read. If a file grows after that, the next pass sees it as changed. */
async function lookAt(place: Place) {
  const files: ListedObject[] = [];
  const failures: unknown[] = [];
  for (const name of await namesOf(place)) {
    const path = join(place.directory, name);
    try {
      const stats = await stat(path, { bigint: true });
      const version = `${stats.ino}/${stats.mtimeNs}/${stats.ctimeNs}`;
      const object = { key: name, version, sizeBytes: Number(stats.size), mayChange: true };
      if (stats.isFile()) files.push(object);
      else failures.push(new PoolError('EVENT_SOURCE_FILE_UNREADABLE', `${path} is no file`));
    } catch (error) {
      failures.push(unreadable(path, error));
    }
  }
  return { files, failures };
}

/** Returns the names of the files, sorted. */
async function namesOf({ directory, name }: Place): Promise<readonly string[]> {
  if (!name.includes('*')) return [name];
  const pattern = new RegExp(`^${name.split('*').map(escapePattern).join('.*')}$`, 's');
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: unknown) => {
    throw unreadable(directory, error);
  });
  const names = entries.filter((one) => !one.isDirectory() && pattern.test(one.name));
  if (names.length === 0) {
    const message = `no file in ${directory} is named like ${name}`;
    throw new PoolError('EVENT_SOURCE_FILE_UNREADABLE', message);
  }
  return names.map((one) => one.name).sort();
}

async function* readOne(
  { directory, maxElementBytes }: Place,
  object: ListedObject,
  { signal, memory }: ReadRequest,
): AsyncGenerator<readonly RawEvent[]> {
  const path = join(directory, object.key);
  const file = createReadStream(path, { signal });
  try {
    const options = { maxElementBytes, what: object.key, path, mayBeEmpty: true };
    yield* scanDump(chunksOf(file, path), options);
    memory?.done(object);
  } finally {
    file.destroy();
  }
}

/** Each chunk is a new buffer, because the scanners keep parts of it. */
async function* chunksOf(file: ReadStream, path: string): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of file) yield chunk;
  } catch (error) {
    throw unreadable(file.bytesRead === 0 ? path : `${path} at byte ${file.bytesRead}`, error);
  }
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function unreadable(path: string, error: unknown): PoolError {
  const code = codeOf(error) || foreignText(error);
  const words: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such file',
    EACCES: 'this user may not read it',
    EISDIR: 'it is a directory',
  };
  const message = `${path}: ${words[code] ?? code}`;
  return new PoolError('EVENT_SOURCE_FILE_UNREADABLE', message, {}, { cause: error });
}
