import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ObjectMemory } from '../event-source.js';
import { readAll, s3SourceOf } from '../testing/read-source.js';
import { startTestStorage, type TestStorage } from '../testing/test-storage.js';

describe('a storage whose listing is not what it seems', () => {
  let storage: TestStorage;
  const keys = Array.from({ length: 25 }, (_, i) => `us/${10 + i}.json`);
  beforeAll(async () => {
    storage = await startTestStorage();
    storage.pageKeys = 10;
    await storage.fill(keys.map((key) => [key, `["${key}"]`]));
  });
  afterAll(() => storage.stop());
  beforeEach(() => {
    storage.asked.length = 0;
    storage.answer = undefined;
  });

  const isListing = (url = '') => url.includes('list-type');
  /** Lets the server answer, and changes the text of its listings. */
  const changing = (change: (text: string) => string) => {
    storage.answer = (request, response, answer) => {
      if (!isListing(request.url)) return answer();
      const { end } = response;
      response.removeHeader('content-length');
      Object.assign(response, {
        setHeader: (name: string, value: string) =>
          name.toLowerCase() === 'content-length'
            ? response
            : Object.getPrototypeOf(response).setHeader.call(response, name, value),
        end: (chunk: unknown) => end.call(response, change(String(chunk)), 'utf8'),
      });
      answer();
    };
  };
  const readBucket = async (more: Parameters<typeof readAll>[1] = {}) =>
    readAll(await s3SourceOf(storage.options), more);
  const all = keys.map((key) => `"${key}"`);

  it.each([
    ['the page of a console', '<!doctype html><html><head><title>Console</title></head></html>'],
    ['nothing', ''],
    ['JSON', '{"status":"ok"}'],
    [
      'the buckets',
      '<?xml version="1.0"?><ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>',
    ],
    ['versions', '<ListVersionsResult><IsTruncated>false</IsTruncated></ListVersionsResult>'],
  ])('is refused when it answers %s', async (what, text) => {
    storage.answer = (_, response) => response.writeHead(200).end(text);
    const began = what === 'nothing' ? /it answered nothing$/ : /what is none and begins with "/;
    expect(await readBucket()).toMatchObject({
      raws: [],
      error: { code: 'EVENT_SOURCE_NOT_JSON', message: expect.stringMatching(began) },
    });
    expect(storage.asked).toHaveLength(1);
  });

  it('is refused when it ends in the middle', async () => {
    changing((text) => text.slice(0, text.lastIndexOf('<Contents>')));
    expect(await readBucket()).toMatchObject({ error: { code: 'EVENT_SOURCE_TRUNCATED' } });
  });

  it('is given up when it stops in the middle', async () => {
    storage.answer = (_, response) => void response.writeHead(200).write('<ListBucketResult>');
    const hasty = await s3SourceOf({ ...storage.options, idleTimeout: '200ms' });
    expect(await readAll(hasty)).toMatchObject({ error: { code: 'EVENT_SOURCE_TIMEOUT' } });
  });

  it('is read to its end although it has more pages and gives no token', async () => {
    changing((text) => text.replace(/<NextContinuationToken>.*<\/NextContinuationToken>/, ''));
    expect(await readBucket()).toEqual({ raws: all, error: undefined });
  });

  it.each([
    ['the word is missing', (text: string) => text.replace(/<IsTruncated>.*?<.IsTruncated>/, '')],
    [
      'it says that this was all',
      (text: string) => text.replace('>true</IsTruncated>', '>false</IsTruncated>'),
    ],
  ])('is read to its end by the token where %s', async (_, change) => {
    let page = 0;
    changing((text) => {
      page += 1;
      return page < 3 ? change(text) : text;
    });
    expect(await readBucket()).toEqual({ raws: all, error: undefined });
  });

  it('is refused when a full page does not say whether there are more', async () => {
    const silent = (text: string, most: number) =>
      text
        .replace(
          /<IsTruncated>.*?<.IsTruncated>|<NextContinuationToken>.*?<.NextContinuationToken>/g,
          '',
        )
        .replace(/<MaxKeys>.*?<.MaxKeys>/, `<MaxKeys>${most}</MaxKeys>`);
    changing((text) => silent(text, 10));
    expect(await readBucket()).toMatchObject({
      raws: [],
      error: { code: 'EVENT_SOURCE_TRUNCATED', message: expect.stringContaining('IsTruncated') },
    });
    changing((text) => silent(text, 1_000));
    expect((await readBucket()).raws).toEqual(all.slice(0, 10));
  });

  it('is refused when there are more pages, but neither a key nor a token to go on from', async () => {
    const empty = '<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>';
    storage.answer = (_, response) => response.writeHead(200).end(empty);
    expect(await readBucket()).toMatchObject({
      error: { code: 'EVENT_SOURCE_BAD_REQUEST', message: expect.stringContaining('say where') },
    });
  });

  it('is read on after a page without a key', async () => {
    let isFirst = true;
    changing((text) => {
      const page = isFirst ? text.replace(/<Contents>.*<\/Contents>/s, '') : text;
      isFirst = false;
      return page;
    });
    expect((await readBucket()).raws).toEqual(all.slice(10));
  });

  it('is read whole although the storage does not know start-after', async () => {
    storage.answer = (request, _, answer) => {
      request.url = request.url?.replace(/&?start-after=[^&]+/, '');
      answer();
    };
    const listed: string[] = [];
    const memory: ObjectMemory = {
      async unread(objects) {
        listed.push(...objects.map(({ key }) => key));
        return objects;
      },
      skipUpTo: async () => 'us/22.json',
      done: () => undefined,
    };
    expect(await readBucket({ memory })).toEqual({ raws: all, error: undefined });
    expect(listed).toEqual(keys);
  });
});
