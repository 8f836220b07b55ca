import { describe, expect, it } from 'vitest';
import { isClusterBuilt } from '../../dev/stack/temporal-cluster.js';
import { sayToStderr } from '../scratch.js';
import { benchPayout } from './payout.js';

const SERVERS = [
  { temporal: 'dev', name: 'the dev server', isThere: true },
  {
    temporal: 'cluster',
    name: "Temporal's server on Postgres (npm run setup:cluster builds it)",
    isThere: isClusterBuilt(),
  },
] as const;

describe.each(SERVERS)('payouts on $name', ({ temporal, isThere }) => {
  it.skipIf(!isThere)(
    'are measured to their end by two workers, after a warm-up and beside old ones',
    async () => {
      const rounds = { payees: 5, sizes: [8], oldPayouts: 1_000, standing: 6, workers: 2 };
      const figures = await benchPayout({ ...rounds, temporal, say: sayToStderr });
      expect(figures.rounds.map(({ payees, oldPayouts }) => [payees, oldPayouts])).toEqual([
        [5, 0],
        [8, 0],
        [5, 1_000],
      ]);
      expect(figures).toMatchObject({ workers: 2, temporal });
      for (const round of figures.rounds) expect(round.payoutsPerSecond).toBeGreaterThan(0);
      expect(figures.standing).toMatchObject({ open: 6 });
      expect(figures.standing?.maxSyncAgeMs).toBeGreaterThan(0);
      expect(figures.standing?.maxSentinelAgeMs).toBeGreaterThan(0);
    },
    300_000,
  );
});
