/** Makes the two requests that a source needs: for the list of objects in a bucket, and for the bytes of one of them. */
import { Readable } from 'node:stream';
import { rootCertificates } from 'node:tls';
import type { _Object, ListObjectsV2CommandOutput } from '@aws-sdk/client-s3';
import { fieldOf } from '../../../base/causes.js';
import { PoolError } from '../../../base/errors/pool-error.js';
import { foreignText, visible } from '../../../base/foreign-text.js';
import { withIdleLimit } from '../connection.js';
import type { ListedObject } from '../event-source.js';
import { isVanished, s3Error } from './s3-error.js';
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

export type S3Client = Awaited<ReturnType<typeof openS3Client>>;
export type S3Body = ReturnType<typeof bodyOf>;
/** Where a page begins: after a key, or where the page before says. */
export type ListFrom = { readonly StartAfter: string } | { readonly ContinuationToken: string };

const PAGE_KEYS = 1_000;
const LISTING = 'ListObjectsV2Command';
/** The number of tries, the first one included. The SDK waits less than 20 s between them. */
const TRIES = 3;

/** The limit for a listing, in bytes: a thousand of the longest keys, all escaped, need less. */
const MOST_BYTES = 32 * 1024 * 1024;
const MOST_QUOTED = 120;

const BEGIN =
  /^\uFEFF?\s*(?:<\?xml[^>]*>\s*)?(?:<!--[\s\S]*?-->\s*)*<((?:[\w.-]+:)?ListBucketResult)[\s/>]/;

/** Makes a client for one pass. The SDK is loaded only here, so pools without such a source do not pay for it. */
export async function openS3Client(options: S3Options, signal: AbortSignal) {
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
        const body = fieldOf(response, 'body');
        const isOk = fieldOf(response, 'statusCode') === 200;
        if (commandName !== LISTING || !isOk || !(body instanceof Readable)) return result;
        const { chunks } = bodyOf(body, { key: where, idleMs: idleTimeout, signal });
        Object.assign(Object(response), { body: await collectListing(chunks(), where) });
        return result;
      },
    // The middleware sits between the answer and the part of the SDK that reads it.
    { step: 'deserialize', priority: 'low', name: 'wholeListing' },
  );
  return {
    /** Lists at most a thousand sorted keys. */
    async list(from: ListFrom | null): Promise<S3Page> {
      const query = { Bucket: bucket, Prefix: prefix, MaxKeys: PAGE_KEYS, ...from };
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
    /** Opens the body of an object; null when the object is gone. The caller has to close the body. */
    async open(key: string): Promise<S3Body | null> {
      try {
        const command = new sdk.GetObjectCommand({ Bucket: bucket, Key: key });
        const { Body: body } = await client.send(command, { abortSignal });
        if (!(body instanceof Readable)) throw new TypeError('the answer has no body');
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
 * Collects the bytes of the whole listing of a bucket. The SDK does not check it: it takes the page of a web console,
 * any other XML, and even an empty answer for the listing of an empty bucket. Throws EVENT_SOURCE_NOT_JSON for those,
 * and EVENT_SOURCE_TRUNCATED for a listing without its end.
 */
async function collectListing(chunks: AsyncIterable<Buffer>, where: string): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    size += chunk.length;
    if (size > MOST_BYTES) throw noListing(where, Buffer.concat(parts).toString('utf8', 0, 1_000));
  }
  const bytes = Buffer.concat(parts);
  const text = bytes.toString();
  const [, root] = BEGIN.exec(text) ?? [];
  if (root === undefined) throw noListing(where, text);
  if (!text.trimEnd().endsWith(`</${root}>`)) {
    const message = `${where}: the listing ends after ${size} bytes, in the middle`;
    throw new PoolError('EVENT_SOURCE_TRUNCATED', message);
  }
  return bytes;
}

function noListing(where: string, text: string): PoolError {
  const found = foreignText(text.slice(0, 2 * MOST_QUOTED), MOST_QUOTED).trim();
  const what = found === '' ? 'nothing' : `what is none and begins with ${JSON.stringify(found)}`;
  const message = `${where}: asked for the listing of the bucket, it answered ${what}`;
  return new PoolError('EVENT_SOURCE_NOT_JSON', message);
}

/**
 * Tells whether there are more pages after this one. A token means that there are, too: some gateways leave
 * `IsTruncated` out, or say "false" along with a token. Throws EVENT_SOURCE_TRUNCATED for a full page that has neither.
 */
function goesOn(
  {
    IsTruncated: isTruncated,
    NextContinuationToken: token,
    MaxKeys: most,
    Contents: { length: keys } = [],
  }: ListObjectsV2CommandOutput,
  where: string,
): boolean {
  if (isTruncated === true) return true;
  // On a page without a key, a token next to "false" only repeats the token of the request.
  if (token) return isTruncated === undefined || keys > 0;
  if (isTruncated === undefined && keys > 0 && keys >= Math.min(most || PAGE_KEYS, PAGE_KEYS)) {
    const message = `${where}: the listing has ${keys} keys, a full page, and does not say whether that is all (no IsTruncated)`;
    throw new PoolError('EVENT_SOURCE_TRUNCATED', message);
  }
  return false;
}

/** The client's settings, all explicit, so that no default, environment variable or file of the SDK matters. */
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

function toListed({
  Key: key = '',
  ETag: etag = '',
  Size: sizeBytes = 0,
}: _Object): ListedObject[] {
  // An empty object whose key ends with a slash is a folder that somebody made in a web console.
  if (key === '' || (key.endsWith('/') && sizeBytes === 0)) return [];
  return [{ key, version: etag.replaceAll('"', ''), sizeBytes }];
}

function bodyOf(
  body: Readable,
  { key, idleMs, signal }: { key: string; idleMs: number; signal: AbortSignal },
) {
  let isSlow = false;
  /** Throws a PoolError when the connection breaks or stalls. */
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
    } catch (cause) {
      const slow = `not a byte came within ${idleMs / 1000} s (options.idleTimeout)`;
      const broken = `after ${count} bytes the connection broke: ${foreignText(cause)}`;
      const code = isSlow ? 'EVENT_SOURCE_TIMEOUT' : 'EVENT_SOURCE_UNREACHABLE';
      const message = `${key}: ${isSlow ? slow : broken}`;
      throw told(signal, () => new PoolError(code, message, {}, { cause }));
    }
  }
  return { chunks, close: () => body.destroy() };
}

/** Returns the error to throw: after an abort its reason, and not the connection error that it caused. */
function told(signal: AbortSignal, error: () => PoolError): unknown {
  return signal.aborted ? signal.reason : error();
}
