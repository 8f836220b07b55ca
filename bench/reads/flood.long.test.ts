import { expect, it } from 'vitest';
import { sayToStderr } from '../scratch.js';
import { benchFlood } from './flood.js';

it('probes, the kill switch and the ingest go on while strangers read', async () => {
  const figures = await benchFlood({
    ...{
      events: 400_000,
      payees: 300,
      connections: 50,
      seconds: 5,
      route: '/workers',
      vary: false,
    },
    say: sayToStderr,
  });
  expect(figures).toMatchObject({ route: '/workers', connections: 50, lostConnections: 0 });
  expect(figures.answersPerSecond).toBeGreaterThan(10);
  expect(figures.healthP99Ms).toBeLessThan(2_000);
  expect(figures.haltMs).toBeLessThan(4_000);
  expect(figures.ingestRatio).toBeGreaterThan(0.2);
}, 600_000);
