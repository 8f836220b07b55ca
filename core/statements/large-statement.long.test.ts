/**
 * A statement of a million lines: half a minute of work, in little more memory than a small one. The work is what is
 * held, because the machine may be doing other things, too; the time is printed.
 */
import { describe, expect, it } from 'vitest';
import { keepHeapSmall } from '../../start/heap.js';
import { largeStatement } from '../../test/harness/large-statement.js';

// As the API's own process does at its start.
keepHeapSmall();

describe('a statement of a million lines', () => {
  it('takes less than 30 s of work and less than 64 MB more', { timeout: 600_000 }, async () => {
    const { lines, seconds, cpuSeconds, moreBytes } = await largeStatement({
      workers: 1_000,
      days: 1_000,
    });
    console.log(
      `${lines} lines in ${seconds.toFixed(1)} s (${cpuSeconds.toFixed(1)} s of work), ${(moreBytes / 2 ** 20).toFixed(0)} MiB more`,
    );
    expect(lines).toBe(1_000_001);
    expect(cpuSeconds).toBeLessThan(30);
    expect(moreBytes).toBeLessThan(64 * 2 ** 20);
  });
});
