import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scanLines } from './line-scanner.js';

async function* cut(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}

async function scan(text: string, size = 7, maxElementBytes = 1_000) {
  const given: (readonly [string, string])[] = [];
  const options = { maxElementBytes, what: 'a file', sliceSize: 3 };
  const reading = async (): Promise<void> => {
    for await (const slice of scanLines(cut(text, size), options)) {
      given.push(...slice.map(({ place, raw }) => [place, raw] as const));
    }
  };
  const error: unknown = await reading().catch((thrown: unknown) => thrown);
  return { given, error, raws: given.map(([, raw]) => raw) };
}

describe('the line scanner', () => {
  it('yields each object, however lines end and however the input is cut into chunks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { minLength: 1 }),
        fc.integer({ min: 1, max: 64 }),
        fc.constantFrom('\n', '\r\n', '\n\n'),
        fc.boolean(),
        async (values, size, end, isEnded) => {
          const lines = values.map((value) => JSON.stringify(value));
          const { raws, error } = await scan(lines.join(end) + (isEnded ? end : ''), size, 1e6);
          expect(error).toBeUndefined();
          expect(raws).toEqual(lines);
        },
      ),
    );
  });

  it('numbers the lines, blank ones included', async () => {
    const { given } = await scan('{"a":1}\n\n \n{"b":12345678901234567890}\n');
    expect(given).toEqual([
      ['line 1 of a file', '{"a":1}'],
      ['line 4 of a file', '{"b":12345678901234567890}'],
    ]);
  });

  it('yields the complete lines before it reports that the last one is half', async () => {
    for (const half of ['{', '{"a":{}', '{"Payload":"{}', '{"a":"ä'.slice(0, -1), 'x']) {
      const { raws, error } = await scan(`{"a":1}\n{"a":2}\n${half}`, 3);
      expect(raws).toEqual(['{"a":1}', '{"a":2}']);
      expect(error).toMatchObject({
        code: 'EVENT_SOURCE_TRUNCATED',
        message: 'a file ends in the middle of line 3',
      });
    }
  });

  it('yields the neighbours of lines that are no JSON, and cuts one off that is too long', async () => {
    const { raws } = await scan(`{"a":1}\nnonsense\n${'x'.repeat(500)}\n{"b":2}`, 64, 100);
    expect(raws.map((raw) => raw.slice(0, 9))).toEqual([
      '{"a":1}',
      'nonsense',
      'xxxxxxxxx',
      '{"b":2}',
    ]);
    expect(raws[2]).toHaveLength(100);
  });

  it('loses no neighbour of a line with a brace too few or too many, however the input is cut into chunks', async () => {
    for (const broken of ['{"ID":7,"P":{"x":1}', '{{"ID":7}', '{"ID":7}}', '{"ID":7,"P":[1}']) {
      for (const size of [1, 7, 1_000]) {
        const { raws, error } = await scan(`{"ID":1}\n${broken}\n{"ID":2}\n`, size);
        expect({ raws, error }).toEqual({
          raws: ['{"ID":1}', broken, '{"ID":2}'],
          error: undefined,
        });
      }
    }
  });
});
