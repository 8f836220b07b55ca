/**
 * Makes the two requests that a source needs: for the list of objects in a bucket, and for the bytes of one of them.
 */
import { rootCertificates } from 'node:tls';
import { PoolError } from '../../../base/errors/pool-error.js';
import { foreignText, visible } from '../../../base/foreign-text.js';
import { withIdleLimit } from '../connection.js';
import type { ListedObject } from '../event-source.js';
import { isVanished, s3Error } from './s3-error.js';
import { collectListing } from './s3-listing.js';
import type { S3Options } from './s3-options.js';

export interface S3Page {
  readonly objects: readonly ListedObject[];
  /** The last key of the page, even if its object is left out; null when the page has no key. */
  readonly lastKey: string | null;
  /** False when the listing ends with this page. */
  readonly goesOn: boolean;
  /** The token for the next page; null also when the storage uses no tokens. */
  readonly token: string | null;
}

export interface S3Client {
  /** Lists at most a thousand sorted keys: those after a key, those from a page's token on, or the first ones. */
  list(from: { readonly after: string } | { readonly token: string } | null): Promise<S3Page>;
  /** Opens the body of an object; null when the object is gone. The caller has to close the body. */
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
/** The number of tries, the first one included. The SDK waits less than 20 s between them. */
const TRIES = 3;

/** Makes a client for one pass. The SDK is loaded only here, so pools without such a source do not pay for it. */
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
    // The middleware sits between the answer and the part of the SDK that reads it.
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
        // After the reading has been given up nobody listens for errors, and an unhandled one would end the process.
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
 * Tells whether there are more pages after this one. A token means that there are, too: some gateways leave
 * `IsTruncated` out, or say "false" along with a token. Throws EVENT_SOURCE_TRUNCATED for a full page that has neither.
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
  // On a page without a key, a token next to "false" only repeats the token of the request.
  if (token) return isTruncated === undefined || keys > 0;
  if (isTruncated === undefined && keys > 0 && keys >= Math.min(most || PAGE_KEYS, PAGE_KEYS)) {
    const message = `${where}: the listing has ${keys} keys, a full page, and does not say whether that is all (no IsTruncated)`;
    throw new PoolError('EVENT_SOURCE_TRUNCATED', message);
  }
  return false;
}

/**
 * The settings of the client. All of them are explicit, so no default, environment variable or file of the SDK matters.
 */
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
    // Many servers know no checksums besides the ETag, and TLS protects the bytes anyway.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: connectTimeout,
      // This limit is for the head of the answer. The body has its own limit, which pauses while we are busy.
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
  // An empty object whose key ends with a slash is a folder that somebody made in a web console.
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
    const onIdle = () => {
      isSlow = true;
      body.destroy(new Error('too slow'));
    };
    let count = 0;
    try {
      for await (const chunk of withIdleLimit(body, idleMs, onIdle)) {
        count += chunk.length;
        yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
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

/** Returns the error to throw: after an abort its reason, and not the connection error that it caused. */
function told(signal: AbortSignal, error: () => PoolError): unknown {
  return signal.aborted ? signal.reason : error();
}
