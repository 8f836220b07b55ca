import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { describeEventSource } from '../contract-test.js';
import type { EventSource, ListedObject, ObjectMemory } from '../event-source.js';
import { readAll, s3SourceOf } from '../testing/read-source.js';
import { selfSigned } from '../testing/test-certificate.js';
import { STORAGE_KEYS, startTestStorage, type TestStorage } from '../testing/test-storage.js';

const SIGNATURE_REFUSED = `<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>SignatureDoesNotMatch</Code><Message>The request signature we calculated does not match
</Message><RequestId>1</RequestId></Error>`;

describeEventSource('s3', async () => {
  const storage = await startTestStorage();
  const { options } = storage;
  const endpoint = `${storage.url}/`;
  return {
    source: await s3SourceOf({ ...options, prefix: 'us-west/ai' }),
    sameAgain: await s3SourceOf({ ...options, endpoint, prefix: '/us-west/ai/' }),
    secret: STORAGE_KEYS.secretKey,
    async put(events) {
      for (let i = 0; i < events.length; i += 1_000) {
        const part = events.slice(i, i + 1_000);
        const text = JSON.stringify(
          part.map(({ json }) => JSON.parse(json)),
          null,
          2,
        );
        await storage.put(`us-west/ai/us-west-ai-${part[0]?.dt.toISOString()}.json`, text);
      }
    },
    breakDown: () => storage.stop(),
    close: () => storage.stop().catch(() => undefined),
  };
});

