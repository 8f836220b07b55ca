import { expect, it } from 'vitest';
import { tellThroughTrouble } from './told.js';

// Half an hour of outage, scaled: the pauses are a hundredth of what they are in a pool, and the outage 18 s.
it('tells 1,000 notices at least once while the receiver is down and the worker is killed ten times', async () => {
  const { arrived, sagaMs } = await tellThroughTrouble({
    notices: 1_000,
    kills: 10,
    downMs: 18_000,
  });
  expect(arrived.size).toBe(1_000);
  const twice = [...arrived.values()].filter((count) => count > 1).length;
  process.stdout.write(
    `1,000 told, ${twice} of them more than once; the slowest saga took ${Math.round(Math.max(...sagaMs))} ms\n`,
  );
  for (const ms of sagaMs) expect(ms).toBeLessThan(5_000);
}, 600_000);
