import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inventEvents, toElement } from '../../../test/harness/event-world.js';
import {
  BatchTexts,
  placeText,
  prepareSlice,
  rawText,
  rowBytes,
} from '../../events/store/ingest/prepared-events.js';
import { PackedTexts } from './packed-texts.js';

describe('packed texts', () => {
  it('gives back what was packed, before and after it is used again', () => {
    const texts = fc.array(fc.string({ unit: 'binary', maxLength: 300 }), { maxLength: 50 });
    fc.assert(
      fc.property(fc.array(texts, { minLength: 1, maxLength: 3 }), (batches) => {
        const packed = new PackedTexts();
        for (const batch of batches) {
          packed.clear();
          for (const text of batch) {
            const bytes = packed.reserve(text.length * 3);
            packed.push(packed.end + bytes.write(text, packed.end));
          }
          expect(packed.size).toBe(batch.length);
          for (const [i, text] of batch.entries()) {
            const expected = Buffer.from(text);
            expect(packed.bytesOf(i).equals(expected)).toBe(true);
            expect(packed.lengthOf(i)).toBe(expected.length);
            const copy = Buffer.alloc(expected.length + 1);
            expect(packed.copyTo(copy, 1, i)).toBe(expected.length + 1);
            expect(copy.subarray(1).equals(expected)).toBe(true);
          }
        }
      }),
    );
  });
});

describe('the texts of a batch', () => {
  const span = { fromMs: Date.parse('2026-03-01T00:00:00Z'), count: 40, stepMs: 1_000 };
  const elements = (seed: number) =>
    inventEvents(seed, span).map((said, i) => ({
      ...toElement(said),
      place: `element ${i} of ${seed}`,
    }));

  it('are those of their events, over several slices', () => {
    const [a, b] = [elements(1), elements(2)];
    const texts = new BatchTexts();
    const events = [...prepareSlice('s', a, texts), ...prepareSlice('s', b, texts)];
    const all = [...a, ...b];
    expect(events.map(rawText)).toEqual(all.map(({ raw }) => raw));
    expect(events.map(placeText)).toEqual(all.map(({ place }) => place));
    const alone = [...prepareSlice('s', a), ...prepareSlice('s', b)];
    expect(events.map(rowBytes)).toEqual(alone.map(rowBytes));
  });

  it('throw when they are asked for after another batch has reused their buffer', () => {
    const texts = new BatchTexts();
    const [event] = prepareSlice('s', elements(1), texts);
    const next = prepareSlice('s', elements(2), texts.giveAway());
    expect(next.map(rawText)).toEqual(elements(2).map(({ raw }) => raw));
    expect(() => event && rowBytes(event)).toThrow('given away');
    expect(() => texts.giveAway()).toThrow('given away');
  });
});
