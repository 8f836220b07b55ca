import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { mergeReads } from './merged-reads.js';

describe('merged reads', () => {
  /** Reads squares of odd numbers; there are none of even ones. */
  function squares() {
    const batches: (readonly number[])[] = [];
    let underWay = 0;
    const read = mergeReads(async (keys: readonly number[]) => {
      underWay += 1;
      expect(underWay).toBe(1);
      batches.push(keys);
      await sleep(10);
      underWay -= 1;
      if (keys.includes(13)) throw new Error('unlucky');
      return new Map(keys.filter((key) => key % 2 === 1).map((key) => [key, key * key]));
    });
    return { read, batches };
  }

  it('read at once what was asked for during the one before, each thing once', async () => {
    const { read, batches } = squares();
    const first = read(1);
    await sleep(2);
    const rest = [3, 5, 3, 4].map(read);
    expect(await Promise.all([first, ...rest])).toEqual([1, 9, 25, 9, undefined]);
    expect(batches).toEqual([[1], [3, 5, 4]]);
    expect(await read(7)).toBe(49);
  });

  it('are never two at the same time, and at most fifty things each', async () => {
    const { read, batches } = squares();
    const all = await Promise.all(Array.from({ length: 130 }, (_, n) => read(2 * n + 101)));
    expect(all[129]).toBe((2 * 129 + 101) ** 2);
    expect(batches.map(({ length }) => length)).toEqual([50, 50, 30]);
  });

  it('fail for those who share them, and for nobody after that', async () => {
    const { read } = squares();
    const both = [read(13), read(1)];
    const outcomes = await Promise.allSettled(both);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await read(1)).toBe(1);
  });
});
