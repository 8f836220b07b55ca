import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scanArray } from './array-scanner.js';

async function* cut(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}

async function scan(text: string, size = 7, maxElementBytes = 1_000): Promise<string[]> {
  const raws: string[] = [];
  for await (const slice of scanArray(cut(text, size), { maxElementBytes })) {
    raws.push(...slice.map(({ raw }) => raw));
  }
  return raws;
}

describe('the array scanner', () => {
  it('yields each element of any JSON array, however it is indented and cut into chunks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.jsonValue(), { minLength: 1 }),
        fc.integer({ min: 1, max: 64 }),
        fc.constantFrom(undefined, 2, '\t'),
        async (values, size, indent) => {
          const raws = await scan(JSON.stringify(values, null, indent), size, 1e6);
          expect(raws.map((raw) => JSON.parse(raw))).toEqual(JSON.parse(JSON.stringify(values)));
        },
      ),
    );
  });

  it('takes null and an empty array for no elements', async () => {
    for (const text of ['null', '[]', ' [ ] ', '\uFEFF[]', 'null\n']) {
      expect(await scan(text, 2)).toEqual([]);
    }
  });

  it('yields the neighbours of elements that are no JSON', async () => {
    expect(await scan('[{"a":1},hello world,,}{"b":2}]')).toEqual([
      '{"a":1}',
      'hello world',
      '',
      '}{"b":2}',
    ]);
  });

  it('cuts an element off that is too long, and goes on after it', async () => {
    const raws = await scan(`["${'x'.repeat(500)}",2]`, 64, 100);
    expect(raws.map((raw) => raw.length)).toEqual([100, 1]);
  });

  it('takes no longer for brackets that are never closed before an odd quote, and finds what comes after', async () => {
    const unclosed = '{"l":[{"a":1},{"a":2},'.repeat(30_000);
    const startedMs = performance.now();
    const raws = await scan(`[${unclosed}{"a":"x"y"},{"b":1},{"b":2}]`, 65_536, 1_048_576);
    expect(performance.now() - startedMs).toBeLessThan(10_000);
    expect(raws.slice(-2)).toEqual(['{"b":1}', '{"b":2}']);
  });

  it('loses no neighbour of an element with an odd quote, wherever it is and however the input is cut into chunks', async () => {
    const good = (id: number) =>
      `{"ID":${id},"Payload":"{\\"a\\": [{\\"b\\":1},{\\"c\\":2}]}","DT":"x, {"}`;
    const odd = [
      '{"ID":7,"Payload":"a"b","DT":"x"}',
      '{"ID":7,"Payload":"ab,"DT":"x"}',
      '{"ID":7,"DT":"x""}',
      '{"ID":7,"n":1"}',
      '{"ID":7,"DT":x"}',
    ];
    const some = (count: number, from: number) =>
      Array.from({ length: count }, (_, i) => good(from + i));
    const arrays = odd.flatMap((element) =>
      [0, 2].flatMap((before) =>
        [0, 1, 3].map((after) => [...some(before, 0), element, ...some(after, 10)]),
      ),
    );
    for (const all of arrays) {
      for (const size of [1, 7, 64, 10_000]) {
        for (const between of [',', ' ,\n  ']) {
          expect(await scan(`[${all.join(between)}]`, size), `${size} ${all}`).toEqual(all);
        }
      }
    }
    await expect(scan(`[${good(1)},${odd[0]},${good(2).slice(0, 20)}`)).rejects.toMatchObject({
      code: 'EVENT_SOURCE_TRUNCATED',
    });
  });

  it('loses no neighbour of an element with a bracket too few or too many, however the input is cut into chunks', async () => {
    const good = (id: number) => `{"ID":${id},"P":[{"b":1}, {"c":{"d":[]}}],"DT":"},{"}`;
    const broken = [
      '{"ID":7,"DT":"x"',
      '{"ID":7,"n":1',
      '{"ID":7,"P":{"x":1}',
      '{{"ID":7,"P":{"x":1}}',
      '{"ID":7,"P":{{"x":1}}',
      '{"ID":7,"P":[1,2}',
      '{"ID":7,"P":[{"x":1}}',
      '{"ID":7,"P":[{"x":1],"DT":"x"}',
      '{"ID":7,"P":[[{"x":1}]}',
      '{"ID":7,"P":"x"}}',
      '{"ID":7,"P":1]}',
    ];
    const some = (count: number, from: number) =>
      Array.from({ length: count }, (_, i) => good(from + i));
    for (const element of broken) {
      for (const [before, after] of [0, 2].flatMap((n) => [0, 1, 3].map((m) => [n, m] as const))) {
        const all = [...some(before, 0), element, ...some(after, 10)];
        for (const size of [1, 7, 64, 10_000]) {
          for (const between of [',', ' ,\n  ']) {
            const text = `[${all.join(between)}]`;
            expect(await scan(text, size), `${size} ${text}`).toEqual(all);
          }
        }
      }
      const cutShort = `[${element},${good(2).slice(0, 20)}`;
      await expect(scan(cutShort), cutShort).rejects.toMatchObject({
        code: 'EVENT_SOURCE_TRUNCATED',
      });
    }
    for (const whole of ['{"a":[{"b":1}]', '{"a":[{"b":1},{"c":2}]', '{"a":{"b":[1]}']) {
      await expect(scan(`[{"ID":1},${whole}`)).rejects.toMatchObject({
        code: 'EVENT_SOURCE_TRUNCATED',
      });
    }
  });

  it('names gzip and UTF-16, and says of an element that is too long where it was cut', async () => {
    const scanBytes = async (bytes: Buffer) => {
      const chunks = (async function* () {
        yield bytes.subarray(0, 2);
        yield bytes.subarray(2);
      })();
      const found = [];
      for await (const slice of scanArray(chunks, { maxElementBytes: 100 })) found.push(...slice);
      return found;
    };
    await expect(scanBytes(gzipSync('[1]'))).rejects.toThrow('the answer is packed with gzip');
    for (const text of ['\uFEFF[1]', '[1]']) {
      const utf16 = Buffer.from(text, 'utf16le');
      await expect(scanBytes(utf16)).rejects.toThrow('the answer is UTF-16 text');
      await expect(scanBytes(utf16.swap16())).rejects.toThrow('the answer is UTF-16 text');
    }
    const found = await scanBytes(Buffer.from(`["${'x'.repeat(500)}",2]`));
    expect(found.map(({ cutAtBytes }) => cutAtBytes)).toEqual([100, undefined]);
  });

  it('yields the complete elements before it reports that the end is missing', async () => {
    const raws: string[] = [];
    const reading = async (): Promise<void> => {
      for await (const slice of scanArray(cut('[1,{"a":2},{"b"', 3), { maxElementBytes: 99 })) {
        raws.push(...slice.map(({ raw }) => raw));
      }
    };
    await expect(reading()).rejects.toMatchObject({ code: 'EVENT_SOURCE_TRUNCATED' });
    expect(raws).toEqual(['1', '{"a":2}']);
  });

  it('refuses what is no array, and text after an array', async () => {
    for (const text of [
      '<html><body>[1]</body>',
      '{"error":"no"}',
      'nul',
      'nonsense',
      '[1] [2]',
      '',
      ' \n',
    ]) {
      const outcome = expect(scan(text, 5)).rejects;
      await outcome.toMatchObject({
        code: expect.stringMatching(/^EVENT_SOURCE_(NOT_JSON|TRUNC)/),
      });
    }
  });
});
