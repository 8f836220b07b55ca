import { expect, it } from 'vitest';
import { batchesOf } from './batches.js';

it('reports a cut element as too long, whatever its beginning looks like', async () => {
  const origin = { region: 'eu', nodeType: 'ai', fromMs: null } as const;
  async function* slices() {
    yield [
      { place: 'element 1', raw: '{"ID":1,"Pay', cutAtBytes: 12 },
      { place: 'element 2', raw: '{"ID":2,"Pay' },
    ];
  }
  const refused = [];
  for await (const batch of batchesOf(slices(), { id: 'a', origin }))
    refused.push(...batch.refused);
  expect(refused.map(({ refusal }) => [refusal.code, refusal.reason])).toEqual([
    ['EVENT_TOO_LONG', 'it is longer than maxElement, 12 bytes, and was cut off there'],
    ['EVENT_NOT_JSON', expect.any(String)],
  ]);
});
