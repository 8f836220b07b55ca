import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * The files that take longest, so that none of them runs alone at the end. Those with whole stacks have files beside
 * them that mostly wait for a time-out of Temporal or Postgres.
 */
const FIRST = [
  'test/chaos/chaos.test.ts',
  'cli/events.test.ts',
  'workflows/repair.test.ts',
  'activities/sweep.test.ts',
  'core/db/connection/silent-connections.test.ts',
  'test/day.test.ts',
  'core/payouts/settling/settler.test.ts',
  'test/faults/stranger.test.ts',
  'core/payouts/settling/settler-duties.test.ts',
  'test/demo-lifecycle.test.ts',
  'test/faults/killed-anywhere.test.ts',
  'worker/run-worker.test.ts',
  'test/keys.test.ts',
];

/** Starts the longest files first, and then the largest. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const place = FIRST.findIndex((path) => moduleId.endsWith(`/${path}`));
      return place < 0 ? FIRST.length : place;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
