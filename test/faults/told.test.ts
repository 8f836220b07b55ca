import { expect, it } from 'vitest';
import { tellThroughTrouble } from './told.js';

it('tells everything at least once, by ids to drop what came twice, through an outage and a kill', async () => {
  const { arrived, sagaMs } = await tellThroughTrouble({ notices: 60, kills: 1, downMs: 2_000 });
  expect(arrived.size).toBe(60);
  for (const ms of sagaMs) expect(ms).toBeLessThan(5_000);
}, 60_000);
