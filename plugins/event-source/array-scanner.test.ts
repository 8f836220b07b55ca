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
  it('gives back each element of any JSON array, however it is indented and cut', async () => {
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

  it('gives neighbours of elements that are no JSON', async () => {
    expect(await scan('[{"a":1},hello world,,}{"b":2}]')).toEqual([
      '{"a":1}',
      'hello world',
      '',
      '}{"b":2}',
    ]);
  });

  it('cuts an element off that is too long, and goes on behind it', async () => {
    const raws = await scan(`["${'x'.repeat(500)}",2]`, 64, 100);
    expect(raws.map((raw) => raw.length)).toEqual([100, 1]);
  });

  it('gives what was complete before it says that the end is missing', async () => {
    const raws: string[] = [];
    const reading = async (): Promise<void> => {
      for await (const slice of scanArray(cut('[1,{"a":2},{"b"', 3), { maxElementBytes: 99 })) {
        raws.push(...slice.map(({ raw }) => raw));
      }
    };
    await expect(reading()).rejects.toMatchObject({ code: 'EVENT_SOURCE_TRUNCATED' });
    expect(raws).toEqual(['1', '{"a":2}']);
  });

  it('refuses what is no array, and what stands behind one', async () => {
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