describe('a source of files in a bucket', () => {
  let storage: TestStorage;
  let source: EventSource;
  beforeEach(async () => {
    storage = await startTestStorage();
    source = await s3SourceOf(storage.options);
  });
  afterEach(() => storage.stop());

  it('reads the files of its folder alone, arrays or lines, packed or not', async () => {
    await storage.put('us/a.json', '[\n  {"a": 1},\n  {"a": 2}\n]');
    await storage.put('us/b.ndjson', '{"a": 3}\n{"a": 4}\n');
    await storage.fill([['us/c ä+%.json.gz', gzipSync('[{"a": 5}]')]]);
    await storage.put('us-2/d.json', '[{"a": 6}]');
    const folder = await s3SourceOf({ ...storage.options, prefix: 'us' });
    expect(await readAll(folder)).toEqual({
      raws: [1, 2, 3, 4, 5].map((n) => `{"a": ${n}}`),
      error: undefined,
    });
  });

  it('yields the events of whole files and of the beginnings of cut ones before it reports what is wrong', async () => {
    await storage.put('a.json', '[{"a": 1}, {"a": 2}');
    await storage.put('b.json', '');
    await storage.put('c.json', '<html>');
    await storage.put('d.json', '[{"a": 4}]');
    expect(await readAll(source)).toMatchObject({
      raws: ['{"a": 1}', '{"a": 4}'],
      error: {
        code: 'EVENT_SOURCE_TRUNCATED',
        message: expect.stringMatching(/^a.json ends after 1 .*; and 2 more files have failed$/),
      },
    });
  });

  it.each([
    ['a key nobody knows', { accessKey: 'WRONG' }, 'EVENT_SOURCE_UNAUTHORIZED', 'InvalidAccessKey'],
    ['a bucket that is not there', { bucket: 'nowhere' }, 'EVENT_SOURCE_BUCKET_MISSING', 'nowhere'],
    ['nobody there', { endpoint: 'http://127.0.0.1:9' }, 'EVENT_SOURCE_UNREACHABLE', '127.0.0.1:9'],
  ])('names its trouble: %s', async (_, options, code, words) => {
    const { error } = await readAll(await s3SourceOf({ ...storage.options, ...options }));
    expect(error).toMatchObject({ code, message: expect.stringContaining(words) });
    expect(String(error)).not.toContain('WRONG');
  });

  it('names a signature that the storage does not accept', async () => {
    // The test server checks keys but no signatures.
    storage.answer = (_, response) =>
      response.writeHead(403, { 'content-type': 'application/xml' }).end(SIGNATURE_REFUSED);
    expect(await readAll(source)).toMatchObject({
      error: {
        ...{ code: 'EVENT_SOURCE_UNAUTHORIZED' },
        message: expect.stringMatching(
          /bucket pool-events: SignatureDoesNotMatch: The request sig/,
        ),
      },
    });
    expect(storage.asked).toHaveLength(1);
  });

  it('names an error of the server, and tries three times before', async () => {
    storage.answer = (_, response) => response.writeHead(503).end('busy');
    expect(await readAll(source)).toMatchObject({ error: { code: 'EVENT_SOURCE_HTTP_STATUS' } });
    expect(storage.asked).toHaveLength(3);
  });

  it('gives up a storage that does not answer', async () => {
    const hasty = await s3SourceOf({ ...storage.options, idleTimeout: '200ms' });
    storage.answer = () => undefined;
    expect(await readAll(hasty)).toMatchObject({ error: { code: 'EVENT_SOURCE_TIMEOUT' } });
  });

  it('gives up an object that stops in the middle, and reads the others', async () => {
    await storage.put('a.json', '[{"a": 1}]');
    await storage.put('b.json', '[{"a": 2}]');
    storage.answer = (request, response, answer) => {
      if (request.url?.includes('a.json') !== true) return answer();
      response.writeHead(200, { 'content-length': 1_000 });
      response.write('[{"a": 0}, {"a"');
    };
    const hasty = await s3SourceOf({ ...storage.options, idleTimeout: '500ms' });
    expect(await readAll(hasty)).toMatchObject({
      raws: ['{"a": 0}', '{"a": 2}'],
      error: { code: 'EVENT_SOURCE_TIMEOUT', message: expect.stringMatching(/^a.json: .* 0.5 s/) },
    });
  });

  it('stops asking when the storage serves none of several objects', async () => {
    await storage.fill(Array.from({ length: 140 }, (_, i) => [`${100 + i}.json`, '[]']));
    storage.answer = (request, response, answer) => {
      if (request.url?.includes('.json') === true) response.writeHead(403).end();
      else answer();
    };
    expect(await readAll(source)).toMatchObject({ error: { code: 'EVENT_SOURCE_UNAUTHORIZED' } });
    expect(storage.asked.length).toBeLessThan(115);
  });

  it('leaves no connection behind when it is told to stop in the middle of an object', async () => {
    const events = Array.from({ length: 20_000 }, (_, i) => `{"a": ${i}}`);
    for (const key of ['a', 'b', 'c']) await storage.put(key, `[${events.join(',')}]`);
    const aborter = new AbortController();
    const raws: string[] = [];
    const reading = async (): Promise<void> => {
      for await (const slice of source.read({ since: null, signal: aborter.signal })) {
        raws.push(...slice.map(({ raw }) => raw));
        if (raws.length > 25_000) aborter.abort(new Error('told to stop'));
      }
    };
    await expect(reading()).rejects.toThrow('told to stop');
    expect(raws.length).toBeLessThan(26_000);
    await expect.poll(() => storage.connections()).toBe(1);
  });

  it('reads a listing of many pages, and skips what its memory allows', async () => {
    storage.pageKeys = 10;
    const keys = ['a', 'b', 'c'].flatMap((folder) =>
      Array.from({ length: 15 }, (_, i) => `${folder}/${10 + i}.json`),
    );
    await storage.fill(keys.map((key) => [key, `["${key}"]`]));
    const listed: ListedObject[] = [];
    const done: string[] = [];
    const memory: ObjectMemory = {
      async unread(objects) {
        listed.push(...objects);
        return objects.filter(({ key }) => key.includes('2.json'));
      },
      skipUpTo: async () => null,
      done: ({ key }) => done.push(key),
    };
    const unread = keys.filter((key) => key.includes('2.json'));
    expect((await readAll(source, { memory })).raws).toEqual(unread.map((key) => `"${key}"`));
    expect(listed.map(({ key }) => key)).toEqual(keys);
    expect(done).toEqual(unread);
    const skips = new Map([
      ['a/', 'a/23.json'],
      ['b/', 'b/11.json'],
    ]);
    listed.length = 0;
    const skipUpTo = async (folder: string) => skips.get(folder) ?? null;
    await readAll(source, { memory: { ...memory, skipUpTo } });
    // Listed are a page of folder a, then the end of a with the beginning of b. The part of b that is skipped was on
    // that page already.
    expect(listed.map(({ key }) => key)).toEqual([...keys.slice(0, 10), ...keys.slice(14)]);
  });

  it('stops when a storage lists the same again', async () => {
    storage.pageKeys = 10;
    await storage.fill(Array.from({ length: 40 }, (_, i) => [`${10 + i}.json`, '[]']));
    storage.answer = (request, _, answer) => {
      request.url = request.url?.replace(/&?(?:start-after|continuation-token)=[^&]+/, '');
      answer();
    };
    const skipUpTo = async () => '25.json';
    const memory = { unread: async () => [], skipUpTo, done: () => undefined };
    expect(await readAll(source, { memory })).toMatchObject({
      error: { code: 'EVENT_SOURCE_BAD_REQUEST', message: expect.stringContaining('backwards') },
    });
    expect(storage.asked).toHaveLength(3);
  });
});

