/** The two questions that a source asks a storage: what is there, and the bytes of one object. */
import { rootCertificates } from 'node:tls';
import { foreignText, visible } from '../../domain/foreign-text.js';
import { PoolError } from '../../domain/pool-error.js';
import type { ListedObject } from './event-source.js';
import { isVanished, s3Error } from './s3-error.js';
import { collectListing } from './s3-listing.js';
import type { S3Options } from './s3-options.js';

export interface S3Page {
  readonly objects: readonly ListedObject[];
  /** The last key, counted or not; null: the listing gave none. */
  readonly lastKey: string | null;
  /** False: this was its end. */
  readonly goesOn: boolean;
  /** Where the storage goes on; null also from a storage that does not say it. */
  readonly token: string | null;
}

export interface S3Client {
  /** A page of at most a thousand keys in their order, after a key or where a page ended. */
  list(from: { readonly after: string } | { readonly token: string } | null): Promise<S3Page>;
  /** Its bytes, begun; null: it is gone. Whoever opens it calls `close`. */
  open(key: string): Promise<S3Body | null>;
  close(): void;
}

export interface S3Body {
  /** Throws a PoolError when the connection breaks or stalls. */
  chunks(): AsyncGenerator<Buffer>;
  close(): void;
}

const PAGE_KEYS = 1_000;
const LISTING = 'ListObjectsV2Command';
/** The first try included; the waits between them are the SDK's own, below 20 s. */
const TRIES = 3;

/** A client for one pass. Loads the SDK only now: whoever has no such source pays nothing for it. */
export async function openS3Client(options: S3Options, signal: AbortSignal): Promise<S3Client> {
  const sdk = await import('@aws-sdk/client-s3');
  const { bucket, prefix, idleTimeout } = options;
  const client = new sdk.S3Client(clientConfig(options));
  const where = `${options.endpoint.host}, bucket ${bucket}`;
  const abortSignal = signal;
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const result = await next(args);
        const { response } = result;
        if (commandName !== LISTING || !isAnswer(response) || response.statusCode !== 200) {
          return result;
        }
        const body = bodyOf(response.body, { key: where, idleMs: idleTimeout, signal });
        Object.assign(response, { body: await collectListing(body.chunks(), where) });
        return result;
      },
    // Between the SDK's reading of the answer and the answer.
    { step: 'deserialize', priority: 'low', name: 'wholeListing' },
  );
  return {
    async list(from) {
      const after = from !== null && 'after' in from ? { StartAfter: from.after } : {};
      const token = from !== null && 'token' in from ? { ContinuationToken: from.token } : {};
      const query = { Bucket: bucket, Prefix: prefix, MaxKeys: PAGE_KEYS, ...after, ...token };
      const command = new sdk.ListObjectsV2Command(query);
      const answer = await client.send(command, { abortSignal }).catch((error: unknown) => {
        throw told(signal, () => s3Error(error, where));
      });
      const { Contents: contents = [] } = answer;
      return {
        objects: contents.flatMap(toListed),
        lastKey: contents.at(-1)?.Key ?? null,
        goesOn: goesOn(answer, where),
        token: answer.NextContinuationToken || null,
      };
    },
    async open(key) {
      try {
        const command = new sdk.GetObjectCommand({ Bucket: bucket, Key: key });
        const { Body: body } = await client.send(command, { abortSignal });
        if (!isReadable(body)) throw new TypeError('the answer has no body');
        // Nobody listens once the reading is given up, and an unheard error ends the process.
        body.on('error', () => undefined);
        return bodyOf(body, { key: visible(key), idleMs: idleTimeout, signal });
      } catch (error) {
        if (isVanished(error)) return null;
        throw told(signal, () => s3Error(error, visible(key)));
      }
    },
    close: () => client.destroy(),
  };
}

/**
 * Whether a listing goes on behind this page. A token says so too: some gateways leave the word out, or say "false"
 * beside it. Throws EVENT_SOURCE_TRUNCATED for a full page that says neither.
 */
