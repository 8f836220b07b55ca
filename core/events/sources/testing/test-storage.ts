/** A bucket for tests: a real S3-compatible server over a directory. */
import crypto from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import S3rver from 's3rver';
import type { TestCertificate } from './test-certificate.js';

export type StorageAnswering = (
  request: IncomingMessage,
  response: ServerResponse,
  answer: () => void,
) => void;

export interface TestStorage {
  readonly url: string;
  readonly bucket: string;
  /** The options for a source that reads this bucket. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The method and path of each request since a test last emptied the list. */
  readonly asked: string[];
  /** The limit for the keys on one page of a listing. */
  pageKeys: number;
  /** While it is set, it gets the requests, and calls `answer` to let the server answer one. */
  answer: StorageAnswering | undefined;
  put(key: string, content: string | Buffer): Promise<void>;
  remove(key: string): Promise<void>;
  /** Writes many objects straight into the server's files, without requests. */
  fill(objects: Iterable<readonly [key: string, content: string | Buffer]>): Promise<void>;
  /** Returns the number of open connections to the server, those of this fixture included. */
  connections(): Promise<number>;
  stop(): Promise<void>;
}

/** The only access keys that this server accepts. */
export const STORAGE_KEYS = { accessKey: 'S3RVER', secretKey: 'S3RVER' } as const;

export async function startTestStorage(tls?: TestCertificate): Promise<TestStorage> {
  allowOldCipher();
  const directory = await mkdtemp(join(tmpdir(), 'openpool-bucket-'));
  const bucket = 'pool-events';
  const storage = new S3rver({
    directory,
    silent: true,
    vhostBuckets: false,
    configureBuckets: [{ name: bucket, configs: [] }],
  });
  await storage.configureBuckets();
  limitPages(storage, () => test.pageKeys);
  const answerS3 = storage.callback();
  const asked: string[] = [];
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    asked.push(`${request.method} ${request.url}`);
    const answer = (): void => answerS3(request, response);
    if (test.answer === undefined) answer();
    else test.answer(request, response, answer);
  };
  const server = tls === undefined ? createServer(handle) : createHttps(tls, handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
  const client = new S3Client({
    endpoint: url,
    region: 'us-east-1',
    forcePathStyle: true,
    ...(tls === undefined ? {} : { requestHandler: { httpsAgent: { ca: tls.cert } } }),
    credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' },
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
  const test: TestStorage = {
    url,
    bucket,
    asked,
    answer: undefined,
    pageKeys: 1_000,
    options: { endpoint: url, bucket, ...STORAGE_KEYS },
    async put(key, content) {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: content }));
    },
    async remove(key) {
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
    },
    async fill(objects) {
      for (const [key, content] of objects) {
        const path = join(directory, bucket, `${key}._S3rver_object`);
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, content);
      }
    },
    connections: () =>
      new Promise((resolve, reject) => {
        server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
      }),
    async stop() {
      client.destroy();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      await rm(directory, { recursive: true, force: true });
    },
  };
  return test;
}

interface Listing {
  listObjects(bucket: string, options: { readonly maxKeys: number }): Promise<unknown>;
}

function limitPages(storage: S3rver, limit: () => number): void {
  const { store } = storage as S3rver & { store: Listing };
  const list = store.listObjects.bind(store);
  store.listObjects = (bucket, options) =>
    list(bucket, { ...options, maxKeys: Math.min(options.maxKeys, limit()) });
}

/**
 * The server makes its page tokens with single DES, which OpenSSL 3 no longer has. Triple DES with the same key three
 * times is the same cipher.
 */
function allowOldCipher(): void {
  const { createCipheriv, createDecipheriv } = crypto;
  const tripled = (key: unknown): Buffer => Buffer.concat([key, key, key] as Buffer[]);
  const adapt =
    <T>(make: (...args: never[]) => T) =>
    (...[name, key, ...rest]: unknown[]): T =>
      name === 'des'
        ? make(...(['des-ede3-cbc', tripled(key), ...rest] as never[]))
        : make(...([name, key, ...rest] as never[]));
  Object.assign(crypto, {
    createCipheriv: adapt(createCipheriv),
    createDecipheriv: adapt(createDecipheriv),
  });
}
