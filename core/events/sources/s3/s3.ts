/** Reads pool events from files in S3-compatible storage, as the newer orchestrators write them. */

import type { PoolErrorCode } from '../../../base/errors/catalogue.js';
import { PoolError } from '../../../base/errors/pool-error.js';
import { visible } from '../../../base/foreign-text.js';
import type {
  EventSource,
  EventSourceConfig,
  ListedObject,
  RawEvent,
  ReadRequest,
} from '../event-source.js';
import { checkOptions } from '../options.js';
import { scanDump, throwFirst } from '../scanners/dump-scanner.js';
import {
  type ListFrom,
  openS3Client,
  type S3Body,
  type S3Client,
  type S3Page,
} from './s3-client.js';
import { placeOf, type S3Options, s3Options } from './s3-options.js';

/**
 * Makes a source of kind `s3`; throws EVENT_SOURCE_OPTIONS. Each read yields the events of every object that was not
 * read to its end before, however old the object's name is, because a file may be uploaded late.
 */
export async function createS3(config: EventSourceConfig): Promise<EventSource> {
  const options = await checkOptions(config, s3Options);
  return {
    readsFrom: placeOf(options),
    async *read(request) {
      request.signal.throwIfAborted();
      const client = await openS3Client(options, request.signal);
      try {
        yield* new S3Reading(client, options, request).slices();
      } finally {
        client.close();
      }
    },
  };
}

/** This many objects are requested before their turn comes: most are small, and the request takes longest. */
const AHEAD = 8;
/** After this many objects in a row that could not be fetched, the storage itself is the problem, and the read ends. */
const MAX_LOST_IN_A_ROW = 3;
/** After so many forbidden objects in a row the read ends: many, because a policy may forbid only some of them. */
const MAX_FORBIDDEN_IN_A_ROW = 100;
const FORBIDDEN: PoolErrorCode = 'EVENT_SOURCE_UNAUTHORIZED';

/** Compares keys in the order in which a storage lists them. */
function isAfter(key: string, other: string): boolean {
  return Buffer.from(key).compare(Buffer.from(other)) > 0;
}

/** Errors of an object itself: it was fetched, and its content is bad. */
const OBJECT_FAULTS: ReadonlySet<PoolErrorCode> = new Set([
  'EVENT_SOURCE_TRUNCATED',
  'EVENT_SOURCE_NOT_JSON',
  'EVENT_SOURCE_FILE_UNREADABLE',
] as const);

interface OpenObject {
  readonly object: ListedObject;
  readonly body: Promise<S3Body | null>;
}

/** One read of the bucket. An incomplete object does not hold up the others. */
class S3Reading {
  /** Failures so far. The first one is thrown when all other objects have been read. */
  private readonly failures: PoolError[] = [];
  private lostInARow = 0;

  constructor(
    private readonly client: S3Client,
    private readonly options: S3Options,
    private readonly request: ReadRequest,
  ) {}

  async *slices(): AsyncGenerator<readonly RawEvent[]> {
    const { memory } = this.request;
    for await (const page of this.pages()) {
      yield* this.readAll(memory === undefined ? page : await memory.unread(page));
      // An empty slice lets the caller store which objects were read, even if the page had no event.
      yield [];
    }
    throwFirst(this.failures);
  }

  private async *pages(): AsyncGenerator<readonly ListedObject[]> {
    let last = '';
    /** The token of the page that would have come next, if this read had not skipped ahead. */
    let passedOver: string | null = null;
    let mayJump = true;
    for (let from: ListFrom | null = null; ; ) {
      const page = await this.client.list(from);
      const [first] = page.objects;
      if (first !== undefined && !isAfter(first.key, last)) {
        if (passedOver === null) throw this.unusable(`goes backwards after ${visible(last)}`);
        // This storage ignores start-after and began anew: go on with the next page, and never skip ahead again.
        from = { ContinuationToken: passedOver };
        [passedOver, mayJump] = [null, false];
        continue;
      }
      yield page.objects;
      if (!page.goesOn) return;
      last = page.lastKey ?? last;
      const after = mayJump && page.lastKey !== null ? await this.skipUpTo(page.lastKey) : null;
      passedOver = after === null ? null : page.token;
      from = after === null ? this.whereItGoesOn(page, from) : { StartAfter: after };
    }
  }

  private whereItGoesOn({ lastKey, token }: S3Page, from: ListFrom | null): ListFrom {
    const last = from !== null && 'ContinuationToken' in from ? from.ContinuationToken : null;
    if (token !== null && token !== last) return { ContinuationToken: token };
    if (token === null && lastKey !== null) return { StartAfter: lastKey };
    throw this.unusable('says that it goes on and does not say where');
  }

  private unusable(why: string): PoolError {
    const message = `the listing of ${placeOf(this.options)} ${why}`;
    return new PoolError('EVENT_SOURCE_BAD_REQUEST', message);
  }

  /** Returns the key up to which the rest of the folder can be skipped; null when that is not after this key. */
  private async skipUpTo(key: string): Promise<string | null> {
    const { memory } = this.request;
    const folder = key.slice(0, key.lastIndexOf('/') + 1);
    const upTo = (await memory?.skipUpTo(folder)) ?? null;
    return upTo !== null && isAfter(upTo, key) ? upTo : null;
  }

  private async *readAll(objects: readonly ListedObject[]): AsyncGenerator<readonly RawEvent[]> {
    const open: OpenObject[] = [];
    let next = 0;
    try {
      for (;;) {
        for (; next < objects.length && open.length < AHEAD; next += 1) {
          const object = objects[next];
          if (object !== undefined) open.push(this.open(object));
        }
        const first = open.shift();
        if (first === undefined) return;
        yield* this.readOne(first);
      }
    } finally {
      for (const { body } of open) body.then((one) => one?.close()).catch(() => undefined);
    }
  }

  private open(object: ListedObject): OpenObject {
    const body = this.client.open(object.key);
    // If it fails, the error is handled when the object's turn comes.
    body.catch(() => undefined);
    return { object, body };
  }

  private async *readOne({ object, body }: OpenObject): AsyncGenerator<readonly RawEvent[]> {
    const { signal, memory } = this.request;
    let opened: S3Body | null = null;
    try {
      opened = await body;
      // The object was removed after it was listed. Somebody did that on purpose, so it is no error.
      if (opened === null) return;
      yield* this.scan(object, opened);
      memory?.done(object);
      this.lostInARow = 0;
    } catch (error) {
      signal.throwIfAborted();
      this.note(object, error);
    } finally {
      opened?.close();
    }
  }

  private async *scan({ key }: ListedObject, body: S3Body): AsyncGenerator<readonly RawEvent[]> {
    const { maxElement: maxElementBytes } = this.options;
    const name = visible(key);
    const options = { maxElementBytes, what: name, path: name };
    for await (const slice of scanDump(body.chunks(), options)) {
      yield slice;
      this.request.signal.throwIfAborted();
    }
  }

  /** Stores with the object that it is bad or forbidden; any other failure is thrown at the end of the read. */
  private note(object: ListedObject, error: unknown): void {
    if (!(error instanceof PoolError)) throw error;
    const { memory } = this.request;
    const isFault = OBJECT_FAULTS.has(error.code);
    const isForbidden = error.code === FORBIDDEN;
    if (isFault) this.lostInARow = 0;
    else this.lostInARow += 1;
    if ((isFault || isForbidden) && memory !== undefined) memory.done(object, error);
    else this.failures.push(error);
    if (this.lostInARow >= (isForbidden ? MAX_FORBIDDEN_IN_A_ROW : MAX_LOST_IN_A_ROW)) throw error;
  }
}