function goesOn(
  answer: {
    readonly IsTruncated?: boolean | undefined;
    readonly NextContinuationToken?: string | undefined;
    readonly MaxKeys?: number | undefined;
    readonly Contents?: readonly unknown[] | undefined;
  },
  where: string,
): boolean {
  const { IsTruncated: isTruncated, NextContinuationToken: token, MaxKeys: most } = answer;
  const keys = answer.Contents?.length ?? 0;
  if (isTruncated === true) return true;
  // Without a key a token beside "false" is the echo of the one that was asked with.
  if (token) return isTruncated === undefined || keys > 0;
  if (isTruncated === undefined && keys > 0 && keys >= Math.min(most || PAGE_KEYS, PAGE_KEYS)) {
    const message = `${where}: the listing has ${keys} keys, a full page, and does not say whether that is all (no IsTruncated)`;
    throw new PoolError('EVENT_SOURCE_TRUNCATED', message);
  }
  return false;
}

/** Nothing is left to the SDK's defaults, its environment variables and files. */
function clientConfig(options: S3Options) {
  const { accessKey, secretKey, ca, connectTimeout, idleTimeout } = options;
  return {
    endpoint: options.endpoint.href,
    region: options.region,
    credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
    forcePathStyle: options.pathStyle,
    maxAttempts: TRIES,
    retryMode: 'standard',
    useArnRegion: false,
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    disableS3ExpressSessionAuth: true,
    // Many servers know no checksums beside their ETag; TLS keeps the bytes whole.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: connectTimeout,
      // Until the head of the answer; the body has a clock of its own that stops while we are busy.
      requestTimeout: idleTimeout,
      throwOnRequestTimeout: true,
      socketTimeout: 0,
      ...(ca === undefined ? {} : { httpsAgent: { ca: [...rootCertificates, ca] } }),
    },
  } as const;
}

function toListed(said: {
  readonly Key?: string | undefined;
  readonly ETag?: string | undefined;
  readonly Size?: number | undefined;
}): ListedObject[] {
  const { Key: key = '', ETag: etag = '', Size: sizeBytes = 0 } = said;
  // Consoles make an empty object for a folder.
  if (key === '' || (key.endsWith('/') && sizeBytes === 0)) return [];
  return [{ key, version: etag.replaceAll('"', ''), sizeBytes }];
}

function isAnswer(
  response: unknown,
): response is { readonly statusCode: unknown; readonly body: Readable } {
  if (typeof response !== 'object' || response === null) return false;
  return 'statusCode' in response && 'body' in response && isReadable(response.body);
}

interface Readable extends AsyncIterable<Uint8Array> {
  on(event: 'error', listener: () => void): unknown;
  destroy(error?: Error): unknown;
}

function isReadable(body: unknown): body is Readable {
  return typeof body === 'object' && body !== null && 'destroy' in body && 'on' in body;
}

function bodyOf(
  body: Readable,
  { key, idleMs, signal }: { key: string; idleMs: number; signal: AbortSignal },
): S3Body {
  let isSlow = false;
  async function* chunks(): AsyncGenerator<Buffer> {
    const bytes = body[Symbol.asyncIterator]();
    let count = 0;
    try {
      for (;;) {
        // The clock runs only while we wait for them, not while they wait for us.
        const timer = setTimeout(() => {
          isSlow = true;
          body.destroy(new Error('too slow'));
        }, idleMs);
        const next = await bytes.next().finally(() => clearTimeout(timer));
        if (next.done === true) return;
        count += next.value.length;
        yield Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
      }
    } catch (error) {
      throw told(signal, () =>
        isSlow ? tooSlow(key, idleMs, error) : broken(`${key}: after ${count} bytes`, error),
      );
    }
  }
  return { chunks, close: () => body.destroy() };
}

function tooSlow(key: string, idleMs: number, cause: unknown): PoolError {
  const message = `${key}: not a byte came within ${idleMs / 1000} s (options.idleTimeout)`;
  return new PoolError('EVENT_SOURCE_TIMEOUT', message, {}, { cause });
}

function broken(what: string, cause: unknown): PoolError {
  const message = `${what} the connection broke: ${foreignText(cause)}`;
  return new PoolError('EVENT_SOURCE_UNREACHABLE', message, {}, { cause });
}

/** Whoever is told to stop hears that, and not what it did to the connection. */
function told(signal: AbortSignal, error: () => PoolError): unknown {
  return signal.aborted ? signal.reason : error();
}