describe('a source of files in a bucket behind TLS', () => {
  const tls = selfSigned();
  let storage: TestStorage;
  beforeAll(async () => {
    storage = await startTestStorage(tls);
    await storage.put('a.json', '[1]');
  });
  afterAll(() => storage.stop());

  it('trusts nobody whose certificate it cannot verify', async () => {
    const { error } = await readAll(await s3SourceOf(storage.options));
    expect(error).toMatchObject({ code: 'EVENT_SOURCE_TLS' });
  });

  it('trusts a certificate authority that it is given', async () => {
    const { raws } = await readAll(await s3SourceOf({ ...storage.options, ca: tls.cert }));
    expect(raws).toEqual(['1']);
  });
});

describe('the options of a source of files in a bucket', () => {
  const options = { endpoint: 'https://s3.example.com', bucket: 'events', ...STORAGE_KEYS };

  it.each([
    [{ endpoint: 'http://s3.example.com' }, 'plainHttp'],
    [{ endpoint: 's3.example.com' }, 'http:// or https://'],
    [{ endpoint: 'https://me:secret@s3.example.com' }, 'accessKey'],
    [{ endpoint: 'https://events.s3.example.com' }, 'leave the bucket out'],
    [{ bucket: 'a/b' }, 'options.bucket'],
    [{ accessKey: undefined }, 'options.accessKey'],
    [{ idleTimeout: '10' }, 'options.idleTimeout'],
    [{ folder: 'x' }, 'folder'],
  ])('refuses %j', async (wrong, words) => {
    await expect(s3SourceOf({ ...options, ...wrong })).rejects.toMatchObject({
      code: 'EVENT_SOURCE_OPTIONS',
      message: expect.stringContaining(words),
    });
  });

  it.each([
    [{}, 's3://s3.example.com/events/'],
    [{ prefix: '//a/b//' }, 's3://s3.example.com/events/a/b/'],
    [{ endpoint: 'https://S3.Example.com:443/', prefix: '/' }, 's3://s3.example.com/events/'],
    [{ endpoint: 'http://s3.example.com.', plainHttp: true }, 's3://s3.example.com/events/'],
    [{ endpoint: 'http://localhost:9000/store/' }, 's3://localhost:9000/store/events/'],
    [{ endpoint: 'https://s3.eu-central-1.amazonaws.com' }, 's3://s3.amazonaws.com/events/'],
    [{ endpoint: 'https://s3.dualstack.eu-west-1.amazonaws.com' }, 's3://s3.amazonaws.com/events/'],
  ])('tells for %j where it reads', async (spelling, place) => {
    expect((await s3SourceOf({ ...options, ...spelling })).readsFrom).toBe(place);
  });
});
